//! `cargo xtask images`: container images for tests, made on the spot from Debian and Python packages.
//!
//! No container registry is asked. The folder is `images` below the target folder: `python` and `noop` are whole
//! systems, `images.tar` holds all images as `docker save` writes them (`corpus.tar` further ones of the corpus), `images.toml` maps their names to the
//! systems. What is there already is used again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::workspace::{self, must};

/// Packages of the Python image.
const DEBIAN: &str = "python3,python3-pip,python3-venv,ca-certificates,libgomp1";
const SUITE: &str = "bookworm";
/// What comes along with a component's own requirements.
const PIP: [&str; 1] = ["kfp==2.17.0"];
const SITE: &str = "usr/local/lib/python3.11/dist-packages";
/// Names under which tests and examples ask for the Python image; it is a Debian with a shell, too.
const PYTHON_NAMES: [&str; 10] = [
    "python:3.7",
    "python:3.7.1",
    "python:3.9",
    "python:3.11",
    "python:3.11-slim",
    "alpine:latest",
    "busybox:latest",
    "debian:latest",
    "bash:latest",
    "pipewright/python:1",
];
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The image whose only program does nothing.
pub const NOOP: &str = "pipewright/noop:1";

#[derive(clap::Args)]
pub struct Args {
    /// Make everything anew.
    #[arg(long)]
    fresh: bool,
    /// Then run the whole corpus in containers of an engine.
    #[arg(long)]
    corpus: bool,
    /// Then run the examples in containers of an engine; their steps need a package index.
    #[arg(long)]
    examples: bool,
    /// The engine to run them in, docker or podman.
    #[arg(long)]
    engine: Option<String>,
}

/// Makes the images.
pub fn run(args: &Args) -> Result<()> {
    if args.fresh {
        let _ = fs::remove_dir_all(folder());
    }
    let made = make()?;
    println!("images are in {}", made.display());
    let engine = args.engine.as_deref();
    if args.examples {
        crate::containers::run_examples(engine)?;
    }
    if args.corpus { crate::containers::run_corpus(engine) } else { Ok(()) }
}

/// Says why images cannot be made here, if so.
pub fn obstacle() -> Option<String> {
    let id = Command::new("id").arg("-u").output().ok()?;
    if String::from_utf8_lossy(&id.stdout).trim() != "0" {
        return Some("debootstrap needs root".to_owned());
    }
    match install(&[("debootstrap", "debootstrap")]) {
        Ok(()) => None,
        Err(error) => Some(format!("{error:#}")),
    }
}

/// Installs Debian packages whose programs are missing.
pub fn install(programs: &[(&str, &str)]) -> Result<()> {
    let is_there = |program: &str| {
        let folders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin"];
        folders.iter().any(|folder| Path::new(folder).join(program).exists())
    };
    let missing: Vec<&str> =
        programs.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !is_there("apt-get") {
        bail!("{} are missing, and there is no apt-get to install them", missing.join(", "));
    }
    println!("installing {}", missing.join(", "));
    must(Command::new("apt-get").args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(missing);
    must(install.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null()))
}

/// Returns where the images are.
pub fn folder() -> PathBuf {
    workspace::target().join("images")
}

/// Makes what is missing, and returns the folder.
pub fn make() -> Result<PathBuf> {
    let folder = folder();
    if folder.join("images.toml").exists() {
        return Ok(folder);
    }
    if let Some(why) = obstacle() {
        bail!("images cannot be made here: {why}");
    }
    fs::create_dir_all(&folder)?;
    let python = folder.join("python");
    if !python.join("done").exists() {
        make_python(&python)?;
    }
    let noop = make_noop(&folder)?;
    let mut systems = vec![System::new(&PYTHON_NAMES, vec![python.clone()])];
    for part in ["train", "evaluate"] {
        let layer = make_example(&folder, &python, part)?;
        let other = if part == "train" { "hubdocker76/demotrain:v1" } else { "hubdocker76/demoeval:v1" };
        let own = format!("facial-keypoints/{part}:v1");
        systems.push(System::new(&[&own, other], vec![python.clone(), layer]));
    }
    systems.push(System { command: "/noop", ..System::new(&[NOOP], vec![noop]) });
    save(&folder, "images.tar", &systems)?;
    let mut mapping = String::new();
    for name in PYTHON_NAMES {
        let pattern = name.replace(":latest", "*");
        mapping.push_str(&format!(
            "[[image]]\npattern = '{pattern}'\nimage = 'python'\nexecutor = 'process'\n\n"
        ));
    }
    mapping.push_str(&format!("[[image]]\npattern = '{NOOP}'\nimage = 'noop'\nexecutor = 'process'\n"));
    fs::write(folder.join("images.toml"), mapping)?;
    Ok(folder)
}

/// A Debian with Python, pip and the SDK of kfp.
fn make_python(root: &Path) -> Result<()> {
    println!("making a Debian with Python and kfp; this takes some minutes, once");
    let _ = fs::remove_dir_all(root);
    let mut debootstrap = Command::new("debootstrap");
    debootstrap.args(["--variant=minbase", &format!("--include={DEBIAN}"), SUITE]).arg(root);
    must(debootstrap.stdout(Stdio::null()))?;
    for leftover in ["var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"] {
        let _ = fs::remove_dir_all(root.join(leftover));
    }
    fs::create_dir_all(root.join("var/lib/apt/lists"))?;
    // As in the images of Python's own: pip installs where it is told to.
    let _ = fs::remove_file(root.join("usr/lib/python3.11/EXTERNALLY-MANAGED"));
    std::os::unix::fs::symlink("/usr/bin/python3", root.join("usr/local/bin/python"))?;
    pip(root, &PIP, None)?;
    fs::write(root.join("done"), b"")?;
    Ok(())
}

/// Installs packages inside a system, or into a folder of it.
fn pip(root: &Path, packages: &[&str], target: Option<&str>) -> Result<()> {
    let resolver = root.join("etc/resolv.conf");
    fs::copy("/etc/resolv.conf", &resolver).context("cannot copy the resolver's settings")?;
    let _ = fs::copy("/etc/hosts", root.join("etc/hosts"));
    // A machine may have certificates of its own for its way to the package index.
    let certificates = "etc/ssl/certs/ca-certificates.crt";
    let _ = fs::copy(Path::new("/").join(certificates), root.join(certificates));
    let mut install = Command::new("chroot");
    install.arg(root).args([
        "/usr/bin/python3",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-cache-dir",
        "--root-user-action=ignore",
    ]);
    if let Some(target) = target {
        install.args(["--target", target]);
    }
    install.args(packages).env_remove("PIP_FIND_LINKS").env("HOME", "/root");
    must(&mut install)
}

/// A layer with an example's requirements and programs, as its Dockerfile has them.
fn make_example(folder: &Path, python: &Path, part: &str) -> Result<PathBuf> {
    let layer = folder.join(format!("facial-keypoints-{part}"));
    let done = folder.join(format!("facial-keypoints-{part}.done"));
    if done.exists() {
        return Ok(layer);
    }
    println!("making the image facial-keypoints/{part}");
    let _ = fs::remove_dir_all(&layer);
    let source = workspace::root().join("examples/facial-keypoints").join(part);
    let requirements = fs::read_to_string(source.join("requirements.txt"))?;
    let packages: Vec<&str> = requirements
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    pip(python, &packages, Some("/layer"))?;
    let site = layer.join(SITE);
    fs::create_dir_all(site.parent().context("the path has a parent")?)?;
    fs::rename(python.join("layer"), &site)?;
    must(Command::new("cp").arg("-a").arg(format!("{}/.", source.display())).arg(&layer))?;
    fs::write(done, b"")?;
    Ok(layer)
}

/// A program that says in a file when it begins and when it is done: `/act FILE NAME MILLISECONDS`.
const ACT: &str = r#"
use std::io::Write;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, name, millis] = words.as_slice() else { panic!("three words, please") };
    let millis: u64 = millis.parse().expect("a number");
    let mut file = std::fs::File::options().append(true).create(true).open(file).expect("a file");
    file.write_all(format!("begun {name}\n").as_bytes()).expect("room");
    std::thread::sleep(std::time::Duration::from_millis(millis));
    file.write_all(format!("done {name}\n").as_bytes()).expect("room");
}
"#;

/// A system that is two static programs: one does nothing, the other leaves lines in a file.
fn make_noop(folder: &Path) -> Result<PathBuf> {
    let root = folder.join("noop");
    fs::create_dir_all(&root)?;
    for (name, text) in [("noop", "fn main() {}\n"), ("act", ACT)] {
        let source = folder.join(format!("{name}.rs"));
        fs::write(&source, text)?;
        let mut rustc = Command::new("rustc");
        rustc.args(["-O", "-C", "target-feature=+crt-static", "-C", "strip=symbols", "-o"]);
        must(rustc.arg(root.join(name)).arg(&source))?;
    }
    Ok(root)
}

/// Makes the archive of the image that does nothing.
pub fn make_noop_archive() -> Result<PathBuf> {
    let folder = folder();
    fs::create_dir_all(&folder)?;
    let noop = make_noop(&folder)?;
    save(&folder, "noop.tar", &[System { command: "/noop", ..System::new(&[NOOP], vec![noop]) }])?;
    Ok(folder.join("noop.tar"))
}

struct System {
    names: Vec<String>,
    /// Folders, lowest first.
    layers: Vec<PathBuf>,
    env: Vec<&'static str>,
    command: &'static str,
}

impl System {
    fn new(names: &[&str], layers: Vec<PathBuf>) -> Self {
        let env = vec![PATH, "LANG=C.UTF-8"];
        Self { names: names.iter().map(|name| (*name).to_owned()).collect(), layers, env, command: "python3" }
    }
}

/// Makes the images of the v1 corpus that stand for published ones, as its `images.toml` describes them; returns
/// their archive. Loaded after the others, they take over names of those.
pub fn make_corpus() -> Result<PathBuf> {
    let folder = folder();
    let archive = folder.join("corpus.tar");
    if archive.exists() {
        return Ok(archive);
    }
    let source = workspace::root().join("conformance/corpus-v1/images");
    let python = folder.join("python");
    let mut systems = Vec::new();
    for (part, name) in [
        ("demotrain", "hubdocker76/demotrain:v8"),
        ("demoeval", "hubdocker76/demoeval:v3"),
        ("python", "python:3.7.1"),
    ] {
        let layer = folder.join(format!("corpus-{part}"));
        let _ = fs::remove_dir_all(&layer);
        must(Command::new("cp").arg("-a").arg(source.join(part)).arg(&layer))?;
        let mut system = System::new(&[name], vec![python.clone(), layer.clone()]);
        if part == "python" {
            fs::write(layer.join("opt/constraints.txt"), "lightgbm<4\n")?;
            system.env = vec![
                "PATH=/opt/kaggle/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "LANG=C.UTF-8",
                "PYTHONPATH=/opt/stubs",
                "PIP_NO_INDEX=1",
                "PIP_CONSTRAINT=/opt/constraints.txt",
            ];
        }
        systems.push(system);
    }
    save(&folder, "corpus.tar", &systems)?;
    Ok(archive)
}

/// Makes the image that the crypto example's older pipeline names, as its `images.toml` describes it; returns its
/// archive. Loaded after the others, it takes over the name of one of those.
pub fn make_example_images() -> Result<PathBuf> {
    let folder = folder();
    let archive = folder.join("examples.tar");
    if archive.exists() {
        return Ok(archive);
    }
    let layer = folder.join("crypto-forecasting");
    let _ = fs::remove_dir_all(&layer);
    let source = workspace::root().join("examples/crypto-forecasting/image");
    must(Command::new("cp").arg("-a").arg(source).arg(&layer))?;
    fs::write(layer.join("kaggle/constraints.txt"), "lightgbm<4\n")?;
    let mut system = System::new(&["python:3.7.1"], vec![folder.join("python"), layer]);
    system.env = vec![
        "PATH=/kaggle/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        "PIP_CONSTRAINT=/kaggle/constraints.txt",
    ];
    save(&folder, "examples.tar", &[system])?;
    Ok(archive)
}

/// Writes images into one archive.
fn save(folder: &Path, name: &str, systems: &[System]) -> Result<()> {
    let archive = folder.join("archive");
    let _ = fs::remove_dir_all(&archive);
    fs::create_dir_all(&archive)?;
    let mut entries = Vec::new();
    for system in systems {
        let (mut layers, mut digests) = (Vec::new(), Vec::new());
        for layer in &system.layers {
            let name = format!("{}.tar", layer.file_name().unwrap_or_default().to_string_lossy());
            let file = archive.join(&name);
            if !file.exists() {
                let mut tar = Command::new("tar");
                tar.args(["--numeric-owner", "--sort=name", "--exclude=./dev/*", "--exclude=./done", "-cf"]);
                must(tar.arg(&file).arg("-C").arg(layer).arg("."))?;
            }
            digests.push(format!("sha256:{}", sha256(&file)?));
            layers.push(name);
        }
        let config = json!({
            "architecture": match std::env::consts::ARCH { "x86_64" => "amd64", "aarch64" => "arm64", other => other },
            "os": "linux",
            "config": {
                "Env": system.env,
                "Cmd": [system.command],
                "WorkingDir": "/",
            },
            "rootfs": { "type": "layers", "diff_ids": digests },
        });
        let draft = archive.join("config");
        fs::write(&draft, serde_json::to_vec(&config)?)?;
        let config = format!("{}.json", sha256(&draft)?);
        fs::rename(draft, archive.join(&config))?;
        entries.push(json!({ "Config": config, "RepoTags": system.names, "Layers": layers }));
    }
    fs::write(archive.join("manifest.json"), serde_json::to_vec(&entries)?)?;
    must(Command::new("tar").arg("-cf").arg(folder.join(name)).arg("-C").arg(&archive).arg("."))?;
    Ok(fs::remove_dir_all(archive)?)
}

fn sha256(file: &Path) -> Result<String> {
    let output = Command::new("sha256sum").arg(file).output().context("cannot start sha256sum")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().next().map(str::to_owned).context("sha256sum said nothing")
}
