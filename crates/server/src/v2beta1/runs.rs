//! Runs: create, get, list, archive, unarchive, terminate, delete.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use pipewright_store::Request;
use pipewright_store::engine::{RunId, RunPhase};
use serde_json::{Value, json};

use super::convert::run_message;
use super::lists::list_query;
use super::types::{ListRuns, Run};
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words, id_and_verb};
use crate::placing::{Wish, may_use, narrow, place};
use crate::plugins;
use crate::submit::{Source, Submission, submit, terminate, terminate_and_wait};
use crate::v1beta1::metrics::sortable;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/runs", post(create).get(list))
        .route("/runs/{id}", get(read).post(act).delete(delete))
}

async fn create(
    State(app): State<App>,
    permit: Permit,
    words: Words,
    Message(asked): Message<Run>,
) -> Result<Json<Run>, Error> {
    let mut submission = submission(asked, &words)?;
    // A namespace stands for its default experiment.
    let wish = Wish {
        what: "a run",
        namespace: words.text("namespace").filter(|_| submission.experiment_id.is_none()),
        experiment_id: submission.experiment_id.take(),
    };
    submission.experiment_id = place(&app, &permit, wish).await?.experiment_id;
    may_use(&app, &permit, &submission.source).await?;
    let run = submit(&app.store, &app.settings, submission).await?;
    Ok(Json(run_message(&run, None)))
}

/// Reads what a run is made of; everything that only the server writes is passed over.
fn submission(asked: Run, words: &Words) -> Result<Submission, Error> {
    if !asked.plugins_output.is_empty() {
        return Err(Error::Aborted("plugins_output is written by the server alone".to_owned()));
    }
    if asked.display_name.is_empty() {
        return Err(Error::Invalid("a run needs a display_name".to_owned()));
    }
    let source = match (asked.pipeline_version_reference, asked.pipeline_spec) {
        (Some(reference), None) => Source::Version {
            pipeline_id: Some(reference.pipeline_id).filter(|id| !id.is_empty()),
            version_id: Some(reference.pipeline_version_id).filter(|id| !id.is_empty()),
        },
        (None, Some(spec)) => Source::Spec(spec),
        (Some(_), Some(_)) => {
            return Err(Error::Invalid(
                "a run has either a pipeline_version_reference or a pipeline_spec, not both".to_owned(),
            ));
        }
        (None, None) => {
            return Err(Error::Invalid(
                "a run needs a pipeline_version_reference or a pipeline_spec".to_owned(),
            ));
        }
    };
    let config = asked.runtime_config.unwrap_or_default();
    let experiment_id = Some(asked.experiment_id).filter(|id| !id.is_empty());
    Ok(Submission {
        source,
        display_name: asked.display_name,
        description: asked.description,
        experiment_id: experiment_id.or_else(|| words.text("experiment_id")),
        arguments: config.parameters,
        texts: Vec::new(),
        pipeline_root: Some(config.pipeline_root).filter(|root| !root.is_empty()),
        service_account: asked.service_account,
        plugins_input: plugins::checked(asked.plugins_input)?,
        caching_disabled: false,
        fresh: Vec::new(),
        firing: None,
    })
}

async fn read(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Run>, Error> {
    let run = current(&app, &RunId(id)).await?;
    let tasks = app.store.tasks(&run.id).await?;
    Ok(Json(run_message(&run, Some(&tasks))))
}

/// Returns a run as it is now: a wish to stop shows at once, before anybody has acted on it.
pub(crate) async fn current(app: &App, id: &RunId) -> Result<pipewright_store::Run, Error> {
    let mut run = app.store.get_run(id).await?;
    if matches!(run.view.phase, RunPhase::Pending | RunPhase::Running) {
        let pending = app.store.pending_requests(id).await?;
        if pending.iter().any(|(_, request)| matches!(request, Request::Terminate)) {
            run.view.phase = RunPhase::Cancelling;
        }
    }
    Ok(run)
}

async fn list(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<ListRuns>, Error> {
    let mut query = list_query(&words)?;
    query.experiment_id = words.text("experiment_id");
    narrow(&app, &permit, &mut query, ("a run", words.text("namespace"))).await?;
    sortable(&app, &query).await?;
    let page = app.store.list_runs(&query).await?;
    Ok(Json(ListRuns {
        runs: page.items.iter().map(|run| run_message(run, None)).collect(),
        total_size: page.total_size,
        next_page_token: page.next_page_token,
    }))
}

async fn act(State(app): State<App>, Segments(segment): Segments<String>) -> Result<Json<Value>, Error> {
    let (id, verb) = id_and_verb(&segment)?;
    let id = RunId(id.to_owned());
    match verb {
        "archive" => app.store.archive_run(&id).await?,
        "unarchive" => unarchive(&app, &id).await?,
        "terminate" => terminate(&app.store, &id).await?,
        "retry" => retry(&app, &id).await?,
        _ => return Err(Error::NotFound(format!("a run has no action `{verb}`"))),
    };
    Ok(Json(json!({})))
}

/// Has a run that failed go on: the same run, with what succeeded kept.
pub(crate) async fn retry(app: &App, id: &RunId) -> Result<(), Error> {
    Ok(app.store.retry_run(id, Vec::new()).await?)
}

pub(crate) async fn unarchive(app: &App, id: &RunId) -> Result<(), Error> {
    let run = app.store.get_run(id).await?;
    // An experiment that is gone is no hindrance.
    let experiment = app.store.get_experiment(&run.experiment_id).await.ok();
    if let Some(experiment) = experiment.filter(|experiment| experiment.archived) {
        return Err(Error::Precondition(format!(
            "the run's experiment `{}` is archived; unarchive it first",
            experiment.display_name
        )));
    }
    app.store.unarchive_run(id).await?;
    Ok(())
}

async fn delete(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<Value>, Error> {
    remove(&app, &RunId(id)).await?;
    Ok(Json(json!({})))
}

/// Deletes a run. A live one is cancelled first, so that nothing goes on running of which nobody knows.
pub(crate) async fn remove(app: &App, id: &RunId) -> Result<(), Error> {
    terminate_and_wait(&app.store, id, app.settings.delete_wait).await?;
    Ok(app.store.delete_run(id).await?)
}
