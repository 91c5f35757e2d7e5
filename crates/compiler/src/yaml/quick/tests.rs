//! The fast reader against the full loader: corpus, corners, and damaged pipelines.

use proptest::prelude::*;

use super::{Node, NodeValue, Span, read};
use crate::yaml::{Mapping, load};

/// Takes the positions away.
fn bare(node: &Node) -> Node {
    let value = match &node.value {
        NodeValue::List(items) => NodeValue::List(items.iter().map(bare).collect()),
        NodeValue::Mapping(mapping) => {
            let bare_entry = |entry: &crate::yaml::Entry| crate::yaml::Entry {
                key_span: Span::default(),
                node: bare(&entry.node),
            };
            let entries = mapping.iter().map(|(key, entry)| (key.clone(), bare_entry(entry)));
            NodeValue::Mapping(entries.collect::<Mapping>())
        }
        other => other.clone(),
    };
    Node { value, span: Span::default() }
}

/// What is read fast is what the full loader reads, without a word about it. Tells whether it was read.
fn check(text: &str) -> bool {
    let Some(quick) = read(text) else { return false };
    let (full, diagnostics) = load(text.as_bytes());
    assert!(diagnostics.is_empty(), "{diagnostics:?}\n{text}");
    let full: Vec<Node> = full.iter().map(bare).collect();
    assert_eq!(quick, full, "{text}");
    true
}

fn corpus() -> Vec<String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance");
    let mut folders = vec![std::path::PathBuf::from(root)];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                texts.extend(std::fs::read_to_string(&path));
            }
        }
    }
    texts
}

#[test]
fn pipelines_of_the_corpus_are_read_fast() {
    let texts = corpus();
    let pipelines: Vec<&String> =
        texts.iter().filter(|text| text.starts_with("# PIPELINE DEFINITION")).collect();
    let read = pipelines.iter().filter(|text| check(text)).count();
    assert!(read > 100 && read * 100 >= pipelines.len() * 95, "{read} of {}", pipelines.len());
    texts.iter().for_each(|text| {
        check(text);
    });
}

#[test]
fn corners_are_read_as_ever_or_left_alone() {
    let read = [
        "a: b\n",
        "a: 1\nb: 0x1F\nc: 1_000\n",
        "a:\n- 1\n- x: 2\n  y: 3\n-\n  z: 1\nb: ~",
        "a:\n  - - 1\n    - 2\n  - 3\n",
        "a: \"x\\\n  \\ y\\n z\"\n",
        "a: \"x\n\n\n  y\n  \"\n",
        "a: 'it''s\n\n  so'\n",
        "a: one\n  two\n\n  three\nb: 1",
        "a:\n  folded\n  over\n",
        "a: {}\nb: []\n",
        "a:\nb:\n",
        "---\na: 1\n---\nb: 2\n",
        "# c\n\na: 1\n  # d\nb: 2\n",
        "\"a b\": 1\n'c d': 2\n",
        "yes: 1\n012: 2\n~: 3\n",
        "a: \"\\x41\\u00e9\\U0001F600\"\n",
        "a: é ü\n",
        "a:   b  \n",
        "- a\n- b: c\n",
        "a: \"\n  x\"\n",
        "a: \"x \\\n   \n  y\"\n",
        "a: 'x\n  # no comment'\n",
        "a: -1\nb: -x\nc: .5\n",
        "a: x:y\nb: a#b\n",
    ];
    for text in read {
        let is_read = check(text);
        assert!(is_read || text.contains("\\\n   \n"), "left alone: {text}");
    }
    let left = [
        "a: &b 1\nc: *b\n",
        "a: |\n  x\n",
        "a: {b: 1}\n",
        "a: b: c\n",
        "a: 1\na: 2\n",
        "a: 1 # x\n",
        "a: !!str 1\n",
        "<<: 1\n",
        "a: \"x\ny\"\n",
        "a: 'x\n",
        " a: 1\nb: 2\n",
        "a:\n    b: 1\n  c: 2\n",
        "a: \"\\N\"\n",
        "\ta: 1\n",
        "a: .inf\n",
        "x\n",
        "",
        "---\n",
        "a: 1\n...\n",
    ];
    for text in left {
        assert!(!check(text), "read: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Damaged pipelines: a character changed, taken out, put in or moved.
    #[test]
    fn damaged_pipelines_are_read_as_ever(
        file in any::<prop::sample::Index>(),
        start in any::<prop::sample::Index>(),
        edits in prop::collection::vec(
            (any::<prop::sample::Index>(), prop::sample::select(" \n-:#'\"\\{}[]&*!|>%~ax0.,\u{e9}".chars().collect::<Vec<_>>()), 0_u8..3),
            1..4,
        ),
    ) {
        static TEXTS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
        let texts = TEXTS.get_or_init(corpus);
        let lines: Vec<&str> = file.get(texts).split_inclusive('\n').collect();
        let from = start.index(lines.len());
        let mut text: Vec<char> = lines[from..].iter().take(12).flat_map(|line| line.chars()).collect();
        for (at, letter, kind) in edits {
            if text.is_empty() {
                break;
            }
            let at = at.index(text.len());
            match kind {
                0 => text[at] = letter,
                1 => text.insert(at, letter),
                _ => {
                    text.remove(at);
                }
            }
        }
        check(&text.into_iter().collect::<String>());
    }
}
