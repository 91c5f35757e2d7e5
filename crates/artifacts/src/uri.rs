//! What an artifact's URI says about where its bytes lie.

use std::path::{Path, PathBuf};

/// Where a URI points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file or folder of this machine, by absolute path.
    Local(PathBuf),
    /// An object or prefix in a bucket; `scheme` is `gs`, `s3` or `minio`.
    Bucket { scheme: String, bucket: String, key: String },
    /// Anything else: recorded, never opened.
    Other,
}

impl Location {
    /// Reads a URI; a relative path is `Other`, since nothing says relative to what.
    pub fn of(uri: &str) -> Self {
        let path = uri.strip_prefix("file://").unwrap_or(uri);
        if Path::new(path).is_absolute() {
            return Self::Local(PathBuf::from(path));
        }
        match uri.split_once("://") {
            Some((scheme @ ("gs" | "s3" | "minio"), rest)) => {
                let rest = rest.split('?').next().unwrap_or(rest);
                let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
                Self::Bucket { scheme: scheme.to_owned(), bucket: bucket.to_owned(), key: key.to_owned() }
            }
            _ => Self::Other,
        }
    }
}

/// Returns the path when the URI names a file or folder of this machine.
pub fn local_file(uri: &str) -> Option<PathBuf> {
    match Location::of(uri) {
        Location::Local(path) => Some(path),
        Location::Bucket { .. } | Location::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, expected: Location) {
        assert_eq!(Location::of(uri), expected, "{uri}");
    }

    #[test]
    fn uris_have_locations() {
        let bucket = |scheme: &str, bucket: &str, key: &str| Location::Bucket {
            scheme: scheme.into(),
            bucket: bucket.into(),
            key: key.into(),
        };
        check("/data/a b", Location::Local("/data/a b".into()));
        check("file:///data/a", Location::Local("/data/a".into()));
        check("gs://b/k/l", bucket("gs", "b", "k/l"));
        check("s3://b", bucket("s3", "b", ""));
        check("minio://b/k?region=x", bucket("minio", "b", "k"));
        check("https://host/x", Location::Other);
        check("relative/path", Location::Other);
        check("", Location::Other);
    }
}
