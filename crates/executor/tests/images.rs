//! Images that are mapped by `images.toml`, in real processes. Roots need a machine that isolates tasks.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use std::fs;
use std::path::{Path, PathBuf};

use pipewright_engine::{AttemptEnd, Observed};
use pipewright_executor::process::{self, Isolation, Options, ProcessExecutor};
use pipewright_executor::{Executor, Observations, contract};
use pipewright_plan::{ParameterType, Text};

fn launcher() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().join("examples/launcher")
}

struct World {
    home: tempfile::TempDir,
    executor: ProcessExecutor,
    observations: Observations,
    count: u32,
}

impl World {
    fn new(isolation: Isolation, images: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("images.toml"), images).unwrap();
        let options = Options { isolation, ..Options::new(home.path(), launcher()) };
        let (executor, observations) = ProcessExecutor::start(options).unwrap();
        Self { home, executor, observations, count: 0 }
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.home.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs a command; returns what it wrote, or why it failed.
    async fn run(&mut self, image: &str, command: &[&str]) -> Result<String, String> {
        self.count += 1;
        let mut launch = contract::launch_of(&format!("task-{}", self.count), command);
        launch.image = image.to_owned();
        if image.starts_with("team/train") {
            // It may leave this, as templates of kfp 1 do.
            let place = Text::literal("/results/rows/count");
            launch.container.places.output_parameters.insert("count".to_owned(), place);
            let count = ParameterType::String;
            launch.output_parameters.insert("count".to_owned(), count);
        }
        let log = process::log_path(self.home.path(), &launch.attempt);
        self.executor.launch(launch).await;
        let end = loop {
            if let Observed::Ended { end } = self.observations.recv().await.unwrap().observed {
                break *end;
            }
        };
        let written = fs::read_to_string(log).unwrap_or_default();
        let written: Vec<&str> = written.lines().filter(|line| !line.starts_with("pipewright: ")).collect();
        let written = written.join("\n");
        match end {
            AttemptEnd::Succeeded { published, .. } => match published.parameters.get("count") {
                Some(count) => Ok(format!("{written}count {count}")),
                None => Ok(written),
            },
            AttemptEnd::Failed { failure, .. } => {
                Err(format!("{} ({}) {written}", failure.message, failure.hint.unwrap_or_default()))
            }
        }
    }

    async fn check(&mut self, image: &str, script: &str, expected: &str) {
        let found = self.run(image, &["sh", "-ec", script]).await;
        assert_eq!(found.as_deref(), Ok(expected), "{script}");
    }
}

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

const TRAIN: &str = "[[image]]\npattern = 'team/train:*'\nroot = 'train'\nenv = { MODE = 'local' }\n\
    entrypoint = ['sh', '/hello.sh']\ncmd = ['nobody']\n\
    [[image]]\npattern = 'team/lost'\nroot = 'lost'\n";

fn train() -> World {
    let world = World::new(Isolation::Auto, TRAIN);
    world.file("train/hello.sh", "echo hello $1\n");
    world.file("train/my data/rows.csv", "1\n");
    world.file("train/usr/local/bin/greet", "#!/bin/sh\necho greetings\n");
    let greet = world.home.path().join("train/usr/local/bin/greet");
    fs::set_permissions(greet, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    world
}

#[tokio::test]
async fn a_folder_plays_the_images_root() {
    if !is_isolated() {
        return;
    }
    let mut world = train();
    let image = "team/train:v8";
    world
        .check(image, "pwd; cat hello.sh; cat '/my data/rows.csv'; echo $MODE", "/\necho hello $1\n1\nlocal")
        .await;
    // What both have is seen together.
    world
        .check(image, "greet; ls -d /usr/bin /etc /proc/self", "greetings\n/etc\n/proc/self\n/usr/bin")
        .await;
    // What a task changes there is its own.
    let change = "echo 2 >> '/my data/rows.csv'; rm /hello.sh; mkdir /out; echo 3 > /out/x; ls /; cat '/my data/rows.csv' out/x";
    let changed = world.run(image, &["sh", "-ec", change]).await.unwrap();
    assert!(changed.ends_with("\n1\n2\n3") && !changed.contains("hello.sh"), "{changed}");
    world
        .check(
            image,
            "cat '/my data/rows.csv'; ls -d hello.sh /out 2>&1 || true",
            "1\nls: cannot access '/out': No such file or directory\nhello.sh",
        )
        .await;
    let own = fs::read_to_string(world.home.path().join("train/my data/rows.csv")).unwrap();
    assert_eq!((own.as_str(), Path::new("/out").exists()), ("1\n", false));
    // What it leaves as an output is found.
    world.check(image, "ls -d /results/*; echo 42 > /results/rows/count", "/results/rowscount \"42\"").await;
    // The machine stays as it is, and the task has its own `/tmp`.
    world
        .check(
            image,
            "touch /etc/x 2>/dev/null || echo safe; ls /tmp/y 2>/dev/null || echo clean; touch /tmp/y",
            "safe\nclean",
        )
        .await;
}

#[tokio::test]
async fn an_image_fills_what_the_command_leaves_out() {
    if !is_isolated() {
        return;
    }
    let mut world = train();
    assert_eq!(world.run("team/train:v8", &[]).await.as_deref(), Ok("hello nobody"));
}

#[tokio::test]
async fn a_root_that_cannot_be_shown_is_a_clear_failure() {
    let mut world = World::new(Isolation::Off, TRAIN);
    world.file("train/hello.sh", "");
    for (image, expected) in [
        ("team/train:v8", "this machine gives tasks no view of their own"),
        ("team/lost", "image `team/lost`: `root` names "),
        ("team/other", "is not known to the process executor"),
    ] {
        let error = world.run(image, &["true"]).await.unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn settings_of_pip_reach_tasks() {
    let images = "[pip]\nfind_links = 'wheels'\nconstraints = ['b<2']\n\
        [[image]]\npattern = 'python:3.7*'\npython = '3'\n";
    let mut world = World::new(Isolation::Auto, images);
    let error = world.run("python:3.11", &["true"]).await.unwrap_err();
    assert!(error.contains("line 6, `python`: a version is written as"), "{error}");
    let images = "[pip]\nfind_links = 'wheels'\nconstraints = ['b<2']\nindex_url = 'https://a/simple'\n\
        [[image]]\npattern = 'busybox:*'\nconstraints = ['c==1']\n";
    let mut world = World::new(Isolation::Auto, images);
    let wheels = world.home.path().join("wheels");
    let show = "echo $PIP_FIND_LINKS $PIP_INDEX_URL; cat $PIP_CONSTRAINT";
    let expected = format!("{} https://a/simple\nb<2", wheels.display());
    world.check("debian", show, &expected).await;
    let expected = format!("{} https://a/simple\nc==1\nb<2", wheels.display());
    world.check("busybox:1", show, &expected).await;
}

#[test]
fn the_examples_map_their_images() {
    let home = tempfile::tempdir().unwrap();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for (name, count) in [("facial-keypoints", 4), ("crypto-forecasting", 1)] {
        let file = examples.join(name).join("images.toml");
        let report = process::check_images(home.path(), Some(&file));
        assert_eq!((report.problems.len(), report.missing.len()), (0, 0), "{report:?}");
        assert_eq!(report.files, [(file, count)]);
    }
    let report = process::check_images(home.path(), Some(Path::new("/lost.toml")));
    assert_eq!(report.problems, ["/lost.toml: there is no such file"]);
}

/// What kfp 1 writes before a function starts in an environment that is made once; what the function installs
/// besides is its own. Needs a package index, so it runs only where one is promised.
#[tokio::test]
async fn functions_of_kfp_1_find_their_packages() {
    if std::env::var_os("PIPEWRIGHT_TEST_PIP").is_none() || !is_isolated() {
        eprintln!("skipped: PIPEWRIGHT_TEST_PIP is not set, or tasks are not isolated");
        return;
    }
    const LOADER: &str = "program_path=$(mktemp)\nprintf \"%s\" \"$0\" > \"$program_path\"\npython3 -u \"$program_path\" \"$@\"\n";
    let install = "PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location 'text-unidecode==1.3'";
    let install = format!("({install} || {install} --user) && \"$0\" \"$@\"");
    let program = "import importlib.util, subprocess, sys, text_unidecode\n\
        print(text_unidecode.unidecode('ä'), importlib.util.find_spec('six') is None, *sys.argv[1:])\n\
        subprocess.run([sys.executable, '-m', 'pip', 'install', '-qq', '--root-user-action', 'ignore', 'six'], check=True)\n\
        import six\n\
        print(six.__file__.split('/environments/')[1].count('/site-packages/'))\n";
    let mut world = World::new(Isolation::Auto, "");
    for _ in 0..2 {
        let command = ["sh", "-c", &install, "sh", "-ec", LOADER, program, "--text", "a b"];
        let found = world.run("python:3.11", &command).await.unwrap();
        let lines: Vec<&str> = found.lines().filter(|line| !line.starts_with("[notice]")).collect();
        assert_eq!(lines, ["a True --text a b", "1"], "{found}");
    }
    let environments = fs::read_dir(world.home.path().join("environments")).unwrap();
    assert_eq!(environments.filter(|entry| entry.as_ref().unwrap().path().is_dir()).count(), 1);
}
