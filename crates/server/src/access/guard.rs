//! The one gate that every request goes through: who calls, what the route needs, whether they may; and the
//! record of what was changed.

use std::net::IpAddr;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pipewright_store::engine::{Submit, Timestamp};
use pipewright_store::{AuditEntry, Kind};

use super::identity::{Identity, Via};
use super::origin::{check_host, check_origin};
use super::permit::{self, Permit, Scope};
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
    let asked = match Asked::of(&request).among_namespaces(&app).await {
        Ok(asked) => asked,
        Err(error) => return error.into_response(),
    };
    let changes = !matches!(asked.method, Method::GET | Method::HEAD | Method::OPTIONS);
    let mut permit = None;
    let (caller, response) = match admit(&app, &asked, request.headers()).await {
        Ok(caller) => {
            permit = asked.permit(&app, caller.as_ref());
            if let Some(permit) = &permit {
                request.extensions_mut().insert(permit.clone());
            }
            request.extensions_mut().insert(Caller(caller.clone()));
            let response = next.run(request).await;
            (caller, asked.unless_forgotten(permit.as_ref(), response))
        }
        Err((caller, error)) => {
            limits::discard(request).await;
            (caller, error.into_response())
        }
    };
    if changes && let Some(caller) = caller {
        record(&app, &asked, (&caller, permit), response.status()).await;
    }
    response
}

/// What of a request decides.
struct Asked {
    method: Method,
    path: String,
    need: Need,
    scope: Scope,
    /// The thing whose namespace decides.
    meant: Option<(Kind, String)>,
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
        let pattern = pattern.as_deref().unwrap_or_default();
        let named = |name: &str| in_path(pattern, &path, name);
        let scope = match need {
            Need::May { place: Place::Path, .. } => Scope::In(named("{namespace}").unwrap_or_default()),
            Need::May { place, .. } if place.is_own() => Scope::In(Submit::DEFAULT_NAMESPACE.to_owned()),
            _ => Scope::Everywhere,
        };
        let meant = match need {
            Need::May { place: Place::Of(kind), .. } => {
                let names = match kind {
                    Kind::PipelineVersion => ["{version}", "{id}"],
                    Kind::Pipeline => ["{pipeline}", "{id}"],
                    _ => ["{run}", "{id}"],
                };
                let id = names.iter().find_map(|name| named(name)).unwrap_or_default();
                let is_action = request.method() == Method::POST && pattern.ends_with("/{id}");
                let id = id.rsplit_once(':').filter(|_| is_action).map_or(id.as_str(), |(id, _)| id);
                Some((kind, id.to_owned()))
            }
            _ => None,
        };
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
        Self {
            method: request.method().clone(),
            need,
            scope,
            meant,
            peer: request.extensions().get::<Peer>().map(|peer| peer.address),
            host: host.map(str::to_owned),
            path,
        }
    }

    /// Finds out in which namespace things are, where they are apart.
    async fn among_namespaces(mut self, app: &App) -> Result<Self, Error> {
        let Need::May { place, .. } = self.need else { return Ok(self) };
        if !app.settings.multi_user || !place.is_own() {
            return Ok(self);
        }
        self.scope = match &self.meant {
            None => Scope::Somewhere,
            Some((kind, id)) => match app.store.namespace_of(*kind, id).await {
                Ok(namespace) => Scope::In(namespace),
                // Whoever may do so to any may hear that there is none.
                Err(pipewright_store::Error::NotFound { .. }) => Scope::Somewhere,
                Err(error) => return Err(error.into()),
            },
        };
        Ok(self)
    }

    /// Makes what handlers ask further.
    fn permit(&self, app: &App, caller: Option<&Identity>) -> Option<Permit> {
        let Need::May { verb, resource, .. } = self.need else { return None };
        Some(Permit::new(&app.settings, caller?.clone(), (verb, resource)))
    }

    /// Throws an answer away that nobody asked a permit for: a handler that forgets shows nothing.
    fn unless_forgotten(&self, permit: Option<&Permit>, response: Response) -> Response {
        let is_left = matches!(self.need, Need::May { place: Place::Asked, .. });
        let is_forgotten = permit.is_some_and(|it| it.is_multi_user() && it.settled().is_none());
        let is_refused = response.status().is_client_error() || response.status().is_server_error();
        if !is_left || !is_forgotten || is_refused {
            return response;
        }
        let message = format!("nobody asked whether {} {} is allowed", self.method, self.path);
        Error::Internal { message, source: None }.into_response()
    }
}

/// Everything of the API begins with `/apis/`, also below the base path of the user interface.
fn is_api(path: &str) -> bool {
    let below = path.strip_prefix("/pipeline").unwrap_or(path);
    below == "/apis" || below.starts_with("/apis/")
}

/// Returns what stands in a path where its pattern has this name.
fn in_path(pattern: &str, path: &str, wanted: &str) -> Option<String> {
    let mut pairs = pattern.split('/').zip(path.split('/'));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| decoded(value))
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
    match asked.need {
        Need::Nothing | Need::Known => None,
        Need::May { verb, resource, .. } => permit::refusal(caller, (verb, resource), &asked.scope),
        Need::Admin { resource } => {
            let role = caller.grants.everywhere_role();
            let user = &caller.user;
            let has = role.map_or("no role".to_owned(), |role: Role| format!("the role {role}"));
            (role < Some(Role::Admin)).then(|| {
                format!(
                    "`{user}` may not {resource} on this server: that needs the role {}, and `{user}` has {has} there",
                    Role::Admin
                )
            })
        }
    }
}

/// Keeps who changed what. What cannot be recorded has happened all the same.
async fn record(app: &App, asked: &Asked, (caller, permit): (&Identity, Option<Permit>), status: StatusCode) {
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
        namespace: match &asked.scope {
            Scope::In(namespace) => namespace.clone(),
            Scope::Everywhere | Scope::Somewhere => permit.and_then(|it| it.settled()).unwrap_or_default(),
        },
        path,
        status: status.as_u16(),
    };
    if let Err(error) = app.store.record_audit(entry).await {
        tracing::warn!(%error, path = asked.path, user = caller.user, "cannot write the audit log");
    }
}
