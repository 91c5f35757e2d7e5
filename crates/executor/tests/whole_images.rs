//! Images that are run without any engine, in real processes. They need a machine that isolates tasks.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use pipewright_engine::{AttemptEnd, FailureReason, Launch, Observed};
use pipewright_executor::process::{self, Options, ProcessExecutor};
use pipewright_executor::{Executor, ImageState, Observations, contract};
use pipewright_images::Store;
use pipewright_plan::{ArtifactList, ExecutorArtifact, ParameterType, Value, Word};

fn launcher() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().join("examples/launcher")
}

/// Says why nothing is tested on a machine that does not isolate tasks.
fn is_isolated() -> bool {
    let home = tempfile::tempdir().unwrap();
    match process::obstacle(&launcher(), home.path()).unwrap() {
        None => true,
        Some(why) => {
            eprintln!("skipped: {why}");
            false
        }
    }
}

struct World {
    home: tempfile::TempDir,
    executor: ProcessExecutor,
    observations: Observations,
    count: u32,
}

impl World {
    fn new(user: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let archive = home.path().join("image.tar");
        support::archive(&archive, &["busybox:latest", "team/tool:1"], user);
        Store::new(home.path().join("images")).import(&archive, None).unwrap();
        let options = Options { processes: 64, log_bytes: 1 << 20, ..Options::new(home.path(), launcher()) };
        let (executor, observations) = ProcessExecutor::start(options).unwrap();
        Self { home, executor, observations, count: 0 }
    }

    async fn end(&mut self, launch: Launch) -> (AttemptEnd, String) {
        let log = process::log_path(self.home.path(), &launch.attempt);
        self.executor.launch(launch).await;
        let end = loop {
            if let Observed::Ended { end } = self.observations.recv().await.unwrap().observed {
                break *end;
            }
        };
        let text = fs::read_to_string(log).unwrap_or_default();
        let own =
            text.lines().filter(|line| !line.starts_with("pipewright: ")).collect::<Vec<_>>().join("\n");
        (end, own)
    }

    fn launch(&mut self, command: &[&str]) -> Launch {
        self.count += 1;
        let mut launch = contract::launch_of(&format!("task-{}", self.count), command);
        launch.image = "team/tool:1".to_owned();
        launch
    }

    async fn check(&mut self, script: &str, expected: &str) {
        let launch = self.launch(&["sh", "-ec", script]);
        let (end, log) = self.end(launch).await;
        assert!(matches!(end, AttemptEnd::Succeeded { .. }), "{script}: {end:?} {log}");
        assert_eq!(log, expected, "{script}");
    }

    async fn failure(&mut self, launch: Launch) -> (FailureReason, String) {
        match self.end(launch).await {
            (AttemptEnd::Failed { failure, .. }, _) => (failure.reason, failure.message),
            (end, log) => panic!("{end:?} {log}"),
        }
    }
}

#[tokio::test]
async fn images_keep_the_contract() {
    if !is_isolated() {
        return;
    }
    let World { executor, mut observations, home: _home, .. } = World::new("");
    contract::check(&executor, &mut observations).await;
}

#[tokio::test]
async fn a_task_sees_its_image_and_nothing_else() {
    if !is_isolated() {
        return;
    }
    let mut world = World::new("");
    world
        .check(
            "pwd; echo $GREETING; echo $HOME; cat /etc/passwd | head -1",
            "/srv/app\nhello\n/root\nroot:x:0:0::/root:/bin/sh",
        )
        .await;
    world.check("ls -d /usr/share /var /home 2>/dev/null || echo none", "none").await;
    // Its own processes alone, and files of the kernel that it cannot write to.
    let script = "ls -d /proc/[0-9]* | head -1; cat /proc/1/environ 2>/dev/null || echo hidden; \
                  readlink /proc/1/fd/* 2>/dev/null || echo hidden; echo $$";
    world.check(script, "/proc/1\nhidden\nhidden\n2").await;
    world.check("echo x 2>/dev/null > /proc/sys/kernel/core_pattern || echo refused", "refused").await;
    world.check("ls /dev", "fd\nfull\nnull\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero").await;
    // What it writes is its own and gone with it.
    world
        .check(
            "echo 1 > /srv/app/new; rm /etc/group; ls / /srv/app | head -3; ls /srv/app",
            "/:\nbin\ndev\nnew",
        )
        .await;
    world.check("ls /srv/app; cat /etc/group | head -1", "root:x:0:").await;
    let root = world.executor.image("team/tool:1", None).await;
    assert!(matches!(root, ImageState::Digest(ref digest) if digest.starts_with("sha256:")), "{root:?}");
    assert_eq!(world.executor.image("busybox", None).await, root, "both names are of one image");
    assert_eq!(world.executor.image("python:3.11", None).await, ImageState::Named);
}

#[tokio::test]
async fn commands_come_from_the_image_as_kubernetes_has_it() {
    if !is_isolated() {
        return;
    }
    let mut world = World::new("");
    let launch = world.launch(&[]);
    assert_eq!(world.end(launch).await.1, "from the image in /srv/app");
    let mut launch = world.launch(&[]);
    launch.container.args = vec![Word::literal("echo own words")];
    assert_eq!(world.end(launch).await.1, "own words");
    let mut launch = world.launch(&["echo"]);
    launch.container.args = vec![Word::literal("a command")];
    assert_eq!(world.end(launch).await.1, "a command");
    let launch = world.launch(&["no-such-program"]);
    let (reason, message) = world.failure(launch).await;
    assert_eq!(reason, FailureReason::NotStarted);
    assert_eq!(message, "program `no-such-program` was not found in its image");
}

#[tokio::test]
async fn outputs_come_from_any_user() {
    if !is_isolated() {
        return;
    }
    for (user, expected) in [("", "0 0"), ("app", "1000 1000 77"), ("12:34", "12 34")] {
        let is_root = rustix::process::geteuid().is_root();
        let mut world = World::new(user);
        let mut launch = world.launch(&["sh", "-ec"]);
        let target = world.home.path().join("artifacts/p/model");
        let artifact = ExecutorArtifact {
            name: "model".to_owned(),
            uri: target.display().to_string(),
            ..Default::default()
        };
        let list = ArtifactList { artifacts: vec![artifact] };
        launch.executor_input.outputs.artifacts.insert("model".to_owned(), list);
        launch.executor_input.outputs.parameters.insert("who".to_owned(), Default::default());
        launch.output_parameters.insert("who".to_owned(), ParameterType::String);
        let folder =
            process::log_path(world.home.path(), &launch.attempt).parent().unwrap().join("parameters/who");
        let script = format!(
            "id -u; id -G | cat > {}; mkdir {}; echo m > {}/m",
            folder.display(),
            target.display(),
            target.display()
        );
        launch.container.command.push(Word::literal(script));
        let (end, log) = world.end(launch).await;
        let AttemptEnd::Succeeded { published, .. } = end else { panic!("{end:?} {log}") };
        if is_root {
            let who = published.parameters["who"].as_str().unwrap().trim().to_owned();
            let uid = expected.split(' ').next().unwrap();
            let groups = expected.split_once(' ').unwrap().1;
            assert_eq!((log.as_str(), who.as_str()), (uid, groups), "{user}");
        }
        assert_eq!(fs::read_to_string(target.join("m")).unwrap(), "m\n");
    }
}

/// A task that tries to reach what is not its own.
#[tokio::test]
async fn hostile_images_are_contained() {
    if !is_isolated() {
        return;
    }
    let mut world = World::new("");
    let secret = world.home.path().join("secret");
    fs::write(&secret, "untouched").unwrap();
    // Links out of the image, as an artifact and as a parameter.
    let mut launch = world.launch(&["sh", "-ec"]);
    let target = world.home.path().join("artifacts/p/model");
    let artifact = ExecutorArtifact {
        name: "model".to_owned(),
        uri: target.display().to_string(),
        ..Default::default()
    };
    launch
        .executor_input
        .outputs
        .artifacts
        .insert("model".to_owned(), ArtifactList { artifacts: vec![artifact] });
    launch.container.command.push(Word::literal(format!("ln -s {} {}", secret.display(), target.display())));
    let (reason, message) = world.failure(launch).await;
    assert_eq!(reason, FailureReason::Output, "{message}");
    assert!(message.contains("leads out of it"), "{message}");

    let mut launch = world.launch(&["sh", "-ec"]);
    launch.executor_input.outputs.parameters.insert("x".to_owned(), Default::default());
    launch.output_parameters.insert("x".to_owned(), ParameterType::String);
    let folder = process::log_path(world.home.path(), &launch.attempt).parent().unwrap().join("parameters");
    launch.container.command.push(Word::literal(format!(
        "ln -s {} {}/x",
        secret.display(),
        folder.display()
    )));
    let (reason, message) = world.failure(launch).await;
    assert_eq!(reason, FailureReason::Output, "{message}");

    let mut launch = world.launch(&["sh", "-ec"]);
    launch.executor_input.outputs.parameters.insert("x".to_owned(), Default::default());
    launch.output_parameters.insert("x".to_owned(), ParameterType::String);
    let folder = process::log_path(world.home.path(), &launch.attempt).parent().unwrap().join("parameters");
    launch
        .container
        .command
        .push(Word::literal(format!("dd if=/dev/zero of={}/x bs=1M count=8", folder.display())));
    let (_, message) = world.failure(launch).await;
    assert!(message.contains("is longer than 4 MB"), "{message}");

    // A log without an end.
    let launch = world.launch(&["yes", "and on and on"]);
    let log = process::log_path(world.home.path(), &launch.attempt);
    let (_, message) = world.failure(launch).await;
    assert!(message.contains("log grew beyond 1 MiB"), "{message}");
    assert_eq!(fs::metadata(log).unwrap().len(), 1 << 20);

    // Processes without an end; the limit is held where control groups can be made.
    if can_limit() {
        let launch = world.launch(&[
            "sh",
            "-c",
            "n=0; while [ $n -lt 200 ]; do sleep 30 & n=$((n+1)); done; echo all",
        ]);
        let (_, log) = world.end(launch).await;
        assert!(!log.ends_with("all"), "{log}");
        let mut launch = world.launch(&["sh", "-c", "x=$(head -c 200000000 /dev/zero | cat -v); echo ${#x}"]);
        launch.resources.memory_limit_bytes = Some(32 << 20);
        let (reason, message) = world.failure(launch).await;
        assert_eq!(reason, FailureReason::OutOfMemory, "{message}");
        assert!(message.contains("32 MiB"), "{message}");
    }
    assert_eq!(fs::read_to_string(&secret).unwrap(), "untouched");
    world.check("echo others go on", "others go on").await;
}

fn can_limit() -> bool {
    let is_writable = |path: &str| rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok();
    let possible = rustix::process::geteuid().is_root()
        && (is_writable("/sys/fs/cgroup/pids") || Path::new("/sys/fs/cgroup/cgroup.controllers").exists());
    if !possible {
        eprintln!("skipped: this machine lends no control groups");
    }
    possible
}

#[tokio::test]
async fn images_come_from_files_that_are_mapped() {
    if !is_isolated() {
        return;
    }
    let mut world = World::new("");
    let images = "[[image]]\npattern = 'other/tool:*'\nimage = 'image.tar'\nenv = { GREETING = 'mine' }\n\
                  [[image]]\npattern = 'other/system'\nimage = 'system'\nentrypoint = ['/bin/sh']\n";
    fs::write(world.home.path().join("images.toml"), images).unwrap();
    let mut launch = world.launch(&["sh", "-c", "echo $GREETING"]);
    launch.image = "other/tool:7".to_owned();
    assert_eq!(world.executor.image("other/tool:7", None).await, ImageState::Unknown);
    assert_eq!(world.end(launch).await.1, "mine");
    assert!(matches!(world.executor.image("other/tool:7", None).await, ImageState::Digest(_)));
    // The folder of a system is used where it is.
    let store = Store::new(world.home.path().join("images"));
    let root = store.find("team/tool:1").unwrap().unwrap().root;
    std::os::unix::fs::symlink(&root, world.home.path().join("system")).unwrap();
    let mut launch = world.launch(&[]);
    launch.image = "other/system".to_owned();
    launch.container.args = ["-c", "pwd; echo x > /new"].map(Word::literal).into();
    assert_eq!(world.end(launch).await.1, "/");
    assert!(!root.join("new").exists());
    let _ = Value::Null;
}
