//! Logging in and out, who one is, and what was changed by whom: `login`, `logout`, `whoami`, `oidc/…`, `audit`.

use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use pipewright_store::Session;
use pipewright_store::engine::Timestamp;
use serde_json::json;

use super::guard::Caller;
use super::identity::{Identity, Via};
use super::oidc::LOGIN_TIME;
use super::role::Role;
use super::secret::{digest, random_text};
use super::views::{AuditEntryView, AuditPage, Credentials, LoginWays, ProviderView, WhoAmI};
use super::{Peer, cookie};
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words};
use crate::time::rfc3339;

const AUDIT_PAGE: u32 = 100;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/whoami", get(whoami))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/oidc/login", get(depart))
        .route("/oidc/callback", get(arrive))
        .route("/audit", get(audit))
        .route("/namespaces/{namespace}/audit", get(audit_of_namespace))
}

async fn whoami(State(app): State<App>, Extension(Caller(caller)): Extension<Caller>) -> Json<WhoAmI> {
    Json(described(&app, caller.as_ref()))
}

fn described(app: &App, caller: Option<&Identity>) -> WhoAmI {
    let access = &app.access;
    let oidc = access.provider.as_ref().map(|provider| ProviderView {
        name: provider.options.name.clone(),
        url: "/apis/pipewright/v1/oidc/login".to_owned(),
    });
    WhoAmI {
        authenticated: caller.is_some(),
        required: access.is_required(),
        login: LoginWays { password: access.is_required() && access.file().has_passwords(), oidc },
        namespaces: app.settings.multi_user,
        user: caller.map(|caller| caller.user.clone()),
        method: caller.map(|caller| caller.via.word().to_owned()),
        roles: caller.map(|caller| caller.grants.0.clone()),
        is_admin: caller.map(|caller| caller.grants.everywhere_role() == Some(Role::Admin)),
        expires_at: caller.and_then(|caller| caller.expires_at).map(rfc3339),
    }
}

async fn login(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    Message(given): Message<Credentials>,
) -> Result<Response, Error> {
    let peer = peer.map(|Extension(peer)| peer);
    if !app.access.is_required() {
        return Err(Error::Precondition("nobody needs to log in on this server".to_owned()));
    }
    let Credentials { user, password } = given;
    let checked = app.access.check_password(&user, password, peer.map(|peer| peer.address)).await;
    let stamp = match checked {
        Ok(stamp) => stamp,
        Err(error) => {
            tracing::info!(peer = peer.map(|peer| peer.address.to_string()), "a login failed");
            return Err(error);
        }
    };
    let (cookie, identity) = open_session(&app, user, stamp, Vec::new(), is_secure(&app, peer)).await?;
    Ok(([(header::SET_COOKIE, cookie)], Json(described(&app, Some(&identity)))).into_response())
}

/// Keeps a new session; returns its cookie's header and who it is.
async fn open_session(
    app: &App,
    user: String,
    stamp: String,
    groups: Vec<String>,
    secure: bool,
) -> Result<(axum::http::HeaderValue, Identity), Error> {
    let text = random_text().map_err(|error| Error::internal("cannot make a session", error))?;
    let age = app.access.options.session;
    let end = jiff::Timestamp::now().as_microsecond().saturating_add(age.as_micros() as i64);
    let session = Session { user, stamp, groups, expires_at: Timestamp(end) };
    app.store.create_session(digest(&text), session.clone()).await?;
    let file = app.access.file();
    let grants = match file.user(&session.user).filter(|_| !session.stamp.is_empty()) {
        Some(user) => user.roles.clone(),
        None => file.grants_of(&session.user, &session.groups),
    };
    tracing::info!(user = session.user, "logged in");
    let identity = Identity {
        user: session.user,
        via: Via::Session(digest(&text)),
        grants,
        expires_at: Some(session.expires_at),
    };
    Ok((cookie::set_session(&text, age, secure), identity))
}

async fn logout(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    if let Some(text) = cookie::session_of(&headers) {
        app.store.delete_session(digest(text)).await?;
    }
    let gone = cookie::clear_session(is_secure(&app, peer.map(|Extension(peer)| peer)));
    Ok(([(header::SET_COOKIE, gone)], Json(json!({}))).into_response())
}

fn is_secure(app: &App, peer: Option<Peer>) -> bool {
    let options = &app.access.options;
    let is_public = options.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
    options.secure_cookies || is_public || peer.is_some_and(|peer| peer.secure)
}

/// Sends the browser to the provider.
async fn depart(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    words: Words,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let Some(provider) = &app.access.provider else {
        return Err(Error::NotFound("this server has no identity provider".to_owned()));
    };
    let peer = peer.map(|Extension(peer)| peer);
    let return_to =
        words.text("return_to").filter(|path| is_own_path(path)).unwrap_or_else(|| "/".to_owned());
    let callback = callback(&app, &uri, &headers, peer)?;
    let departure = provider.begin(callback, return_to).await?;
    let bound = cookie::set_login(&digest(&departure.state), LOGIN_TIME, is_secure(&app, peer));
    Ok(([(header::SET_COOKIE, bound)], Redirect::to(&departure.url)).into_response())
}

/// Where the provider sends browsers back to.
fn callback(app: &App, uri: &Uri, headers: &HeaderMap, peer: Option<Peer>) -> Result<String, Error> {
    let here = "/apis/pipewright/v1/oidc/callback";
    if let Some(url) = &app.access.options.public_url {
        return Ok(format!("{}{here}", url.trim_end_matches('/')));
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(|authority| authority.as_str()));
    let host = host.ok_or_else(|| Error::Invalid("the request names no host".to_owned()))?;
    let scheme = if is_secure(app, peer) { "https" } else { "http" };
    let base = if uri.path().starts_with("/pipeline/") { "/pipeline" } else { "" };
    Ok(format!("{scheme}://{host}{base}{here}"))
}

/// Paths of this server alone: `//host` and `/\host` lead elsewhere.
fn is_own_path(path: &str) -> bool {
    path.starts_with('/') && !path[1..].starts_with(['/', '\\']) && !path.contains(['\r', '\n', '\t'])
}

/// Takes the browser back from the provider.
async fn arrive(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    words: Words,
    headers: HeaderMap,
) -> Response {
    let secure = is_secure(&app, peer.map(|Extension(peer)| peer));
    match arrived(&app, &words, &headers, secure).await {
        Ok(response) => response,
        Err(error) => {
            let message = error.to_string();
            tracing::info!("a login failed: {message}");
            let page = format!(
                "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Login failed</title>\
                 <h1>Login failed</h1><p>{}</p><p><a href=\"/\">Back to Pipewright</a></p>",
                escaped(&message)
            );
            let gone = [(header::SET_COOKIE, cookie::clear_login(secure))];
            (StatusCode::UNAUTHORIZED, gone, Html(page)).into_response()
        }
    }
}

async fn arrived(app: &App, words: &Words, headers: &HeaderMap, secure: bool) -> Result<Response, Error> {
    let refused = |what: &str| Error::Unauthenticated(what.to_owned());
    let provider = app.access.provider.as_ref();
    let provider = provider.ok_or_else(|| refused("this server has no identity provider"))?;
    let state = words.get("state").ok_or_else(|| refused("the provider's answer has no state"))?;
    let bound = cookie::login_of(headers).is_some_and(|cookie| cookie == digest(state));
    let login = provider.take(state).filter(|_| bound);
    let login =
        login.ok_or_else(|| refused("this login was not begun here, or too long ago; begin again"))?;
    if let Some(error) = words.get("error") {
        let told = words.get("error_description").unwrap_or(error);
        return Err(refused(&format!("the provider says: {told}")));
    }
    let code = words.text("code").ok_or_else(|| refused("the provider's answer has no code"))?;
    let return_to = login.return_to.clone();
    let claims = provider.finish(login, code).await?;
    let (session, _) = open_session(app, claims.user, String::new(), claims.groups, secure).await?;
    let mut response = Redirect::to(&return_to).into_response();
    response.headers_mut().append(header::SET_COOKIE, session);
    response.headers_mut().append(header::SET_COOKIE, cookie::clear_login(secure));
    Ok(response)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

async fn audit(State(app): State<App>, words: Words) -> Result<Json<AuditPage>, Error> {
    audited(&app, None, &words).await
}

async fn audit_of_namespace(
    State(app): State<App>,
    Segments(namespace): Segments<String>,
    words: Words,
) -> Result<Json<AuditPage>, Error> {
    audited(&app, Some(namespace), &words).await
}

async fn audited(app: &App, namespace: Option<String>, words: &Words) -> Result<Json<AuditPage>, Error> {
    let limit = words.number("limit")?.unwrap_or(AUDIT_PAGE);
    let entries = app.store.audit_entries(namespace, words.number("before")?, limit).await?;
    Ok(Json(AuditPage { entries: entries.into_iter().map(AuditEntryView::from).collect() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_paths_are_returned_to() {
        for (path, own) in [
            ("/", true),
            ("/#/runs", true),
            ("/pipeline/#/runs/details/x", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example", false),
            ("/a\r\nb", false),
            ("", false),
        ] {
            assert_eq!(is_own_path(path), own, "{path}");
        }
    }
}
