//! Who may do what, asked by others than this server.

use axum::extract::State;
use axum::routing::get;
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use crate::access::{Caller, Role};
use crate::app::App;
use crate::error::Error;
use crate::extract::Words;

/// What may be asked about; the enum's names by their numbers.
const RESOURCES: [&str; 2] = ["UNASSIGNED_RESOURCES", "VIEWERS"];
const VERBS: [&str; 4] = ["UNASSIGNED_VERB", "CREATE", "GET", "DELETE"];

pub(super) fn routes() -> Router<App> {
    Router::new().route("/auth", get(authorize))
}

/// Says whether who calls may look at things of a namespace, or make and delete them.
async fn authorize(
    State(app): State<App>,
    Extension(Caller(caller)): Extension<Caller>,
    words: Words,
) -> Result<Json<Value>, Error> {
    let mut verb = "";
    for (key, known) in [("resources", RESOURCES.as_slice()), ("verb", VERBS.as_slice())] {
        let given = words.get(key).unwrap_or("0");
        let name = match given.parse::<usize>() {
            Ok(number) => known.get(number).copied(),
            Err(_) => known.iter().find(|name| **name == given).copied(),
        };
        if name.is_none_or(|name| name == known[0]) {
            return Err(Error::Invalid(format!(
                "{key} is one of {}, found `{given}`",
                known[1..].join(", ")
            )));
        }
        verb = name.unwrap_or_default();
    }
    if !app.settings.multi_user {
        return Ok(Json(json!({})));
    }
    let Some(namespace) = words.get("namespace") else {
        return Err(Error::Invalid("namespace is missing: where is it to be allowed?".to_owned()));
    };
    let needed = if verb == "GET" { Role::Viewer } else { Role::Editor };
    match caller.and_then(|caller| caller.grants.role_in(namespace)) {
        Some(role) if role >= needed => Ok(Json(json!({}))),
        _ => Err(Error::Denied(format!("that needs the role {needed} in namespace `{namespace}`"))),
    }
}
