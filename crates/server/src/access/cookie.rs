//! The cookies of logins. Scripts cannot read them, other sites do not send them with what changes something.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

const SESSION: &str = "pipewright_session";
const LOGIN: &str = "pipewright_login";

/// Returns the session's cookie, if the request has one.
pub(super) fn session_of(headers: &HeaderMap) -> Option<&str> {
    value(headers, SESSION)
}

/// Returns the cookie that binds a login at a provider to the browser that began it.
pub(super) fn login_of(headers: &HeaderMap) -> Option<&str> {
    value(headers, LOGIN)
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.trim_matches('"')).find(|it| !it.is_empty())
}

/// Makes the header that sets the session's cookie.
pub(super) fn set_session(text: &str, age: Duration, secure: bool) -> HeaderValue {
    set(SESSION, text, age, secure)
}

/// Makes the header that sets the login's cookie.
pub(super) fn set_login(text: &str, age: Duration, secure: bool) -> HeaderValue {
    set(LOGIN, text, age, secure)
}

/// Makes the header that takes the session's cookie away.
pub(super) fn clear_session(secure: bool) -> HeaderValue {
    set(SESSION, "", Duration::ZERO, secure)
}

/// Makes the header that takes the login's cookie away.
pub(super) fn clear_login(secure: bool) -> HeaderValue {
    set(LOGIN, "", Duration::ZERO, secure)
}

/// `Lax`, so that a link from elsewhere finds people logged in; forms and scripts of other sites send nothing.
fn set(name: &str, text: &str, age: Duration, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={text}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", age.as_secs());
    HeaderValue::from_str(&text).expect("our cookies are base64 text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        for (lines, expected) in [
            (&["pipewright_session=abc"][..], Some("abc")),
            (&["a=b; pipewright_session=\"abc\" ; c=d"], Some("abc")),
            (&["a=b", "pipewright_session=abc"], Some("abc")),
            (&["xpipewright_session=abc", "pipewright_session="], None),
            (&[], None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, line.parse().unwrap());
            }
            assert_eq!(session_of(&headers), expected, "{lines:?}");
        }
    }
}
