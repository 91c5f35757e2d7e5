//! Folders of this machine that tasks may mount: those that a setting lists, and what lies in them.
//!
//! Links are followed before anything is compared, so that none leads out of them.

use std::path::{Component, Path, PathBuf};

use pipewright_engine::{Failure, FailureReason};

/// One folder, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFolder {
    /// Absolute.
    pub path: PathBuf,
    /// Nobody writes to it.
    pub read_only: bool,
}

impl HostFolder {
    /// Reads `/data`, or `/data:ro` for one that is only read.
    ///
    /// Errors: what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        let (path, read_only) = match text.strip_suffix(":ro") {
            Some(path) => (path, true),
            None => (text.strip_suffix(":rw").unwrap_or(text), false),
        };
        match plain(path) {
            Some(path) => Ok(Self { path, read_only }),
            None => Err(format!("`{text}` is no absolute path, such as `/data` or `/data:ro`")),
        }
    }
}

/// A folder that may be mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// Without links.
    pub(crate) path: PathBuf,
    pub(crate) read_only: bool,
}

/// Finds the folder that a task asks for among those that are listed; makes it when that is asked for.
pub(crate) fn allowed(folders: &[HostFolder], asked: &str, create: bool) -> Result<Allowed, Failure> {
    let refused = |message: String, hint: String| {
        Err(Failure { reason: FailureReason::NotStarted, message, hint: Some(hint), exit_code: None })
    };
    let Some(path) = plain(asked) else {
        return refused(
            format!("`{asked}` is no path of a folder of this machine"),
            "give an absolute path without `..`".to_owned(),
        );
    };
    let forbidden = || {
        refused(
            format!("the folder `{asked}` of this machine may not be mounted"),
            format!("list it in `host_paths` of pipewright.toml (host_paths = [\"{asked}\"]) or use a claim"),
        )
    };
    // The nearest part that is there says where the path leads.
    let mut there = path.as_path();
    let known = loop {
        match there.canonicalize() {
            Ok(known) => break known,
            Err(_) => match there.parent() {
                Some(parent) => there = parent,
                None => return forbidden(),
            },
        }
    };
    let rest = path.strip_prefix(there).unwrap_or(Path::new(""));
    let whole = if rest.as_os_str().is_empty() { known } else { known.join(rest) };
    let within = |folder: &&HostFolder| {
        let listed = folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
        whole.starts_with(listed)
    };
    // The innermost says whether it may be written to.
    let Some(folder) = folders.iter().filter(within).max_by_key(|folder| folder.path.components().count())
    else {
        return forbidden();
    };
    if !whole.exists()
        && create
        && !folder.read_only
        && let Err(error) = std::fs::create_dir_all(&whole)
    {
        return refused(
            format!("failed to make the folder `{asked}` of this machine: {error}"),
            "make it before the run".to_owned(),
        );
    }
    if !whole.is_dir() {
        return refused(
            format!("there is no folder `{asked}` on this machine"),
            "make it, or set `type: DirectoryOrCreate`".to_owned(),
        );
    }
    Ok(Allowed { path: whole, read_only: folder.read_only })
}

/// Reads an absolute path without `.` and `..`.
fn plain(text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    let is_plain = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    (path.is_absolute() && path.components().all(is_plain)).then(|| path.components().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_may_be_mounted() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        for folder in ["data/sets", "data/kept", "other"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        std::fs::write(root.join("data/file"), "x").unwrap();
        std::os::unix::fs::symlink(root.join("other"), root.join("data/out")).unwrap();
        std::os::unix::fs::symlink(root.join("data"), root.join("in")).unwrap();
        let listed = |text: &str| HostFolder::read(&format!("{}/{text}", root.display())).unwrap();
        let folders = [listed("data"), listed("data/kept:ro")];
        let check = |asked: &str, create: bool, expected: Result<(&str, bool), &str>| {
            let asked =
                if asked.starts_with('/') { format!("{}{asked}", root.display()) } else { asked.to_owned() };
            let found = allowed(&folders, &asked, create);
            match (found, expected) {
                (Ok(found), Ok((path, read_only))) => {
                    assert_eq!((found.path, found.read_only), (root.join(path), read_only), "{asked}");
                }
                (Err(failure), Err(words)) => {
                    let hint = failure.hint.unwrap();
                    assert!(failure.message.contains(words), "{asked}: {}", failure.message);
                    assert!(!words.contains("may not") || hint.contains("host_paths"), "{hint}");
                }
                (found, expected) => panic!("{asked}: {found:?} instead of {expected:?}"),
            }
        };
        check("/data", false, Ok(("data", false)));
        check("/data/sets/", false, Ok(("data/sets", false)));
        check("/data/kept", false, Ok(("data/kept", true)));
        check("/in/sets", false, Ok(("data/sets", false)));
        check("/data/new/er", false, Err("there is no folder"));
        check("/data/new/er", true, Ok(("data/new/er", false)));
        check("/data/kept/new", true, Err("there is no folder"));
        check("/data/file", true, Err("there is no folder"));
        check("/other", false, Err("may not be mounted"));
        check("/data/out", false, Err("may not be mounted"));
        check("/data/out/new", true, Err("may not be mounted"));
        check("/data/../other", false, Err("is no path"));
        check("data", false, Err("is no path"));
        check("/", false, Err("may not be mounted"));
        assert!(!root.join("other/new").exists());
    }

    #[test]
    fn folders_are_read() {
        for (text, expected) in [
            ("/data", Some(("/data", false))),
            ("/data/:ro", Some(("/data", true))),
            ("/data:rw", Some(("/data", false))),
            ("data", None),
            ("/data/../x", None),
        ] {
            let found = HostFolder::read(text).ok();
            let expected = expected.map(|(path, read_only)| HostFolder { path: path.into(), read_only });
            assert_eq!(found, expected, "{text}");
        }
    }
}
