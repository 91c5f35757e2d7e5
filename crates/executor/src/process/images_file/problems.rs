//! Reads the text of an `images.toml`, and says what is wrong with it by line and key.

use std::collections::BTreeMap;

use toml::Spanned;

use super::super::pip::requirement_lines;
use super::{Document, Lines};

/// Reads a whole file; the error lists all that is wrong, each with its line and key.
pub(super) fn parse(text: &str) -> Result<Document, Vec<String>> {
    let document: Document = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![located(text, at, None, error.message())]
    })?;
    let problems = problems(text, &document);
    if problems.is_empty() { Ok(document) } else { Err(problems) }
}

/// Writes `line 3, \`python\`: what is wrong`; the key is read from the line when nobody knows it.
fn located(text: &str, at: usize, key: Option<&str>, message: &str) -> String {
    let at = at.min(text.len());
    let line = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
    let written = text.lines().nth(line).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
    let is_key =
        |key: &&str| key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) && !key.is_empty();
    match key.or(written.filter(is_key)) {
        Some(key) => format!("line {}, `{key}`: {message}", line + 1),
        None => format!("line {}: {message}", line + 1),
    }
}

fn problems(text: &str, document: &Document) -> Vec<String> {
    let mut problems = Vec::new();
    let mut wrong =
        |at: usize, key: &str, message: &str| problems.push(located(text, at, Some(key), message));
    let mut patterns: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in &document.image {
        let at = entry.pattern.span().start;
        if entry.pattern().trim().is_empty() {
            wrong(at, "pattern", "an image has a name; `*` stands for any");
        } else if let Some(first) = patterns.insert(entry.pattern(), at) {
            let line = text.as_bytes()[..first].iter().filter(|byte| **byte == b'\n').count() + 1;
            wrong(
                at,
                "pattern",
                &format!("line {line} has the same pattern, so this entry would never count"),
            );
        }
        if let Some(version) = &entry.python
            && !is_version(version.get_ref())
        {
            wrong(version.span().start, "python", "a version is written as \"3.11\"");
        }
        if let Some(kind) = &entry.executor
            && entry.kind().is_none()
        {
            wrong(kind.span().start, "executor", "tasks run as \"process\" or \"container\"");
        }
        if let Some(image) = &entry.image
            && (entry.root.is_some() || entry.python.is_some() || entry.requirements.is_some())
        {
            let message = "a whole image brings its own programs: leave out root, python and requirements";
            wrong(image.span().start, "image", message);
        }
        if let Some(folder) = &entry.working_directory
            && !folder.get_ref().is_absolute()
        {
            wrong(folder.span().start, "working_directory", "a working directory is an absolute path");
        }
        for (name, value) in &entry.env {
            let key = name.get_ref();
            if key.is_empty() || key.contains(['=', '\0']) || value.contains('\0') {
                wrong(name.span().start, "env", &format!("`{key}` cannot be a variable"));
            }
        }
        for (key, lines) in [("requirements", &entry.requirements), ("constraints", &entry.constraints)] {
            problems_of_lines(key, lines.as_ref(), &mut wrong);
        }
    }
    for default in &document.pod_default {
        let (secret, path) = (&default.secret, &default.path);
        if default.labels.is_empty() {
            wrong(secret.span().start, "labels", "without a label every task would get the secret");
        }
        if secret.get_ref().is_empty() {
            wrong(secret.span().start, "secret", "a secret has a name");
        }
        if !path.get_ref().starts_with('/') {
            wrong(path.span().start, "path", "a secret is mounted at an absolute path");
        }
    }
    problems_of_lines("pip.constraints", document.pip.constraints.as_ref(), &mut wrong);
    problems
}

fn problems_of_lines(key: &str, lines: Option<&Spanned<Lines>>, wrong: &mut impl FnMut(usize, &str, &str)) {
    let Some(lines) = lines else { return };
    let at = lines.span().start;
    match lines.get_ref() {
        Lines::File(path) if path.as_os_str().is_empty() => wrong(at, key, "a file has a name"),
        Lines::File(_) => {}
        Lines::Here(list) => {
            for line in list {
                match requirement_lines(line) {
                    Ok(read) if read.len() == 1 => {}
                    _ => wrong(at, key, &format!("`{line}` is no requirement")),
                }
            }
        }
    }
}

fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    (2..=3).contains(&parts.len()) && parts.iter().all(|part| part.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at once")]
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found = parse(text).err().unwrap_or_default();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn mistakes_have_lines_and_keys() {
        check("", &[]);
        check(
            "[[image]]\npattern = 'a'\npython = 3",
            &["line 3, `python`: invalid type: integer `3`, expected a string"],
        );
        check(
            "[[image]]\npattern = 'a'\n\npython = 'three'\nworking_directory = 'x'",
            &[
                "line 4, `python`: a version is written as \"3.11\"",
                "line 5, `working_directory`: a working directory is an absolute path",
            ],
        );
        check(
            "[[image]]\npattern = 'a'\n[[image]]\npattern = 'a'\n[[image]]\npattern = ''",
            &[
                "line 4, `pattern`: line 2 has the same pattern, so this entry would never count",
                "line 6, `pattern`: an image has a name; `*` stands for any",
            ],
        );
        check(
            "[pip]\nconstraints = ['-r x']\n[[image]]\npattern = 'b'\nenv = { 'A=B' = '' }",
            &[
                "line 5, `env`: `A=B` cannot be a variable",
                "line 2, `pip.constraints`: `-r x` is no requirement",
            ],
        );
        check(
            "[[image]]\npattern = 'a'\nrequirements = 7",
            &["line 3, `requirements`: expected the name of a file or a list of texts"],
        );
        check(
            "[[pod_default]]\nlabels = {}\nsecret = ''\npath = 'x'",
            &[
                "line 3, `labels`: without a label every task would get the secret",
                "line 3, `secret`: a secret has a name",
                "line 4, `path`: a secret is mounted at an absolute path",
            ],
        );
        check("[[image]]\npython = '3.11'", &["line 1: missing field `pattern`"]);
    }

    #[test]
    fn unknown_keys_are_named() {
        let problems = parse("[[image]]\npattern = 'a'\ncolour = 'red'").unwrap_err();
        assert!(
            problems[0].starts_with("line 3, `colour`: unknown field `colour`, expected"),
            "{problems:?}"
        );
    }
}
