//! The server as a whole: what it needs, its routes under `/` and `/pipeline`, limits, and how it stops.

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::{Request, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use jiff::tz::TimeZone;
use pipewright_executor::LogSource;
use pipewright_store::Store;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::classify::ServerErrorsFailureClass;
use tower_http::timeout::RequestBodyTimeoutLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

use crate::access::{self, Access, AccessOptions};
use crate::cache_ages::CacheAges;
use crate::error::Error;
use crate::fetch::UrlRules;
use crate::limits::{BODY_LIMIT, BODY_PAUSE};
use crate::machine::Machine;
use crate::own::feed::Feed;
use crate::own::logs::Indexes;
use crate::own::tensorboard::Boards;
use crate::reach::Reach;
use crate::serving::{Patience, TlsFiles};
use crate::v1_rules::V1Rules;
use crate::{changes, companion, limits, logs, objects, openapi, own, ui, v1alpha1, v1beta1, v2beta1};

/// What the server is built from; a cheap handle.
#[derive(Clone)]
pub struct App {
    pub store: Store,
    pub logs: Arc<dyn LogSource>,
    pub settings: Arc<Settings>,
    /// Says which files may be shown.
    pub(crate) reach: Reach,
    /// Knows who calls.
    pub(crate) access: Arc<Access>,
    /// Ends every stream when the server stops.
    pub(crate) closing: CancellationToken,
    /// What changed of late, for lists.
    pub(crate) feed: Feed,
    /// Where lines begin in logs that were read of late.
    pub(crate) indexes: Indexes,
    /// The TensorBoards that run.
    pub(crate) boards: Boards,
    /// Tells of the machine, where somebody composed the server with one.
    pub(crate) machine: Option<Arc<dyn Machine>>,
}

/// How the server behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where output artifacts go when neither run nor pipeline says: a plain absolute path.
    pub artifacts_root: String,
    /// The home folder, of which nothing is shown but artifacts, volumes and workspaces.
    pub home: Option<PathBuf>,
    /// Files outside of it that are not shown either.
    pub private_files: Vec<PathBuf>,
    /// Host names besides `localhost` and plain addresses by which the server may be called.
    pub allowed_hosts: Vec<String>,
    /// How long deleting a live run waits for its cancellation.
    pub delete_wait: Duration,
    /// In which cron expressions of recurring runs are read.
    pub cron_zone: TimeZone,
    /// How old results may be that steps of v1 pipelines take.
    pub cache_ages: CacheAges,
    /// What v1 pipelines may do.
    pub v1: V1Rules,
    /// From where pipelines may be fetched by URL.
    pub pipeline_urls: UrlRules,
    /// Keeps what users have apart by namespace.
    pub multi_user: bool,
    /// Then pipelines are in namespaces too: none are shared by all.
    pub require_namespace_for_pipelines: bool,
    /// How it finds out who calls.
    pub access: AccessOptions,
    /// Encrypts connections.
    pub tls: Option<TlsFiles>,
    pub patience: Patience,
    /// The program that shows TensorBoards; absent: the one in the search path.
    pub tensorboard: Option<PathBuf>,
    /// The image that visualizations run in.
    pub visualization_image: String,
    /// Names of the GPUs that tasks may use.
    pub gpus: Vec<String>,
    /// Tasks can be run in containers.
    pub has_containers: bool,
}

impl Settings {
    /// What visualizations run in where nothing else is said: Python alone.
    pub const VISUALIZATION_IMAGE: &str = "python:3";

    /// Makes settings with this folder for artifacts and ordinary limits.
    pub fn new(artifacts_root: String) -> Self {
        Self {
            artifacts_root,
            home: None,
            private_files: Vec::new(),
            cache_ages: CacheAges::default(),
            allowed_hosts: Vec::new(),
            delete_wait: Duration::from_secs(20),
            cron_zone: TimeZone::UTC,
            v1: V1Rules::default(),
            pipeline_urls: UrlRules::default(),
            multi_user: false,
            require_namespace_for_pipelines: false,
            access: AccessOptions::default(),
            tls: None,
            patience: Patience::default(),
            tensorboard: None,
            visualization_image: Self::VISUALIZATION_IMAGE.to_owned(),
            gpus: Vec::new(),
            has_containers: false,
        }
    }
}

impl App {
    /// Puts a server together.
    pub fn new(store: Store, logs: Arc<dyn LogSource>, settings: Settings) -> Self {
        own::about::mark_start();
        Self {
            store,
            logs,
            reach: Reach::new(&settings),
            access: Arc::new(Access::new(settings.access.clone())),
            settings: Arc::new(settings),
            closing: CancellationToken::new(),
            feed: Feed::new(),
            indexes: Indexes::default(),
            boards: Boards::default(),
            machine: None,
        }
    }

    /// Returns a namespace as messages show it: where there are no users there is none to be seen.
    pub(crate) fn shown<'n>(&self, namespace: &'n str) -> &'n str {
        if self.settings.multi_user { namespace } else { "" }
    }

    /// Adds what tells of the machine that tasks run on.
    #[must_use]
    pub fn with_machine(self, machine: Arc<dyn Machine>) -> Self {
        Self { machine: Some(machine), ..self }
    }
}

/// Returns every route of the server, once under `/` and once under `/pipeline`.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .nest("/apis/v1alpha1", v1alpha1::routes())
        .nest("/apis/v1beta1", v1beta1::routes())
        .nest("/apis/v2beta1", v2beta1::routes())
        .nest("/apis/pipewright/v1", own_routes())
        .merge(openapi::routes())
        .merge(companion::routes())
        .merge(ui::files());
    Router::new()
        .merge(routes.clone())
        .nest("/pipeline", routes)
        .route("/", get(ui::index))
        .route("/pipeline/", get(ui::index))
        .route("/pipeline", get(ui::to_folder))
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(limits::refuse_large))
        .layer(middleware::from_fn_with_state(app.clone(), access::guard))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
        .layer(middleware::from_fn(limits::answer_in_time))
        .layer(CatchPanicLayer::custom(after_panic))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(|request: &Request<_>| {
                    tracing::info_span!("request", method = %request.method(), path = request.uri().path())
                })
                .on_failure(tell_failure),
        )
        .with_state(app)
}

fn own_routes() -> Router<App> {
    Router::new()
        .merge(access::routes())
        .merge(logs::routes())
        .merge(changes::routes())
        .merge(objects::routes())
        .merge(own::routes())
}

/// Logs what went wrong here; asking for a verb that there is not is the caller's mistake.
fn tell_failure(what: ServerErrorsFailureClass, latency: Duration, _: &Span) {
    let milliseconds = latency.as_millis() as u64;
    match what {
        ServerErrorsFailureClass::StatusCode(StatusCode::NOT_IMPLEMENTED) => {
            tracing::debug!(milliseconds, "no such verb");
        }
        what => tracing::error!(milliseconds, "the answer is a failure: {what}"),
    }
}

fn after_panic(_: Box<dyn Any + Send>) -> Response {
    // The panic hook has printed what happened and where.
    Error::Internal { message: "the server made a mistake with this request".to_owned(), source: None }
        .into_response()
}

/// As grpc-gateway answers: without details.
async fn unknown_route(uri: Uri) -> (StatusCode, Json<Value>) {
    tracing::debug!(path = uri.path(), "unknown route");
    (StatusCode::NOT_FOUND, Json(json!({"code": 5, "message": "Not Found"})))
}

async fn wrong_method() -> (StatusCode, Json<Value>) {
    (StatusCode::NOT_IMPLEMENTED, Json(json!({"code": 12, "message": "Method Not Allowed"})))
}
