//! The only keeper of truth: runs as journals with their projections, and plain rows for everything else.
//!
//! Everything goes through one [`Store`]. One thread writes (many callers share a commit and a flush), two
//! threads read; see `writer` and `flusher` for what is promised when. One process owns a database file:
//! nobody else may open it for writing. SQL stands beside its aggregate, one file each.

mod artifacts;
mod audit;
mod cache;
mod catalog;
mod comparison;
mod db;
mod documents;
mod error;
mod executions;
mod experiments;
mod feed;
mod filter;
mod flusher;
mod import;
mod inbox;
mod journal;
mod lineage;
mod marks;
mod metrics;
mod migrate;
mod namespaces;
mod objects;
mod ordered;
mod page;
mod pipelines;
mod progress;
mod projection;
mod recurring_runs;
mod removal;
mod retention;
mod rows;
mod runs;
mod sessions;
mod store;
mod tags;
mod versions;
mod writer;

#[cfg(test)]
mod statements;

pub use audit::AuditEntry;
pub use cache::Young;
pub use error::{Cause, Error, Kind};
pub use executions::{Execution, ExecutionQuery, RunTimes, TaskTimes};
pub use experiments::{Experiment, NewExperiment};
pub use feed::Change;
pub use import::RunImport;
pub use inbox::Request;
pub use journal::Append;
pub use lineage::{ArtifactQuery, ArtifactRecord, ArtifactUse, Newest};
pub use metrics::{Metric, MetricFile, UnreadMetrics};
pub use namespaces::PipelineOf;
pub use objects::{
    FOLDER_ANNOTATION, MASK, Masker, Masks, Object, ObjectAuthor, ObjectKey, ObjectWrite, parse_manifests,
};
pub use ordered::{ArtifactOrder, ExecutionOrder, Mark, Order};
pub use page::{ListQuery, Page};
pub use pipelines::{NewPipeline, Pipeline, PipelineChange};
/// The vocabulary of runs that rows and journals are written in.
pub use pipewright_engine as engine;
pub use progress::{IterationQuery, Iterations, RunChanges, RunProgress, Scope, TaskBrief};
pub use recurring_runs::{Firing, NewRecurringRun, RecurringRun, TriggerKind, TriggerRule};
pub use retention::Expired;
pub use runs::{NewRun, Run};
pub use sessions::Session;
pub use store::{Durability, Options, Store};
pub use versions::{NewPipelineVersion, PipelineVersion};
