//! Which namespaces there are for who calls: `namespaces`.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::routing::get;
use axum::{Extension, Json, Router};
use pipewright_store::engine::Submit;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Caller, EVERYWHERE, Role};
use crate::app::App;
use crate::error::Error;

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/namespaces", get(list))
}

/// The namespaces in which somebody has a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamespaceList {
    /// Things are apart by namespace on this server.
    pub multi_user: bool,
    pub namespaces: Vec<NamespaceView>,
    /// The role in every other one, also in one that is not there yet: it comes to be with the first thing in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub everywhere: Option<Role>,
}

/// One namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamespaceView {
    pub name: String,
    pub role: Role,
}

/// Lists those that a role is granted in; for who has one in all also those of others, and in which something is.
async fn list(
    State(app): State<App>,
    Extension(Caller(caller)): Extension<Caller>,
) -> Result<Json<NamespaceList>, Error> {
    let grants = caller.map(|caller| caller.grants).unwrap_or_default();
    let mut names: BTreeSet<String> = grants.0.keys().filter(|name| *name != EVERYWHERE).cloned().collect();
    let everywhere = grants.everywhere_role();
    if everywhere.is_some() {
        names.insert(Submit::DEFAULT_NAMESPACE.to_owned());
        names.extend(app.store.namespaces().await?);
        names.extend(app.access.file().namespaces().into_iter().map(str::to_owned));
    }
    let views = names.into_iter().filter_map(|name| {
        let role = grants.role_in(&name)?;
        Some(NamespaceView { name, role })
    });
    Ok(Json(NamespaceList { multi_user: app.settings.multi_user, namespaces: views.collect(), everywhere }))
}
