//! Processes keep the contract, survive their server, and leave nothing behind.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use pipewright_engine::AttemptEnd;
use pipewright_executor::process::{Isolation, Options, ProcessExecutor};
use pipewright_executor::{Executor, LogSource, contract};
use pipewright_plan::{ExecutorInput, ExitReport, ExitStatus, REPORT_BEGUN, UsageSample, Word};
use serde_json::json;

/// The stand-in for the product's binary; cargo builds examples before tests.
fn launcher() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().join("examples/launcher")
}

#[tokio::test]
async fn processes_keep_the_contract() {
    for isolation in [Isolation::Off, Isolation::Auto] {
        let home = tempfile::tempdir().unwrap();
        let options = Options { isolation, ..Options::new(home.path(), launcher()) };
        let (executor, mut observations) = ProcessExecutor::start(options).unwrap();
        contract::check(&executor, &mut observations).await;
    }
}

/// What lasts longer than the first interval leaves samples, with all its processes.
#[tokio::test]
async fn use_over_time_is_noted() {
    let home = tempfile::tempdir().unwrap();
    let (executor, mut observations) = ProcessExecutor::start(Options::new(home.path(), launcher())).unwrap();
    let script = "sleep 2.5 & while kill -0 $! 2>/dev/null; do :; done";
    let launch = contract::launch_of("busy", &["sh", "-c", script]);
    let attempt = launch.attempt.clone();
    executor.launch(launch).await;
    let end = contract::end_of(&mut observations, &attempt).await;
    assert!(matches!(end, AttemptEnd::Succeeded { .. }), "{end:?}");
    executor.forget(attempt.clone()).await;
    let samples = UsageSample::decode(&std::fs::read(executor.usage_path(&attempt)).unwrap());
    let [first, .., last] = samples.as_slice() else { panic!("{samples:?}") };
    assert!(first.at_us >= 1_000_000 && first.memory_bytes > 0 && last.cpu_us > 0, "{samples:?}");
    assert!(samples.is_sorted_by_key(|sample| sample.cpu_us), "{samples:?}");
}

/// An engine may start a container again that it has forgotten to have started.
#[test]
fn a_launcher_in_a_container_runs_its_command_once() {
    let home = tempfile::tempdir().unwrap();
    let [request, log, report] = ["request.json", "log", "report"].map(|name| home.path().join(name));
    // Were this tried, the report would say that it is no request.
    for path in [&request, &log] {
        std::fs::write(path, b"").unwrap();
    }
    let run = || {
        let launcher = std::process::Command::new(launcher())
            .args(["launcher", "inside"])
            .args([&request, &log, &report])
            .output()
            .unwrap();
        assert_eq!(launcher.status.code(), Some(125), "{launcher:?}");
        String::from_utf8(launcher.stderr).unwrap()
    };
    std::fs::write(&report, REPORT_BEGUN).unwrap();
    assert_eq!(run(), "pipewright launcher: this container was started before\n");
    assert_eq!(std::fs::read(&report).unwrap(), REPORT_BEGUN);
    std::fs::write(&report, b"").unwrap();
    assert_eq!(run(), "");
    let left: ExitReport = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert!(matches!(left.status, ExitStatus::NotStarted { .. }), "{left:?}");
}

/// Where its engine cannot stop it, its report says that it shall.
#[test]
fn a_launcher_in_a_container_is_stopped_by_its_report() {
    let home = tempfile::tempdir().unwrap();
    let [request, log, report] = ["request.json", "log", "report"].map(|name| home.path().join(name));
    let command = ["sh", "-c", "echo begun; sleep 600"].map(Word::literal);
    let spec = json!({ "attempt": "one", "directory": home.path().join("scratch"), "command": command, "env": [],
        "executor_input": ExecutorInput::default() });
    std::fs::write(&request, spec.to_string()).unwrap();
    for path in [&log, &report] {
        std::fs::write(path, b"").unwrap();
    }
    let mut inside = std::process::Command::new(launcher())
        .args(["launcher", "inside"])
        .args([&request, &log, &report])
        .spawn()
        .unwrap();
    while std::fs::read(&log).unwrap() != b"begun\n" {
        assert_eq!(inside.try_wait().unwrap(), None);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(std::fs::read(&report).unwrap(), REPORT_BEGUN);
    std::fs::File::options().append(true).open(&report).unwrap().write_all(REPORT_BEGUN).unwrap();
    assert_eq!(inside.wait().unwrap().code(), Some(128 + 15));
    let left: ExitReport = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert!(left.stopped && left.published.is_none(), "{left:?}");
}

mod python {
    use pipewright_engine::{AttemptEnd, FailureReason, Launch, Observed};
    use pipewright_executor::Executor;
    use pipewright_plan::{OutputParameter, ParameterType, Placeholder, Text, TextPart, Value, Word};

    use super::*;

    const RUN: &str = "program_path=$(mktemp -d)\n\nprintf \"%s\" \"$0\" > \"$program_path/ephemeral_component.py\"\n_KFP_RUNTIME=true python3 -m kfp.dsl.executor_main                         --component_module_path                         \"$program_path/ephemeral_component.py\"                         \"$@\"\n";
    const SOURCE: &str = "import kfp\nfrom kfp import dsl\nfrom kfp.dsl import *\nfrom typing import *\n\ndef add(a: int, b: int) -> int:\n    print('adding', a, b)\n    return a + b\n";

    fn add(task: &str, kfp: &str) -> Launch {
        let install = format!(
            "\nif ! [ -x \"$(command -v pip)\" ]; then\n    python3 -m ensurepip || python3 -m ensurepip --user || apt-get install python3-pip\nfi\n\nPIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location '{kfp}' '--no-deps' 'typing-extensions>=3.7.4,<5; python_version<\"3.9\"' && \"$0\" \"$@\"\n"
        );
        let mut launch = contract::launch_of(task, &["sh", "-c", &install, "sh", "-ec", RUN, SOURCE]);
        launch.image = "python:3.11".to_owned();
        let input = Text { parts: vec![TextPart::Placeholder { placeholder: Placeholder::ExecutorInput }] };
        launch.container.args = vec![
            Word::literal("--executor_input"),
            Word::Text { text: input },
            Word::literal("--function_to_execute"),
            Word::literal("add"),
        ];
        let inputs = &mut launch.executor_input.inputs.parameter_values;
        inputs.insert("a".to_owned(), Value::from(1));
        inputs.insert("b".to_owned(), Value::from(2));
        let outputs = &mut launch.executor_input.outputs.parameters;
        outputs.insert("Output".to_owned(), OutputParameter::default());
        launch.output_parameters.insert("Output".to_owned(), ParameterType::NumberInteger);
        launch
    }

    /// Needs a package index, so it runs only where one is promised.
    #[tokio::test]
    async fn environments_are_made_once() {
        if std::env::var_os("PIPEWRIGHT_TEST_PIP").is_none() {
            eprintln!("skipped: PIPEWRIGHT_TEST_PIP is not set");
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let (executor, mut observations) =
            ProcessExecutor::start(Options::new(home.path(), launcher())).unwrap();
        let launches: Vec<Launch> = (0..4).map(|index| add(&format!("add-{index}"), "kfp==2.17.0")).collect();
        for launch in &launches {
            executor.launch(launch.clone()).await;
        }
        let mut left = launches.len();
        let mut made = 0;
        while left > 0 {
            let observation = observations.recv().await.unwrap();
            match observation.observed {
                Observed::Preparing { note } => {
                    made += usize::from(note.starts_with("making a Python"));
                    eprintln!("{note}");
                }
                Observed::Started { .. } => {}
                Observed::Ended { end } => match *end {
                    AttemptEnd::Succeeded { published, .. } => {
                        assert_eq!(published.parameters["Output"], Value::from(3));
                        left -= 1;
                    }
                    AttemptEnd::Failed { failure, .. } => panic!("{failure:?}"),
                },
            }
        }
        assert_eq!(made, 4, "each waiting task is told");
        let environments = std::fs::read_dir(home.path().join("environments")).unwrap();
        assert_eq!(environments.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count(), 1);
    }

    /// A plain command on a Python image may install packages for itself alone.
    #[tokio::test]
    async fn commands_install_packages_privately() {
        if std::env::var_os("PIPEWRIGHT_TEST_PIP").is_none() {
            eprintln!("skipped: PIPEWRIGHT_TEST_PIP is not set");
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let (executor, mut observations) =
            ProcessExecutor::start(Options::new(home.path(), launcher())).unwrap();
        let script =
            "pip install --quiet text-unidecode && python -c 'import text_unidecode as t; print(t.__file__)'";
        let mut launch = contract::launch_of("pip", &["sh", "-c", script]);
        launch.image = "python:3.11".to_owned();
        let attempt = launch.attempt.clone();
        executor.launch(launch).await;
        let end = contract::end_of(&mut observations, &attempt).await;
        let log =
            std::fs::read_to_string(pipewright_executor::LogSource::log_path(&executor, &attempt)).unwrap();
        assert!(matches!(end, AttemptEnd::Succeeded { .. }), "{end:?}\n{log}");
        assert!(log.contains("/work/.local/"), "{log}");
    }

    #[tokio::test]
    async fn a_broken_environment_is_a_clear_failure() {
        let home = tempfile::tempdir().unwrap();
        let (executor, mut observations) =
            ProcessExecutor::start(Options::new(home.path(), launcher())).unwrap();
        let launch = add("add", "/nowhere/kfp-0.0.0-py3-none-any.whl");
        let attempt = launch.attempt.clone();
        executor.launch(launch).await;
        match contract::end_of(&mut observations, &attempt).await {
            AttemptEnd::Failed { failure, .. } => {
                assert_eq!(failure.reason, FailureReason::NotStarted);
                assert!(failure.message.contains("/nowhere/kfp"), "{}", failure.message);
            }
            end => panic!("{end:?}"),
        }
    }
}

#[tokio::test]
async fn an_unknown_image_is_refused_with_remedies() {
    use pipewright_engine::{AttemptEnd, FailureReason};
    use pipewright_executor::Executor;
    let home = tempfile::tempdir().unwrap();
    let (executor, mut observations) = ProcessExecutor::start(Options::new(home.path(), launcher())).unwrap();
    let mut launch = contract::launch_of("strange", &["true"]);
    launch.image = "registry.example.com/team/train:7".to_owned();
    let attempt = launch.attempt.clone();
    executor.launch(launch).await;
    match contract::end_of(&mut observations, &attempt).await {
        AttemptEnd::Failed { failure, .. } => {
            assert_eq!(failure.reason, FailureReason::Refused);
            assert!(failure.hint.unwrap().contains("--any-image"));
        }
        end => panic!("{end:?}"),
    }
}

mod isolation {
    use std::path::Path;

    use pipewright_engine::AttemptEnd;
    use pipewright_executor::Executor;
    use pipewright_plan::{ArtifactList, ArtifactType, ExecutorArtifact};

    use super::*;

    const SCRIPT: &str = r#"
set -e
echo private > /tmp/pipewright-probe
echo shared > /dev/shm/pipewright-probe
echo here > work-file
echo home > "$HOME/home-file"
if echo no > "$1/probe" 2>/dev/null; then echo "home is writable"; exit 3; fi
if echo no > /usr/pipewright-probe 2>/dev/null; then echo "/usr is writable"; exit 4; fi
mkdir "$2"
echo data > "$2/data"
"#;

    async fn check_isolated(home: &Path) {
        let options = Options { isolation: Isolation::On, ..Options::new(home, launcher()) };
        let (executor, mut observations) = ProcessExecutor::start(options).unwrap();
        let output = home.join("artifacts/contract/run/isolated/0/model");
        let mut launch = contract::launch_of(
            "isolated",
            &["sh", "-c", SCRIPT, "sh", home.to_str().unwrap(), output.to_str().unwrap()],
        );
        let artifact = ExecutorArtifact {
            name: "model".to_owned(),
            artifact_type: ArtifactType::system("system.Model"),
            uri: output.to_str().unwrap().to_owned(),
            ..ExecutorArtifact::default()
        };
        let list = ArtifactList { artifacts: vec![artifact] };
        launch.executor_input.outputs.artifacts.insert("model".to_owned(), list);
        let attempt = launch.attempt.clone();
        executor.launch(launch).await;
        let end = contract::end_of(&mut observations, &attempt).await;
        let log = std::fs::read_to_string(pipewright_executor::LogSource::log_path(&executor, &attempt));
        assert!(matches!(end, AttemptEnd::Succeeded { .. }), "{end:?} {log:?}");
        assert_eq!(std::fs::read_to_string(output.join("data")).unwrap(), "data\n");
        assert!(std::fs::metadata(output.join("data")).unwrap().permissions().readonly());
        assert!(!Path::new("/tmp/pipewright-probe").exists());
        assert!(!Path::new("/dev/shm/pipewright-probe").exists());
        executor.forget(attempt.clone()).await;
        let log = pipewright_executor::LogSource::log_path(&executor, &attempt);
        let mut left: Vec<_> = std::fs::read_dir(log.parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["exit.json", "log"]);
    }

    pub(super) fn is_possible(home: &Path) -> bool {
        let status =
            std::process::Command::new("unshare").args(["-r", "-m", "true"]).current_dir(home).status();
        status.is_ok_and(|status| status.success())
    }

    #[tokio::test]
    async fn tasks_write_to_their_own_places_alone() {
        let in_tmp = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        for home in [in_tmp.path(), elsewhere.path()] {
            if is_possible(home) {
                check_isolated(home).await;
            }
        }
    }
}

mod survival {
    use std::path::Path;
    use std::time::Duration;

    use pipewright_engine::{AttemptEnd, AttemptId, FailureReason, Launch, Observed};
    use pipewright_executor::{Executor, LogSource, Observations};
    use pipewright_plan::{OutputParameter, ParameterType, Placeholder, Text, TextPart, Value, Word};

    use super::*;

    fn start(home: &Path) -> (ProcessExecutor, Observations) {
        let options = Options { grace: Duration::from_millis(300), ..Options::new(home, launcher()) };
        ProcessExecutor::start(options).unwrap()
    }

    fn shell(task: &str, script: &str) -> Launch {
        contract::launch_of(task, &["sh", "-c", script])
    }

    async fn until_started(observations: &mut Observations, attempt: &AttemptId) {
        while !matches!(contract::next_of(observations, attempt).await, Observed::Started { .. }) {}
    }

    fn folder(executor: &ProcessExecutor, attempt: &AttemptId) -> PathBuf {
        executor.log_path(attempt).parent().unwrap().to_owned()
    }

    fn pid_in(file: &Path, line: usize) -> i32 {
        for _ in 0..500 {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let pids = text.lines().filter(|line| !line.starts_with("pipewright: "));
            if let Some(pid) = pids.skip(line).find_map(|pid| pid.parse().ok()) {
                return pid;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{} holds no process id", file.display());
    }

    fn is_alive(pid: i32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    }

    async fn until_dead(pid: i32) {
        for _ in 0..500 {
            if !is_alive(pid) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("process {pid} is still alive");
    }

    fn kill(pid: i32) {
        let status = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
        assert!(status.success());
    }

    #[tokio::test]
    async fn a_new_server_finds_what_runs_and_what_ended() {
        let home = tempfile::tempdir().unwrap();
        let short = shell("short", "echo once; exit 7");
        let long = shell("long", "echo once; sleep 1; exit 8");
        let (first, mut observations) = start(home.path());
        first.launch(short.clone()).await;
        first.launch(long.clone()).await;
        until_started(&mut observations, &long.attempt).await;
        drop((first, observations));
        tokio::time::sleep(Duration::from_millis(200)).await;
        let (second, mut observations) = start(home.path());
        for (launch, code) in [(short, 7), (long, 8)] {
            let attempt = launch.attempt.clone();
            second.launch(launch).await;
            match contract::end_of(&mut observations, &attempt).await {
                AttemptEnd::Failed { failure, .. } => assert_eq!(failure.exit_code, Some(code)),
                end => panic!("{end:?}"),
            }
            let log = std::fs::read_to_string(second.log_path(&attempt)).unwrap();
            assert_eq!(log.matches("once\n").count(), 1, "{log}");
        }
    }

    #[tokio::test]
    async fn an_adopted_attempt_can_be_killed() {
        let home = tempfile::tempdir().unwrap();
        let launch = shell("long", "sleep 600");
        let attempt = launch.attempt.clone();
        let (first, mut observations) = start(home.path());
        first.launch(launch).await;
        until_started(&mut observations, &attempt).await;
        drop((first, observations));
        let (second, mut observations) = start(home.path());
        second.kill(attempt.clone()).await;
        match contract::end_of(&mut observations, &attempt).await {
            AttemptEnd::Failed { failure, .. } => assert_eq!(failure.reason, FailureReason::Cancelled),
            end => panic!("{end:?}"),
        }
    }

    #[tokio::test]
    async fn a_killed_supervisor_is_a_loss_and_takes_its_command_along() {
        let home = tempfile::tempdir().unwrap();
        let (executor, mut observations) = start(home.path());
        let launch = shell("lost", "echo $$; sleep 600 & echo $!; wait");
        let attempt = launch.attempt.clone();
        executor.launch(launch).await;
        let folder = folder(&executor, &attempt);
        let (command, inner) = (pid_in(&folder.join("log"), 0), pid_in(&folder.join("log"), 1));
        kill(pid_in(&folder.join("lock"), 0));
        match contract::end_of(&mut observations, &attempt).await {
            AttemptEnd::Failed { failure, .. } => assert_eq!(failure.reason, FailureReason::Lost),
            end => panic!("{end:?}"),
        }
        until_dead(command).await;
        until_dead(inner).await;
    }

    #[tokio::test]
    async fn a_killed_fork_server_is_replaced_and_its_attempts_go_on() {
        let home = tempfile::tempdir().unwrap();
        let (executor, mut observations) = start(home.path());
        let long = shell("long", "sleep 1");
        executor.launch(long.clone()).await;
        until_started(&mut observations, &long.attempt).await;
        let supervisor = pid_in(&folder(&executor, &long.attempt).join("lock"), 0);
        let stat = std::fs::read_to_string(format!("/proc/{supervisor}/stat")).unwrap();
        let fork_server = stat.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap().to_owned();
        kill(fork_server.parse().unwrap());
        let other = shell("other", "true");
        executor.launch(other.clone()).await;
        for attempt in [other.attempt, long.attempt] {
            let end = contract::end_of(&mut observations, &attempt).await;
            assert!(matches!(end, AttemptEnd::Succeeded { .. }), "{attempt}: {end:?}");
        }
    }

    #[tokio::test]
    async fn nothing_leaks_into_the_next_task() {
        let home = tempfile::tempdir().unwrap();
        let (executor, mut observations) = start(home.path());
        if !super::isolation::is_possible(home.path()) {
            return;
        }
        // The home folder of this test lies in `/tmp` and is seen there.
        let look = format!(
            "find . /dev/shm /tmp -mindepth 1 -path {} -prune -o -print; stat -c %a . /tmp",
            home.path().display()
        );
        let litter = "mkdir -p a/b /tmp/c; touch a/b/f /tmp/c/f /dev/shm/f /tmp/g; ln -s / link; mkfifo p; \
            chmod 0 a/b; chmod 500 /tmp/c; chmod 711 .; chmod 1777 /tmp";
        // More often than there are spare scratch folders, so that each of them is used again.
        for turn in 0..8 {
            let launch = shell(&format!("turn-{turn}"), &format!("{look}; {litter}"));
            let attempt = launch.attempt.clone();
            executor.launch(launch).await;
            let end = contract::end_of(&mut observations, &attempt).await;
            assert!(matches!(end, AttemptEnd::Succeeded { .. }), "{end:?}");
            let log = std::fs::read_to_string(executor.log_path(&attempt)).unwrap();
            let seen: Vec<&str> = log.lines().filter(|line| !line.starts_with("pipewright: ")).collect();
            assert_eq!(seen, ["755", "755"]);
        }
    }

    #[tokio::test]
    async fn nothing_is_left_behind() {
        let home = tempfile::tempdir().unwrap();
        let (executor, mut observations) = start(home.path());
        let launch = shell(
            "daemon",
            "setsid sh -c 'echo $$ | tee pid; exec sleep 600' & while ! [ -s pid ]; do sleep 0.01; done",
        );
        let attempt = launch.attempt.clone();
        executor.launch(launch).await;
        let end = contract::end_of(&mut observations, &attempt).await;
        assert!(matches!(end, AttemptEnd::Succeeded { .. }), "{end:?}");
        assert!(!is_alive(pid_in(&executor.log_path(&attempt), 0)));
    }

    #[tokio::test]
    async fn who_ignores_the_polite_signal_is_killed() {
        let home = tempfile::tempdir().unwrap();
        let (executor, mut observations) = start(home.path());
        let launch = shell("stubborn", "trap '' TERM; echo $$; while true; do sleep 1; done");
        let attempt = launch.attempt.clone();
        executor.launch(launch).await;
        let pid = pid_in(&executor.log_path(&attempt), 0);
        executor.kill(attempt.clone()).await;
        match contract::end_of(&mut observations, &attempt).await {
            AttemptEnd::Failed { failure, .. } => assert_eq!(failure.reason, FailureReason::Cancelled),
            end => panic!("{end:?}"),
        }
        assert!(!is_alive(pid));
    }

    /// Runs a script with the path of the output parameter `x` as `$1`.
    async fn output_of(script: &str, parameter_type: ParameterType) -> Result<Value, String> {
        let home = tempfile::tempdir().unwrap();
        let (executor, mut observations) = start(home.path());
        let mut launch = contract::launch_of("output", &["sh", "-c", script, "sh"]);
        let placeholder = Placeholder::OutputParameterFile { name: "x".to_owned() };
        let text = Text { parts: vec![TextPart::Placeholder { placeholder }] };
        launch.container.args = vec![Word::Text { text }];
        launch.executor_input.outputs.parameters.insert("x".to_owned(), OutputParameter::default());
        launch.output_parameters.insert("x".to_owned(), parameter_type);
        let attempt = launch.attempt.clone();
        executor.launch(launch).await;
        match contract::end_of(&mut observations, &attempt).await {
            AttemptEnd::Succeeded { published, .. } => Ok(published.parameters["x"].clone()),
            AttemptEnd::Failed { failure, .. } => Err(format!("{:?}: {}", failure.reason, failure.message)),
        }
    }

    #[tokio::test]
    async fn outputs_are_read_whatever_a_task_leaves() {
        for (script, parameter_type, expected) in [
            ("printf 42 > $1", ParameterType::NumberInteger, Ok(Value::from(42))),
            ("echo text > $1", ParameterType::String, Ok(Value::from("text\n"))),
            ("true", ParameterType::String, Err("`x`")),
            ("echo text > $1", ParameterType::NumberInteger, Err("an integer")),
            ("mkfifo $1", ParameterType::String, Err("not a regular file")),
            ("mkdir $1", ParameterType::String, Err("not a regular file")),
            ("ln -s /dev/zero $1", ParameterType::String, Err("not a regular file")),
            ("head -c 9000000 /dev/zero > $1", ParameterType::String, Err("longer than 4 MB")),
            ("printf '\\377' > $1", ParameterType::String, Err("UTF-8")),
        ] {
            match (output_of(script, parameter_type).await, expected) {
                (Ok(value), Ok(expected)) => assert_eq!(value, expected, "{script}"),
                (Err(message), Err(expected)) => {
                    assert!(
                        message.starts_with("Output") && message.contains(expected),
                        "{script}: {message}"
                    );
                }
                (found, expected) => panic!("{script}: {found:?} is not {expected:?}"),
            }
        }
    }

    #[tokio::test]
    async fn what_cannot_start_says_why() {
        let long = "x".repeat(200_000);
        for (words, expected) in [
            (vec!["no-such-program"], "`no-such-program` was not found"),
            (vec!["/dev/null"], "failed to start `/dev/null`"),
            (vec![], "no command"),
            (vec!["echo", long.as_str()], "128 KB"),
        ] {
            let home = tempfile::tempdir().unwrap();
            let (executor, mut observations) = start(home.path());
            let launch = contract::launch_of("bad", &words);
            let attempt = launch.attempt.clone();
            executor.launch(launch).await;
            match contract::end_of(&mut observations, &attempt).await {
                AttemptEnd::Failed { failure, .. } => {
                    assert_eq!(failure.reason, FailureReason::NotStarted);
                    assert!(failure.message.contains(expected), "{}", failure.message);
                }
                end => panic!("{end:?}"),
            }
        }
    }
}
