//! `cargo xtask test`: everything that must hold, in the order in which it fails fastest.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::workspace::{self, cargo, must};
use crate::{containers, crash, fuzz, layers, python, ui};

/// Which part to run.
#[derive(clap::Args)]
pub struct Args {
    /// Step to run: format, layers, lint, deny, unit, ui, crash, containers, sdk, fuzz; all when left out.
    steps: Vec<String>,
}

/// How often `cargo xtask test` kills the server; `cargo xtask crash` does it 30 times.
const KILLS: u32 = 6;

/// Whatever engine a machine has: containers have a step of their own.
const EXECUTOR: &str = "PIPEWRIGHT_EXECUTOR";

/// Requests that `cargo xtask test` makes up at least; `cargo xtask fuzz` sends 20 000.
const FUZZED: u32 = 300;

/// Checks what the binary links.
const DENY: &str = "cargo-deny@0.20.2";

type Step = (&'static str, fn() -> Result<()>);

const STEPS: &[Step] = &[
    ("format", format),
    ("layers", layers::run),
    ("lint", lint),
    ("deny", deny),
    ("unit", unit),
    ("ui", ui::test),
    ("crash", kill),
    ("containers", containers::run),
    ("sdk", sdk),
    ("fuzz", || fuzz::fuzz(FUZZED, "dev")),
];

/// Runs the steps; stops at the first that fails.
pub fn run(args: &Args) -> Result<()> {
    if let Some(unknown) = args.steps.iter().find(|step| !STEPS.iter().any(|(name, _)| name == step)) {
        bail!("no step is named `{unknown}`");
    }
    let started = Instant::now();
    for (name, step) in STEPS {
        if args.steps.is_empty() || args.steps.iter().any(|wanted| wanted == name) {
            let begun = Instant::now();
            println!("== {name}");
            step()?;
            println!("== {name}: passed in {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
    println!("all tests passed in {:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn format() -> Result<()> {
    must(&mut cargo(&["fmt", "--all", "--check"]))
}

fn lint() -> Result<()> {
    must(&mut cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Licences, sources and banned crates. Advisories are left out: their database is no package registry's.
fn deny() -> Result<()> {
    let installed = cargo(&["deny", "--version"]).output().is_ok_and(|output| output.status.success());
    if !installed {
        println!("installing {DENY}; this takes some minutes, once on a machine");
        must(&mut cargo(&["install", "--quiet", "--debug", "--locked", "--no-default-features", DENY]))?;
    }
    must(&mut cargo(&["fetch", "--quiet", "--locked"]))?;
    let check = ["check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    must(cargo(&["deny", "--offline", "--log-level", "error"]).args(check))
}

/// Unit and integration tests, the conformance corpus among them: it runs pipelines through the real binary,
/// whose Python steps find the pinned SDK by `pip`.
fn unit() -> Result<()> {
    python::host_python()?;
    must(cargo(&["test", "--quiet", "--workspace"]).env(EXECUTOR, "process"))
}

fn kill() -> Result<()> {
    let binary = workspace::build("dev")?;
    crash::soak(&binary, KILLS, u64::from(std::process::id()), "0.1")
}

/// The official SDKs against a real server. What wants the 1.x SDK passes itself over in the other's environment.
fn sdk() -> Result<()> {
    let binary = workspace::build("dev")?;
    let v1 = ["client_v1", "errors_v1", "published_v1", "whole", "namespaces"]
        .map(|name| format!("conformance/sdk/test_{name}.py"));
    let all = ["conformance/sdk".to_owned()];
    for (sdk, tests) in [(python::SDK, &all[..]), (python::SDK_V1, &v1)] {
        must(
            Command::new(python::environment(&sdk)?)
                .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
                .args(tests)
                .env("PIPEWRIGHT", &binary)
                .env(EXECUTOR, "process")
                .current_dir(workspace::root()),
        )?;
    }
    Ok(())
}
