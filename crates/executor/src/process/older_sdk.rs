//! What components of older SDKs need beside the SDK itself.
//!
//! Until 2.4 the SDK knew a local path only of artifacts in buckets; of one that lies in a folder, whose URI is
//! its path, it said `None`. The component's module is loaded before the SDK looks at any artifact, so a few
//! lines at its end put that right.

use super::bootstrap::Install;

/// The first version that knows paths by itself.
const KNOWS_PATHS: (u32, u32) = (2, 5);

const LINES: &str = "

def _local_artifact_paths():
    from kfp.dsl import Artifact
    known = Artifact._get_path
    Artifact._get_path = lambda self: known(self) or self.uri or None


_local_artifact_paths()
";

/// Adds to a component's source what its version of the SDK lacks.
pub(super) fn completed(source: String, installs: &[Install]) -> String {
    let mut requirements = installs.iter().flat_map(|install| &install.requirements);
    let pinned = requirements.find_map(|requirement| version(requirement.strip_prefix("kfp==")?));
    if pinned.is_some_and(|version| version >= KNOWS_PATHS) { source } else { source + LINES }
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_versions_are_completed() {
        let cases = [
            ("kfp==2.0.1", true),
            ("kfp==2.4.0", true),
            ("kfp==2.5.0", false),
            ("kfp==2.17.0", false),
            ("kfp==3.0.0b1", false),
            ("pandas==1.0", true),
        ];
        for (requirement, expected) in cases {
            let install = Install { requirements: vec![requirement.to_owned()], ..Install::default() };
            let source = completed("x".to_owned(), &[install]);
            assert_eq!(source.len() > 1, expected, "{requirement}");
        }
    }
}
