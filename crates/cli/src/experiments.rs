//! Finds an experiment by its name, or makes it.

use anyhow::{Context, Result};
use pipewright_store::{ListQuery, NewExperiment, Store};
use serde_json::{Value, json};

use crate::client::{Client, escape};

fn filter(name: &str) -> String {
    json!({"predicates": [{"operation": "EQUALS", "key": "display_name", "string_value": name}]}).to_string()
}

/// Returns the id of the experiment of this name in a store.
pub(crate) async fn local(store: &Store, name: &str) -> Result<String> {
    let query = ListQuery { filter: Some(filter(name)), page_size: Some(1), ..ListQuery::default() };
    if let Some(found) = store.list_experiments(&query).await?.items.into_iter().next() {
        return Ok(found.id);
    }
    let new = NewExperiment { display_name: name.to_owned(), ..NewExperiment::default() };
    Ok(store.create_experiment(new).await?.id)
}

/// Returns the id of the experiment of this name on a server.
pub(crate) async fn remote(client: &Client, name: &str) -> Result<String> {
    let path = format!("/apis/v2beta1/experiments?page_size=1&filter={}", escape(&filter(name)));
    let page = client.get(&path).await?;
    if let Some(id) = page["experiments"][0]["experiment_id"].as_str() {
        return Ok(id.to_owned());
    }
    let made: Value = client.post("/apis/v2beta1/experiments", &json!({ "display_name": name })).await?;
    made["experiment_id"].as_str().map(str::to_owned).context("the server made an experiment without an id")
}
