//! Finds a container engine, and knows what it can do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};

use super::options::Error;

/// How long an engine may take to say that it is there; one that is busy with others takes its time.
const HELLO: Duration = Duration::from_secs(30);
/// How long one answer may take. Waiting for a container's end asks again.
const ANSWER_SECONDS: u64 = 120;

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFacts {
    pub socket: PathBuf,
    /// `Docker 20.10.24`
    pub name: String,
    pub is_podman: bool,
    pub is_rootless: bool,
    /// Containers have a network of their own by default.
    pub has_network: bool,
    /// Memory of containers can be limited.
    pub limits_memory: bool,
}

/// Looks for an engine that answers: where `DOCKER_HOST` says, else where Docker and Podman listen by custom.
pub async fn find_engine(socket: Option<&Path>) -> Result<EngineFacts, Error> {
    Ok(connect(socket).await?.1)
}

pub(super) async fn connect(socket: Option<&Path>) -> Result<(Docker, EngineFacts), Error> {
    let mut whys = Vec::new();
    for place in places(socket)? {
        if !place.exists() {
            whys.push(format!("{} is not there", place.display()));
            continue;
        }
        match ask(&place).await {
            Ok(found) => return Ok(found),
            Err(why) => whys.push(format!("{}: {why}", place.display())),
        }
    }
    Err(Error::NoEngine(whys.join("; ")))
}

fn places(socket: Option<&Path>) -> Result<Vec<PathBuf>, Error> {
    if let Some(socket) = socket {
        return Ok(vec![socket.to_owned()]);
    }
    if let Ok(host) = std::env::var("DOCKER_HOST")
        && !host.is_empty()
    {
        let path = host.strip_prefix("unix://").ok_or_else(|| {
            Error::NoEngine(format!(
                "DOCKER_HOST is {host}; an engine must be on this machine, at a unix:// socket"
            ))
        })?;
        return Ok(vec![PathBuf::from(path)]);
    }
    let user = rustix::process::getuid().as_raw();
    let runtime = std::env::var_os("XDG_RUNTIME_DIR")
        .map_or_else(|| PathBuf::from(format!("/run/user/{user}")), PathBuf::from);
    Ok(vec![
        PathBuf::from("/var/run/docker.sock"),
        runtime.join("docker.sock"),
        runtime.join("podman/podman.sock"),
        PathBuf::from("/run/podman/podman.sock"),
    ])
}

async fn ask(socket: &Path) -> Result<(Docker, EngineFacts), String> {
    let path = socket.to_str().ok_or("its path is no text")?;
    let docker = Docker::connect_with_unix(path, ANSWER_SECONDS, API_DEFAULT_VERSION)
        .map_err(|error| error.to_string())?;
    let talk = async {
        let docker = docker.negotiate_version().await.map_err(|error| error.to_string())?;
        let version = docker.version().await.map_err(|error| error.to_string())?;
        let info = docker.info().await.map_err(|error| error.to_string())?;
        let has_network = docker
            .inspect_network("bridge", None::<bollard::query_parameters::InspectNetworkOptions>)
            .await
            .is_ok_and(|network| network.driver.as_deref() == Some("bridge"));
        let components = version.components.unwrap_or_default();
        let is_podman = components.iter().any(|part| part.name.starts_with("Podman"));
        let number = version.version.unwrap_or_default();
        let facts = EngineFacts {
            socket: socket.to_owned(),
            name: format!("{} {number}", if is_podman { "Podman" } else { "Docker" }),
            is_podman,
            is_rootless: info
                .security_options
                .unwrap_or_default()
                .iter()
                .any(|option| option.contains("rootless")),
            has_network: has_network || is_podman,
            limits_memory: info.memory_limit.unwrap_or(false),
        };
        Ok((docker, facts))
    };
    tokio::time::timeout(HELLO, talk).await.map_err(|_| "it does not answer".to_owned())?
}
