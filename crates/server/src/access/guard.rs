//! The one gate that every request goes through: who calls, what the route needs, whether they may; and the
//! record of what was changed.

use std::net::IpAddr;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pipewright_store::AuditEntry;
use pipewright_store::engine::{Submit, Timestamp};

use super::identity::{Identity, Via};
use super::origin::{check_host, check_origin};
use super::role::Role;
use super::table::{self, Need, Place};
use super::{Peer, cookie};
use crate::app::App;
use crate::error::Error;
use crate::limits;

/// Who calls, for handlers: in each request's extensions. Nobody, where a route needs nobody in particular.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub(crate) Option<Identity>);

/// The longest path that is recorded.
const RECORDED_PATH: usize = 512;

pub(crate) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    let changes = !matches!(asked.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let (caller, response) = match admit(&app, &asked, request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().insert(Caller(caller.clone()));
            (caller, next.run(request).await)
        }
        Err((caller, error)) => {
            limits::discard(request).await;
            (caller, error.into_response())
        }
    };
    if changes && let Some(caller) = caller {
        record(&app, &asked, &caller, response.status()).await;
    }
    response
}

/// What of a request decides.
struct Asked {
    method: Method,
    path: String,
    need: Need,
    namespace: String,
    peer: Option<IpAddr>,
    host: Option<String>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let path = request.uri().path().to_owned();
        let pattern = request.extensions().get::<MatchedPath>().map(|matched| matched.as_str().to_owned());
        let need = match &pattern {
            Some(pattern) => table::need(request.method().as_str(), pattern, &path),
            None if is_api(&path) => Need::Known,
            None => Need::Nothing,
        };
        let namespace = match need {
            Need::May { place: Place::Path, .. } => in_path(pattern.as_deref().unwrap_or_default(), &path),
            Need::May { place: Place::Own, .. } => Submit::DEFAULT_NAMESPACE.to_owned(),
            _ => String::new(),
        };
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
        Self {
            method: request.method().clone(),
            need,
            namespace,
            peer: request.extensions().get::<Peer>().map(|peer| peer.address),
            host: host.map(str::to_owned),
            path,
        }
    }
}

/// Everything of the API begins with `/apis/`, also below the base path of the user interface.
fn is_api(path: &str) -> bool {
    let below = path.strip_prefix("/pipeline").unwrap_or(path);
    below == "/apis" || below.starts_with("/apis/")
}

/// Returns the namespace that a path names where its pattern says so.
fn in_path(pattern: &str, path: &str) -> String {
    let pairs = pattern.split('/').zip(path.split('/'));
    let found = pairs.into_iter().find(|(name, _)| *name == "{namespace}").map(|(_, value)| value);
    decoded(found.unwrap_or_default())
}

/// Decodes a segment as the router does: a `+` stays one.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |offset: usize| bytes.get(at + offset).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[at], hex(1), hex(2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

type Refusal = (Option<Identity>, Error);

/// Lets a request in, or says why not.
async fn admit(app: &App, asked: &Asked, headers: &HeaderMap) -> Result<Option<Identity>, Refusal> {
    let nobody = |error| (None, error);
    let access = &app.access;
    if !access.is_required() {
        check_host(asked.host.as_deref(), &app.settings.allowed_hosts).map_err(nobody)?;
    }
    let public = access.options.public_url.as_deref().and_then(|url| url.split_once("://"));
    let public = public.and_then(|(_, rest)| rest.split('/').next());
    let has_cookie = cookie::session_of(headers).is_some();
    check_origin(&asked.method, headers, &[asked.host.as_deref(), public], has_cookie).map_err(nobody)?;
    let caller = match access.identify(&app.store, headers, asked.peer).await {
        // Where nobody needs to be known, a bad token is as good as none: the login page must work.
        Err(_) if asked.need == Need::Nothing => None,
        other => other.map_err(nobody)?,
    };
    if asked.need == Need::Nothing {
        return Ok(caller);
    }
    let Some(caller) = caller else {
        let remedy = "log in, or send a token as `Authorization: Bearer TOKEN`";
        return Err(nobody(Error::Unauthenticated(format!("who calls is not known: {remedy}"))));
    };
    match refusal(&caller, asked) {
        None => Ok(Some(caller)),
        Some(message) => Err((Some(caller), Error::Denied(message))),
    }
}

/// Says why somebody may not; nothing when they may.
fn refusal(caller: &Identity, asked: &Asked) -> Option<String> {
    let needed = asked.need.role()?;
    let (role, what, place) = match asked.need {
        Need::Nothing | Need::Known => return None,
        Need::Admin { resource } => {
            (caller.grants.everywhere_role(), resource.to_owned(), "on this server".to_owned())
        }
        Need::May { verb, resource, place: Place::Everywhere } => (
            caller.grants.everywhere_role(),
            format!("{} {resource}", verb.word()),
            "in all namespaces".to_owned(),
        ),
        Need::May { verb, resource, .. } => (
            caller.grants.role_in(&asked.namespace),
            format!("{} {resource}", verb.word()),
            format!("in namespace `{}`", asked.namespace),
        ),
    };
    if role >= Some(needed) {
        return None;
    }
    let user = &caller.user;
    let role = role.map_or("no role".to_owned(), |role: Role| format!("the role {role}"));
    Some(format!(
        "`{user}` may not {what} {place}: that needs the role {needed}, and `{user}` has {role} there"
    ))
}

/// Keeps who changed what. What cannot be recorded has happened all the same.
async fn record(app: &App, asked: &Asked, caller: &Identity, status: StatusCode) {
    let (verb, resource) = match asked.need {
        Need::May { verb, resource, .. } => (verb.word(), resource),
        Need::Admin { resource } => ("admin", resource),
        Need::Nothing | Need::Known => return,
    };
    let path = if asked.path.len() <= RECORDED_PATH {
        asked.path.clone()
    } else {
        asked.path.chars().take(RECORDED_PATH).collect()
    };
    let entry = AuditEntry {
        number: 0,
        at: Timestamp(jiff::Timestamp::now().as_microsecond()),
        user: caller.user.clone(),
        method: match &caller.via {
            Via::Nothing => String::new(),
            _ => caller.method(),
        },
        verb: verb.to_owned(),
        resource: resource.to_owned(),
        namespace: asked.namespace.clone(),
        path,
        status: status.as_u16(),
    };
    if let Err(error) = app.store.record_audit(entry).await {
        tracing::warn!(%error, path = asked.path, user = caller.user, "cannot write the audit log");
    }
}
