//! Containers of a real engine keep the contract, survive their server, and leave nothing behind.
//!
//! The engines are named by `PIPEWRIGHT_TEST_ENGINES`, sockets with commas between them; `cargo xtask test
//! containers` installs and starts them.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod support;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use bollard::Docker;
use bollard::query_parameters::{ListContainersOptions, ListNetworksOptions, ListVolumesOptions};
use pipewright_engine::{AttemptEnd, FailureReason, Launch, Observed, RunId};
use pipewright_executor::container::{ContainerExecutor, Network, Options};
use pipewright_executor::{Executor, ImageState, LogSource, Observations, contract};
use pipewright_plan::{
    ArtifactList, ExecutorArtifact, ParameterType, REPORT_BEGUN, Usage, VolumeMount, VolumeSource, Word,
};
use rustix::fs::{FlockOperation, flock};
use serde_json::json;

use support::kinds::{self, engines, launcher};

struct World {
    home: tempfile::TempDir,
    docker: Docker,
    executor: ContainerExecutor,
    observations: Observations,
    socket: PathBuf,
    count: u32,
}

fn options(home: &Path, socket: &Path) -> Options {
    Options {
        socket: Some(socket.to_owned()),
        network: Network::None,
        processes: 64,
        log_bytes: 1 << 20,
        disk_bytes: Some(20 << 20),
        ..Options::new(home, launcher())
    }
}

impl World {
    async fn new(socket: &Path) -> Self {
        let docker = kinds::connect(socket).await;
        let home = tempfile::tempdir().unwrap();
        kinds::load(&docker, &home.path().join("image.tar")).await;
        let (executor, observations) = ContainerExecutor::start(options(home.path(), socket)).await.unwrap();
        Self { home, docker, executor, observations, socket: socket.to_owned(), count: 0 }
    }

    fn launch(&mut self, command: &[&str]) -> Launch {
        self.count += 1;
        let mut launch = contract::launch_of(&format!("task-{}", self.count), command);
        launch.image = "team/tool:1".to_owned();
        // Worlds share an engine.
        let name = self.home.path().file_name().unwrap().to_string_lossy().into_owned();
        launch.attempt.run = RunId(format!("run{}", name.replace('.', "-")));
        launch
    }

    async fn end(&mut self, launch: Launch) -> (AttemptEnd, String) {
        let attempt = launch.attempt.clone();
        self.executor.launch(launch).await;
        let end = contract::end_of(&mut self.observations, &attempt).await;
        let log = fs::read_to_string(self.executor.log_path(&attempt)).unwrap_or_default();
        let own = log.lines().filter(|line| !line.starts_with("pipewright: ")).collect::<Vec<_>>().join("\n");
        (end, own)
    }

    async fn check(&mut self, launch: Launch, expected: &str) {
        let (end, log) = self.end(launch).await;
        assert!(matches!(end, AttemptEnd::Succeeded { .. }), "{end:?} {log}");
        assert_eq!(log, expected);
    }

    async fn failure(&mut self, launch: Launch) -> (FailureReason, String) {
        match self.end(launch).await {
            (AttemptEnd::Failed { failure, .. }, _) => (failure.reason, failure.message),
            (end, log) => panic!("{end:?} {log}"),
        }
    }

    /// Lists what is left of this world's containers; removing one takes a moment.
    async fn containers(&self) -> Vec<String> {
        for _ in 0..50 {
            if self.list().await.is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        self.list().await
    }

    async fn list(&self) -> Vec<String> {
        let label = format!("pipewright.home={}", self.home.path().display());
        let filters = [("label".to_owned(), vec![label])].into_iter().collect();
        let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
        match self.docker.list_containers(Some(options)).await {
            Ok(found) => {
                found.into_iter().map(|container| container.names.unwrap_or_default().join(",")).collect()
            }
            // Podman calls one `stopped` that is just ending, which is no state that Docker has.
            Err(error) => vec![error.to_string()],
        }
    }

    fn with_model(&self, launch: &mut Launch) -> PathBuf {
        let target = self.home.path().join(format!("artifacts/{}/model", launch.attempt.digest()));
        let uri = target.display().to_string();
        let artifact = ExecutorArtifact { name: "model".to_owned(), uri, ..Default::default() };
        let list = ArtifactList { artifacts: vec![artifact] };
        launch.executor_input.outputs.artifacts.insert("model".to_owned(), list);
        target
    }
}

#[tokio::test]
async fn containers_keep_the_contract() {
    for socket in engines() {
        let mut world = World::new(&socket).await;
        contract::check(&world.executor, &mut world.observations).await;
        assert_eq!(world.containers().await, Vec::<String>::new(), "{}", socket.display());
    }
}

#[tokio::test]
async fn tasks_see_what_they_are_given() {
    for socket in engines() {
        let mut world = World::new(&socket).await;
        let launch = world.launch(&[]);
        world.check(launch, "from the image in /srv/app").await;
        let mut launch = world.launch(&[]);
        launch.container.args = vec![Word::literal("echo own words")];
        world.check(launch, "own words").await;
        let mut launch = world.launch(&["sh", "-c", "pwd; echo $GREETING $MINE ${HOSTNAME:+named}; id -u"]);
        launch.env = vec![("MINE".to_owned(), "mine".to_owned())];
        launch.image = "team/app:1".to_owned();
        world.check(launch, "/srv/app\nhello mine named\n1000").await;
        // An input that may only be read, outputs of both kinds, from a user that is not root.
        let input = world.home.path().join("artifacts/in/data");
        fs::create_dir_all(input.parent().unwrap()).unwrap();
        fs::write(&input, "rows\n").unwrap();
        let mut launch = world.launch(&["sh", "-ec"]);
        launch.image = "team/app:1".to_owned();
        let artifact = ExecutorArtifact { uri: input.display().to_string(), ..Default::default() };
        let list = ArtifactList { artifacts: vec![artifact] };
        launch.executor_input.inputs.artifacts.insert("data".to_owned(), list);
        launch.executor_input.outputs.parameters.insert("count".to_owned(), Default::default());
        launch.output_parameters.insert("count".to_owned(), ParameterType::NumberInteger);
        let target = world.with_model(&mut launch);
        let folder = world.executor.log_path(&launch.attempt).parent().unwrap().to_owned();
        let script = format!(
            "(echo x >> {0}) 2>/dev/null || echo refused; mkdir {1}; cat {0} > {1}/copy; echo 7 > {2}/parameters/count",
            input.display(),
            target.display(),
            folder.display()
        );
        launch.container.command.push(Word::literal(script));
        let (end, log) = world.end(launch).await;
        let AttemptEnd::Succeeded { published, .. } = end else { panic!("{end:?} {log}") };
        assert_eq!((log.as_str(), published.parameters["count"].as_i64()), ("refused", Some(7)));
        assert_eq!(fs::read_to_string(target.join("copy")).unwrap(), "rows\n");
        assert_eq!(world.containers().await, Vec::<String>::new());
        let in_memory = || {
            let rooms = fs::read_dir("/dev/shm").unwrap().flatten();
            let rooms = rooms.filter(|room| room.file_name().to_string_lossy().starts_with("pipewright-"));
            let mut names = rooms.flat_map(|room| fs::read_dir(room.path()).into_iter().flatten().flatten());
            let digest = folder.file_name().unwrap().to_string_lossy();
            names.any(|name| name.file_name().to_string_lossy().ends_with(&*digest))
        };
        for _ in 0..50 {
            if !in_memory() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert!(!in_memory());
        for name in ["scratch", "request.json", "started"] {
            // What only the running container needed goes right after it.
            for _ in 0..50 {
                if !folder.join(name).exists() {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
            assert!(!folder.join(name).exists(), "{name}");
        }
        // Volumes of the attempt's own, on disk and in memory.
        let mut launch = world.launch(&["sh", "-ec", "echo 1 > /a/x; echo 2 > /m/y; cat /b/x; cat /m/y"]);
        let volume = |path: &str, name: &str, memory: bool| VolumeMount {
            path: path.to_owned(),
            sub_path: None,
            read_only: false,
            source: VolumeSource::EmptyDir {
                volume: name.to_owned(),
                memory,
                size_limit: Some("1Mi".to_owned()),
            },
        };
        launch.pod.volumes =
            vec![volume("/a", "disk", false), volume("/b", "disk", false), volume("/m", "mem", true)];
        world.check(launch, "1\n2").await;
        // Shared memory as it is usual, and as the task asks for it.
        for (asked, expected) in [(None, "1048576"), (Some("16Mi"), "16384")] {
            let mut launch = world.launch(&[
                "sh",
                "-c",
                "df -k /dev/shm | while read a b c; do size=$b; echo $size; done",
            ]);
            if let Some(size) = asked {
                let asked = serde_json::json!({ "volumeName": "shm", "size": size });
                launch.container.platform.placement.insert("enabledSharedMemory".to_owned(), asked);
            }
            let (end, log) = world.end(launch).await;
            assert!(matches!(end, AttemptEnd::Succeeded { .. }), "{end:?} {log}");
            assert_eq!(log.lines().last(), Some(expected), "{log}");
        }
        let launch = world.launch(&["no-such-program"]);
        let (reason, message) = world.failure(launch).await;
        assert_eq!(reason, FailureReason::NotStarted);
        assert_eq!(message, "program `no-such-program` was not found in its image");
        let mut launch = world.launch(&["true"]);
        launch.image = "team/none:1".to_owned();
        launch.container.platform.placement.insert("imagePullPolicy".to_owned(), "Never".into());
        assert!(world.failure(launch).await.1.contains("pull policy is Never"));
        assert!(matches!(world.executor.image("team/tool:1", None).await, ImageState::Digest(_)));
        assert_eq!(world.executor.image("team/none:1", None).await, ImageState::Unknown);
        assert_eq!(world.containers().await, Vec::<String>::new());
    }
}

/// A server that comes back finds what runs, and what has ended meanwhile.
#[tokio::test]
async fn containers_survive_their_server() {
    for socket in engines() {
        let mut world = World::new(&socket).await;
        let long = world.launch(&["sh", "-c", "sleep 6; echo done"]);
        let short = world.launch(&["sh", "-c", "sleep 1; exit 3"]);
        for launch in [&long, &short] {
            world.executor.launch(launch.clone()).await;
            while !matches!(
                contract::next_of(&mut world.observations, &launch.attempt).await,
                Observed::Started { .. }
            ) {}
        }
        // The handle of a server that is gone: nothing of it is used any more.
        let (executor, observations) =
            ContainerExecutor::start(options(world.home.path(), &world.socket)).await.unwrap();
        let old = std::mem::replace(&mut world.executor, executor);
        drop(std::mem::replace(&mut world.observations, observations));
        drop(old);
        world.check(long, "done").await;
        let (reason, message) = world.failure(short).await;
        assert_eq!(reason, FailureReason::ExitCode, "{message}");
        assert_eq!(world.containers().await, Vec::<String>::new());
    }
}

/// An engine that was killed while it started a container may know nothing of it.
#[tokio::test]
async fn a_launcher_that_its_engine_has_forgotten_is_waited_for() {
    for socket in engines() {
        let mut world = World::new(&socket).await;
        for is_killed in [false, true] {
            let launch = world.launch(&["echo", "a second time"]);
            let attempt = launch.attempt.clone();
            let log = world.executor.log_path(&attempt);
            let folder = log.parent().unwrap();
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join("container"), b"").unwrap();
            fs::write(&log, b"once").unwrap();
            // As a launcher does.
            let report = folder.join("report");
            fs::write(&report, REPORT_BEGUN).unwrap();
            let held = File::open(&report).unwrap();
            flock(&held, FlockOperation::LockExclusive).unwrap();
            world.executor.launch(launch).await;
            let started = contract::next_of(&mut world.observations, &attempt).await;
            assert!(matches!(started, Observed::Started { .. }), "{started:?}");
            if is_killed {
                world.executor.kill(attempt.clone()).await;
                assert_eq!(fs::read(&report).unwrap(), REPORT_BEGUN.repeat(2));
            } else {
                let usage = Usage::default();
                let done = json!({ "attempt": "", "status": { "kind": "exited", "code": 0 }, "usage": usage,
                    "published": { "parameters": {}, "artifacts": {} } });
                fs::write(&report, done.to_string()).unwrap();
            }
            drop(held);
            match contract::end_of(&mut world.observations, &attempt).await {
                AttemptEnd::Succeeded { .. } => assert!(!is_killed),
                AttemptEnd::Failed { failure, .. } => {
                    assert!(is_killed && failure.reason == FailureReason::Cancelled, "{failure:?}");
                }
            }
            assert_eq!(fs::read_to_string(&log).unwrap(), "once");
        }
        assert_eq!(world.containers().await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn hostile_containers_are_contained() {
    for socket in engines() {
        let mut world = World::new(&socket).await;
        let secret = world.home.path().join("secret");
        fs::write(&secret, "untouched").unwrap();
        let mut launch = world.launch(&["sh", "-ec"]);
        let target = world.with_model(&mut launch);
        launch.container.command.push(Word::literal(format!(
            "ln -s {} {}",
            secret.display(),
            target.display()
        )));
        let (reason, message) = world.failure(launch).await;
        assert_eq!(reason, FailureReason::Output, "{message}");
        assert!(message.contains("leads out of it"), "{message}");
        // Whatever it does to the files that are ours, they stay what they are.
        let launch = world.launch(&["sh", "-c", "rm -f /pipewright/log; ln -sf /etc/passwd /pipewright/log; rm -f /pipewright/launcher; echo tried"]);
        let log = world.executor.log_path(&launch.attempt);
        let (_, text) = world.end(launch).await;
        assert!(text.ends_with("tried") && fs::symlink_metadata(log).unwrap().is_file(), "{text}");
        let launch = world.launch(&["yes", "and on and on"]);
        let log = world.executor.log_path(&launch.attempt);
        let (_, message) = world.failure(launch).await;
        assert!(message.contains("log grew beyond 1 MiB"), "{message}");
        assert_eq!(fs::metadata(log).unwrap().len(), 1 << 20);
        let launch = world.launch(&[
            "sh",
            "-c",
            "n=0; while [ $n -lt 200 ]; do sleep 30 & n=$((n+1)); done; echo all",
        ]);
        let (_, log) = world.end(launch).await;
        assert!(!log.ends_with("all"), "{log}");
        if world.executor.engine().limits_memory {
            let mut launch =
                world.launch(&["sh", "-c", "x=$(head -c 200000000 /dev/zero | cat -v); echo ${#x}"]);
            launch.resources.memory_limit_bytes = Some(32 << 20);
            let (reason, message) = world.failure(launch).await;
            // Podman says so only when the first process was hit; otherwise the hint of the signal does.
            let expected = if world.executor.engine().is_podman {
                FailureReason::Signal
            } else {
                FailureReason::OutOfMemory
            };
            assert_eq!(reason, expected, "{message}");
        } else {
            eprintln!("skipped: the engine cannot limit memory here");
        }
        // A disk filler, in its image, in an output, and in a file without a name.
        for script in [
            "dd if=/dev/zero of=/srv/big bs=1048576 count=200 2>/dev/null; sleep 5; echo all",
            "dd if=/dev/zero of=$0 bs=1048576 count=200 2>/dev/null; sleep 5; echo all",
            "exec 3>/srv/big; rm /srv/big; dd if=/dev/zero bs=1048576 count=200 >&3 2>/dev/null; sleep 5; echo all",
        ] {
            let mut launch = world.launch(&["sh", "-c", script]);
            let target = world.with_model(&mut launch);
            launch.container.command.push(Word::literal(target.display().to_string()));
            let (_, message) = world.failure(launch).await;
            assert!(message.contains("its files grew beyond 20 MiB"), "{script}: {message}");
        }
        let mut launch = world.launch(&["sh", "-c", "head -c 5000000 /dev/zero | tr '\\0' x > $0"]);
        launch.executor_input.outputs.parameters.insert("huge".to_owned(), Default::default());
        launch.output_parameters.insert("huge".to_owned(), ParameterType::String);
        let folder = world.executor.log_path(&launch.attempt).parent().unwrap().to_owned();
        launch.container.command.push(Word::literal(format!("{}/parameters/huge", folder.display())));
        let (reason, message) = world.failure(launch).await;
        assert!(reason == FailureReason::Output && message.contains("longer than 4 MB"), "{message}");
        assert_eq!(fs::read_to_string(&secret).unwrap(), "untouched");
        let launch = world.launch(&["echo", "others go on"]);
        world.check(launch, "others go on").await;
        assert_eq!(world.containers().await, Vec::<String>::new());
    }
}

/// Two hundred at once leave nothing: no container, no volume, no network, and of their folders what tells of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_fan_out_leaves_nothing_behind() {
    for socket in engines() {
        let mut world = World::new(&socket).await;
        let networks = world.docker.list_networks(None::<ListNetworksOptions>).await.unwrap().len();
        let launches: Vec<Launch> =
            (0..200).map(|_| world.launch(&["sh", "-c", "echo $0 > /tmp/x"])).collect();
        let mut ended = 0;
        for some in launches.chunks(16) {
            for launch in some {
                world.executor.launch(launch.clone()).await;
            }
            let mut left = some.len();
            while left > 0 {
                let observation = world.observations.recv().await.unwrap();
                if let Observed::Ended { end } = observation.observed {
                    ended += usize::from(matches!(*end, AttemptEnd::Succeeded { .. }));
                    world.executor.forget(observation.attempt).await;
                    left -= 1;
                }
            }
        }
        assert_eq!(ended, 200);
        assert_eq!(world.containers().await, Vec::<String>::new());
        let volumes =
            world.docker.list_volumes(None::<ListVolumesOptions>).await.unwrap().volumes.unwrap_or_default();
        let name = world.home.path().display().to_string();
        assert!(!volumes.iter().any(|volume| volume.labels.values().any(|label| *label == name)));
        assert_eq!(world.docker.list_networks(None::<ListNetworksOptions>).await.unwrap().len(), networks);
        let log = world.executor.log_path(&launches[0].attempt);
        let run = log.parent().unwrap().parent().unwrap();
        let names = || {
            let attempts = fs::read_dir(run).unwrap().map(|attempt| attempt.unwrap().path());
            let files = attempts.flat_map(|attempt| fs::read_dir(attempt).unwrap());
            let names = files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
            names.collect::<std::collections::BTreeSet<String>>().into_iter().collect::<Vec<_>>()
        };
        for _ in 0..50 {
            if names().len() == 5 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(names(), ["container", "end.json", "log", "report", "usage"]);
    }
}
