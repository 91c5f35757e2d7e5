//! `Range` of a request: one range of bytes. Several are answered as if none were asked for, as HTTP allows.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What a reader wants of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// From a byte to another, or to the end.
    From(u64, Option<u64>),
    /// The last bytes.
    Last(u64),
}

impl Range {
    /// Reads a header's value; nothing when it is not one range of bytes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
        if last.contains(',') {
            return None;
        }
        let last = if last.is_empty() { None } else { Some(last.parse::<u64>().ok()?) };
        if first.is_empty() {
            return last.map(Self::Last);
        }
        let first = first.parse().ok()?;
        (last.is_none_or(|last| last >= first)).then_some(Self::From(first, last))
    }

    /// Returns the first and the last byte; nothing when the content has none of them.
    pub(crate) fn within(self, size: u64) -> Option<(u64, u64)> {
        let end = size.checked_sub(1)?;
        match self {
            Self::From(first, last) => {
                (first <= end).then(|| (first, last.map_or(end, |last| last.min(end))))
            }
            Self::Last(0) => None,
            Self::Last(count) => Some((size.saturating_sub(count), end)),
        }
    }

    /// Returns the first and the last byte when they are told without the content's length.
    pub(crate) fn told_ends(self) -> Option<(u64, u64)> {
        match self {
            Self::From(first, Some(last)) => Some((first, last)),
            Self::From(_, None) | Self::Last(_) => None,
        }
    }
}

/// Answers a range that the content does not have.
pub(crate) fn unsatisfiable(size: u64) -> Response {
    let content = HeaderValue::from_str(&format!("bytes */{size}")).expect("digits are header text");
    (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, content)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_cut() {
        for (text, size, expected) in [
            ("bytes=0-4", 10, Some((0, 4))),
            ("bytes=3-", 10, Some((3, 9))),
            ("bytes=-4", 10, Some((6, 9))),
            ("bytes=-40", 10, Some((0, 9))),
            ("bytes=8-99", 10, Some((8, 9))),
            ("bytes=10-", 10, None),
            ("bytes=-0", 10, None),
            ("bytes=0-", 0, None),
        ] {
            assert_eq!(Range::parse(text).unwrap().within(size), expected, "{text} of {size}");
        }
        for text in ["bytes=5-4", "bytes=0-1,3-4", "lines=0-1", "bytes=", "bytes=-", "bytes=a-b"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}
