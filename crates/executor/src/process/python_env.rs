//! Python environments: made once for each interpreter and list of requirements, kept in the home folder.
//!
//! An environment cannot be moved, so it is made in place and counts once its `complete` file is written. Many
//! tasks may ask at once: one makes it, all hear its progress. The processes that make it hold its lock, so
//! those of a server that was killed are waited for.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::process::Command;
use tokio::sync::watch;

use super::bootstrap::Install;
use super::interpreter::{Interpreter, on_path};
use super::pip::Pip;
use super::teller::Teller;

/// Which environment is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) interpreter: Interpreter,
    pub(super) installs: Vec<Install>,
    pub(super) pip: Pip,
    /// The interpreter's own packages are seen too.
    pub(super) system_packages: bool,
}

impl Wanted {
    /// Names the environment: equal wishes have equal keys.
    pub(super) fn key(&self) -> String {
        #[derive(Serialize)]
        struct Key<'a> {
            format: u8,
            path: &'a Path,
            version: &'a str,
            system_packages: bool,
            installs: Vec<Install>,
            #[serde(skip_serializing_if = "Pip::is_empty")]
            pip: &'a Pip,
        }
        let mut installs = self.installs.clone();
        for install in &mut installs {
            install.requirements.sort();
            install.requirements.dedup();
        }
        let key = Key {
            format: 1,
            path: &self.interpreter.path,
            version: &self.interpreter.version,
            system_packages: self.system_packages,
            installs,
            pip: &self.pip,
        };
        let text = serde_json::to_vec(&key).expect("keys of text always serialise");
        hex::encode(&Sha256::digest(text)[..8])
    }

    /// Lists what is installed, for people.
    pub(super) fn summary(&self) -> String {
        let names: Vec<&str> =
            self.installs.iter().flat_map(|install| &install.requirements).map(String::as_str).collect();
        match names.len() {
            0 => "no packages".to_owned(),
            1..=6 => names.join(", "),
            more => format!("{} and {} more", names[..5].join(", "), more - 5),
        }
    }
}

/// Why an environment could not be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) message: String,
    pub(super) hint: String,
}

/// How far an environment is.
#[derive(Debug, Clone)]
enum Progress {
    Making(String),
    Done(Result<PathBuf, Broken>),
}

/// Keeps the environments of a home folder.
pub(super) struct Environments {
    folder: PathBuf,
    known: Mutex<BTreeMap<String, watch::Receiver<Progress>>>,
}

impl Environments {
    pub(super) fn new(home: &Path) -> Self {
        Self { folder: home.join("environments"), known: Mutex::default() }
    }

    /// Returns where environments and what belongs to them lie.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the environment's folder if it is there already.
    pub(super) fn ready(&self, wanted: &Wanted) -> Option<PathBuf> {
        let folder = self.folder.join(wanted.key());
        // Its interpreter may have been removed since.
        (folder.join("complete").exists() && folder.join("bin/python").exists()).then_some(folder)
    }

    /// Makes the environment, or waits for whoever does; `teller` hears of every step.
    pub(super) async fn make(self: &Arc<Self>, wanted: Wanted, teller: &Teller) -> Result<PathBuf, Broken> {
        let mut progress = self.join_or_begin(wanted);
        loop {
            let now = progress.borrow_and_update().clone();
            match now {
                Progress::Making(text) => teller.note(text).await,
                Progress::Done(result) => return result,
            }
            if progress.changed().await.is_err() {
                return Err(Broken {
                    message: "making the Python environment was interrupted".to_owned(),
                    hint: "run the task again".to_owned(),
                });
            }
        }
    }

    fn join_or_begin(self: &Arc<Self>, wanted: Wanted) -> watch::Receiver<Progress> {
        let key = wanted.key();
        let mut known = self.known.lock().expect("no code panics while it holds the lock");
        if let Some(progress) = known.get(&key) {
            return progress.clone();
        }
        let first =
            format!("making a Python {} environment ({})", wanted.interpreter.minor(), wanted.summary());
        let (sender, receiver) = watch::channel(Progress::Making(first));
        known.insert(key.clone(), receiver.clone());
        let environments = Arc::clone(self);
        tokio::spawn(async move {
            let folder = environments.folder.join(&key);
            let result = make(&folder, &wanted, &sender).await;
            // A failure is told to those who wait; whoever comes later tries again.
            environments.known.lock().expect("no code panics while it holds the lock").remove(&key);
            sender.send_replace(Progress::Done(result));
        });
        receiver
    }
}

async fn make(folder: &Path, wanted: &Wanted, sender: &watch::Sender<Progress>) -> Result<PathBuf, Broken> {
    let failed = |error: io::Error| Broken {
        message: format!("failed to make a Python environment in {}: {error}", folder.display()),
        hint: "check free space and permissions of the home folder".to_owned(),
    };
    let lock = lock_of(folder).await.map_err(failed)?;
    if folder.join("complete").exists() && folder.join("bin/python").exists() {
        return Ok(folder.to_owned());
    }
    let maker = Maker { folder, wanted, lock: &lock, sender };
    match on_path("uv") {
        // uv does not read pip's configuration, so where it fails pip may still succeed.
        Some(uv) if maker.with_uv(&uv).await.is_ok() => {}
        _ => maker.with_pip().await?,
    }
    let complete = serde_json::json!({
        "interpreter": wanted.interpreter.path,
        "version": wanted.interpreter.version,
        "installs": wanted.installs,
    });
    fs::write(folder.join("complete"), complete.to_string()).map_err(failed)?;
    Ok(folder.to_owned())
}

/// Takes the lock that every process which makes this environment holds.
async fn lock_of(folder: &Path) -> io::Result<File> {
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    let path = folder.with_extension("lock");
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    tokio::task::spawn_blocking(move || {
        retry_on_intr(|| flock(&file, FlockOperation::LockExclusive))?;
        Ok(file)
    })
    .await
    .map_err(io::Error::other)?
}

struct Maker<'a> {
    folder: &'a Path,
    wanted: &'a Wanted,
    lock: &'a File,
    sender: &'a watch::Sender<Progress>,
}

impl Maker<'_> {
    fn say(&self, text: String) {
        self.sender.send_replace(Progress::Making(text));
    }

    fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    fn clear(&self) -> Result<(), Broken> {
        match fs::remove_dir_all(self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Broken {
                message: format!("failed to remove {}: {error}", self.folder.display()),
                hint: "remove it by hand".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    async fn with_uv(&self, uv: &Path) -> Result<(), Broken> {
        self.clear()?;
        let mut venv: Vec<OsString> =
            vec!["venv".into(), "--quiet".into(), "--seed".into(), "--python".into()];
        venv.push(self.wanted.interpreter.path.clone().into());
        if self.wanted.system_packages {
            venv.push("--system-site-packages".into());
        }
        venv.push(self.folder.into());
        self.run(uv, &venv).await?;
        for install in &self.wanted.installs {
            self.say(format!("installing {}", install.requirements.join(", ")));
            let mut args: Vec<OsString> =
                ["pip", "install", "--quiet", "--compile-bytecode", "--python"].map(OsString::from).into();
            args.push(self.python().into());
            args.extend(["--index-strategy", "unsafe-best-match"].map(OsString::from));
            for (name, value) in &install.options {
                match name.as_str() {
                    "--trusted-host" => args.extend(["--allow-insecure-host".into(), host_of(value).into()]),
                    _ => args.extend([name.into(), value.into()]),
                }
            }
            push_requirements(install, &mut args);
            self.run(uv, &args).await?;
        }
        Ok(())
    }

    async fn with_pip(&self) -> Result<(), Broken> {
        self.clear()?;
        let mut venv: Vec<OsString> = vec!["-m".into(), "venv".into()];
        if self.wanted.system_packages {
            venv.push("--system-site-packages".into());
        }
        venv.push(self.folder.into());
        self.run(&self.wanted.interpreter.path, &venv).await?;
        for install in &self.wanted.installs {
            self.say(format!("installing {}", install.requirements.join(", ")));
            let mut args: Vec<OsString> =
                ["-m", "pip", "install", "--quiet", "--no-input"].map(OsString::from).into();
            args.extend(
                ["--disable-pip-version-check", "--no-warn-script-location", "--compile"].map(OsString::from),
            );
            for (name, value) in &install.options {
                args.extend([OsString::from(name), OsString::from(value)]);
            }
            push_requirements(install, &mut args);
            self.run(&self.python(), &args).await?;
        }
        Ok(())
    }

    /// Runs one step; its processes hold the lock as their stdin.
    async fn run(&self, program: &Path, args: &[OsString]) -> Result<(), Broken> {
        let shown = shown_command(program, args);
        let failed = |error: io::Error| Broken {
            message: format!("failed to run `{shown}`: {error}"),
            hint: "see `pipewright doctor`".to_owned(),
        };
        let stdin = self.lock.try_clone().map_err(failed)?;
        let parent = self.folder.parent().unwrap_or(self.folder);
        let settings = self.wanted.pip.variables(parent).and_then(|mut variables| {
            variables.extend(self.wanted.pip.variables_of_uv(parent)?);
            Ok(variables)
        });
        let output = Command::new(program)
            .args(args)
            .env_clear()
            .envs(environment_for_making())
            .envs(settings.map_err(failed)?)
            .current_dir("/")
            .stdin(Stdio::from(stdin))
            .kill_on_drop(true)
            .output()
            .await
            .map_err(failed)?;
        if output.status.success() {
            return Ok(());
        }
        let text =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        let log = self.folder.with_extension("log");
        let kept = fs::write(&log, &text).is_ok();
        Err(broken(&shown, &text, kept.then_some(&log)))
    }
}

fn push_requirements(install: &Install, args: &mut Vec<OsString>) {
    if install.without_dependencies {
        args.push("--no-deps".into());
    }
    args.extend(install.requirements.iter().map(OsString::from));
}

fn broken(command: &str, output: &str, log: Option<&PathBuf>) -> Broken {
    let lines: Vec<&str> = output.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(6)..].join("\n  ");
    let hint = if output.contains("ensurepip") {
        "install the venv module of this Python (on Debian: `apt install python3-venv`), or install `uv`"
    } else if output.contains("No matching distribution") || output.contains("ResolutionImpossible") {
        "check `packages_to_install` and whether they exist for this Python version"
    } else {
        "check the network, and the PIP_* and proxy variables that this program was started with"
    };
    let where_to_look = log.map(|log| format!("; all output is in {}", log.display())).unwrap_or_default();
    Broken {
        message: format!("failed to make the Python environment: `{command}` failed:\n  {tail}"),
        hint: format!("{hint}{where_to_look}"),
    }
}

fn shown_command(program: &Path, args: &[OsString]) -> String {
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    let words = args.iter().take(4).map(|word| word.to_string_lossy());
    [name].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

fn host_of(value: &str) -> &str {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// What uv calls the settings that pip reads.
const PIP_TO_UV: [(&str, &str); 6] = [
    ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
    ("PIP_EXTRA_INDEX_URL", "UV_INDEX"),
    ("PIP_FIND_LINKS", "UV_FIND_LINKS"),
    ("PIP_NO_INDEX", "UV_NO_INDEX"),
    ("PIP_TRUSTED_HOST", "UV_INSECURE_HOST"),
    ("PIP_CERT", "SSL_CERT_FILE"),
];

/// What installers get of our own environment: where to find packages, how to reach them, where to cache.
fn environment_for_making() -> Vec<(OsString, OsString)> {
    const NAMES: [&str; 17] = [
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "NETRC",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "ALL_PROXY",
        "all_proxy",
        "LD_LIBRARY_PATH",
        "SSH_AUTH_SOCK",
    ];
    let mut passed: Vec<(OsString, OsString)> = env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            NAMES.contains(&name.as_ref())
                || name.starts_with("PIP_")
                || name.starts_with("UV_")
                || name.to_ascii_lowercase().ends_with("_proxy")
        })
        .collect();
    for (pip, uv) in PIP_TO_UV {
        if let (Some(value), None) = (env::var_os(pip), env::var_os(uv)) {
            passed.push((uv.into(), value));
        }
    }
    passed
}
