//! Who may do what, and visualizations: services of a cluster that this server has no counterpart of.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::access::{Caller, Permit, Role};
use crate::app::App;
use crate::error::Error;
use crate::extract::{Message, Segments, Words};

/// What may be asked about; the enum's names by their numbers.
const RESOURCES: [&str; 2] = ["UNASSIGNED_RESOURCES", "VIEWERS"];
const VERBS: [&str; 4] = ["UNASSIGNED_VERB", "CREATE", "GET", "DELETE"];
const KINDS: [&str; 5] = ["ROC_CURVE", "TFDV", "TFMA", "TABLE", "CUSTOM"];

pub(super) fn routes() -> Router<App> {
    Router::new().route("/auth", get(authorize)).route("/visualizations/{namespace}", post(visualize))
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

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Visualization {
    #[serde(rename = "type")]
    kind: Value,
    source: String,
    arguments: String,
    #[serde(rename = "html")]
    _html: String,
    #[serde(rename = "error")]
    _error: String,
}

/// Checks what is asked for and says that nobody can draw it, as a cluster without that service does.
async fn visualize(
    permit: Permit,
    Segments(namespace): Segments<String>,
    Message(asked): Message<Visualization>,
) -> Result<Json<Value>, Error> {
    permit.check(&namespace)?;
    let kind = match &asked.kind {
        Value::Null => Some(KINDS[0]),
        Value::String(name) => KINDS.into_iter().find(|known| known == name),
        Value::Number(number) => number.as_u64().and_then(|at| KINDS.get(usize::try_from(at).ok()?).copied()),
        _ => None,
    };
    let Some(kind) = kind else {
        return Err(Error::Invalid(format!("type is one of {}", KINDS.join(", "))));
    };
    if kind != "CUSTOM" && asked.source.is_empty() {
        return Err(Error::Invalid("a visualization needs a source: where its data lie".to_owned()));
    }
    if !asked.arguments.is_empty() && serde_json::from_str::<Value>(&asked.arguments).is_err() {
        return Err(Error::Invalid("arguments of a visualization are a JSON text".to_owned()));
    }
    Err(Error::Precondition(
        "there is no visualization service here; look at the artifacts of the run instead".to_owned(),
    ))
}
