//! `cargo xtask fuzz`: requests of every kind, right and wrong, against the real binary.
//!
//! The official API is described by the official packages themselves (`conformance/fuzz/openapi.py`), our own
//! additions by the server; schemathesis makes requests of both. What is no proper HTTP comes from
//! `conformance/fuzz/raw.py`. The server must neither make a mistake of its own nor fall silent nor keep memory.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::http;
use crate::python::{self, Sdk};
use crate::served::Served;
use crate::workspace::{self, must};

/// What makes requests, with the newest official package.
const FUZZ: Sdk = Sdk { folder: "fuzz-venv", requirements: "conformance/fuzz/requirements.txt" };
/// The official package of the v1 API.
const FUZZ_V1: Sdk = Sdk { folder: "fuzz-venv-v1", requirements: "conformance/fuzz/requirements-v1.txt" };

/// How much.
#[derive(clap::Args)]
pub struct Args {
    /// Requests to send at least
    #[arg(long, default_value_t = 20_000)]
    requests: u32,
    /// Profile to build the binary with
    #[arg(long, default_value = "fast")]
    profile: String,
}

/// Runs the command.
pub fn run(args: &Args) -> Result<()> {
    fuzz(args.requests, &args.profile)
}

/// Sends so many requests to a server of its own.
pub fn fuzz(requests: u32, profile: &str) -> Result<()> {
    let binary = workspace::build(profile)?;
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let script = |name: &str| workspace::root().join("conformance/fuzz").join(name);
    let mut documents: Vec<PathBuf> = Vec::new();
    for (sdk, name) in [(FUZZ, "v2beta1.json"), (FUZZ_V1, "v1beta1.json")] {
        let document = folder.path().join(name);
        must(Command::new(python::environment(&sdk)?).arg(script("openapi.py")).arg(&document))?;
        documents.push(document);
    }
    let served = Served::start(&binary, &folder.path().join("home"), &[])?;
    let own = folder.path().join("pipewright.json");
    std::fs::write(&own, own_document(&served.url)?).context("cannot write the document")?;
    documents.push(own);
    let (url, id) = (&served.url, served.id().to_string());
    must(Command::new(python::environment(&FUZZ)?).arg(script("raw.py")).arg(url).arg(&id))?;
    let mut command = Command::new(python::environment(&FUZZ)?);
    command.arg(script("fuzz.py")).arg(url).arg(&id).arg(requests.to_string());
    must(command.args(&documents))
}

/// Returns the description of our own additions without streams that go on for ever; `raw.py` asks for those.
fn own_document(url: &str) -> Result<String> {
    let mut document = http::call(url, "GET", "/apis/openapi/pipewright.json", None)?;
    let paths = document["paths"].as_object_mut().context("the document has no paths")?;
    paths.retain(|path, _| path != "/apis/pipewright/v1/events");
    Ok(document.to_string())
}
