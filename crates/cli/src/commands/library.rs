//! Workflow templates that a pipeline file refers to, from where they are kept. Most files refer to none.

use anyhow::Result;
use pipewright_compiler::{Diagnostics, Library};

use super::registry::Registry;
use crate::args::{Home, Place};
use crate::client::Client;
use crate::contexts::server_of;
use crate::runtime;
use crate::settings::home_folder;

/// Namespace of the objects of runs.
const NAMESPACE: &str = "default";

/// Where such templates are kept.
pub(crate) enum Shelf<'a> {
    /// Where a command looks for objects.
    Place(&'a Place),
    /// A home folder.
    Home(&'a Home),
    /// A server by its address.
    Server(&'a str),
    /// A server that is asked already.
    Client(&'a Client),
}

/// Compiles a text, with the templates of that place when it cannot do without.
pub(crate) async fn compiled<T>(
    text: &[u8],
    shelf: Shelf<'_>,
    compile: impl Fn(&[u8], &Library) -> Result<T, Diagnostics>,
) -> Result<Result<T, Diagnostics>> {
    let first = compile(text, &Library::default());
    let is_wanting = |found: &Diagnostics| found.iter().any(|one| one.code == "unknown-object");
    match first {
        Err(found) if is_wanting(&found) && Library::is_wanted(text) => Ok(compile(text, &of(shelf).await?)),
        other => Ok(other),
    }
}

/// Does the same outside of a runtime.
pub(crate) fn compiled_here<T>(
    text: &[u8],
    place: &Place,
    compile: impl Fn(&[u8], &Library) -> Result<T, Diagnostics>,
) -> Result<Result<T, Diagnostics>> {
    if !Library::is_wanted(text) {
        return Ok(compile(text, &Library::default()));
    }
    runtime()?.block_on(compiled(text, Shelf::Place(place), compile))
}

async fn of(shelf: Shelf<'_>) -> Result<Library> {
    let registry = match shelf {
        Shelf::Server(url) => Registry::Server(Client::new(url)?),
        Shelf::Client(client) => Registry::Server(client.clone()),
        Shelf::Place(place) => match server_of(place)? {
            Some(url) => Registry::Server(Client::new(&url)?),
            None => return Box::pin(of(Shelf::Home(&place.home))).await,
        },
        // Looking must not make a home folder.
        Shelf::Home(home) if !home_folder(home)?.is_dir() => return Ok(Library::default()),
        Shelf::Home(home) => Registry::of_home(home)?,
    };
    let mut found = Vec::new();
    for kind in Library::KINDS {
        found.extend(registry.list(NAMESPACE, Some(kind)).await?);
    }
    registry.close().await;
    Ok(Library::new(found))
}
