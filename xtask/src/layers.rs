//! Checks the arrows between the crates against those that ARCHITECTURE.md allows.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::workspace;

/// Who may depend on whom. Tests may depend on more.
const ALLOWED: &[(&str, &[&str])] = &[
    ("plan", &[]),
    ("artifacts", &[]),
    ("images", &[]),
    ("compiler", &["plan"]),
    ("engine", &["plan"]),
    ("launcher", &["plan", "artifacts"]),
    ("executor", &["engine", "plan", "images"]),
    ("store", &["engine", "plan"]),
    ("controller", &["store", "executor", "artifacts", "engine", "plan"]),
    ("server", &["store", "compiler", "artifacts", "plan", "executor"]),
    (
        "cli",
        &[
            "server",
            "controller",
            "store",
            "executor",
            "artifacts",
            "images",
            "compiler",
            "launcher",
            "engine",
            "plan",
        ],
    ),
    ("xtask", &[]),
];

/// The rooms that hold no I/O, no runtime and no clock, and what they may not depend on.
const PURE: &[&str] = &["plan", "compiler", "engine"];
const IMPURE: &[&str] = &["tokio", "hyper", "axum", "rusqlite", "reqwest", "tracing", "rustix", "libc"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `null` for a normal dependency.
    kind: Option<String>,
}

/// Reads `cargo metadata` and fails on the first arrow too many, after naming all of them.
pub fn run() -> Result<()> {
    let output = workspace::cargo(&["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .context("cannot start cargo metadata")?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cannot read cargo metadata")?;
    let found = arrows(&metadata);
    let wrong = violations(&found);
    if !wrong.is_empty() {
        for line in &wrong {
            eprintln!("{line}");
        }
        bail!("{} arrow(s) that ARCHITECTURE.md does not allow", wrong.len());
    }
    println!("layers: {} crates keep to the allowed arrows", found.len());
    Ok(())
}

fn arrows(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let room = |name: &str| name.strip_prefix("pipewright-").unwrap_or(name).to_owned();
    metadata
        .packages
        .iter()
        .map(|package| {
            let normal = package.dependencies.iter().filter(|dependency| dependency.kind.is_none());
            (room(&package.name), normal.map(|dependency| dependency.name.clone()).collect())
        })
        .collect()
}

fn violations(found: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (room, dependencies) in found {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == room) else {
            wrong.push(format!("`{room}` is unknown: add it to the arrows in xtask/src/layers.rs"));
            continue;
        };
        for dependency in dependencies {
            match dependency.strip_prefix("pipewright-") {
                Some(inner) if !allowed.contains(&inner) => {
                    wrong.push(format!("`{room}` may not depend on `{inner}`"));
                }
                None if PURE.contains(&room.as_str()) && IMPURE.contains(&dependency.as_str()) => {
                    wrong.push(format!("`{room}` is pure and may not depend on `{dependency}`"));
                }
                _ => {}
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(room: &str, dependencies: &[&str], expected: &[&str]) {
        let found = BTreeMap::from([(
            room.to_owned(),
            dependencies.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(),
        )]);
        assert_eq!(violations(&found), expected, "{room} > {dependencies:?}");
    }

    #[test]
    fn arrows_are_checked() {
        check("engine", &["pipewright-plan", "serde"], &[]);
        check("engine", &["pipewright-store"], &["`engine` may not depend on `store`"]);
        check("server", &["pipewright-controller"], &["`server` may not depend on `controller`"]);
        check("plan", &["tokio"], &["`plan` is pure and may not depend on `tokio`"]);
        check("attic", &[], &["`attic` is unknown: add it to the arrows in xtask/src/layers.rs"]);
    }
}
