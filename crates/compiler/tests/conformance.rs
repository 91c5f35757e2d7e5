//! The compiler against the conformance files: every pipeline of the corpus has a golden plan, every invalid
//! document is refused at its place with its words.

use std::fs;
use std::path::{Path, PathBuf};

use pipewright_compiler::{Diagnostics, compile};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &str, pick: impl Fn(&Path) -> Option<PathBuf>) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join(folder)).expect("the folder is part of the repository");
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| pick(&entry.ok()?.path())).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} is empty");
    files
}

fn pipelines(folder: &str) -> Vec<PathBuf> {
    files(folder, |path| Some(path.join("pipeline.yaml")).filter(|path| path.is_file()))
}

#[test]
fn every_pipeline_has_its_plan() {
    let mut refused = Vec::new();
    for path in pipelines("conformance/corpus").into_iter().chain(pipelines("examples")) {
        let source = fs::read(&path).expect("the file was just listed");
        let name = path.parent().and_then(Path::file_name).expect("a pipeline lies in a folder of its name");
        match compile(&source) {
            Ok(compiled) => {
                let text = serde_json::to_string(&compiled.plan).expect("a plan is JSON");
                let again: pipewright_plan::Plan = serde_json::from_str(&text).expect("a plan is read back");
                assert_eq!(again, compiled.plan, "{}", path.display());
                insta::with_settings!({snapshot_path => repository().join("conformance/plans"), prepend_module_to_snapshot => false, omit_expression => true}, {
                    insta::assert_json_snapshot!(name.to_string_lossy().into_owned(), shorten(serde_json::to_value(&compiled.plan).expect("a plan is JSON")));
                });
                assert!(compiled.warnings.is_empty(), "{}:\n{}", path.display(), compiled.warnings);
            }
            Err(diagnostics) => refused.push(format!("{}:\n{diagnostics}", path.display())),
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// Cuts long program texts, which the plan carries verbatim, so that snapshots stay readable.
fn shorten(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) if text.chars().count() > 120 => {
            let start: String = text.chars().take(100).collect();
            Value::String(format!("{start}… ({} bytes)", text.len()))
        }
        Value::Array(items) => items.into_iter().map(shorten).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(key, item)| (key, shorten(item))).collect())
        }
        other => other,
    }
}

#[test]
fn every_invalid_document_is_refused_at_its_place() {
    let mut wrong = Vec::new();
    let documents = files("conformance/invalid", |path| {
        Some(path.to_path_buf()).filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
    });
    for path in documents {
        let source = fs::read(&path).expect("the file was just listed");
        let first = source.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let first = String::from_utf8_lossy(first).into_owned();
        let expected = first.strip_prefix("# expect:").expect("the first line says what is expected").trim();
        let problem = match compile(&source) {
            Ok(_) => Some("accepted".to_owned()),
            Err(found) if meets(&found, expected) => None,
            Err(found) => Some(found.to_string()),
        };
        if let Some(problem) = problem {
            wrong.push(format!("{}: expected `{expected}`, found\n{problem}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn meets(found: &Diagnostics, expected: &str) -> bool {
    let (place, words) = expected.split_once(' ').unwrap_or((expected, ""));
    let numbers: Option<Vec<u32>> = place.split(':').map(|number| number.parse().ok()).collect();
    let (numbers, words) = match numbers {
        Some(numbers) if !place.is_empty() => (numbers, words),
        _ => (Vec::new(), expected),
    };
    found.iter().filter(|diagnostic| diagnostic.is_error()).any(|diagnostic| {
        let hint = diagnostic.hint.clone().unwrap_or_default();
        let text = format!("{} {} {hint}", diagnostic.message, diagnostic.path).to_lowercase();
        numbers.first().is_none_or(|line| *line == diagnostic.line)
            && numbers.get(1).is_none_or(|column| *column == diagnostic.column)
            && words.split_whitespace().all(|word| text.contains(&word.to_lowercase()))
    })
}
