//! What is left of v1alpha1: the log of a node, and the results that a cluster's driver looks up before it runs a
//! task. Source: KFP API reference 1.2 and 1.10.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use pipewright_store::{PipelineOf, Young};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::Permit;
use crate::app::App;
use crate::companion::node_log;
use crate::error::Error;
use crate::extract::Words;
use crate::time;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/runs/{run}/nodes/{node}/log", get(node_log))
        .route("/tasks", get(tasks).post(record))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Filter {
    predicates: Vec<Predicate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Predicate {
    #[serde(alias = "operation")]
    op: Value,
    key: String,
    #[serde(alias = "stringValue")]
    string_value: String,
}

/// Lists the result that a task with this fingerprint, of this pipeline, would take: the newest one.
async fn tasks(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<Value>, Error> {
    let text = words.get("filter").unwrap_or("{}");
    let filter: Filter =
        serde_json::from_str(text).map_err(|error| Error::Invalid(format!("bad filter: {error}")))?;
    let (mut pipeline, mut fingerprint) = (None, None);
    for predicate in filter.predicates {
        if predicate.op != json!(1) && predicate.op != json!("EQUALS") {
            return Err(Error::Invalid("bad filter: tasks are compared by EQUALS only".to_owned()));
        }
        match predicate.key.as_str() {
            "pipelineName" | "pipeline_name" => pipeline = Some(predicate.string_value),
            "fingerprint" => fingerprint = Some(predicate.string_value),
            other => return Err(Error::Invalid(format!("bad filter: tasks have no key `{other}`"))),
        }
    }
    let (Some(pipeline), Some(fingerprint)) = (pipeline, fingerprint) else {
        return Err(Error::Invalid(
            "tasks are listed by pipelineName and fingerprint: name both in the filter".to_owned(),
        ));
    };
    // As a cluster's driver names it: `pipeline/NAME`, or `namespace/NAMESPACE/pipeline/NAME`.
    let name = pipeline.rsplit('/').next().unwrap_or(&pipeline);
    let namespace = pipeline.strip_prefix("namespace/").and_then(|rest| rest.split('/').next());
    let namespace = permit.within("a list of results", namespace.map(str::to_owned))?.unwrap_or_default();
    let asked = PipelineOf { namespace: &namespace, name };
    let young = Young { now: time::now(), than: None };
    let Some((source, _)) = app.store.cache_lookup(asked, &fingerprint, young).await? else {
        return Ok(Json(json!({})));
    };
    let task = json!({
        "id": format!("{}/{}", source.run, source.task),
        "pipelineName": pipeline,
        "runId": source.run,
        "fingerprint": fingerprint,
    });
    Ok(Json(json!({"tasks": [task], "total_size": 1})))
}

/// Results are recorded by runs themselves; nobody else can vouch for one.
async fn record() -> Error {
    Error::Denied("results are recorded by the tasks of this server's own runs alone".to_owned())
}
