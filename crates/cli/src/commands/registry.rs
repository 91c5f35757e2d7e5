//! The object registry from here: a server's, or that of a home folder that nobody else uses now.

use anyhow::Result;
use pipewright_engine::Submit;
use pipewright_store::{Error, ObjectAuthor, ObjectKey, ObjectWrite, Store};
use serde_json::Value;

use crate::args::{Durability, Home, Place};
use crate::client::{Client, escape};
use crate::compose::open_store;
use crate::contexts::server_of;
use crate::home::{self, Claim, Lock};
use crate::settings::home_folder;
use crate::source::BadInput;

const ROOT: &str = "/apis/pipewright/v1/namespaces";

/// An open registry.
pub(crate) enum Registry {
    Server(Client),
    Folder { store: Store, _lock: Lock },
}

impl Registry {
    /// Opens the registry that was asked for; a home folder is made when it is missing.
    pub(crate) fn open(place: &Place) -> Result<Self> {
        if let Some(url) = server_of(place)? {
            return Ok(Self::Server(Client::new(&url)?));
        }
        Self::of_home(&place.home)
    }

    /// Opens the registry of a home folder, which is made when it is missing.
    pub(crate) fn of_home(home: &Home) -> Result<Self> {
        let home = home_folder(home)?;
        match home::claim(&home)? {
            Claim::Ours(lock) => {
                Ok(Self::Folder { store: open_store(&home, Durability::Full)?, _lock: lock })
            }
            Claim::Theirs(occupied) => match &occupied.url {
                Some(url) => Ok(Self::Server(Client::of_home(url, occupied.token.as_ref())?)),
                None => Err(occupied.into()),
            },
        }
    }

    /// Returns the namespace that is meant: named, that of the context, or the default one.
    pub(crate) fn namespace<'n>(&'n self, named: Option<&'n str>) -> &'n str {
        let of_context = match self {
            Self::Server(client) => client.namespace(),
            Self::Folder { .. } => "",
        };
        let meant = named.unwrap_or(of_context);
        if meant.is_empty() { Submit::DEFAULT_NAMESPACE } else { meant }
    }

    /// Finishes what was begun.
    pub(crate) async fn close(self) {
        if let Self::Folder { store, .. } = self {
            store.close().await;
        }
    }

    /// Lists objects as they may be shown.
    pub(crate) async fn list(&self, namespace: &str, kind: Option<&str>) -> Result<Vec<Value>> {
        match self {
            Self::Server(client) => {
                let filter = kind.map_or_else(String::new, |kind| format!("?kind={}", escape(kind)));
                let mut page = client.get(&format!("{ROOT}/{}/objects{filter}", escape(namespace))).await?;
                Ok(serde_json::from_value(page["objects"].take())?)
            }
            Self::Folder { store, .. } => {
                let objects = store.list_objects(Some(namespace), kind).await?;
                Ok(objects.iter().map(|object| store.shown_object(object)).collect())
            }
        }
    }

    /// Returns one object as it may be shown.
    pub(crate) async fn get(&self, key: &ObjectKey) -> Result<Value> {
        match self {
            Self::Server(client) => client.get(&path_of(key)).await,
            Self::Folder { store, .. } => {
                let object = match store.get_object(key).await {
                    Err(Error::NotFound { .. }) => store.get_object(&other_group(store, key).await?).await,
                    other => other,
                };
                Ok(store.shown_object(&object.map_err(as_input)?))
            }
        }
    }

    /// Writes one object and returns it as it may be shown.
    pub(crate) async fn write(&self, namespace: &str, manifest: Value, may_replace: bool) -> Result<Value> {
        match self {
            Self::Server(client) => {
                let apply = if may_replace { "?apply=true" } else { "" };
                client.post(&format!("{ROOT}/{}/objects{apply}", escape(namespace)), &manifest).await
            }
            Self::Folder { store, .. } => {
                let how = if may_replace { ObjectWrite::Apply } else { ObjectWrite::Create };
                let made = store.write_object(namespace, manifest, how, &ObjectAuthor::default()).await;
                Ok(store.shown_object(&made.map_err(as_input)?))
            }
        }
    }

    /// Deletes one object.
    pub(crate) async fn delete(&self, key: &ObjectKey) -> Result<()> {
        match self {
            Self::Server(client) => client.delete(&path_of(key)).await,
            Self::Folder { store, .. } => {
                let nobody = ObjectAuthor::default();
                match store.delete_object(key, &nobody).await {
                    Err(Error::NotFound { .. }) => {
                        let other = other_group(store, key).await?;
                        Ok(store.delete_object(&other, &nobody).await.map_err(as_input)?)
                    }
                    other => Ok(other.map_err(as_input)?),
                }
            }
        }
    }
}

fn path_of(key: &ObjectKey) -> String {
    format!("{ROOT}/{}/objects/{}/{}", escape(&key.namespace), escape(&key.kind), escape(&key.name))
}

/// Kinds of one name in several groups are rare; nobody needs to name the group.
async fn other_group(store: &Store, key: &ObjectKey) -> Result<ObjectKey> {
    let others = store.list_objects(Some(&key.namespace), Some(&key.kind)).await?;
    let found = others.into_iter().find(|object| object.key.name == key.name).map(|object| object.key);
    Ok(found.unwrap_or_else(|| key.clone()))
}

/// What a user can mend is wrong input.
fn as_input(error: Error) -> anyhow::Error {
    match error {
        Error::Invalid(_) | Error::NotFound { .. } | Error::Exists { .. } | Error::Conflict { .. } => {
            BadInput(error.to_string()).into()
        }
        other => other.into(),
    }
}
