//! Experiments: create, get, list, archive, unarchive, delete.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use pipewright_store::{ListQuery, NewExperiment};
use serde_json::{Value, json};

use super::convert::experiment_message;
use super::lists::list_query;
use super::types::{Experiment, ListExperiments};
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words, id_and_verb};

const NAME_LIMIT: usize = 128;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/experiments", post(create).get(list))
        .route("/experiments/{id}", get(read).post(act).delete(delete))
}

async fn create(
    State(app): State<App>,
    permit: Permit,
    Message(asked): Message<Experiment>,
) -> Result<Json<Experiment>, Error> {
    check_experiment_name(&asked.display_name, "display_name")?;
    let namespace = permit.within("an experiment", Some(asked.namespace))?.unwrap_or_default();
    let (display_name, description) = (asked.display_name, asked.description);
    let new = NewExperiment { namespace, display_name, description };
    let experiment = app.store.create_experiment(new).await?;
    Ok(Json(experiment_message(&app, experiment)))
}

/// Checks the length of an experiment's name, which comes in that field.
pub(crate) fn check_experiment_name(name: &str, field: &str) -> Result<(), Error> {
    let length = name.chars().count();
    if length == 0 || length > NAME_LIMIT {
        return Err(Error::Invalid(format!(
            "an experiment's {field} has 1 to {NAME_LIMIT} characters, found {length}"
        )));
    }
    Ok(())
}

async fn read(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Experiment>, Error> {
    Ok(Json(experiment_message(&app, app.store.get_experiment(&id).await?)))
}

async fn list(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<ListExperiments>, Error> {
    let namespace = permit.within("an experiment", words.text("namespace"))?;
    let query = ListQuery { namespace, ..list_query(&words)? };
    let page = app.store.list_experiments(&query).await?;
    Ok(Json(ListExperiments {
        experiments: page.items.into_iter().map(|it| experiment_message(&app, it)).collect(),
        total_size: page.total_size,
        next_page_token: page.next_page_token,
    }))
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
