//! From paths of the machine that a run comes from to paths of this one. Nothing of a file decides alone where
//! something is written or read.

use std::path::{Component, Path, PathBuf};

/// Stands before local paths that mean nothing here.
const ELSEWHERE: &str = "elsewhere://";

/// Two folders that artifacts' paths count from.
pub(super) struct Roots<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
}

impl Roots<'_> {
    /// Turns a URI of the run into one that holds here: below the one folder it is below the other, any other
    /// local path is told and never opened.
    pub(super) fn uri(&self, uri: &str) -> String {
        let path = uri.strip_prefix("file://").unwrap_or(uri);
        if !path.starts_with('/') {
            return uri.to_owned();
        }
        match below(self.from, path) {
            Some(rest) => format!("{}/{}", self.to, rest.display()),
            None => format!("{ELSEWHERE}{path}"),
        }
    }
}

/// Returns the path below a folder when it is one, made of names alone.
pub(super) fn below(root: &str, path: &str) -> Option<PathBuf> {
    let rest = Path::new(path).strip_prefix(root).ok()?;
    let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
    (is_plain && !rest.as_os_str().is_empty() && !root.is_empty()).then(|| rest.to_owned())
}

/// Returns the path of an entry below the run's own folder of artifacts: `<pipeline>/<run>/…`, names alone.
pub(super) fn of_run<'e>(entry: &'e str, run: &str) -> Option<&'e Path> {
    let path = Path::new(entry);
    let mut parts = path.components();
    let is_own = matches!(parts.next(), Some(Component::Normal(_)))
        && matches!(parts.next(), Some(Component::Normal(name)) if name == run)
        && matches!(parts.next(), Some(Component::Normal(_)))
        && parts.all(|part| matches!(part, Component::Normal(_)));
    (is_own && !entry.contains("/./") && !entry.contains('\0')).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_stay_below_the_folder_or_lead_nowhere() {
        let roots = Roots { from: "/old/artifacts", to: "/new" };
        for (uri, expected) in [
            ("/old/artifacts/p/r/out", "/new/p/r/out"),
            ("file:///old/artifacts/p/r/out", "/new/p/r/out"),
            ("/old/artifacts/../../etc/passwd", "elsewhere:///old/artifacts/../../etc/passwd"),
            ("/old/artifacts", "elsewhere:///old/artifacts"),
            ("/old/artifacts2/x", "elsewhere:///old/artifacts2/x"),
            ("/etc/passwd", "elsewhere:///etc/passwd"),
            ("gs://bucket/key", "gs://bucket/key"),
            ("relative", "relative"),
        ] {
            assert_eq!(roots.uri(uri), expected, "{uri}");
        }
        assert!(Roots { from: "", to: "/new" }.uri("/etc/passwd").starts_with(ELSEWHERE));
    }

    #[test]
    fn entries_lie_in_the_runs_own_folder() {
        assert!(of_run("p/r/task/digest/out", "r").is_some());
        for entry in
            ["p/other/x", "p/r", "../r/x", "/p/r/x", "p/r/../../x", "r/x", "p/./r/x", "p/r/a/./b", "p/r/a\0b"]
        {
            assert!(of_run(entry, "r").is_none(), "{entry}");
        }
    }
}
