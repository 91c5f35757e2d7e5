//! Documents that must be refused, each with a complaint at the place and in the words that it asks for.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{BINARY, Found, check_all, conformance};

#[test]
fn broken_documents_are_refused_where_they_are_broken() {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(conformance().join("invalid"))
        .expect("the folder of invalid documents")
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    check_all(
        "invalid",
        &cases,
        |path| path.display().to_string(),
        |path| Found { wrong: check(path), ..Found::default() },
    );
}

fn check(path: &Path) -> Vec<String> {
    let text = String::from_utf8_lossy(&std::fs::read(path).expect("the document is readable")).into_owned();
    let Some(expected) = text.lines().next().and_then(|line| line.strip_prefix("# expect:")) else {
        return vec!["the first line does not say what to expect".to_owned()];
    };
    let output = Command::new(BINARY)
        .arg("check")
        .arg(path)
        .args(["--output", "json"])
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    if output.status.code() != Some(2) {
        return vec![format!("left with {}, not with 2", output.status)];
    }
    let Ok(document) = serde_json::from_slice::<Value>(&output.stdout) else {
        return vec![format!("no document: {}", String::from_utf8_lossy(&output.stderr).trim())];
    };
    let diagnostics = document["diagnostics"].as_array().cloned().unwrap_or_default();
    if diagnostics.iter().any(|diagnostic| matches(expected, diagnostic)) {
        return Vec::new();
    }
    let mut wrong = vec![format!("no diagnostic says `{expected}`")];
    wrong.extend(diagnostics.iter().map(|found| {
        let code = found["code"].as_str().unwrap_or_default();
        format!("| {}:{} [{code}] {} ({})", found["line"], found["column"], found["message"], found["path"])
    }));
    wrong
}

/// Tells whether a diagnostic is what `line:column [code] words …` asks for.
fn matches(expected: &str, diagnostic: &Value) -> bool {
    let mut words = expected.split_whitespace();
    let place = format!("{}:{}", diagnostic["line"], diagnostic["column"]);
    let code = format!("[{}]", diagnostic["code"].as_str().unwrap_or_default());
    if words.next() != Some(&place) || words.next() != Some(&code) {
        return false;
    }
    let said = ["message", "path", "hint"].map(|field| diagnostic[field].as_str().unwrap_or_default());
    let said = said.join("\n").to_lowercase();
    words.all(|word| said.contains(&word.to_lowercase()))
}
