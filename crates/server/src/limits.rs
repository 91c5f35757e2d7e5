//! How large and how slow a request may be, and how that is told.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use hyper::body::{Frame, SizeHint};

use crate::error::{Error, UploadError};

/// The largest request: a pipeline file of 32 MiB and what is around it.
pub(crate) const BODY_LIMIT: usize = (32 << 20) + (1 << 20);
/// How long a request may take until its answer begins; streams go on as long as they need.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(60);
/// How long a request's body may pause.
pub(crate) const BODY_PAUSE: Duration = Duration::from_secs(20);
/// How long a stopping server waits for answers that have begun.
pub(crate) const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// The most that is read of a request only to throw it away.
const DISCARD_LIMIT: u64 = 1 << 30;

/// Refuses requests that announce too large a body.
///
/// The body is read and dropped first: most clients send all of it before they look for an answer, and would
/// report a broken connection instead of the reason.
pub(crate) async fn refuse_large(request: Request, next: Next) -> Response {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let length = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok()).unwrap_or(0);
    if length <= BODY_LIMIT as u64 || takes_runs(&request) {
        return next.run(request).await;
    }
    let is_upload = request.uri().path().contains("/pipelines/upload");
    discard(request).await;
    let error = Error::Invalid(format!("the request has {} MiB; at most 32 MiB are accepted", length >> 20));
    if is_upload { UploadError(error).into_response() } else { error.into_response() }
}

/// Tells whether a request brings a whole run, which may be of any size and take its time; its body may not pause
/// longer than others.
fn takes_runs(request: &Request) -> bool {
    request.uri().path().ends_with("/apis/pipewright/v1/runs/import")
}

/// Tells whether the answer is what a run leaves, for which a limit of its own holds.
fn draws(request: &Request) -> bool {
    let path = request.uri().path();
    ["/apis/v1beta1/visualizations/", "/apis/v2beta1/visualizations/"]
        .iter()
        .any(|route| path.contains(route))
}

/// Breaks off requests whose answer does not begin in time, which is their own fault when they are not whole by then.
pub(crate) async fn answer_in_time(request: Request, next: Next) -> Response {
    if takes_runs(&request) || draws(&request) {
        return next.run(request).await;
    }
    answer_within(ANSWER_LIMIT, request, next).await
}

async fn answer_within(limit: Duration, request: Request, next: Next) -> Response {
    let is_whole = Arc::new(AtomicBool::new(request.body().is_end_stream()));
    let request = match is_whole.load(Relaxed) {
        true => request,
        false => request.map(|inner| Body::new(Arriving { inner, is_whole: is_whole.clone() })),
    };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) if is_whole.load(Relaxed) => StatusCode::GATEWAY_TIMEOUT.into_response(),
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

/// A body that tells when all of it has come.
struct Arriving {
    inner: Body,
    is_whole: Arc<AtomicBool>,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(context);
        if matches!(frame, Poll::Ready(None)) || self.inner.is_end_stream() {
            self.is_whole.store(true, Relaxed);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Reads what a client still sends and drops it, unless it waits to be asked for it or it is too much.
pub(crate) async fn discard(request: Request) {
    if request.headers().contains_key(header::EXPECT) {
        return;
    }
    let mut body = request.into_body().into_data_stream();
    let mut read = 0;
    while let Some(Ok(chunk)) = body.next().await
        && read <= DISCARD_LIMIT
    {
        read += chunk.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::post;
    use axum::{Router, middleware};
    use futures::stream;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn whoever_is_late_is_told() {
        let take = async |_: Bytes| std::future::pending::<()>().await;
        let router = Router::new().route("/", post(take)).layer(middleware::from_fn(|request, next| {
            answer_within(Duration::from_millis(100), request, next)
        }));
        let ask = async |body: Body| {
            let request = Request::post("/").body(body).unwrap();
            router.clone().oneshot(request).await.unwrap().status()
        };
        let first = || stream::iter([Ok::<_, std::io::Error>("{")]);
        let never = first().chain(stream::pending());
        assert_eq!(ask(Body::from_stream(never)).await, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(ask(Body::from_stream(first())).await, StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(ask(Body::from("{}")).await, StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(ask(Body::empty()).await, StatusCode::GATEWAY_TIMEOUT);
    }
}
