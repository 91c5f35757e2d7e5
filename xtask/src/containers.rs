//! The step `containers` of `cargo xtask test`: engines of this machine, installed and started where they are
//! missing, and everything that must hold of unpacked images and containers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace::{self, cargo, must};
use crate::{container_crash, images};

/// How long an engine may take to start.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where tests have a registry without TLS, which Podman wants to be told before.
const REGISTRY_PORT: u16 = 47_219;
/// Pipelines of the corpus that are run in images.
const SUBSET: &str = "hello,chain,artifact-folder,empty-dir,exit-failure,if-else-none,for-static,executor-input,\
    py-hello,py-artifacts,secret-volume,config-map-volume,ephemeral-volume,pvc-life,cancel-plain,collected-loop,\
    failure-no-program,failure-signal,big-values,corpus-v1/init-containers,corpus-v1/sidecars,\
    corpus-v1/sidecar-fails,corpus-v1/yardstick-keypoints,corpus-v1/yardstick-forecast";

/// An engine of our own; it ends with this.
pub struct Engine {
    name: &'static str,
    folder: PathBuf,
    pub socket: PathBuf,
}

impl Engine {
    fn process(&self) -> Option<u32> {
        fs::read_to_string(self.folder.join("engine.pid")).ok()?.trim().parse().ok()
    }

    /// Returns its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Tells whether that is its name, however it is spelled.
    pub fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The script that kills it and starts it again.
    pub fn restart(&self) -> PathBuf {
        self.folder.join("restart.sh")
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(process) = self.process() else { return };
        let _ = Command::new("kill").arg(process.to_string()).status();
        let began = Instant::now();
        let state = || fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let is_there = |text: String| {
            text.rsplit(')')
                .next()
                .is_some_and(|rest| !rest.trim().is_empty() && !rest.trim().starts_with('Z'))
        };
        while began.elapsed() < PATIENCE && is_there(state()) {
            std::thread::sleep(Duration::from_millis(100));
        }
        // What stays mounted would keep the folder, and with it all images, on the disk for ever.
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        let mut places: Vec<&str> =
            places.filter(|place| Path::new(place).starts_with(&self.folder)).collect();
        places.sort_unstable();
        for place in places.into_iter().rev() {
            let _ = Command::new("umount").args(["--lazy", place]).status();
        }
    }
}

/// Starts the engines that this machine can have; says what is in the way of others.
pub fn engines(folder: &Path) -> Vec<Engine> {
    let mut engines = Vec::new();
    for start in [docker, podman] {
        match start(folder) {
            Ok(engine) => engines.push(engine),
            Err(error) => println!("left out: an engine, because {error:#}"),
        }
    }
    engines
}

/// Runs what needs engines and images; says what this machine lacks for it.
pub fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    if let Some(why) = images::obstacle() {
        println!("left out: images and containers, because {why}");
        return must(&mut cargo(&["test", "--quiet", "-p", "pipewright-executor", "--test", "whole_images"]));
    }
    let engines = engines(folder.path());
    let sockets: Vec<String> = engines.iter().map(|engine| engine.socket.display().to_string()).collect();
    let names: Vec<&str> = engines.iter().map(|engine| engine.name).collect();
    println!("engines: {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") });
    // The launcher that tests mount into containers is an example, which they do not build themselves.
    must(&mut cargo(&["build", "--quiet", "-p", "pipewright-executor", "--example", "launcher"]))?;
    let mut contract = cargo(&["test", "--quiet", "-p", "pipewright-executor"]);
    contract.args([
        "--test",
        "whole_images",
        "--test",
        "containers",
        "--test",
        "companions",
        "--test",
        "pods",
    ]);
    contract.args(["--test", "engine_restart", "--test", "registry", "--test", "choice"]);
    contract.args(["--test", "disk_reserve"]);
    contract.env("PIPEWRIGHT_TEST_REGISTRY", REGISTRY_PORT.to_string());
    let restarts: Vec<String> = engines.iter().map(|engine| engine.restart().display().to_string()).collect();
    contract.env("PIPEWRIGHT_TEST_RESTARTS", restarts.join(","));
    must(contract.env("PIPEWRIGHT_TEST_ENGINES", sockets.join(",")))?;
    let binary = workspace::build("dev")?;
    for engine in &engines {
        container_crash::soak(&binary, engine)?;
    }
    let images = images::make()?;
    println!("a part of the corpus in unpacked images");
    must(&mut corpus(&Place::Unpacked(&images), Some(SUBSET)))?;
    let Some(engine) = engines.first() else { return Ok(()) };
    println!("a part of the corpus in containers of {}", engine.name);
    load(&images.join("images.tar"), &engine.socket)?;
    load(&images::make_corpus()?, &engine.socket)?;
    must(&mut corpus(&Place::Engine(&engine.socket), Some(SUBSET)))
}

/// Runs the whole corpus, of v2 and of v1, in containers of an engine.
pub fn run_corpus(name: Option<&str>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let images = images::make()?;
    let further = images::make_corpus()?;
    let engines = engines(folder.path());
    let wanted = |engine: &&Engine| name.is_none_or(|name| engine.is_called(name));
    let engine = engines.iter().find(wanted).context("there is no such engine")?;
    load(&images.join("images.tar"), &engine.socket)?;
    load(&further, &engine.socket)?;
    println!("the corpus in containers of {}", engine.name);
    must(&mut corpus(&Place::Engine(&engine.socket), None))?;
    println!("those of the corpus that install packages, with the network of this machine");
    let mut online = corpus(&Place::Engine(&engine.socket), None);
    online.env("PIPEWRIGHT_CONTAINER_NETWORK", "host").env_remove("PIPEWRIGHT_TEST_OFFLINE");
    must(online.env("PIPEWRIGHT_TEST_ONLINE", "1"))
}

/// Runs the examples, in both formats, in containers of an engine: each in the images that it names.
pub fn run_examples(name: Option<&str>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let images = images::make()?;
    let further = images::make_example_images()?;
    let engines = engines(folder.path());
    let wanted = |engine: &&Engine| name.is_none_or(|name| engine.is_called(name));
    let engine = engines.iter().find(wanted).context("there is no such engine")?;
    load(&images.join("images.tar"), &engine.socket)?;
    load(&further, &engine.socket)?;
    let binary = workspace::build("dev")?;
    let home = folder.path().join("home");
    let small = ["trial=1", "epoch=2", "patience=1"];
    let places = ["dataset=g-research-crypto-forecasting", "data_path=/mnt"];
    for (file, parameters) in [
        ("facial-keypoints/pipeline.yaml", &small[..]),
        ("facial-keypoints/pipeline_v1.yaml", &small[..]),
        ("crypto-forecasting/pipeline.yaml", &[]),
        ("crypto-forecasting/pipeline_v1.yaml", &places[..]),
    ] {
        println!("{file} in containers of {}", engine.name);
        let mut run = Command::new(&binary);
        run.arg("run").arg(workspace::root().join("examples").join(file)).arg("--home").arg(&home);
        run.args(["--executor", "container", "--container-network", "host", "--container-socket"]);
        run.arg(&engine.socket);
        for parameter in parameters {
            run.args(["--parameter", parameter]);
        }
        // Wheels of this machine are not there in a container.
        must(run.env_remove("PIP_FIND_LINKS"))?;
    }
    Ok(())
}

/// Gives an engine the images of an archive.
pub fn load(archive: &Path, socket: &Path) -> Result<()> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--unix-socket"]).arg(socket);
    curl.args(["-X", "POST", "-H", "Content-Type: application/x-tar", "--upload-file"]).arg(archive);
    let output = curl.arg("http://engine/images/load").output().context("cannot start curl")?;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    // What goes wrong on the way comes after the answer's head has said that all is well.
    if !output.status.success() || told.contains("\"errorDetail\"") {
        let end = told.lines().last().unwrap_or_default();
        bail!(
            "the engine does not take {}: {end} {}",
            archive.display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

/// Where the corpus is run.
enum Place<'a> {
    /// The folder of images.
    Unpacked(&'a Path),
    /// Its socket.
    Engine(&'a Path),
}

/// Makes the command that runs these pipelines of the corpus, or all of them.
fn corpus(place: &Place<'_>, only: Option<&str>) -> Command {
    let mut test =
        cargo(&["test", "--quiet", "-p", "pipewright-cli", "--test", "conformance", "--", "once::"]);
    match place {
        Place::Unpacked(images) => {
            // Of v1 a file of its own says what stands for images.
            test.args(["--skip", "once::v1"]).env("PIPEWRIGHT_IMAGES", images.join("images.toml"));
        }
        Place::Engine(socket) => {
            test.env("PIPEWRIGHT_EXECUTOR", "container").env("PIPEWRIGHT_CONTAINER_SOCKET", socket);
            test.env("PIPEWRIGHT_CONTAINER_NETWORK", "none").env("PIPEWRIGHT_TEST_OFFLINE", "1");
            // Their images are to be pulled at any rate, and no registry has them.
            test.env("PIPEWRIGHT_TEST_EXCEPT", "placement");
        }
    }
    if let Some(only) = std::env::var("PIPEWRIGHT_TEST_ONLY").ok().or_else(|| only.map(str::to_owned)) {
        test.env("PIPEWRIGHT_TEST_ONLY", only);
    }
    test
}

/// Starts Docker.
pub fn docker(folder: &Path) -> Result<Engine> {
    images::install(&[("dockerd", "docker.io"), ("runc", "runc"), ("curl", "curl")])?;
    let folder = folder.join("docker");
    fs::create_dir_all(&folder)?;
    let socket = folder.join("sock");
    let shown = folder.display();
    // Without a network of its own nothing of this machine's is changed.
    let command = format!(
        "dockerd --data-root {shown}/data --exec-root {shown}/exec --pidfile {shown}/pid -H unix://{shown}/sock \
         --iptables=false --ip6tables=false --bridge=none"
    );
    // What one that was killed leaves would keep the next from starting.
    start("Docker", &command, "rm -f pid exec/containerd/containerd.pid", socket, folder)
}

fn podman(folder: &Path) -> Result<Engine> {
    images::install(&[("podman", "podman"), ("runc", "runc"), ("curl", "curl")])?;
    let folder = folder.join("podman");
    fs::create_dir_all(&folder)?;
    let settings = folder.join("containers.conf");
    // crun refuses machines with control groups of both generations.
    fs::write(
        &settings,
        "[engine]\ncgroup_manager=\"cgroupfs\"\nruntime=\"runc\"\nevents_logger=\"file\"\n",
    )?;
    let registries = folder.join("registries.conf");
    let registry = format!("[[registry]]\nlocation = \"127.0.0.1:{REGISTRY_PORT}\"\ninsecure = true\n");
    fs::write(&registries, registry)?;
    let socket = folder.join("sock");
    let shown = folder.display();
    let command = format!(
        "env CONTAINERS_CONF={} CONTAINERS_REGISTRIES_CONF={} podman --root {shown}/root --runroot {shown}/run --storage-driver overlay \
         system service --time 0 unix://{shown}/sock",
        settings.display(),
        registries.display()
    );
    start("Podman", &command, "true", socket, folder)
}

/// Starts an engine by a script, so that a test can start it again.
fn start(
    name: &'static str,
    command: &str,
    before: &str,
    socket: PathBuf,
    folder: PathBuf,
) -> Result<Engine> {
    // What an engine leaves where it stands goes with its folder.
    let script = format!(
        "cd {} && {before}\nsetsid {command} >> log 2>&1 < /dev/null &\necho $! > engine.pid\n",
        folder.display()
    );
    fs::write(folder.join("start.sh"), script)?;
    let again = format!("kill -KILL $(cat {0}/engine.pid); sleep 1; sh {0}/start.sh\n", folder.display());
    fs::write(folder.join("restart.sh"), again)?;
    must(Command::new("sh").arg(folder.join("start.sh")))?;
    let engine = Engine { name, folder, socket };
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let mut ping = Command::new("curl");
        ping.args(["--silent", "--fail", "--max-time", "2", "--unix-socket"]).arg(&engine.socket);
        if ping.arg("http://engine/_ping").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
        {
            return Ok(engine);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    let text = fs::read_to_string(engine.folder.join("log")).unwrap_or_default();
    bail!("{name} does not answer: {}", text.lines().last().unwrap_or_default())
}
