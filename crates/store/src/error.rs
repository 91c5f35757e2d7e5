//! What can go wrong, one variant per case that callers treat differently.

use std::fmt;
use std::sync::Arc;

/// Why a request to the store was not done. Nothing of a failed request is kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    #[error("{kind} `{id}` does not exist")]
    NotFound { kind: Kind, id: String },
    #[error("{kind} `{name}` exists already")]
    Exists { kind: Kind, name: String },
    /// Somebody else was there first, or the state of things forbids it.
    #[error("{message}")]
    Conflict { message: String },
    /// The request makes no sense: a bad filter, sort key or page token.
    #[error("{0}")]
    Invalid(String),
    /// The disk is full, or the store is closed: the same request may succeed later.
    #[error(transparent)]
    Unavailable(Cause),
    /// The database or this program is broken.
    #[error(transparent)]
    Internal(Cause),
}

/// What kind of thing is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Experiment,
    Pipeline,
    PipelineVersion,
    Run,
    RecurringRun,
    Task,
    Artifact,
    /// Of the object registry
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Experiment => "experiment",
            Self::Pipeline => "pipeline",
            Self::PipelineVersion => "pipeline version",
            Self::Run => "run",
            Self::RecurringRun => "recurring run",
            Self::Task => "task",
            Self::Artifact => "artifact",
            Self::Object => "object",
        })
    }
}

/// A sentence and what is behind it.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Cause {
    pub message: String,
    #[source]
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Cause {
    fn new(message: String, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { message, source: Some(Arc::new(source)) }
    }
}

impl Error {
    pub(crate) fn not_found(kind: Kind, id: impl fmt::Display) -> Self {
        Self::NotFound { kind, id: id.to_string() }
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable(Cause { message: message.into(), source: None })
    }

    pub(crate) fn closed() -> Self {
        Self::unavailable("the store is closed")
    }

    pub(crate) fn io(what: impl fmt::Display, source: std::io::Error) -> Self {
        Self::Unavailable(Cause::new(format!("{what}: {source}"), source))
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::Internal(Cause { message: message.into(), source: None })
    }

    /// A stored document that cannot be read, or a value that cannot be written.
    pub(crate) fn document(what: impl fmt::Display, source: serde_json::Error) -> Self {
        Self::Internal(Cause::new(format!("{what}: {source}"), source))
    }

    /// Names what a broken uniqueness means; other errors stay what they are.
    pub(crate) fn of_insert(error: rusqlite::Error, kind: Kind, name: &str) -> Self {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
        match &error {
            rusqlite::Error::SqliteFailure(failure, _)
                if [SQLITE_CONSTRAINT_UNIQUE, SQLITE_CONSTRAINT_PRIMARYKEY]
                    .contains(&failure.extended_code) =>
            {
                Self::Exists { kind, name: name.to_owned() }
            }
            _ => error.into(),
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let message = format!("the database failed: {error}");
        // Growing the shared memory file has an error of its own.
        let no_room = error.sqlite_error().is_some_and(|found| {
            found.code == ErrorCode::DiskFull || found.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
        });
        match error.sqlite_error_code() {
            _ if no_room => {
                Self::Unavailable(Cause::new("the disk that holds the database is full".to_owned(), error))
            }
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::SystemIoFailure,
            ) => Self::Unavailable(Cause::new(message, error)),
            _ => Self::Internal(Cause::new(message, error)),
        }
    }
}
