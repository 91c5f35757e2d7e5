//! The compiler against the conformance files: every pipeline of the corpus has a golden plan, every invalid
//! document is refused at its place with its words.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pipewright_compiler::{Diagnostics, Library, compile, compile_with};

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
    let folders = [("conformance/corpus", ""), ("conformance/corpus-v1", "v1-"), ("examples", "")];
    let all = folders
        .into_iter()
        .flat_map(|(folder, prefix)| pipelines(folder).into_iter().map(move |path| (path, prefix)));
    for (path, prefix) in all {
        let source = fs::read(&path).expect("the file was just listed");
        let name = path.parent().and_then(Path::file_name).expect("a pipeline lies in a folder of its name");
        let name = format!("{prefix}{}", name.to_string_lossy());
        match compile_with(&source, &library(&path)) {
            Ok(compiled) => {
                let text = serde_json::to_string(&compiled.plan).expect("a plan is JSON");
                let again: pipewright_plan::Plan = serde_json::from_str(&text).expect("a plan is read back");
                assert_eq!(again, compiled.plan, "{}", path.display());
                insta::with_settings!({snapshot_path => repository().join("conformance/plans"), prepend_module_to_snapshot => false, omit_expression => true}, {
                    insta::assert_json_snapshot!(name, shorten(serde_json::to_value(&compiled.plan).expect("a plan is JSON")));
                });
                assert!(compiled.warnings.is_empty(), "{}:\n{}", path.display(), compiled.warnings);
            }
            Err(diagnostics) => refused.push(format!("{}:\n{diagnostics}", path.display())),
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// Reads the objects that a pipeline expects to find, of which some are workflow templates.
fn library(pipeline: &Path) -> Library {
    let Ok(text) = fs::read(pipeline.with_file_name("objects.json")) else { return Library::default() };
    let objects: Vec<serde_json::Value> = serde_json::from_slice(&text).expect("a list of objects");
    Library::new(objects)
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

/// Tells whether a diagnostic is what `line:column [code] words …` asks for.
fn meets(found: &Diagnostics, expected: &str) -> bool {
    found.iter().filter(|diagnostic| diagnostic.is_error()).any(|diagnostic| {
        let start = format!("{}:{} [{}]", diagnostic.line, diagnostic.column, diagnostic.code);
        let hint = diagnostic.hint.clone().unwrap_or_default();
        let text = format!("{} {} {hint}", diagnostic.message, diagnostic.path).to_lowercase();
        expected
            .strip_prefix(&start)
            .is_some_and(|words| words.split_whitespace().all(|word| text.contains(&word.to_lowercase())))
    })
}

/// Codes without a document, and why.
const WITHOUT_DOCUMENT: &[(&str, &str)] = &[
    ("v1-not-supported", "is about the older format, which is tested by itself"),
    ("broken-plan", "tells of a mistake in the compiler, which no document is known to provoke"),
];

#[test]
fn every_kind_of_mistake_has_a_document() {
    let mut shown = BTreeSet::new();
    for path in files("conformance/invalid", |path| Some(path.to_path_buf())) {
        let source = fs::read(&path).expect("the file was just listed");
        let first = String::from_utf8_lossy(&source).lines().next().unwrap_or_default().to_owned();
        let code = first.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        shown.insert(code.map(|(code, _)| code.to_owned()).unwrap_or_default());
    }
    let written = codes(&repository().join("crates/compiler/src"));
    assert!(written.len() > 20, "the codes were not found in the source: {written:?}");
    let is_excused = |code: &str| WITHOUT_DOCUMENT.iter().any(|(excused, _)| *excused == code);
    let missing: Vec<&String> =
        written.iter().filter(|code| !shown.contains(*code) && !is_excused(code)).collect();
    assert!(missing.is_empty(), "no document in conformance/invalid is refused for {missing:?}");
}

/// Collects the codes of all errors from the source, where each stands as a literal behind one of these words.
fn codes(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the source is part of the repository") {
        let path = entry.expect("an entry of the source").path();
        // The older format has documents of its own.
        if path.ends_with("src/v1") {
            continue;
        }
        if path.is_dir() {
            found.extend(codes(&path));
            continue;
        }
        let text = fs::read_to_string(&path).expect("the source is text");
        let text: String = text.split_whitespace().collect();
        for before in ["error(\"", "stop(\"", "Severity::Error,\""] {
            for rest in text.split(before).skip(1) {
                let code = rest.split('"').next().unwrap_or_default();
                let is_code = code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
                found.extend(is_code.then(|| code.to_owned()));
            }
        }
    }
    found
}
