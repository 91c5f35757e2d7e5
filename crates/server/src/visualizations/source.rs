//! Where the data of a visualization lie: what may be read as an artifact, and nothing else of this machine.

use crate::access::Permit;
use crate::app::App;
use crate::companion::path_at;
use crate::error::Error;

use super::Kind;

/// The beginnings of addresses that lead to files here.
const LOCAL: [&str; 2] = ["file", "volume"];

/// A source, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// No file of this server: handed to the program as it is, or nothing at all.
    Text(String),
    /// A file or folder, and which files in it.
    Place { path: String, pattern: String },
}

/// Finds what a source names: an address as tasks write them down, with `*`, `?` and `[…]` in its last parts.
///
/// Errors: those of reading an artifact there.
pub(super) async fn find(
    app: &App,
    asker: (&Permit, &str),
    kind: Kind,
    source: &str,
) -> Result<Found, Error> {
    let scheme = source.split_once("://").map_or("file", |(scheme, _)| scheme);
    if source.is_empty() || (kind.takes_any_source() && !LOCAL.contains(&scheme)) {
        return Ok(Found::Text(source.to_owned()));
    }
    let (base, pattern) = split(source);
    if pattern.split('/').any(|part| part == "..") {
        return Err(Error::Invalid(format!("`{source}` leads out of its folder")));
    }
    let path = path_at(app, asker, base).await?;
    let path = path.into_os_string().into_string();
    let path = path.map_err(|path| Error::Invalid(format!("the name of {} is no text", path.display())))?;
    Ok(Found::Place { path, pattern: pattern.to_owned() })
}

/// Splits an address at the last `/` before its first wildcard.
fn split(source: &str) -> (&str, &str) {
    let Some(wild) = source.find(['*', '?', '[']) else { return (source, "") };
    match source[..wild].rfind('/') {
        Some(slash) => (&source[..slash], &source[slash + 1..]),
        None => (source, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_apart_from_their_folder() {
        for (source, expected) in [
            ("/a/b.csv", ("/a/b.csv", "")),
            ("/a/b-*.csv", ("/a", "b-*.csv")),
            ("file:///a/b?/c", ("file:///a", "b?/c")),
            ("volume://claim/x/**/*.csv", ("volume://claim/x", "**/*.csv")),
            ("*.csv", ("*.csv", "")),
        ] {
            assert_eq!(split(source), expected);
        }
    }
}
