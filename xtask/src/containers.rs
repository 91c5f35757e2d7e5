//! The step `containers` of `cargo xtask test`: engines of this machine, installed and started where they are
//! missing, and everything that must hold of unpacked images and containers.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::images;
use crate::workspace::{cargo, must};

/// How long an engine may take to start.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pipelines of the corpus that are run in images.
const SUBSET: &str = "hello,chain,artifact-folder,empty-dir,exit-failure,if-else-none,for-static,executor-input,py-hello,py-artifacts";

/// An engine of our own; it ends with this.
struct Engine {
    name: &'static str,
    process: Child,
    socket: PathBuf,
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// Runs what needs engines and images; says what this machine lacks for it.
pub fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut engines = Vec::new();
    if let Some(why) = images::obstacle() {
        println!("left out: images and containers, because {why}");
        return must(&mut cargo(&["test", "--quiet", "-p", "pipewright-executor", "--test", "whole_images"]));
    }
    for start in [docker, podman] {
        match start(folder.path()) {
            Ok(engine) => engines.push(engine),
            Err(error) => println!("left out: an engine, because {error:#}"),
        }
    }
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
    must(contract.env("PIPEWRIGHT_TEST_ENGINES", sockets.join(",")))?;
    let images = images::make()?;
    println!("the corpus in unpacked images");
    must(corpus().env("PIPEWRIGHT_IMAGES", images.join("images.toml")))?;
    let Some(engine) = engines.first() else { return Ok(()) };
    println!("the corpus in containers of {}", engine.name);
    load(&images.join("images.tar"), &engine.socket)?;
    must(
        corpus()
            .env("PIPEWRIGHT_EXECUTOR", "container")
            .env("PIPEWRIGHT_CONTAINER_SOCKET", &engine.socket)
            .env("PIPEWRIGHT_CONTAINER_NETWORK", "none"),
    )
}

/// Gives an engine the images of an archive.
pub fn load(archive: &Path, socket: &Path) -> Result<()> {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--output", "/dev/null", "--unix-socket"]).arg(socket);
    curl.args(["-X", "POST", "-H", "Content-Type: application/x-tar", "--upload-file"]).arg(archive);
    must(curl.arg("http://engine/images/load"))
}

fn corpus() -> Command {
    let mut test = cargo(&["test", "--quiet", "-p", "pipewright-cli", "--test", "conformance", "--"]);
    test.args(["once::fast_pipelines_come_out_right", "once::python_pipelines_come_out_right"]);
    let only = std::env::var("PIPEWRIGHT_TEST_ONLY").unwrap_or_else(|_| SUBSET.to_owned());
    test.env("PIPEWRIGHT_TEST_ONLY", only);
    test
}

fn docker(folder: &Path) -> Result<Engine> {
    images::install(&[("dockerd", "docker.io"), ("runc", "runc"), ("curl", "curl")])?;
    let folder = folder.join("docker");
    std::fs::create_dir_all(&folder)?;
    let socket = folder.join("sock");
    let mut command = Command::new("dockerd");
    command.arg("--data-root").arg(folder.join("data")).arg("--exec-root").arg(folder.join("exec"));
    command.arg("--pidfile").arg(folder.join("pid")).arg("-H").arg(format!("unix://{}", socket.display()));
    // Without a network of its own nothing of this machine's is changed.
    command.args(["--iptables=false", "--ip6tables=false", "--bridge=none"]);
    start("Docker", command, socket, &folder)
}

fn podman(folder: &Path) -> Result<Engine> {
    images::install(&[("podman", "podman"), ("runc", "runc"), ("curl", "curl")])?;
    let folder = folder.join("podman");
    std::fs::create_dir_all(&folder)?;
    let settings = folder.join("containers.conf");
    // crun refuses machines with control groups of both generations.
    std::fs::write(
        &settings,
        "[engine]\ncgroup_manager=\"cgroupfs\"\nruntime=\"runc\"\nevents_logger=\"file\"\n",
    )?;
    let socket = folder.join("sock");
    let mut command = Command::new("podman");
    command.arg("--root").arg(folder.join("root")).arg("--runroot").arg(folder.join("run"));
    command.args(["--storage-driver", "overlay", "system", "service", "--time", "0"]);
    command.arg(format!("unix://{}", socket.display())).env("CONTAINERS_CONF", settings);
    start("Podman", command, socket, &folder)
}

fn start(name: &'static str, mut command: Command, socket: PathBuf, folder: &Path) -> Result<Engine> {
    let log = std::fs::File::create(folder.join("log"))?;
    // What an engine leaves where it stands goes with its folder.
    command.current_dir(folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let process = command.spawn().with_context(|| format!("cannot start {name}"))?;
    let mut engine = Engine { name, process, socket };
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = engine.process.try_wait()? {
            let text = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            bail!("{name} ended ({status}): {}", text.lines().last().unwrap_or_default());
        }
        let mut ping = Command::new("curl");
        ping.args(["--silent", "--fail", "--max-time", "2", "--unix-socket"]).arg(&engine.socket);
        if ping.arg("http://engine/_ping").stdout(Stdio::null()).status().is_ok_and(|status| status.success())
        {
            return Ok(engine);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    bail!("{name} does not answer")
}
