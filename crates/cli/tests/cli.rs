//! Drives the real binary the way a user does: exit codes, what goes to stdout and stderr, locks, interrupts.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a home and pipeline files in it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("the file is written");
        path.display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipewright"));
        command.args(arguments).env("PIPEWRIGHT_HOME", self.home()).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }
}

/// A pipeline with one shell task that gets the parameter `text` (STRING) and `count` (NUMBER_INTEGER, 1).
fn shell(script: &str) -> String {
    let script = Value::from(script);
    format!(
        r#"
components:
  comp-say:
    executorLabel: exec-say
    inputDefinitions: {{parameters: {{text: {{parameterType: STRING}}}}}}
    outputDefinitions: {{parameters: {{said: {{parameterType: STRING}}}}}}
deploymentSpec:
  executors:
    exec-say:
      container:
        image: busybox
        command: [sh, -ec, {script}, "{{{{$.inputs.parameters['text']}}}}", "{{{{$.outputs.parameters['said'].output_file}}}}"]
pipelineInfo: {{name: say}}
root:
  inputDefinitions:
    parameters:
      text: {{parameterType: STRING}}
      count: {{parameterType: NUMBER_INTEGER, defaultValue: 1, isOptional: true}}
  dag:
    outputs:
      parameters:
        said: {{valueFromParameter: {{producerSubtask: say, outputParameterKey: said}}}}
    tasks:
      say:
        cachingOptions: {{enableCache: true}}
        componentRef: {{name: comp-say}}
        inputs: {{parameters: {{text: {{componentInputParameter: text}}}}}}
        taskInfo: {{name: say}}
  outputDefinitions: {{parameters: {{said: {{parameterType: STRING}}}}}}
schemaVersion: 2.1.0
"#
    )
}

const SAY: &str = r#"printf 'on the log\n'; mkdir -p "$(dirname "$1")"; printf '%s' "$0" > "$1""#;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn check_exit(output: &Output, code: i32, stderr_has: &[&str]) {
    let talk = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{talk}");
    for part in stderr_has {
        assert!(talk.contains(part), "`{part}` is not in:\n{talk}");
    }
}

#[test]
fn a_run_prints_its_outputs() {
    let place = Place::new();
    let file = place.file("pipeline.yaml", shell(SAY));
    let output = place.run(&["run", &file, "-p", "text=hello world"]);
    check_exit(&output, 0, &["say  succeeded"]);
    assert!(text(&output.stdout).contains("said  hello world"), "{}", text(&output.stdout));

    let output = place.run(&["run", &file, "-p", "text=hello world", "--output", "json", "--explain-cache"]);
    check_exit(&output, 0, &["say  hit: task root/say of run"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("stdout is one JSON document");
    assert_eq!(document["state"], "SUCCEEDED");
    assert_eq!(document["outputs"]["parameters"]["said"], "hello world");
    let details = document["run_details"]["task_details"].as_array().expect("task details");
    assert!(details.iter().any(|task| task["display_name"] == "say" && task["state"] == "SUCCEEDED"));

    let output = place.run(&["run", &file, "-p", "text=other", "--explain-cache"]);
    check_exit(&output, 0, &["say  miss: differs from task root/say", "other", "hello world"]);
}

#[test]
fn wrong_input_leaves_with_2() {
    let place = Place::new();
    let good = place.file("good.yaml", shell(SAY));
    let no_utf8 = place.file("latin.yaml", b"pipelineInfo: {name: caf\xe9}\n");
    let truncated = place.file("truncated.yaml", &shell(SAY)[..300]);
    let large = place.file("large.yaml", vec![b'#'; 100 << 20]);
    let bomb = place.file("bomb.yaml", bomb());
    let list = place.file("list.yaml", "[1, 2]");
    let cases: &[(&[&str], &[&str])] = &[
        (&["run", "/no/such/file.yaml"], &["cannot read /no/such/file.yaml"]),
        (&["run", &good], &["text"]),
        (&["run", &good, "-p", "text=a", "-p", "cuont=3"], &["cuont", "count"]),
        (&["run", &good, "-p", "text=a", "-p", "count=three"], &["count", "three"]),
        (&["run", &good, "-p", "text"], &["no NAME=VALUE"]),
        (&["run", &good, "--params", &list], &["list.yaml"]),
        (&["check", &no_utf8], &["UTF-8"]),
        (&["check", &truncated], &["error"]),
        (&["check", &large], &["error"]),
        (&["check", &bomb], &["error"]),
        (&["run", &bomb], &["mistake(s)"]),
    ];
    for (arguments, parts) in cases {
        let began = Instant::now();
        check_exit(&place.run(arguments), 2, parts);
        assert!(began.elapsed() < Duration::from_secs(20), "{arguments:?} took {:?}", began.elapsed());
    }
    assert!(!place.home().join("pipewright.db").exists(), "nothing was started");
}

fn bomb() -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = level - 1;
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 10].join(", ")));
    }
    text
}

#[test]
fn a_failed_run_leaves_with_1_and_shows_the_log() {
    let place = Place::new();
    let file = place.file("pipeline.yaml", shell("echo something is missing; exit 3"));
    let output = place.run(&["run", &file, "-p", "text=a"]);
    check_exit(&output, 1, &["failed: say", "something is missing"]);

    let listed = place.run(&["runs", "list", "--output", "json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("a JSON document");
    assert_eq!(listed["runs"][0]["state"], "FAILED");
    let id = listed["runs"][0]["run_id"].as_str().expect("an id");
    assert_eq!(
        text(&place.run(&["runs", "logs", id, "--task", "say"]).stdout).lines().last(),
        Some("something is missing")
    );
    check_exit(&place.run(&["runs", "logs", id, "--task", "cook"]), 2, &["no task `cook`"]);
    let shown = place.run(&["runs", "get", id]);
    assert!(text(&shown.stdout).contains("say  failed"), "{}", text(&shown.stdout));
}

#[test]
fn an_interrupt_cancels_the_run() {
    let place = Place::new();
    let file = place.file("pipeline.yaml", shell("sleep 60"));
    let began = Instant::now();
    let mut child = Reaped(
        place
            .command(&["run", &file, "-p", "text=a", "--output", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts"),
    );
    wait_for_attempt(&place.home());
    signal("INT", &child.0);
    let output = child.output();
    check_exit(&output, 1, &["cancelling the run"]);
    assert!(began.elapsed() < Duration::from_secs(30), "it took {:?}", began.elapsed());
    let document: Value = serde_json::from_slice(&output.stdout).expect("a JSON document");
    let tasks = document["tasks"].as_array().expect("tasks");
    assert!(
        tasks.iter().any(|task| task["task_id"] == "root/say" && task["state"] == "CANCELED"),
        "{tasks:?}"
    );
}

#[test]
fn a_server_owns_its_home() {
    let place = Place::new();
    let file = place.file("pipeline.yaml", shell(SAY));
    let mut server = Reaped(
        place
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts"),
    );
    let url = served_at(&place.home());
    let pid = server.0.id().to_string();
    check_exit(&place.run(&["run", &file, "-p", "text=a"]), 1, &["in use by a server", &pid, "--server"]);
    let output = place.run(&["run", &file, "-p", "text=by server", "--server", &url]);
    check_exit(&output, 0, &[]);
    assert!(text(&output.stdout).contains("said  by server"));
    // Without --server the commands find the server by its home.
    let listed = place.run(&["runs", "list"]);
    assert!(text(&listed.stdout).contains("succeeded"), "{}", text(&listed.stdout));
    signal("TERM", &server.0);
    assert!(server.0.wait().expect("the server is waited for").success());
    assert!(text(&place.run(&["runs", "list"]).stdout).contains("succeeded"), "the same without the server");
}

#[test]
fn open_addresses_need_somebody_who_may_call() {
    let place = Place::new();
    check_exit(&place.run(&["serve", "--listen", "0.0.0.0:0"]), 2, &["other machines"]);
    check_exit(&place.run(&["serve", "--listen", "here"]), 2, &["HOST:PORT"]);
}

/// A child that does not outlive its test.
struct Reaped(Child);

impl Reaped {
    fn output(&mut self) -> Output {
        use std::io::Read as _;
        let (mut out, mut err) = (Vec::new(), Vec::new());
        if let Some(pipe) = &mut self.0.stdout {
            pipe.read_to_end(&mut out).expect("stdout is read");
        }
        if let Some(pipe) = &mut self.0.stderr {
            pipe.read_to_end(&mut err).expect("stderr is read");
        }
        Output { status: self.0.wait().expect("the child is waited for"), stdout: out, stderr: err }
    }
}

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn signal(name: &str, child: &Child) {
    let status =
        Command::new("kill").args(["-s", name, &child.id().to_string()]).status().expect("kill starts");
    assert!(status.success());
}

fn patiently<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let _ = std::io::stderr().flush();
    panic!("{what} did not happen");
}

fn wait_for_attempt(home: &Path) {
    patiently("an attempt's start", || {
        let runs = std::fs::read_dir(home.join("attempts")).ok()?;
        runs.flatten().find(|run| {
            let attempts = std::fs::read_dir(run.path()).into_iter().flatten().flatten();
            attempts.into_iter().any(|attempt| attempt.path().join("log").exists())
        })
    });
}

fn served_at(home: &Path) -> String {
    patiently("a server's note", || {
        let note: Value = serde_json::from_slice(&std::fs::read(home.join("server.json")).ok()?).ok()?;
        Some(note["url"].as_str()?.to_owned())
    })
}
