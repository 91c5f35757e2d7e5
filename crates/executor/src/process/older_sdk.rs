//! What components of older SDKs need beside the SDK itself.
//!
//! Until 2.4 the SDK knew a local path only of artifacts in buckets; of one that lies in a folder, whose URI is
//! its path, it said `None`. The component's module is loaded before the SDK looks at any artifact, so a few
//! lines at its end put that right.

use pipewright_plan::Word;

use super::bootstrap::{self, Install, Program};

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

/// Does the same where the component's command runs as it is written: in a container, or in a whole image.
pub(super) fn complete(command: &mut [Word]) {
    let Some(found) = bootstrap::recognise(command) else { return };
    let Program::Function { source, .. } = found.program else { return };
    let written = Word::literal(&source);
    if let Some(word) = command.iter_mut().find(|word| **word == written) {
        *word = Word::literal(completed(source, &found.installs));
    }
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

    #[test]
    fn commands_that_run_as_they_are_written_are_completed() {
        const RUN: &str = "program_path=$(mktemp -d)\nprintf \"%s\" \"$0\" > \"$program_path/ephemeral_component.py\"\n\
                           python3 -m kfp.components.executor_main --component_module_path \"$program_path/ephemeral_component.py\" \"$@\"\n";
        let cases = [
            (
                vec![
                    "sh",
                    "-c",
                    "python3 -m pip install 'kfp==2.0.1' && \"$0\" \"$@\"",
                    "sh",
                    "-ec",
                    RUN,
                    "source",
                ],
                true,
            ),
            (
                vec![
                    "sh",
                    "-c",
                    "python3 -m pip install 'kfp==2.5.0' && \"$0\" \"$@\"",
                    "sh",
                    "-ec",
                    RUN,
                    "source",
                ],
                false,
            ),
            (vec!["sh", "-ec", RUN, "source"], true),
            (vec!["sh", "-ec", "echo", "source"], false),
        ];
        for (words, expected) in cases {
            let before: Vec<Word> = words.iter().copied().map(Word::literal).collect();
            let mut after = before.clone();
            complete(&mut after);
            let (last, others) = after.split_last().expect("there are words");
            assert_eq!(others, &before[..others.len()]);
            let text = last.as_literal().expect("it is a literal");
            assert!(
                text.starts_with("source") && (text.len() > "source".len()) == expected,
                "{words:?}: {text}"
            );
        }
    }
}
