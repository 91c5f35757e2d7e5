//! What every list takes from its query: page, order, filter.

use pipewright_store::ListQuery;
use serde_json::Value;

use crate::error::Error;
use crate::extract::Words;

/// Reads the arguments that all lists share. The namespace is not among them: a single-user server ignores it.
pub(crate) fn list_query(words: &Words) -> Result<ListQuery, Error> {
    let page_size = match words.number::<i64>("page_size")? {
        Some(size) if size < 0 => {
            return Err(Error::Invalid(format!("page_size must not be negative, found {size}")));
        }
        size => size.map(|size| u32::try_from(size).unwrap_or(u32::MAX)),
    };
    Ok(ListQuery {
        page_size,
        page_token: words.text("page_token"),
        sort_by: words.text("sort_by"),
        filter: words.get("filter").map(filter_text),
        ..ListQuery::default()
    })
}

/// Returns the filter's JSON. Some clients encode it twice, so what is no JSON is decoded once more.
fn filter_text(text: &str) -> String {
    if serde_json::from_str::<Value>(text).is_ok() {
        return text.to_owned();
    }
    percent_decoded(text)
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|byte| (*byte as char).to_digit(16));
        match (bytes[at], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (b'+', _, _) => {
                out.push(b' ');
                at += 1;
            }
            (byte, _, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_encoded_twice_are_decoded() {
        for (text, expected) in [
            ("", ""),
            (r#"{"a": "100%25 +"}"#, r#"{"a": "100%25 +"}"#),
            ("%7B%22a%22%3A+%22b%2Bc%22%7D", r#"{"a": "b+c"}"#),
            ("%zz%4", "%zz%4"),
        ] {
            assert_eq!(filter_text(text), expected, "{text}");
        }
    }
}
