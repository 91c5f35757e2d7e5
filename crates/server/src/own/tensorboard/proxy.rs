//! Requests that are handed on to a TensorBoard, and its answers.
//!
//! Its pages come from the address of this server and show what pipelines wrote, so they are walled in: their scripts
//! reach nothing but the board itself, no window of this server, and cannot be put into a frame. Neither cookies nor
//! credentials are handed on.

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::{OriginalUri, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::extract::Segments;

static CLIENT: LazyLock<Client<HttpConnector, Body>> =
    LazyLock::new(|| Client::builder(TokioExecutor::new()).build_http());

/// What of a request a board needs to know.
const ASKED: [HeaderName; 6] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::IF_NONE_MATCH,
    header::RANGE,
];
/// What of an answer a browser needs to know.
const ANSWERED: [HeaderName; 9] = [
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_SECURITY_POLICY,
    header::CONTENT_TYPE,
    header::ETAG,
    header::LAST_MODIFIED,
];

pub(super) async fn front(
    state: State<App>,
    permit: Permit,
    Segments(id): Segments<String>,
    uri: OriginalUri,
    request: Request,
) -> Result<Response, Error> {
    page(state, permit, Segments((id, String::new())), uri, request).await
}

pub(super) async fn page(
    State(app): State<App>,
    permit: Permit,
    Segments((id, _)): Segments<(String, String)>,
    OriginalUri(asked): OriginalUri,
    request: Request,
) -> Result<Response, Error> {
    let board = app.boards.find(&id)?;
    permit.check(&board.namespace)?;
    board.touch();
    if !matches!(*request.method(), Method::GET | Method::HEAD | Method::POST) {
        return Err(Error::Unimplemented("a TensorBoard is asked by GET and POST".to_owned()));
    }
    let place = format!("/tensorboard/{id}/view");
    let path = asked.path_and_query().map_or("/", PathAndQuery::as_str);
    // Also what is below the base path of the user interface belongs to the board's own prefix.
    let (outer, inner) = path.split_once(place.as_str()).unwrap_or(("", "/"));
    let policy = policy(&asked, request.headers(), &format!("{outer}{place}/"))?;
    let target = format!("http://127.0.0.1:{}{}{inner}", board.port, board.prefix());
    let (parts, body) = request.into_parts();
    let mut handed = Request::builder().method(parts.method).uri(target);
    for name in ASKED {
        if let Some(value) = parts.headers.get(&name) {
            handed = handed.header(name, value);
        }
    }
    let handed =
        handed.body(body).map_err(|error| Error::Invalid(format!("the address is wrong: {error}")))?;
    let answer = CLIENT.request(handed).await;
    let answer =
        answer.map_err(|error| Error::Unavailable(format!("TensorBoard does not answer: {error}")))?;
    let mut response = answer.status().into_response();
    for name in ANSWERED {
        if let Some(value) = answer.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    // Beside its own policy: what both allow is allowed.
    response.headers_mut().append(header::CONTENT_SECURITY_POLICY, policy);
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    *response.body_mut() = Body::new(answer.into_body());
    Ok(response)
}

/// Says what the pages of a board may reach: what is below `place` of the host that was asked.
fn policy(asked: &Uri, headers: &HeaderMap, place: &str) -> Result<HeaderValue, Error> {
    let host = asked.authority().map(|authority| authority.as_str());
    let host =
        host.or_else(|| headers.get(header::HOST).and_then(|host| host.to_str().ok())).unwrap_or_default();
    let own = format!("{host}{place}");
    let policy = format!(
        "sandbox allow-scripts allow-same-origin allow-downloads; default-src {own}; \
         script-src {own} 'unsafe-inline' 'unsafe-eval'; style-src {own} 'unsafe-inline' data:; \
         img-src {own} data: blob:; font-src {own} data:; connect-src {own}; frame-src {own}; worker-src {own}; \
         object-src 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).map_err(|_| Error::Invalid("the name of the host is wrong".to_owned()))
}
