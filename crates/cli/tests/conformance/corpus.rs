//! Pipelines that must run, each to the end that its `expect.yaml` says.
//!
//! Those without Python functions run embedded, each in a home of its own. The others run on one server, so
//! that they share Python environments.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::{BINARY, check_all, conformance, expect, mapping};

/// One pipeline of the corpus.
struct Case {
    folder: PathBuf,
    expect: Map<String, Value>,
}

impl Case {
    fn name(&self) -> String {
        self.folder.file_name().expect("a case is a folder").to_string_lossy().into_owned()
    }
}

fn cases(fast: bool) -> Vec<Case> {
    let corpus = conformance().join("corpus");
    let listed = std::fs::read_to_string(corpus.join("fast.txt")).expect("the list of fast pipelines");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(&corpus).expect("the corpus") {
        let folder = entry.expect("an entry of the corpus").path();
        let Ok(text) = std::fs::read(folder.join("expect.yaml")) else { continue };
        let case = Case { folder: folder.canonicalize().expect("the case's folder"), expect: mapping(&text) };
        if listed.lines().any(|line| line.trim() == case.name()) == fast {
            cases.push(case);
        }
    }
    cases
}

#[test]
fn fast_pipelines_come_out_right() {
    check_all("corpus, embedded", &cases(true), Case::name, |case| {
        let home = tempfile::tempdir().expect("a home folder");
        let place = ["--home".to_owned(), home.path().display().to_string()];
        check(case, &place)
    });
}

#[test]
fn python_pipelines_come_out_right() {
    let home = tempfile::tempdir().expect("a home folder");
    let mut server = Server::start(home.path());
    let place = ["--server".to_owned(), server.url.clone()];
    let online = std::env::var_os("PIPEWRIGHT_TEST_OFFLINE").is_none();
    let mut cases = cases(false);
    cases.retain(|case| online || case.expect.get("network") != Some(&Value::Bool(true)));
    check_all("corpus, on a server", &cases, Case::name, |case| check(case, &place));
    server.stop();
}

/// Runs one pipeline (twice, if it says so) and returns what is not as expected.
fn check(case: &Case, place: &[String]) -> Vec<String> {
    let mut wrong = check_once(case, &case.expect, place);
    if let Some(again) = case.expect.get("again").and_then(Value::as_object) {
        let second = check_once(case, again, place);
        wrong.extend(second.into_iter().map(|line| format!("again: {line}")));
    }
    wrong
}

fn check_once(case: &Case, expected: &Map<String, Value>, place: &[String]) -> Vec<String> {
    let began = Instant::now();
    let mut command = Command::new(BINARY);
    command.arg("run").arg(case.folder.join("pipeline.yaml")).args(["--output", "json"]).args(place);
    if case.expect.get("cache") != Some(&Value::Bool(true)) {
        command.arg("--no-cache");
    }
    let arguments = tempfile::NamedTempFile::with_suffix(".json").expect("a file for the arguments");
    if let Some(given) = case.expect.get("arguments") {
        let text = given.to_string().replace("{here}", &case.folder.display().to_string());
        std::fs::write(arguments.path(), text).expect("the arguments are written");
        command.arg("--params").arg(arguments.path());
    }
    let output = match finish(command.stdin(Stdio::null())) {
        Ok(output) => output,
        Err(wrong) => return vec![wrong],
    };
    let talk = String::from_utf8_lossy(&output.stderr);
    let Ok(document) = serde_json::from_slice::<Value>(&output.stdout) else {
        return vec![format!("no document, {}: {}", output.status, talk.trim())];
    };
    let mut wrong = expect::compare(expected, &document, began.elapsed());
    let code = if document["state"] == "SUCCEEDED" { 0 } else { 1 };
    if output.status.code() != Some(code) {
        wrong.push(format!("state {} but {}", document["state"], output.status));
    }
    if !wrong.is_empty() {
        let tail: Vec<&str> = talk.lines().rev().take(12).collect();
        wrong.extend(tail.into_iter().rev().map(|line| format!("| {line}")));
    }
    wrong
}

/// Longest time that one run may take, packages from the network included.
const PATIENCE: Duration = Duration::from_secs(180);

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
        std::thread::sleep(Duration::from_millis(5));
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

/// A server for the time of a test.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(home: &Path) -> Self {
        let child = Command::new(BINARY)
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--home"])
            .arg(home)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let mut server = Self { child, url: String::new() };
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            let note = std::fs::read(home.join("server.json")).unwrap_or_default();
            if let Ok(note) = serde_json::from_slice::<Value>(&note) {
                server.url = note["url"].as_str().expect("the server's URL").to_owned();
                return server;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server did not say where it serves");
    }

    fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
