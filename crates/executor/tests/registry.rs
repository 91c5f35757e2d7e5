//! Images of a private registry on loopback: credentials from secrets and from Docker's own file, policies, digests.
//!
//! Podman speaks to registries without TLS where its settings name them: the port that they name is that of
//! `PIPEWRIGHT_TEST_REGISTRY`.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]
#![allow(unsafe_code, reason = "sets a variable before there is a second thread")]

mod support;

#[path = "../../images/tests/support/mod.rs"]
mod registry;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use pipewright_engine::{FailureReason, Launch, Observation, Observed, RunId};
use pipewright_executor::{ImageState, ObjectKind, Objects, Registry as Kept, process};
use pipewright_plan::Value;
use serde_json::json;

use registry::{BASIC, Registry};
use support::kinds::{Kind, World, connect, engines};

/// Knows two secrets for registries.
struct Secrets {
    right: String,
    wrong: String,
}

impl Objects for Secrets {
    fn find(
        &self,
        _namespace: &str,
        _kind: ObjectKind,
        name: &str,
    ) -> BoxFuture<'_, Result<Option<Value>, String>> {
        use base64::Engine as _;
        let secret = |text: &str| {
            let encoded = base64::engine::general_purpose::STANDARD.encode(text);
            json!({ "data": { ".dockerconfigjson": encoded } })
        };
        let found = match name {
            "right" => Some(secret(&self.right)),
            "wrong" => Some(secret(&self.wrong)),
            "token" => Some(json!({ "data": { "key": "eA==" } })),
            _ => None,
        };
        Box::pin(async move { Ok(found) })
    }

    fn claim_folder(&self, _namespace: &str, _name: &str) -> Result<std::path::PathBuf, String> {
        Err("there are no claims".to_owned())
    }

    fn workspace_folder(&self, _run: &RunId) -> std::path::PathBuf {
        std::path::PathBuf::new()
    }
}

/// Publishes an image that says something; returns the digest of its index.
fn publish(registry: &Registry, layer: &[u8], says: &str) -> String {
    let settings = json!({
        "Env": ["PATH=/bin"], "Entrypoint": ["/bin/sh", "-c"], "Cmd": [format!("echo {says}")],
    });
    registry.publish("1", layer, &settings).0
}

/// Makes a layer that no engine has seen before, and that does not pack well.
fn layer() -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let mut salt = moment();
    let mut bytes = Vec::new();
    while bytes.len() < 4 << 20 {
        salt = Sha256::digest(&salt).to_vec();
        bytes.extend_from_slice(&salt);
    }
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "srv/salt", bytes.as_slice()).unwrap();
    let mut layer = support::layer();
    // Without the end of the archive.
    layer.truncate(layer.len() - 1024);
    layer.extend(builder.into_inner().unwrap());
    layer
}

fn moment() -> Vec<u8> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("{} {}", now.as_nanos(), std::process::id()).into_bytes()
}

/// What was told of an attempt on its way.
struct Told {
    notes: Vec<String>,
    digest: Option<String>,
    outcome: Result<String, (FailureReason, String)>,
}

async fn run(world: &mut World, launch: Launch) -> Told {
    let mut told = Told { notes: Vec::new(), digest: None, outcome: Ok(String::new()) };
    world.executor.launch(launch.clone()).await;
    loop {
        let Observation { attempt, observed, .. } = world.observations.recv().await.unwrap();
        assert_eq!(attempt, launch.attempt);
        match observed {
            Observed::Preparing { note } => told.notes.push(note),
            Observed::Started { image, .. } => told.digest = image,
            Observed::Ended { end } => {
                let text = std::fs::read_to_string(process::log_path(world.home.path(), &attempt));
                let own = text.unwrap_or_default();
                let own = own.lines().filter(|line| !line.starts_with("pipewright: "));
                told.outcome = match *end {
                    pipewright_engine::AttemptEnd::Succeeded { .. } => Ok(own.collect::<Vec<_>>().join("\n")),
                    pipewright_engine::AttemptEnd::Failed { failure, .. } => {
                        Err((failure.reason, failure.message))
                    }
                };
                return told;
            }
        }
    }
}

fn with(mut launch: Launch, image: &str, policy: Option<&str>, secrets: &[&str]) -> Launch {
    launch.image = image.to_owned();
    let placement = &mut launch.container.platform.placement;
    if let Some(policy) = policy {
        placement.insert("imagePullPolicy".to_owned(), policy.into());
    }
    if !secrets.is_empty() {
        let named: Vec<Value> = secrets.iter().map(|name| json!({ "name": name })).collect();
        placement.insert("imagePullSecrets".to_owned(), named.into());
    }
    launch
}

/// `config` is Docker's own folder.
async fn check(socket: &Path, registry: &Registry, config: &Path) {
    let _ = std::fs::remove_file(config.join("config.json"));
    let secrets = Secrets { right: registry.login(BASIC), wrong: registry.login("Basic eDp5") };
    let objects = Kept::new(Arc::new(secrets));
    let mut world = World::new(&Kind::Engine(socket.to_owned()), |_| objects.clone()).await;
    let image = format!("{}/team/tool:1", registry.address);
    let layer = layer();
    let digest = publish(registry, &layer, "first");
    let asked = || std::mem::take(&mut *registry.asked.lock().unwrap());

    let docker = connect(socket).await;
    let remove = || bollard::query_parameters::RemoveImageOptions { force: true, ..Default::default() };
    // One that failed before may have left it.
    let _ = docker.remove_image(&image, Some(remove()), None).await;

    // Nobody may have it without credentials, or with others; what is no secret for registries is told.
    for (secrets, expected) in [
        (&[][..], "failed to pull image"),
        (&["wrong"], "failed to pull image"),
        (&["token"], "holds no credentials of registries"),
    ] {
        let launch = with(world.launch(&[]), &image, Some("IfNotPresent"), secrets);
        let told = run(&mut world, launch).await;
        let (reason, message) = told.outcome.unwrap_err();
        assert_eq!(reason, FailureReason::NotStarted);
        assert!(message.contains(expected), "{secrets:?}: {message}");
    }
    let launch = with(world.launch(&[]), &image, Some("Never"), &["right"]);
    asked();
    let (_, message) = run(&mut world, launch).await.outcome.unwrap_err();
    assert!(message.contains("its pull policy is Never"), "{message}");
    assert_eq!(asked(), Vec::<String>::new());

    // A secret that is missing is passed over; the digest of what was pulled is told with the start.
    assert_eq!(world.executor.image(&image, None).await, ImageState::Unknown);
    *registry.pause.lock().unwrap() = Duration::from_millis(700);
    let launch = with(world.launch(&[]), &image, None, &["lost", "right"]);
    let told = run(&mut world, launch).await;
    *registry.pause.lock().unwrap() = Duration::ZERO;
    assert_eq!(told.outcome, Ok("first".to_owned()), "{:?}", told.notes);
    assert!(told.notes.iter().any(|note| note.contains("`lost`")), "{:?}", told.notes);
    assert!(told.notes.iter().any(|note| *note == format!("pulling image {image}")), "{:?}", told.notes);
    let progress = told.notes.iter().any(|note| note.starts_with("pulling image ") && note.ends_with(" MB"));
    // Podman tells no numbers over this API.
    assert!(progress || socket.display().to_string().contains("podman"), "{:?}", told.notes);
    let ImageState::Digest(known) = world.executor.image(&image, None).await else { panic!("no digest") };
    assert_eq!(told.digest.as_deref(), Some(&*known));
    assert!(known == digest || registry.files.lock().unwrap().keys().any(|path| path.ends_with(&known)));

    // What is here is not asked for again, unless always; then the name may have moved on.
    publish(registry, &layer, "second");
    for (policy, expected, is_asked) in [
        (None, "first", false),
        (Some("IfNotPresent"), "first", false),
        (Some("Never"), "first", false),
        (Some("Always"), "second", true),
    ] {
        asked();
        let launch = with(world.launch(&[]), &image, policy, &["right"]);
        let told = run(&mut world, launch).await;
        assert_eq!(told.outcome, Ok(expected.to_owned()), "{policy:?} {:?}", told.notes);
        assert_eq!(!asked().is_empty(), is_asked, "{policy:?}");
        assert_eq!(told.digest.as_deref() == Some(&*known), !is_asked, "{policy:?}");
    }

    // As `docker login` leaves it.
    std::fs::write(config.join("config.json"), registry.login(BASIC)).unwrap();
    publish(registry, &layer, "third");
    let launch = with(world.launch(&[]), &image, Some("Always"), &[]);
    assert_eq!(run(&mut world, launch).await.outcome, Ok("third".to_owned()));
    world.assert_nothing_is_left().await;
    docker.remove_image(&image, Some(remove()), None).await.unwrap();
}

#[test]
fn images_of_a_private_registry_are_run() {
    let config = tempfile::tempdir().unwrap();
    // SAFETY: there is no other thread yet that reads variables.
    unsafe { std::env::set_var("DOCKER_CONFIG", config.path()) };
    let port = std::env::var("PIPEWRIGHT_TEST_REGISTRY").ok().and_then(|port| port.parse().ok()).unwrap_or(0);
    let registry = Registry::start(port);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for socket in engines() {
        runtime.block_on(check(&socket, &registry, config.path()));
    }
}
