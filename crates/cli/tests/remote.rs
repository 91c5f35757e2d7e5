//! Commands over the API of a server, driven with the real binary: users, tokens, contexts, logins, resources.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

const PIPELINE: &str = r#"
components:
  comp-say: {executorLabel: exec-say}
deploymentSpec:
  executors:
    exec-say: {container: {image: busybox, command: [echo, hello]}}
pipelineInfo: {name: say}
root: {dag: {tasks: {say: {componentRef: {name: comp-say}, taskInfo: {name: say}}}}}
schemaVersion: 2.1.0
"#;

struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipewright"));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("PIPEWRIGHT_CONTEXTS", self.path("contexts.toml")).env("HOME", self.folder.path());
        command
    }

    fn with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("the binary starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
        child.wait_with_output().expect("it ends")
    }

    /// Runs a command that must succeed; returns what it prints, with ids and instants made alike.
    fn told(&self, arguments: &[&str]) -> String {
        told(&self.command(arguments).output().expect("the binary starts"))
    }

    fn refused(&self, arguments: &[&str], part: &str) {
        let output = self.command(arguments).output().expect("the binary starts");
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(talk.contains(part), "`{part}` is not in: {talk}");
    }
}

fn told(output: &Output) -> String {
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{talk}");
    let text = String::from_utf8_lossy(&output.stdout);
    let alike = |word: &str| {
        let is_id = word.len() == 36 && word.split('-').count() == 5;
        let is_time = word.len() == 20 && word.ends_with('Z');
        if is_id {
            "<id>".to_owned()
        } else if is_time {
            "<time>".to_owned()
        } else {
            word.to_owned()
        }
    };
    let line = |line: &str| line.split_whitespace().map(alike).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(place: &Place, home: &Path, more: &[&str]) -> Self {
        Self::start_at(place, home, "127.0.0.1:0", more)
    }

    fn start_at(place: &Place, home: &Path, address: &str, more: &[&str]) -> Self {
        let home = home.display().to_string();
        let mut words = vec!["serve", "--listen", address, "--home", &home];
        words.extend(more);
        let mut child = place.command(&words).spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        while !line.contains("serving on ") {
            line.clear();
            assert!(lines.read_line(&mut line).expect("it talks") > 0, "the server left");
        }
        let url = line.split_whitespace().nth(2).expect("a URL").to_owned();
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Self { child, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

#[test]
fn users_and_tokens_come_and_go() {
    let place = Place::new();
    let home = place.path("home").display().to_string();
    let add = ["user", "add", "ada", "--home", &home, "--role", "admin", "--role", "team-a=viewer"];
    assert_eq!(told(&place.with_input(&add, "correct horse\n")), "user ada added");
    place.refused(&add, "already");
    place.refused(&["user", "add", "eve", "--home", &home, "--role", "root"], "viewer, editor and admin");
    place.refused(&["user", "add", "eve", "--home", &home, "--role", "viewer"], "no password on stdin");
    let short = place.with_input(&["user", "add", "eve", "--home", &home, "--role", "viewer"], "short\n");
    assert!(String::from_utf8_lossy(&short.stderr).contains("at least 8 characters"));
    let bob = ["user", "add", "bob", "--home", &home, "--role", "viewer", "--no-password"];
    assert_eq!(place.told(&bob), "user bob added");
    assert_eq!(
        place.told(&["user", "list", "--home", &home]),
        "NAME PASSWORD ROLES\nada yes admin, team-a=viewer\nbob no viewer"
    );
    place.refused(&["token", "create", "ci", "--home", &home], "there is no user `ci`");
    let token = place.told(&["token", "create", "ci", "--home", &home, "--user", "bob", "--days", "2"]);
    assert!(token.starts_with("pwt_"), "{token}");
    let kept = std::fs::read_to_string(place.path("home/access.toml")).expect("the access file");
    assert!(!kept.contains(&token) && !kept.contains("correct horse"), "{kept}");
    let listed = place.told(&["token", "list", "--home", &home]);
    assert!(listed.starts_with("NAME USER EXPIRES ROLES\nci bob <time> its user's"), "{listed}");
    assert_eq!(place.told(&["user", "remove", "bob", "--home", &home]), "user bob removed");
    assert_eq!(place.told(&["token", "list", "--home", &home]), "NAME USER EXPIRES ROLES");
    place.refused(&["token", "revoke", "ci", "--home", &home], "no token `ci`");
}

#[test]
fn open_addresses_without_users_are_refused() {
    let place = Place::new();
    let home = place.path("home").display().to_string();
    let serve = ["serve", "--listen", "0.0.0.0:0", "--home", &home];
    place.refused(&serve, "pipewright user add");
    let without = ["serve", "--listen", "0.0.0.0:0", "--home", &home, "--auth", "none"];
    place.refused(&without, "does not listen there without authentication");
}

#[test]
fn a_server_that_asks_is_used_by_token_login_and_home() {
    let place = Place::new();
    let home = place.path("home");
    let folder = home.display().to_string();
    let add = ["user", "add", "ada", "--home", &folder, "--role", "editor"];
    told(&place.with_input(&add, "correct horse\n"));
    let server = Server::start(&place, &home, &["--auth", "required"]);
    place.refused(&["pipeline", "list", "--server", &server.url], "`pipewright login`");
    assert_eq!(place.told(&["pipeline", "list", "--home", &folder]), "");

    let login = ["login", "--server", &server.url, "--user", "ada"];
    let output = place.with_input(&login, "wrong\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("no such user with this password"));
    told(&place.with_input(&login, "correct horse\n"));
    let who = place.told(&["whoami"]);
    assert!(who.starts_with("USER ada\nROLES editor\n"), "{who}");

    let token =
        place.told(&["token", "create", "look", "--home", &folder, "--user", "ada", "--role", "viewer"]);
    let keep = ["context", "add", "look", "--server", &server.url, "--token-stdin", "--use"];
    told(&place.with_input(&keep, &token));
    let listed = place.told(&["context", "list"]);
    assert!(listed.contains("* look") && !listed.contains(&token), "{listed}");
    assert_eq!(place.told(&["experiment", "list"]), "ID NAME CREATED STATE\n<id> Default <time> AVAILABLE");
    place.refused(&["experiment", "create", "x"], "needs the role editor");
    let mode = std::fs::metadata(place.path("contexts.toml")).expect("the contexts").permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
}

#[test]
fn resources_are_made_shown_and_deleted() {
    let place = Place::new();
    let server = Server::start(&place, &place.path("home"), &[]);
    let file = place.path("pipeline.yaml");
    std::fs::write(&file, PIPELINE).expect("a file");
    let file = file.display().to_string();
    told(&place.command(&["context", "add", "here", "--server", &server.url]).output().expect("it starts"));

    let made =
        place.told(&["pipeline", "upload", &file, "--name", "say", "--tag", "team=ml", "--output", "name"]);
    assert_eq!(made, "<id>");
    let table = "ID NAME CREATED TAGS\n<id> say <time> team=ml";
    assert_eq!(place.told(&["pipeline", "list"]), table);
    assert_eq!(place.told(&["pipelines", "list", "--name", "sa"]), table);
    assert_eq!(place.told(&["pipeline", "list", "--name", "other", "--output", "name"]), "");
    let yaml = place.told(&["pipeline", "get", "say", "--output", "yaml"]);
    assert!(yaml.contains("display_name: say") && yaml.contains("tags:\nteam: ml"), "{yaml}");
    told(
        &place
            .command(&["pipeline", "update", "say", "--display-name", "greet"])
            .output()
            .expect("it starts"),
    );
    place.told(&["version", "upload", &file, "--pipeline", "greet", "--name", "v2"]);
    let versions = place.told(&["version", "list", "--pipeline", "greet"]);
    assert!(versions.starts_with("ID NAME CREATED TAGS\n<id> v2 <time>\n<id> say <time>"), "{versions}");
    place.refused(&["pipeline", "delete", "greet"], "delete them first or ask with cascade=true");

    let recurring =
        ["recurring-run", "create", "often", "--pipeline", "greet", "--every", "86400", "-o", "name"];
    assert_eq!(place.told(&recurring), "<id>");
    assert_eq!(place.told(&["recurring-run", "disable", "often"]), "recurring run <id> disabled");
    assert_eq!(place.told(&["recurring-run", "list"]), "ID NAME CREATED STATE\n<id> often <time> DISABLED");
    assert_eq!(place.told(&["recurring-run", "delete", "often"]), "recurring run <id> deleted");
    assert_eq!(place.told(&["version", "delete", "v2", "--pipeline", "greet"]), "version <id> deleted");
    assert_eq!(place.told(&["pipeline", "delete", "greet", "--cascade"]), "pipeline <id> deleted");
    assert_eq!(place.told(&["experiment", "create", "tuning", "-o", "name"]), "<id>");
    assert_eq!(place.told(&["experiment", "archive", "tuning"]), "experiment <id> archived");
    assert_eq!(place.told(&["run", "list"]), "RUN STATE CREATED TOOK NAME");
}

/// `make` leaves a table, `use` reads it.
const CHAIN: &str = r#"
components:
  comp-make:
    executorLabel: exec-make
    inputDefinitions: {parameters: {n: {parameterType: NUMBER_INTEGER}}}
    outputDefinitions: {artifacts: {data: {artifactType: {schemaTitle: system.Dataset, schemaVersion: 0.0.1}}}}
  comp-use:
    executorLabel: exec-use
    inputDefinitions: {artifacts: {data: {artifactType: {schemaTitle: system.Dataset, schemaVersion: 0.0.1}}}}
deploymentSpec:
  executors:
    exec-make: {container: {image: busybox, command: [sh, -c, 'printf "a,b\n$1,2\n" > "$0"', "{{$.outputs.artifacts['data'].path}}", "{{$.inputs.parameters['n']}}"]}}
    exec-use: {container: {image: busybox, command: [sh, -c, 'cat "$0"', "{{$.inputs.artifacts['data'].path}}"]}}
pipelineInfo: {name: chain}
root:
  inputDefinitions: {parameters: {n: {parameterType: NUMBER_INTEGER}}}
  dag:
    tasks:
      make: {componentRef: {name: comp-make}, taskInfo: {name: make}, inputs: {parameters: {n: {componentInputParameter: n}}}}
      use: {componentRef: {name: comp-use}, taskInfo: {name: use}, dependentTasks: [make], inputs: {artifacts: {data: {taskOutputArtifact: {producerTask: make, outputArtifactKey: data}}}}}
schemaVersion: 2.1.0
"#;

#[test]
fn runs_are_made_followed_and_taken_to_another_server() {
    let place = Place::new();
    let (one, other) =
        (Server::start(&place, &place.path("one"), &[]), Server::start(&place, &place.path("other"), &[]));
    let file = place.path("chain.yaml");
    std::fs::write(&file, CHAIN).expect("a file");
    let here = |words: &[&str]| place.told(&[words, &["--server", &one.url]].concat());
    let there = |words: &[&str]| place.told(&[words, &["--server", &other.url]].concat());
    let raw = |words: &[&str]| {
        let output = place.command(&[words, &["--server", &one.url]].concat()).output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    here(&["pipeline", "upload", &file.display().to_string(), "--name", "chain"]);

    let run = raw(&["run", "create", "first", "--pipeline", "chain", "-p", "n=7", "--wait", "-o", "name"]);
    let followed = here(&["run", "logs", &run, "--task", "use", "--follow"]);
    assert!(followed.ends_with("a,b\n7,2"), "{followed}");
    let all = here(&["run", "logs", &run, "--follow"]);
    assert!(all.contains("use | a,b\nuse | 7,2"), "{all}");
    place.refused(&["run", "create", "--pipeline", "chain", "--server", &one.url], "`n`");

    let artifact = raw(&["artifact", "list", "-o", "name"]);
    assert_eq!(here(&["artifact", "list"]).split('\n').next(), Some("ID NAME TYPE CREATED PIPELINE TASK"));
    assert_eq!(here(&["artifact", "preview", &artifact]), "a,b\n7,2");
    assert_eq!(here(&["artifact", "download", &artifact, "--file", "-"]), "a,b\n7,2");
    let lineage = here(&["artifact", "lineage", &artifact, "--direction", "down"]);
    assert!(lineage.contains("root/use") && !lineage.contains("root/make of"), "{lineage}");

    let packed = place.path("run.zip").display().to_string();
    let told = here(&["run", "export", &run, "--artifacts", "all", "--file", &packed]);
    assert!(told.contains("bytes in"), "{told}");
    place.refused(&["run", "export", &run, "--file", &packed, "--server", &one.url], "File exists");
    assert_eq!(there(&["run", "import", &packed, "-o", "name"]), "<id>");
    place.refused(&["run", "import", &packed, "--server", &other.url], "is here already");
    assert_eq!(there(&["artifact", "download", &artifact, "--file", "-"]), "a,b\n7,2");
    assert!(there(&["run", "logs", &run]).contains("7,2"));

    // Another value makes another run; with a task it does that again in any case.
    let again = raw(&["run", "retry", &run, "--task", "root/make", "-p", "n=8", "-o", "name"]);
    assert_ne!(again, run);
    let audit = here(&["audit", "--limit", "1"]);
    assert!(audit.starts_with("AT USER VERB RESOURCE STATUS PATH"), "{audit}");
    assert!(audit.contains(" retry runs 200 "), "{audit}");
}

/// A run whose only task prints, waits for a file, and prints again.
fn gated(gate: &Path) -> String {
    let script = format!("echo before; until [ -e {} ]; do sleep 0.05; done; echo after", gate.display());
    PIPELINE.replace("command: [echo, hello]", &format!("command: [sh, -c, '{script}']"))
}

/// A command that waits for a server, and goes with the test.
struct Follower(Child);

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads what a command says until this is said; returns the rest.
fn until(child: &mut Child, said: &str) -> BufReader<std::process::ChildStderr> {
    let mut lines = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains(said) {
        line.clear();
        assert!(lines.read_line(&mut line).expect("it talks") > 0, "it left without `{said}`");
    }
    lines
}

/// A server that is killed and started again goes on with its runs, and so do those who look at one.
#[test]
fn a_server_that_goes_away_is_waited_for() {
    let place = Place::new();
    let (home, gate, file) = (place.path("home"), place.path("gate"), place.path("gated.yaml"));
    std::fs::write(&file, gated(&gate)).expect("a file");
    // The task sees the gate, which lies in a temporary folder.
    let plain = ["--isolation", "off"];
    let mut server = Server::start(&place, &home, &plain);
    let url = server.url.clone();
    let file = file.display().to_string();
    let mut run = Follower(place.command(&["run", &file, "--server", &url]).spawn().expect("it starts"));
    let list =
        || place.command(&["run", "list", "--output", "json", "--server", &url]).output().expect("it starts");
    let id = loop {
        let found = String::from_utf8_lossy(&list().stdout).into_owned();
        if let Some(found) = found.split("\"run_id\": \"").nth(1) {
            break found.split('"').next().expect("an id").to_owned();
        }
    };
    let follow = ["run", "logs", &id, "--follow", "--server", &url];
    let mut logs = Follower(place.command(&follow).spawn().expect("it starts"));
    let mut log = BufReader::new(logs.0.stdout.take().expect("a pipe"));
    let mut line = String::new();
    // A line on what stands for the image goes before.
    while line != "say | before\n" {
        line.clear();
        assert!(log.read_line(&mut line).expect("the log is followed") > 0, "it ends");
    }

    server.child.kill().expect("the server is killed");
    server.child.wait().expect("it is gone");
    let (mut talk, mut talk_of_logs) =
        (until(&mut run.0, "waiting for the server"), until(&mut logs.0, "waiting for the server"));
    // Who has had no answer at all does not wait.
    assert!(!list().status.success());
    let address = url.strip_prefix("http://").expect("a plain URL").to_owned();
    let _again = Server::start_at(&place, &home, &address, &plain);
    std::fs::write(&gate, "").expect("the gate opens");
    for (child, talk) in [(&mut run, &mut talk), (&mut logs, &mut talk_of_logs)] {
        let mut rest = String::new();
        std::io::Read::read_to_string(talk, &mut rest).expect("it talks");
        assert!(child.0.wait().expect("it ends").success(), "{rest}");
        assert!(rest.contains("the server answers again"), "{rest}");
    }
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut log, &mut rest).expect("the log ends");
    assert_eq!(rest, "say | after\n", "nothing is printed twice");
}

/// What a server begins with, and what it keeps out, is said by its file.
#[test]
fn samples_and_rules_come_from_the_settings() {
    let place = Place::new();
    let home = place.path("home");
    std::fs::create_dir_all(&home).expect("a folder");
    let settings =
        "[v1_pipelines]\nblocked = true\n[sample_tags]\nteam = 'ml'\n[retention]\narchive_after = '30d'\n";
    std::fs::write(home.join("pipewright.toml"), settings).expect("a file");
    std::fs::write(place.path("say.yaml"), PIPELINE).expect("a file");
    let list = place.path("samples.json");
    std::fs::write(&list, r#"{"pipelines": [{"name": "greeting", "file": "say.yaml"}]}"#).expect("a file");
    let list = list.display().to_string();
    let server = Server::start(&place, &home, &["--sample-config", &list]);
    let there = |words: &[&str]| place.told(&[words, &["--server", &server.url]].concat());
    assert_eq!(there(&["pipeline", "list", "-o", "name"]), "<id>");
    let shown = there(&["pipeline", "list", "-o", "json"]);
    assert!(shown.contains("greeting") && shown.contains("\"team\": \"ml\""), "{shown}");
    let workflow = place.path("old.yaml");
    let text = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: w-}\nspec: {entrypoint: \
                main, templates: [{name: main, container: {image: busybox, command: [echo]}}]}\n";
    std::fs::write(&workflow, text).expect("a file");
    let workflow = workflow.display().to_string();
    let refusal = "V1 pipeline specs are not allowed";
    place.refused(&["pipeline", "upload", &workflow, "--name", "old", "--server", &server.url], refusal);
    let refusal = "Namespace default is not allowed to run v1 pipelines";
    place.refused(&["run", &workflow, "--server", &server.url], refusal);
    drop(server);
    std::fs::remove_file(place.path("say.yaml")).expect("the file goes");
    let other = place.path("other").display().to_string();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--home", &other, "--sample-config", &list];
    place.refused(&serve, "samples.json: pipelines[0] `greeting`: ");
}

/// In a task's own template, and in one that the server looks up.
#[test]
fn nothing_is_taken_from_the_cache_of_a_server_without_it() {
    let place = Place::new();
    let server = Server::start(&place, &place.path("home"), &[]);
    let (object, file) = (place.path("object.yaml"), place.path("inline.yaml"));
    let template = "container: {image: busybox, command: [echo, hello]}";
    let young = "metadata: {annotations: {pipelines.kubeflow.org/max_cache_staleness: P30D}}";
    std::fs::write(
        &object,
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {{name: stored}}\nspec:\n  templates:\n  \
             - name: say\n    {young}\n    {template}\n"
        ),
    )
    .expect("a file");
    std::fs::write(
        &file,
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{generateName: inline-}}\nspec:\n  \
             entrypoint: main\n  templates:\n  - name: main\n    dag:\n      tasks:\n      - name: inside\n        \
             inline:\n          {young}\n          {template}\n      - {{name: stored, templateRef: {{name: stored, template: say}}}}\n"
        ),
    )
    .expect("a file");
    place.told(&["object", "apply", "-f", &object.display().to_string(), "--server", &server.url]);
    let states = |more: &[&str]| {
        let file = file.display().to_string();
        let words = [&["run", &file, "--server", &server.url, "--output", "json"], more].concat();
        let output = place.command(&words).output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let run: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        let tasks = run["tasks"].as_array().cloned().unwrap_or_default();
        let leaves = tasks.into_iter().filter(|task| task["kind"] == "container");
        leaves.map(|task| task["state"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(states(&["--no-cache"]), ["SUCCEEDED", "SUCCEEDED"]);
    assert_eq!(states(&[]), ["CACHED", "CACHED"]);
    assert_eq!(states(&["--no-cache"]), ["SUCCEEDED", "SUCCEEDED"]);
}
