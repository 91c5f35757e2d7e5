//! What can go wrong with a request, and the one place where that becomes HTTP.
//!
//! The API answers errors in the shape of grpc-gateway; uploads have a shape of their own ([`UploadError`]).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request itself is wrong.
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Exists(String),
    /// The object is in a state that does not allow it.
    #[error("{0}")]
    Precondition(String),
    /// Never allowed for this object, whatever its state.
    #[error("{0}")]
    Aborted(String),
    /// Who calls may not do it, or it comes from a page of another site.
    #[error("{0}")]
    Denied(String),
    /// Who calls is not known.
    #[error("{0}")]
    Unauthenticated(String),
    /// Asked too often.
    #[error("{0}")]
    TooMany(String),
    /// Known to the API, not to this server yet.
    #[error("{0}")]
    Unimplemented(String),
    #[error("{0}")]
    Unavailable(String),
    #[error("{message}")]
    Internal {
        message: String,
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl Error {
    /// Makes an internal error that carries what caused it.
    pub fn internal(what: &str, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Internal { message: format!("{what}: {source}"), source: Some(Box::new(source)) }
    }

    /// Returns the gRPC code and the HTTP status that go with it.
    fn codes(&self) -> (i32, StatusCode) {
        match self {
            Self::Invalid(_) => (3, StatusCode::BAD_REQUEST),
            Self::NotFound(_) => (5, StatusCode::NOT_FOUND),
            Self::Exists(_) => (6, StatusCode::CONFLICT),
            Self::Denied(_) => (7, StatusCode::FORBIDDEN),
            Self::TooMany(_) => (8, StatusCode::TOO_MANY_REQUESTS),
            Self::Precondition(_) => (9, StatusCode::BAD_REQUEST),
            Self::Aborted(_) => (10, StatusCode::CONFLICT),
            Self::Unimplemented(_) => (12, StatusCode::NOT_IMPLEMENTED),
            Self::Internal { .. } => (13, StatusCode::INTERNAL_SERVER_ERROR),
            Self::Unavailable(_) => (14, StatusCode::SERVICE_UNAVAILABLE),
            Self::Unauthenticated(_) => (16, StatusCode::UNAUTHORIZED),
        }
    }

    fn report(&self) {
        if let Self::Internal { message, source } = self {
            tracing::error!(source = source.as_ref().map(tracing::field::display), "{message}");
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.report();
        let (code, status) = self.codes();
        let message = self.to_string();
        let body = json!({
            "code": code,
            "message": message,
            "details": [
                {"@type": "type.googleapis.com/google.rpc.Status", "code": code, "message": message}
            ],
        });
        let mut response = (status, Json(body)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// An [`Error`] of an upload: another body, and no more statuses than 400, 403, 409 and 500.
#[derive(Debug)]
pub struct UploadError(pub Error);

impl<E: Into<Error>> From<E> for UploadError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for UploadError {
    fn into_response(self) -> Response {
        self.0.report();
        let status = match self.0 {
            Error::Exists(_) => StatusCode::CONFLICT,
            Error::Denied(_) => StatusCode::FORBIDDEN,
            Error::Internal { .. } | Error::Unavailable(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let message = self.0.to_string();
        let body = json!({"error_message": message, "error_details": message});
        (status, Json(body)).into_response()
    }
}

impl From<pipewright_store::Error> for Error {
    fn from(error: pipewright_store::Error) -> Self {
        use pipewright_store::Error as Store;
        match error {
            Store::NotFound { .. } => Self::NotFound(error.to_string()),
            Store::Exists { .. } => Self::Exists(error.to_string()),
            Store::Conflict { .. } => Self::Aborted(error.to_string()),
            Store::Invalid(message) => Self::Invalid(message),
            Store::Unavailable(_) => Self::Unavailable(error.to_string()),
            Store::Internal(_) => {
                Self::Internal { message: error.to_string(), source: Some(Box::new(error)) }
            }
        }
    }
}
