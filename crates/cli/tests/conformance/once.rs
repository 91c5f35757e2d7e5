//! Every pipeline once, to the end that its `expect.yaml` says; twice, where it says what the second run gives.
//!
//! Those without Python functions run embedded, each in a home of its own. The others, and those that are
//! cancelled, run on one server.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use serde_json::{Map, Value};

use super::case::{self, Case};
use super::expect::{self, Reading};
use super::nodes;
use super::server::{Pending, Server, shared_home};
use super::{BINARY, Found, PATIENCE, check_all};

#[test]
fn fast_pipelines_come_out_right() {
    let mut cases = case::all();
    cases.retain(|case| case.is_fast && case.cancel_after().is_none());
    check_all("corpus, embedded", &cases, Case::name, |case| {
        let home = tempfile::tempdir().expect("a home folder");
        let place = ["--home".to_owned(), home.path().display().to_string()];
        check(case, &place)
    });
}

#[test]
fn v1_pipelines_come_out_right() {
    let home = shared_home();
    let mut server = Server::start_with_images(&home.path, &case::v1_images());
    let place = ["--server".to_owned(), server.url.clone()];
    check_all("corpus of v1, on a server", &case::v1(), Case::name, |case| {
        check_with(case, &place, &|expected, document| nodes::compare(expected, document, &server))
    });
    server.stop();
}

#[test]
fn python_pipelines_come_out_right() {
    let home = shared_home();
    let mut server = Server::start(&home.path);
    let place = ["--server".to_owned(), server.url.clone()];
    let mut cases = case::all();
    cases.retain(|case| !case.is_fast && case.cancel_after().is_none());
    check_all("corpus, on a server", &cases, Case::name, |case| check(case, &place));
    server.stop();
}

#[test]
fn pipelines_of_all_versions_of_the_sdk_come_out_right() {
    let home = shared_home();
    let mut server = Server::start(&home.path);
    let place = ["--server".to_owned(), server.url.clone()];
    check_all("versions of the SDK", &case::versions(), Case::name, |case| check(case, &place));
    server.stop();
}

#[test]
fn cancelled_pipelines_come_out_right() {
    let home = shared_home();
    let mut server = Server::start(&home.path);
    let mut cases = case::all();
    cases.retain(|case| case.cancel_after().is_some());
    check_all("corpus, cancelled", &cases, Case::name, |case| {
        let ended =
            server.submit(case, &case.specification()).and_then(|run| Pending::new(case, run).wait(&server));
        match ended {
            Err(wrong) => Found::wrong(wrong),
            Ok(document) => {
                let wrong = expect::compare(&case.expect, &document, Reading::Exact);
                Found::of(&document, wrong)
            }
        }
    });
    server.stop();
}

/// Runs one pipeline (twice, if it says so) and returns what is not as expected.
fn check(case: &Case, place: &[String]) -> Found {
    check_with(case, place, &|_, _| Vec::new())
}

/// Like [`check`], with more to say of a run's document.
fn check_with(case: &Case, place: &[String], more: More<'_>) -> Found {
    if let Err(wrong) = case.apply_objects(place) {
        return Found::wrong(wrong);
    }
    let mut found = check_once(case, &case.expect, place, more);
    if let Some(again) = case.expect.get("again").and_then(Value::as_object) {
        let second = check_once(case, again, place, more);
        found.wrong.extend(second.wrong.into_iter().map(|line| format!("again: {line}")));
    }
    found
}

/// Says what else is wrong, of an expectation and a document.
type More<'a> = &'a (dyn Fn(&Map<String, Value>, &Value) -> Vec<String> + Sync);

fn check_once(case: &Case, expected: &Map<String, Value>, place: &[String], more: More<'_>) -> Found {
    let mut command = Command::new(BINARY);
    command.arg("run").arg(case.folder.join("pipeline.yaml")).args(["--output", "json"]).args(place);
    if !case.uses_cache() {
        command.arg("--no-cache");
    }
    for (task, values) in case.answers() {
        command.args(["--resume", &task]);
        for (name, value) in values.as_object().into_iter().flatten() {
            let text = value.as_str().expect("answers are texts");
            command.arg("--resume").arg(format!("{task}:{name}={text}"));
        }
    }
    let arguments = tempfile::NamedTempFile::with_suffix(".json").expect("a file for the arguments");
    std::fs::write(arguments.path(), case.arguments().to_string()).expect("the arguments are written");
    command.arg("--params").arg(arguments.path());
    let output = match finish(command.stdin(Stdio::null())) {
        Ok(output) => output,
        Err(wrong) => return Found::wrong(wrong),
    };
    let talk = String::from_utf8_lossy(&output.stderr);
    let Ok(document) = serde_json::from_slice::<Value>(&output.stdout) else {
        return Found::wrong(format!("no document, {}: {}", output.status, talk.trim()));
    };
    let mut wrong = expect::compare(expected, &document, Reading::Exact);
    wrong.extend(more(expected, &document));
    let code = if document["state"] == "SUCCEEDED" { 0 } else { 1 };
    if output.status.code() != Some(code) {
        wrong.push(format!("state {} but {}", document["state"], output.status));
    }
    if !wrong.is_empty() {
        let tail: Vec<&str> = talk.lines().rev().take(12).collect();
        wrong.extend(tail.into_iter().rev().map(|line| format!("| {line}")));
    }
    Found::of(&document, wrong)
}

/// Waits for the command's end, at most so long. What it prints goes to files, so that it never waits for us.
fn finish(command: &mut Command) -> Result<Output, String> {
    let files =
        [tempfile::tempfile(), tempfile::tempfile()].map(|file| file.expect("a file for what is printed"));
    let [out, err] = &files;
    let copy = |file: &File| Stdio::from(file.try_clone().expect("a second handle of the file"));
    let mut child = command.stdout(copy(out)).stderr(copy(err)).spawn().expect("the binary starts");
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child is waited for") {
            break Some(status);
        }
        if began.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    let [stdout, stderr] = files.map(|mut file| {
        let mut text = Vec::new();
        let read = file.rewind().and_then(|()| file.read_to_end(&mut text));
        read.expect("what was printed is read");
        text
    });
    match status {
        Some(status) => Ok(Output { status, stdout, stderr }),
        None => Err(format!("no end within {PATIENCE:?}: {}", String::from_utf8_lossy(&stderr).trim())),
    }
}
