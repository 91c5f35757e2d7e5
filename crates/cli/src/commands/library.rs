//! Workflow templates that a pipeline file refers to, from where they are kept. Most files refer to none.

use anyhow::Result;
use pipewright_compiler::{Diagnostics, Library};
use pipewright_engine::Submit;

use super::registry::Registry;
use crate::args::{Home, Place};
use crate::client::{Client, Refused};
use crate::contexts::server_of;
use crate::runtime;
use crate::settings::home_folder;

/// Where such templates are kept.
pub(crate) enum Shelf<'a> {
    /// Where a command looks for objects.
    Place(&'a Place),
    /// A home folder.
    Home(&'a Home),
    /// A server that is asked already.
    Client(&'a Client),
}

/// Compiles a text, with the templates of that place when it cannot do without.
pub(crate) async fn compiled<T>(
    text: &[u8],
    (shelf, namespace): (Shelf<'_>, Option<&str>),
    compile: impl Fn(&[u8], &Library) -> Result<T, Diagnostics>,
) -> Result<Result<T, Diagnostics>> {
    let first = compile(text, &Library::default());
    let is_wanting = |found: &Diagnostics| found.iter().any(|one| one.code == "unknown-object");
    match first {
        Err(found) if is_wanting(&found) && Library::is_wanted(text) => {
            Ok(compile(text, &of(shelf, namespace).await?))
        }
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
    runtime()?.block_on(compiled(text, (Shelf::Place(place), place.namespace.as_deref()), compile))
}

async fn of(shelf: Shelf<'_>, namespace: Option<&str>) -> Result<Library> {
    let registry = match shelf {
        Shelf::Client(client) => Registry::Server(client.clone()),
        Shelf::Place(place) => match server_of(place)? {
            Some(url) => Registry::Server(Client::new(&url)?),
            None => return Box::pin(of(Shelf::Home(&place.home), namespace)).await,
        },
        // Looking must not make a home folder.
        Shelf::Home(home) if !home_folder(home)?.is_dir() => return Ok(Library::default()),
        Shelf::Home(home) => Registry::of_home(home)?,
    };
    let [of_namespace, of_cluster] = Library::KINDS;
    let namespace = registry.namespace(namespace);
    let mut found = registry.list(namespace, Some(of_namespace)).await?;
    match registry.list(Submit::DEFAULT_NAMESPACE, Some(of_cluster)).await {
        Ok(all) => found.extend(all),
        // Who has no role there learns on the server what it has for all namespaces.
        Err(error) if namespace != Submit::DEFAULT_NAMESPACE && error.is::<Refused>() => {}
        Err(error) => return Err(error),
    }
    registry.close().await;
    Ok(Library::new(found))
}
