//! Reports by which a cluster's controllers tell the state of their objects. Nobody reports to this server: what
//! runs is known first hand, and whoever else tells it is refused, as the field's own front does.

use axum::Router;
use axum::routing::post;

use crate::app::App;
use crate::error::Error;

/// Returns the routes of both versions of the API.
pub(crate) fn routes() -> Router<App> {
    Router::new().route("/workflows", post(refuse)).route("/scheduledworkflows", post(refuse))
}

async fn refuse() -> Error {
    Error::Denied("this server learns from nobody what its runs do: reports are refused".to_owned())
}
