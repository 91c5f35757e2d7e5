//! Processes keep the contract, survive their server, and leave nothing behind.

use std::path::PathBuf;

use pipewright_executor::contract;
use pipewright_executor::process::{Isolation, Options, ProcessExecutor};

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

    fn is_possible(home: &Path) -> bool {
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
