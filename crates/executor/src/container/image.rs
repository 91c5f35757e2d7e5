//! Images of an engine: there already, or pulled, with what they say of their containers.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::errors::Error as EngineError;
use bollard::models::ImageInspect;
use bollard::query_parameters::CreateImageOptions;
use futures::StreamExt;
use pipewright_engine::{Failure, FailureReason, Launch};
use pipewright_images::{Credentials, Reference};
use pipewright_plan::{TaskPlatform, Value};

use crate::objects::{ObjectKind, Registry};
use crate::process::teller::Teller;

/// How often progress is told.
const PAUSE: Duration = Duration::from_secs(2);

/// When an image is fetched from its registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    Always,
    IfNotPresent,
    Never,
}

impl Policy {
    /// Reads what the task says. Without it, images named `latest` are asked for each time, as pods do.
    pub(super) fn of(platform: &TaskPlatform, image: &Reference) -> Self {
        match platform.placement.get("imagePullPolicy").and_then(Value::as_str) {
            Some("Always") => Self::Always,
            Some("Never") => Self::Never,
            Some("IfNotPresent") => Self::IfNotPresent,
            _ if image.is_latest() => Self::Always,
            _ => Self::IfNotPresent,
        }
    }

    fn is_said(platform: &TaskPlatform) -> bool {
        platform.placement.contains_key("imagePullPolicy")
    }
}

/// An image that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Names it whatever happens to its tag.
    pub(super) id: String,
    /// Of the registry's manifest; the id where it came from no registry.
    pub(super) digest: String,
    pub(super) user: String,
    pub(super) env: Vec<(String, String)>,
    pub(super) entrypoint: Vec<String>,
    pub(super) cmd: Vec<String>,
    pub(super) working_directory: Option<PathBuf>,
}

impl Facts {
    fn of(found: ImageInspect) -> Self {
        let config = found.config.unwrap_or_default();
        let pair =
            |text: &String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let id = found.id.unwrap_or_default();
        let id = if id.contains(':') { id } else { format!("sha256:{id}") };
        let digests = found.repo_digests.unwrap_or_default();
        let digest =
            digests.iter().find_map(|name| name.split_once('@')).map(|(_, digest)| digest.to_owned());
        Self {
            digest: digest.unwrap_or_else(|| id.clone()),
            id,
            user: config.user.unwrap_or_default(),
            env: config.env.unwrap_or_default().iter().filter_map(pair).collect(),
            entrypoint: config.entrypoint.unwrap_or_default(),
            cmd: config.cmd.unwrap_or_default(),
            working_directory: config.working_dir.filter(|path| path.starts_with('/')).map(PathBuf::from),
        }
    }
}

/// Looks at an image that may be there.
pub(super) async fn look(docker: &Docker, image: &str) -> Result<Option<Facts>, String> {
    match docker.inspect_image(image).await {
        Ok(found) => Ok(Some(Facts::of(found))),
        Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Sees to it that the task's image is there, as its policy says.
pub(super) async fn ensure(
    docker: &Docker,
    launch: &Launch,
    objects: &Registry,
    teller: &Teller,
) -> Result<Facts, Failure> {
    let image = &launch.image;
    let platform = &launch.container.platform;
    let reference = Reference::parse(image).map_err(|error| refused(error.to_string(), None))?;
    let policy = Policy::of(platform, &reference);
    let failed = |why: String| refused(format!("failed to look for image `{image}`: {why}"), None);
    let found = look(docker, image).await.map_err(failed)?;
    match (policy, found) {
        (Policy::IfNotPresent | Policy::Never, Some(found)) => return Ok(found),
        (Policy::Never, None) => {
            return Err(refused(
                format!("image `{image}` is not here, and its pull policy is Never"),
                Some(format!("load it into the engine: docker load, docker build -t {image}")),
            ));
        }
        (Policy::Always, found) => match (pull(docker, &reference, launch, objects, teller).await, found) {
            (Ok(()), _) => {}
            // Nobody demanded it: an image that was built here has no registry.
            (Err(failure), Some(found)) if !Policy::is_said(platform) => {
                teller.note(format!("image {image} is taken as it is here: {}", failure.message)).await;
                return Ok(found);
            }
            (Err(failure), _) => return Err(failure),
        },
        (Policy::IfNotPresent, None) => pull(docker, &reference, launch, objects, teller).await?,
    }
    let found = look(docker, image).await.map_err(failed)?;
    found.ok_or_else(|| refused(format!("image `{image}` was pulled and is not there"), None))
}

async fn pull(
    docker: &Docker,
    reference: &Reference,
    launch: &Launch,
    objects: &Registry,
    teller: &Teller,
) -> Result<(), Failure> {
    let mut credentials = Credentials::of_user();
    for name in secrets_of(&launch.container.platform) {
        let Some(registry) = objects.get() else { continue };
        let found = registry.find(&launch.namespace, ObjectKind::Secret, &name).await;
        match found.map_err(|error| refused(format!("failed to look up secret `{name}`: {error}"), None))? {
            Some(secret) => {
                if !add(&mut credentials, &secret) {
                    let hint = "a secret for registries has a key .dockerconfigjson".to_owned();
                    return Err(refused(
                        format!("secret `{name}` holds no credentials of registries"),
                        Some(hint),
                    ));
                }
            }
            // As on a cluster: the image may be had without it.
            None => teller.note(format!("secret `{name}`, which is to pull the image, does not exist")).await,
        }
    }
    let name = reference.to_string();
    let registry = reference.registry.clone();
    let known = tokio::task::spawn_blocking(move || credentials.find(&registry)).await.ok().flatten();
    let known = known.map(|(username, password)| DockerCredentials {
        username: Some(username),
        password: Some(password),
        serveraddress: Some(reference.registry.clone()),
        ..DockerCredentials::default()
    });
    teller.note(format!("pulling image {name}")).await;
    let options = CreateImageOptions { from_image: Some(name.clone()), ..CreateImageOptions::default() };
    let mut stream = docker.create_image(Some(options), None, known);
    let mut layers: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut told = Instant::now();
    while let Some(step) = stream.next().await {
        let step = step.map_err(|error| {
            let hint = "check its name and the network, log in with `docker login`, or load the image into the engine";
            refused(format!("failed to pull image `{name}`: {}", reason(&error)), Some(hint.to_owned()))
        })?;
        if let (Some(layer), Some(progress)) = (step.id, step.progress_detail)
            && let (Some(current), Some(total)) = (progress.current, progress.total)
        {
            layers.insert(layer, (current, total));
        }
        if told.elapsed() >= PAUSE && !layers.is_empty() {
            told = Instant::now();
            let (here, all) = layers.values().fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
            let megabytes = |bytes: i64| bytes as f64 / 1e6;
            teller
                .note(format!("pulling image {name}: {:.0} of {:.0} MB", megabytes(here), megabytes(all)))
                .await;
        }
    }
    Ok(())
}

/// Names the secrets with which the task's image is pulled, in the words of both dialects.
fn secrets_of(platform: &TaskPlatform) -> Vec<String> {
    let lists = ["imagePullSecret", "imagePullSecrets"]
        .iter()
        .filter_map(|key| platform.placement.get(*key)?.as_array());
    let name = |entry: &Value| {
        ["secretName", "name"].iter().find_map(|key| Some(entry.get(*key)?.as_str()?.to_owned()))
    };
    lists.flatten().filter_map(name).collect()
}

fn add(credentials: &mut Credentials, secret: &Value) -> bool {
    use base64::Engine as _;
    let text = secret.pointer("/data/.dockerconfigjson").and_then(Value::as_str);
    let document = text.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    document.is_some_and(|document| credentials.add(&document))
}

/// Says what an engine's answer says, without the words around it.
pub(super) fn reason(error: &EngineError) -> String {
    match error {
        EngineError::DockerResponseServerError { message, .. } => message.clone(),
        EngineError::DockerStreamError { error } => error.clone(),
        other => other.to_string(),
    }
}

pub(super) fn refused(message: String, hint: Option<String>) -> Failure {
    Failure { reason: FailureReason::NotStarted, message, hint, exit_code: None }
}
