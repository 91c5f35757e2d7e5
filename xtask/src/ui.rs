//! `cargo xtask ui`: the web pages, from their locked packages to compressed files; and their tests in a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::codegen;
use crate::workspace::{self, must};

/// Debian's browser, which the tests drive.
const BROWSER: &str = "/usr/bin/chromium";

/// How to build it.
#[derive(clap::Args)]
pub struct Args {
    /// Builds even when nothing has changed since the last time.
    #[arg(long)]
    force: bool,
}

/// Builds the pages unless they are newer than everything they are made of.
pub fn run(args: &Args) -> Result<()> {
    if !args.force && is_fresh()? {
        println!("the web pages are up to date");
        return Ok(());
    }
    install()?;
    must(&mut npm(&["run", "--silent", "build"]))
}

/// Builds the pages unless nothing has changed.
pub fn build() -> Result<()> {
    run(&Args { force: false })
}

/// Types of the API that are no older than the server's, tests of components and logic, then walks through the real
/// pages on a real server.
pub fn test() -> Result<()> {
    codegen::check()?;
    build()?;
    must(&mut npm(&["test", "--silent"]))?;
    let binary = workspace::build("dev")?;
    browse("e2e", &binary)
}

/// Writes every page in both themes into the user guide.
pub fn screenshots() -> Result<()> {
    build()?;
    let binary = workspace::build("fast")?;
    browse("screenshots", &binary)
}

/// Measures the pages that this binary has in it in a browser; returns one line of JSON for each figure.
pub fn figures(binary: &Path) -> Result<String> {
    find_browser()?;
    let mut command = npm(&["run", "--silent", "bench"]);
    let output =
        command.env("PIPEWRIGHT", binary).env("CHROMIUM", BROWSER).output().context("cannot run npm")?;
    if !output.status.success() {
        bail!("measuring the pages failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("the figures are no text")
}

fn browse(script: &str, binary: &Path) -> Result<()> {
    find_browser()?;
    must(npm(&["run", "--silent", script]).env("PIPEWRIGHT", binary).env("CHROMIUM", BROWSER))
}

fn folder() -> PathBuf {
    workspace::root().join("ui")
}

fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(folder());
    command
}

/// Installs exactly what the lock file says, once per lock file.
fn install() -> Result<()> {
    let lock = modified(&folder().join("package-lock.json"))?;
    let installed = folder().join("node_modules/.package-lock.json");
    if installed.exists() && modified(&installed)? >= lock {
        return Ok(());
    }
    must(&mut npm(&["ci", "--silent"])).context("the web pages need Node.js 20.19 or newer with npm")
}

/// Tells whether the built page is newer than every source.
fn is_fresh() -> Result<bool> {
    let page = folder().join("dist/index.html");
    if !page.exists() {
        return Ok(false);
    }
    let built = modified(&page)?;
    for entry in fs::read_dir(folder())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !["node_modules", "dist", "e2e"].contains(&name.as_str()) && newest(&path)? > built {
            return Ok(false);
        }
    }
    Ok(true)
}

fn newest(path: &Path) -> Result<SystemTime> {
    let mut newest = modified(path)?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            newest = newest.max(self::newest(&entry?.path())?);
        }
    }
    Ok(newest)
}

fn modified(path: &Path) -> Result<SystemTime> {
    let metadata = fs::metadata(path).with_context(|| format!("cannot look at {}", path.display()))?;
    Ok(metadata.modified()?)
}

fn find_browser() -> Result<()> {
    if Path::new(BROWSER).exists() {
        return Ok(());
    }
    println!("installing chromium; this takes a minute, once on a machine");
    let installed = Command::new("apt-get").args(["install", "--yes", "--quiet", "chromium"]).status();
    if !installed.is_ok_and(|status| status.success()) {
        bail!("the tests of the web pages drive {BROWSER}: install Debian's package `chromium`");
    }
    Ok(())
}
