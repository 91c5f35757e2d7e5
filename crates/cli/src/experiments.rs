//! Finds an experiment by its name, or makes it.

use anyhow::{Context, Result};
use pipewright_engine::Submit;
use pipewright_store::{ListQuery, NewExperiment, Store};
use serde_json::{Value, json};

use crate::client::{Client, escape};

fn filter(name: &str) -> String {
    json!({"predicates": [{"operation": "EQUALS", "key": "display_name", "string_value": name}]}).to_string()
}

/// Returns the id of the experiment of this name in a store, in the default namespace when none is named; of no name
/// that of the namespace's default one.
pub(crate) async fn local(
    store: &Store,
    namespace: Option<&str>,
    name: Option<&str>,
) -> Result<Option<String>> {
    let namespace = namespace.unwrap_or(Submit::DEFAULT_NAMESPACE);
    let Some(name) = name else { return Ok(Some(store.default_experiment_of(namespace).await?.id)) };
    let query = ListQuery {
        filter: Some(filter(name)),
        page_size: Some(1),
        namespace: Some(namespace.to_owned()),
        ..ListQuery::default()
    };
    if let Some(found) = store.list_experiments(&query).await?.items.into_iter().next() {
        return Ok(Some(found.id));
    }
    let new = NewExperiment {
        namespace: namespace.to_owned(),
        display_name: name.to_owned(),
        ..NewExperiment::default()
    };
    Ok(Some(store.create_experiment(new).await?.id))
}

/// Returns the id of the experiment of this name on a server.
pub(crate) async fn remote(client: &Client, name: &str) -> Result<String> {
    let path = format!("/apis/v2beta1/experiments?page_size=1&filter={}", escape(&filter(name)));
    let page = client.get(&path).await?;
    if let Some(id) = page["experiments"][0]["experiment_id"].as_str() {
        return Ok(id.to_owned());
    }
    let body = json!({"display_name": name, "namespace": client.namespace()});
    let made: Value = client.post("/apis/v2beta1/experiments", &body).await?;
    made["experiment_id"].as_str().map(str::to_owned).context("the server made an experiment without an id")
}
