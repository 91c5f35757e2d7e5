//! Recurring runs: create, get, list, enable, disable, delete. Firing is `crate::recurring`'s.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use pipewright_store::NewRecurringRun;
use serde_json::{Value, json};

use super::lists::list_query;
use super::recurring::{ListRecurringRuns, RecurringRun, new_recurring_run, recurring_run_message};
use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words, id_and_verb};
use crate::placing::{Wish, may_use, narrow, place};
use crate::recurring::{check, run_prefix, source};

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/recurringruns", post(create).get(list))
        .route("/recurringruns/{id}", get(read).post(act).delete(delete))
}

async fn create(
    State(app): State<App>,
    permit: Permit,
    Message(mut asked): Message<RecurringRun>,
) -> Result<Json<RecurringRun>, Error> {
    let namespace = Some(std::mem::take(&mut asked.namespace));
    let mut new = new_recurring_run(asked)?;
    settle(&app, &permit, &mut new, namespace).await?;
    new.run_prefix = run_prefix(&new.display_name);
    check(&app.store, &app.settings, &new).await?;
    let created = app.store.create_recurring_run(new).await?;
    Ok(Json(recurring_run_message(&app, created)))
}

/// Settles the experiment of a new recurring run, and that who asks may create it there.
async fn settle(
    app: &App,
    permit: &Permit,
    new: &mut NewRecurringRun,
    namespace: Option<String>,
) -> Result<(), Error> {
    let wish = Wish {
        what: "a recurring run",
        experiment_id: Some(std::mem::take(&mut new.experiment_id)),
        namespace,
    };
    new.experiment_id = place(app, permit, wish).await?.experiment_id.unwrap_or_default();
    may_use(app, permit, &source(new)).await
}

async fn read(State(app): State<App>, Segments(id): Segments<String>) -> Result<Json<RecurringRun>, Error> {
    Ok(Json(recurring_run_message(&app, app.store.get_recurring_run(&id).await?)))
}

async fn list(
    State(app): State<App>,
    permit: Permit,
    words: Words,
) -> Result<Json<ListRecurringRuns>, Error> {
    let mut query = list_query(&words)?;
    query.experiment_id = words.text("experiment_id");
    narrow(&app, &permit, &mut query, ("a recurring run", words.text("namespace"))).await?;
    let page = app.store.list_recurring_runs(&query).await?;
    Ok(Json(ListRecurringRuns {
        recurring_runs: page.items.into_iter().map(|it| recurring_run_message(&app, it)).collect(),
        total_size: page.total_size,
        next_page_token: page.next_page_token,
    }))
}

async fn act(State(app): State<App>, Segments(segment): Segments<String>) -> Result<Json<Value>, Error> {
    let (id, verb) = id_and_verb(&segment)?;
    match verb {
        "enable" => app.store.enable_recurring_run(id, true).await?,
        "disable" => app.store.enable_recurring_run(id, false).await?,
        _ => return Err(Error::NotFound(format!("a recurring run has no action `{verb}`"))),
    };
    Ok(Json(json!({})))
}

/// How objects in a cluster go with their owner. Here a recurring run owns nothing that would have to go, so each
/// does the same.
const POLICIES: [&str; 4] = ["DELETE_PROPAGATION_POLICY_UNSPECIFIED", "FOREGROUND", "BACKGROUND", "ORPHAN"];

/// Its runs stay, and those that run go on.
async fn delete(
    State(app): State<App>,
    Segments(id): Segments<String>,
    words: Words,
) -> Result<Json<Value>, Error> {
    if let Some(policy) = words.get("propagation_policy").or_else(|| words.get("propagationPolicy")) {
        // By name, or by number as protobuf takes it.
        let is_number = policy.parse::<usize>().is_ok_and(|number| number < POLICIES.len());
        if !is_number && !POLICIES.contains(&policy) {
            return Err(Error::Invalid(format!(
                "propagation_policy is one of {}, found `{policy}`",
                POLICIES.join(", ")
            )));
        }
    }
    app.store.delete_recurring_run(&id).await?;
    Ok(Json(json!({})))
}
