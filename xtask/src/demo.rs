//! `cargo xtask demo`: the crypto-forecasting example on a server of its own, from nothing to its metrics.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::served::Served;
use crate::{ui, workspace};

/// How to show it.
#[derive(clap::Args)]
pub struct Args {
    /// Runs every step anew instead of taking unchanged results from the cache.
    #[arg(long)]
    no_cache: bool,
}

const EXAMPLE: &str = "examples/crypto-forecasting/pipeline.yaml";

/// Builds, serves, runs, and says where everything lies.
pub fn run(args: &Args) -> Result<()> {
    println!("building the binary (the first time takes some minutes)");
    ui::build()?;
    let binary = workspace::build("fast")?;
    let root = workspace::root();
    let folder = root.join(".pipewright");
    let home = folder.join("demo");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let served = Served::start(&binary, &home, &[])?;
    println!("serving on {}", served.url);
    let mut command = Command::new(&binary);
    command.args(["run", EXAMPLE, "--server", &served.url, "--home"]).arg(&home).current_dir(&root);
    if args.no_cache {
        command.arg("--no-cache");
    }
    let status = command.status().context("cannot start pipewright")?;
    if !status.success() {
        bail!("the example did not succeed ({status}); the server's log is {}.log", home.display());
    }
    println!("\nEverything lies below {}:", home.display());
    println!("  artifacts/     what the steps made");
    println!("  attempts/      logs and exit reports");
    println!("  environments/  Python environments, reused by later runs");
    println!("Look again: {} runs list --home {}", binary.display(), home.display());
    println!(
        "In a browser: {} serve --home {}, then http://127.0.0.1:8080",
        binary.display(),
        home.display()
    );
    Ok(())
}
