//! `pipewright doctor`: what this machine can do, what is missing, and how to get it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Result;
use pipewright_executor::{container, process};
use pipewright_server::FindingView;
use serde::Serialize;

use crate::args::{Doctor, Format, Machine};
use crate::compose::memory_bytes;
use crate::home::{self, Claim};
use crate::output::{DIM, GREEN, RED, YELLOW, paint};
use crate::settings::{Settings, home_folder};

/// Free space below which runs are likely to fail soon.
const SPACE_WANTED: u64 = 1 << 30;

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Good,
    /// Runs are possible, with less comfort or faithfulness.
    Lacking,
    /// Runs fail until this is mended.
    Broken,
}

/// One line of the report.
#[derive(Debug, Clone, Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Good, found: found.into(), remedy: None }
    }

    fn lacking(name: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Lacking, found: found.into(), remedy: Some(remedy.into()) }
    }

    fn broken(name: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Broken, found: found.into(), remedy: Some(remedy.into()) }
    }
}

/// Prints the report; leaves with 1 when something is broken.
pub(crate) fn run(args: &Doctor) -> Result<u8> {
    let home = home_folder(&args.home)?;
    let checks = vec![
        machine(),
        gpus(args, &home),
        home_check(&home),
        space(&home),
        isolation(),
        objects(&home),
        python(),
        environments(),
        images(args, &home),
        shell(),
        unpacked(&home),
        containers(args),
    ];
    match args.output {
        Format::Json => crate::result::print_json(&serde_json::json!({ "checks": checks }))?,
        Format::Text => anstream::stdout().write_all(text(&checks).as_bytes())?,
    }
    Ok(u8::from(checks.iter().any(|check| check.verdict == Verdict::Broken)))
}

/// Says what a server tells of its machine; that its home is in use is no news to it.
pub(crate) fn of_machine(args: &Doctor, home: &Path) -> Vec<FindingView> {
    let checks = [
        machine(),
        space(home),
        isolation(),
        objects(home),
        python(),
        environments(),
        images(args, home),
        shell(),
        unpacked(home),
        containers(args),
    ];
    let finding = |check: Check| FindingView {
        name: check.name.to_owned(),
        ok: check.verdict == Verdict::Good,
        text: check.found,
        hint: check.remedy,
    };
    checks.into_iter().map(finding).collect()
}

fn text(checks: &[Check]) -> String {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let sign = match check.verdict {
            Verdict::Good => paint(GREEN, "✓"),
            Verdict::Lacking => paint(YELLOW, "!"),
            Verdict::Broken => paint(RED, "✗"),
        };
        text.push_str(&format!("{sign} {:width$}  {}\n", check.name, check.found));
        if let Some(remedy) = &check.remedy {
            text.push_str(&format!("  {:width$}  {}\n", "", paint(DIM, &format!("remedy: {remedy}"))));
        }
    }
    text
}

fn machine() -> Check {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = memory_bytes().map_or_else(|| "unknown".to_owned(), gigabytes);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Check::good("machine", format!("{processors} CPUs, {memory} of memory, Linux {}", kernel.trim()))
}

fn gpus(args: &Doctor, home: &Path) -> Check {
    let machine = Machine::default();
    match Settings::resolve(&args.home, &machine, None) {
        Ok(settings) if settings.gpus.is_empty() => Check::good(
            "gpus",
            "none; a pipeline that asks for one is refused. They are looked for in /dev, or named by --gpus",
        ),
        Ok(settings) => {
            Check::good("gpus", format!("{}; each is one task's at a time", settings.gpus.join(", ")))
        }
        Err(error) => Check::broken("gpus", format!("{}: {error:#}", home.display()), "mend pipewright.toml"),
    }
}

fn home_check(home: &Path) -> Check {
    let shown = home.display();
    match home::claim(home) {
        Ok(Claim::Theirs(occupied)) => match &occupied.url {
            Some(url) => Check::good("home", format!("{shown}, served on {url}")),
            None => Check::good(
                "home",
                format!("{shown}, in use by process {}", occupied.pid.unwrap_or_default()),
            ),
        },
        Ok(Claim::Ours(_lock)) => match tempfile::tempfile_in(home) {
            Ok(_) => Check::good("home", format!("{shown} is writable")),
            Err(error) => {
                Check::broken("home", format!("{shown}: {error}"), "choose another folder by --home")
            }
        },
        Err(error) => Check::broken("home", format!("{error:#}"), "choose another folder by --home"),
    }
}

fn space(home: &Path) -> Check {
    let existing = home.ancestors().find(|folder| folder.exists()).unwrap_or(home);
    match rustix::fs::statvfs(existing) {
        Ok(facts) => {
            let free = facts.f_bavail * facts.f_frsize;
            let found = format!("{} free below {}", gigabytes(free), existing.display());
            if free >= SPACE_WANTED {
                Check::good("disk", found)
            } else {
                Check::lacking("disk", found, "free some space, or choose a larger disk by --home")
            }
        }
        Err(error) => {
            Check::lacking("disk", format!("cannot tell the free space: {error}"), "look by `df -h`")
        }
    }
}

fn isolation() -> Check {
    let found = process::capabilities();
    if found.isolation {
        return Check::good(
            "isolation",
            "tasks get volumes, a private /tmp, and the rest of the file system read-only",
        );
    }
    let why = found.reason.unwrap_or_else(|| "unknown reason".to_owned());
    Check::lacking(
        "isolation",
        format!(
            "no user and mount namespaces ({why}); tasks share this machine's file system as it is, and those with volumes are refused"
        ),
        "as root: sysctl -w kernel.unprivileged_userns_clone=1 \
         kernel.apparmor_restrict_unprivileged_userns=0 user.max_user_namespaces=10000 \
         (those that exist); in a container, allow the unshare and mount system calls",
    )
}

/// The database is not looked into: it may be somebody else's now.
fn objects(home: &Path) -> Check {
    use std::os::unix::fs::MetadataExt;
    let count = |folder: &str| -> usize {
        let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
        let is_shown = |entry: &std::fs::DirEntry| !entry.file_name().as_encoded_bytes().starts_with(b".");
        let namespaces = entries(&home.join(folder)).filter(is_shown);
        namespaces.flat_map(|namespace| entries(&namespace.path())).filter(is_shown).count()
    };
    let mut found = format!("{} volumes", count("volumes"));
    let files = count("secrets");
    if files > 0 {
        found.push_str(&format!(", {files} secrets kept as files"));
    }
    let key = home.join("key");
    match std::fs::metadata(&key) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Check::good("objects", format!("{found}; the key for secrets is made with the first one"))
        }
        Err(error) => Check::broken(
            "objects",
            format!("{found}; the key for secrets cannot be looked at: {error}"),
            format!("make {} readable for you alone", key.display()),
        ),
        Ok(facts) if facts.mode() & 0o077 != 0 => Check::lacking(
            "objects",
            format!("{found}; others can read the key for secrets"),
            format!("chmod 600 {}", key.display()),
        ),
        Ok(_) => Check::good("objects", format!("{found}; secrets are encrypted by {}", key.display())),
    }
}

fn python() -> Check {
    let names =
        ["python3", "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14"];
    let mut found: Vec<String> = Vec::new();
    for name in names {
        if let Some(version) = first_line(name, &["--version"]) {
            let version = version.trim_start_matches("Python ").to_owned();
            if !found.iter().any(|known| known.starts_with(&version)) {
                found.push(format!("{version} ({name})"));
            }
        }
    }
    let remedy = "install Python 3.9 or newer (Debian: apt-get install python3 python3-venv)";
    if found.is_empty() {
        return Check::broken("python", "no python3 on the PATH", remedy);
    }
    if first_line("python3", &["-c", "import sys; print(sys.version_info >= (3, 9))"]).as_deref()
        != Some("True")
    {
        return Check::broken("python", format!("{} is too old", found.join(", ")), remedy);
    }
    Check::good("python", found.join(", "))
}

fn environments() -> Check {
    if let Some(version) = first_line("uv", &["--version"]) {
        return Check::good("packages", format!("{version} makes Python environments"));
    }
    let code = "import venv, ensurepip; print('yes')";
    if first_line("python3", &["-c", code]).as_deref() == Some("yes") {
        return Check::good("packages", "venv and pip make Python environments (uv would be faster)");
    }
    Check::broken(
        "packages",
        "neither uv nor Python's venv module is there, so no Python environment can be made",
        "install uv, or the venv module (Debian: apt-get install python3-venv)",
    )
}

fn images(args: &Doctor, home: &Path) -> Check {
    let machine = Machine { images: args.images.clone(), ..Machine::default() };
    let further = match Settings::resolve(&args.home, &machine, None) {
        Ok(settings) => settings.images,
        Err(error) => return Check::broken("images", format!("{error:#}"), "correct the settings"),
    };
    let report = process::check_images(home, further.as_deref());
    let remedy = "correct the file; docs/guide/images.md tells of its keys";
    match (report.problems.as_slice(), report.missing.as_slice(), report.files.as_slice()) {
        ([], [], []) => Check::good("images", "Python and well-known base images; none is mapped"),
        ([], [], files) => {
            let files: Vec<String> =
                files.iter().map(|(path, count)| format!("{count} in {}", path.display())).collect();
            Check::good("images", format!("mapped: {}", files.join(", ")))
        }
        ([], missing, _) => Check::lacking("images", missing.join("; "), remedy),
        (problems, _, _) => Check::broken("images", problems.join("; "), remedy),
    }
}

fn shell() -> Check {
    let missing: Vec<&str> =
        ["sh", "bash", "tar", "mktemp"].into_iter().filter(|name| !is_on_path(name)).collect();
    if missing.is_empty() {
        return Check::good("programs", "sh, bash, tar and mktemp stand for those of well-known images");
    }
    Check::lacking(
        "programs",
        format!("not on the PATH: {}", missing.join(", ")),
        "install them if your pipelines use them",
    )
}

/// What images are run without an engine, and what that keeps apart.
fn unpacked(home: &Path) -> Check {
    let count = match pipewright_images::Store::new(home.join("images")).list() {
        Ok(images) => images.len(),
        Err(error) => {
            return Check::broken(
                "unpacked images",
                error.to_string(),
                "remove the folder images of the home folder",
            );
        }
    };
    let apart = "own file system, processes, user and few capabilities; this machine's network";
    let limits = if process::lends_limits() {
        "memory and processes are limited by control groups"
    } else {
        "no limit of memory and processes: this machine lends no control groups"
    };
    Check::good("unpacked images", format!("{count} here. They get: {apart}; {limits}"))
}

fn containers(args: &Doctor) -> Check {
    let socket = Settings::resolve(&args.home, &Machine::default(), None)
        .ok()
        .and_then(|found| found.container_socket);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let found = match runtime {
        Ok(runtime) => runtime.block_on(container::find_engine(socket.as_deref())),
        Err(error) => return Check::lacking("containers", error.to_string(), "free some memory"),
    };
    match found {
        Ok(engine) => {
            let mut lacks = Vec::new();
            if !engine.limits_memory {
                lacks.push("memory is not limited");
            }
            if !engine.has_network {
                lacks.push("no network but loopback");
            }
            let rootless = if engine.is_rootless { ", rootless" } else { "" };
            let lacks = if lacks.is_empty() { String::new() } else { format!("; {}", lacks.join(", ")) };
            let apart = "own file system, processes, network, capabilities and system calls";
            Check::good(
                "containers",
                format!("{}{rootless} at {}. They get: {apart}{lacks}", engine.name, engine.socket.display()),
            )
        }
        Err(error) => Check::good(
            "containers",
            format!("{error}; images run unpacked, or programs of this machine stand for them"),
        ),
    }
}

fn is_on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then(|| text.lines().next().unwrap_or_default().trim().to_owned())
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}
