//! Experiments: create, get, list, archive, unarchive, delete.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use pipewright_store::NewExperiment;
use serde_json::{Value, json};

use super::convert::{experiment_message, page};
use super::lists::owned_list;
use super::types::Experiment;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words, id_and_verb};
use crate::v2beta1::check_experiment_name;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/experiments", post(create).get(list))
        .route("/experiments/{id}", get(read).post(act).delete(delete))
}

async fn create(
    State(app): State<App>,
    Message(asked): Message<Experiment>,
) -> Result<Json<Experiment>, Error> {
    check_experiment_name(&asked.name, "name")?;
    let new = NewExperiment { display_name: asked.name, description: asked.description };
    Ok(Json(experiment_message(app.store.create_experiment(new).await?)))
}

async fn read(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Experiment>, Error> {
    Ok(Json(experiment_message(app.store.get_experiment(&id).await?)))
}

async fn list(State(app): State<App>, words: Words) -> Result<Json<Value>, Error> {
    let (query, _) = owned_list(&words, "resource_reference_key")?;
    let found = app.store.list_experiments(&query).await?;
    let rows = found.items.into_iter().map(experiment_message).collect();
    Ok(Json(page("experiments", rows, found.total_size, found.next_page_token)))
}

async fn act(State(app): State<App>, Segments(segment): Segments<String>) -> Result<Json<Value>, Error> {
    let (id, verb) = id_and_verb(&segment)?;
    match verb {
        "archive" => app.store.archive_experiment(id).await?,
        "unarchive" => app.store.unarchive_experiment(id).await?,
        _ => return Err(Error::NotFound(format!("an experiment has no action `{verb}`"))),
    };
    Ok(Json(json!({})))
}

async fn delete(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    app.store.delete_experiment(&id).await?;
    Ok(Json(json!({})))
}
