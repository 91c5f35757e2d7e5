//! A `pipewright serve` child on loopback, the least HTTP that talks to it, and the home they share.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::case::Case;
use super::{BINARY, PATIENCE};

/// A server for the time of a test.
pub struct Server {
    child: Child,
    home: PathBuf,
    images: Option<PathBuf>,
    pub url: String,
}

impl Server {
    pub fn start(home: &Path) -> Self {
        Self::start_as(home, None)
    }

    /// Starts one that takes this file for what stands for images.
    pub fn start_with_images(home: &Path, images: &Path) -> Self {
        Self::start_as(home, Some(images.to_owned()))
    }

    fn start_as(home: &Path, images: Option<PathBuf>) -> Self {
        // What a killed server has left would be taken for the new one's address.
        let note = home.join("server.json");
        let _ = std::fs::remove_file(&note);
        let mut command = Command::new(BINARY);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--home"]).arg(home);
        if let Some(images) = &images {
            command.arg("--images").arg(images);
            // What lies beside it may be read by tasks that ask for folders of the machine.
            let folder = images.parent().expect("a file lies in a folder");
            command.arg("--host-paths").arg(format!("{}:ro", folder.display()));
        }
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("the server starts");
        let mut server = Self { child, home: home.to_owned(), images, url: String::new() };
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let text = std::fs::read(&note).unwrap_or_default();
            if let Ok(note) = serde_json::from_slice::<Value>(&text) {
                server.url = note["url"].as_str().expect("the server's URL").to_owned();
                return server;
            }
            assert!(matches!(server.child.try_wait(), Ok(None)), "the server left at once");
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server did not say where it serves");
    }

    /// Ends the server as a crash would, and starts another in the same home.
    pub fn crash(&mut self) {
        self.child.kill().expect("the server is killed");
        self.child.wait().expect("the server is gone");
        let next = Self::start_as(&self.home, self.images.clone());
        // The old one is dropped here; it is gone already.
        *self = next;
    }

    pub fn stop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }

    /// Creates a run, with the objects that it expects to find, and returns its id.
    pub fn submit(&self, case: &Case, specification: &Value) -> Result<String, String> {
        case.apply_objects(&["--server".to_owned(), self.url.clone()])?;
        let run = self.call("POST", "/apis/v2beta1/runs", Some(&case.request(specification)))?;
        run["run_id"].as_str().map(str::to_owned).ok_or_else(|| format!("a run without an id: {run}"))
    }

    /// Returns the run with all that is known of it.
    pub fn document(&self, run: &str) -> Result<Value, String> {
        self.call("GET", &format!("/apis/pipewright/v1/runs/{run}"), None)
    }

    /// Returns one line for each failed task: the end of its log.
    pub fn failures(&self, document: &Value) -> Vec<String> {
        let run = document["run_id"].as_str().unwrap_or_default();
        let tasks = document["tasks"].as_array().into_iter().flatten();
        let failed = tasks.filter(|task| task["state"] == "FAILED" && task["kind"] == "container");
        failed
            .map(|task| {
                let id = task["task_id"].as_str().unwrap_or_default();
                let path = format!("/apis/pipewright/v1/runs/{run}/tasks/{id}/log");
                let log = self.exchange("GET", &path, None).map_or_else(|wrong| wrong, |(_, text)| text);
                let start = log.char_indices().rev().nth(600).map_or(0, |(at, _)| at);
                format!(
                    "| {id}: {} {}",
                    task["error"]["message"],
                    log[start..].trim().replace('\n', "\n         | ")
                )
            })
            .collect()
    }

    /// Sends a request and returns the answer's JSON.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let (status, text) = self.exchange(method, path, body)?;
        if !(200..300).contains(&status) {
            return Err(format!("{method} {path} answered {status}: {}", text.trim()));
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|wrong| format!("{method} {path} did not answer JSON: {wrong}"))
    }

    /// Sends a request and returns the answer's text.
    pub fn text(&self, method: &str, path: &str) -> Result<String, String> {
        match self.exchange(method, path, None)? {
            (200, text) => Ok(text),
            (status, text) => Err(format!("{method} {path} answered {status}: {}", text.trim())),
        }
    }

    /// Speaks HTTP/1.0, so that the answer comes unchunked and the connection closes after it.
    fn exchange(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, String), String> {
        let address = self.url.trim_start_matches("http://");
        let said = |wrong: std::io::Error| format!("{method} {path}: {wrong}");
        let mut stream = TcpStream::connect(address).map_err(said)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(said)?;
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).map_err(said)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).map_err(said)?;
        let answer = String::from_utf8_lossy(&answer);
        let parts = answer.split_once("\r\n\r\n");
        let (head, text) = parts.ok_or_else(|| format!("{method} {path}: an answer without a head"))?;
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Ok((status.ok_or_else(|| format!("{method} {path}: no status"))?, text.to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A home folder that one test at a time has to itself. Each finds it empty but for the Python environments of
/// the test before, which cost the most to make.
pub struct SharedHome {
    /// Tells whether the folder was used before in this process.
    _used: MutexGuard<'static, bool>,
    pub path: PathBuf,
}

/// Waits for the home folder and clears it.
pub fn shared_home() -> SharedHome {
    static USED: Mutex<bool> = Mutex::new(false);
    // A test that failed leaves nothing that the next would trust.
    let mut used = USED.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
    std::fs::create_dir_all(&path).expect("a home folder");
    for entry in std::fs::read_dir(&path).expect("the home folder") {
        let entry = entry.expect("an entry of the home folder");
        if *used && entry.file_name() == "environments" {
            continue;
        }
        remove(&entry.path());
    }
    *used = true;
    SharedHome { _used: used, path }
}

/// Removes a file or a folder; artifacts are read-only.
fn remove(path: &Path) {
    let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
    let removed = if is_folder {
        let status = Command::new("chmod").args(["-R", "u+w"]).arg(path).status();
        status.and_then(|_| std::fs::remove_dir_all(path))
    } else {
        std::fs::remove_file(path)
    };
    removed.unwrap_or_else(|wrong| panic!("cannot remove {}: {wrong}", path.display()));
}

/// A run that is waited for, and cancelled when its expectation asks for that.
pub struct Pending<'a> {
    pub case: &'a Case,
    pub run: String,
    was_cancelled: bool,
    pub is_over: bool,
}

impl<'a> Pending<'a> {
    pub fn new(case: &'a Case, run: String) -> Self {
        Self { case, run, was_cancelled: false, is_over: false }
    }

    /// Looks at the run once. A server that is away changes nothing.
    pub fn look(&mut self, server: &Server) {
        if self.is_over {
            return;
        }
        if let Some(task) = self.case.cancel_after()
            && !self.was_cancelled
            && has_started(server, &self.run, task)
        {
            let path = format!("/apis/v2beta1/runs/{}:terminate", self.run);
            self.was_cancelled = server.call("POST", &path, None).is_ok();
        }
        for (task, values) in self.case.answers() {
            // Refused until the task waits, and once it has been answered.
            let body = serde_json::json!({ "tasks": [task], "parameters": values });
            let _ =
                server.call("POST", &format!("/apis/pipewright/v1/runs/{}:resume", self.run), Some(&body));
        }
        let found = server.call("GET", &format!("/apis/v2beta1/runs/{}", self.run), None).unwrap_or_default();
        self.is_over = matches!(found["state"].as_str(), Some("SUCCEEDED" | "FAILED" | "CANCELED"));
    }

    /// Waits for the end, at most so long as a run may take.
    pub fn wait(&mut self, server: &Server) -> Result<Value, String> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            self.look(server);
            if self.is_over {
                return server.document(&self.run);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("no end within {PATIENCE:?}"))
    }
}

/// Tells whether a task's own program runs, or has run.
fn has_started(server: &Server, run: &str, path: &str) -> bool {
    let document = server.document(run).unwrap_or_default();
    let mut tasks = document["tasks"].as_array().into_iter().flatten();
    let task = tasks.find(|task| task["task_id"] == path);
    task.and_then(|task| task["attempts"].as_array())
        .is_some_and(|attempts| attempts.iter().any(|attempt| attempt["place"].is_string()))
}
