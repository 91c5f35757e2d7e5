//! Servers that commands know by name, and what they show to them: `contexts.toml` in the user's configuration
//! folder, for its owner's eyes only.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use pipewright_server::access::write_private;
use serde::{Deserialize, Serialize};

use crate::args::Place;
use crate::env;
use crate::source::BadInput;

/// The file's content.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Contexts {
    /// Name of the one that is used when nothing else is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    #[serde(rename = "context", skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<Context>,
}

/// One server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    pub name: String,
    pub server: String,
    /// Where its user is at home, if its users have namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Cookie of a login by password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// File with certificates to trust besides the machine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

impl Contexts {
    /// Reads the file; one that is not there is empty.
    pub(crate) fn read() -> Result<Self> {
        let path = path()?;
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("cannot read {}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Writes the file, readable by its owner alone.
    pub(crate) fn write(&self) -> Result<()> {
        let path = path()?;
        let cannot = || format!("cannot write {}", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(cannot)?;
        }
        write_private(&path, toml::to_string(self)?.as_bytes()).with_context(cannot)
    }

    /// Returns the context of this name.
    pub(crate) fn find(&self, name: &str) -> Result<&Context> {
        self.all.iter().find(|context| context.name == name).ok_or_else(|| {
            BadInput(format!("there is no context `{name}`; `pipewright context list` shows those there are"))
                .into()
        })
    }

    /// Returns the context in use.
    pub(crate) fn current(&self) -> Option<&Context> {
        self.current.as_ref().and_then(|name| self.all.iter().find(|context| context.name == *name))
    }
}

fn path() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(env::CONTEXTS) {
        return Ok(PathBuf::from(path));
    }
    let folder = match std::env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::home_dir().context("this user has no home folder")?.join(".config"),
    };
    Ok(folder.join("pipewright").join("contexts.toml"))
}

/// Returns the server that a command is about, if it is about one: named by flag or variable, else that of the
/// context in use, unless a home folder is named.
pub(crate) fn server_of(place: &Place) -> Result<Option<String>> {
    if place.server.is_some() || place.home.home.is_some() {
        return Ok(place.server.clone());
    }
    Ok(Contexts::read()?.current().map(|context| context.server.clone()))
}

/// Returns what is known about a server: the context in use when it is that server's, else any that is.
pub(crate) fn known(server: &str) -> Result<Option<Context>> {
    let contexts = Contexts::read()?;
    let is_it = |context: &&Context| context.server.trim_end_matches('/') == server.trim_end_matches('/');
    let current = contexts.current().filter(is_it);
    Ok(current.or_else(|| contexts.all.iter().find(is_it)).cloned())
}
