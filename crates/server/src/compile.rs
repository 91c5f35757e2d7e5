//! Pipelines compiled, with the workflow templates that the registry has for them.

use std::sync::Arc;

use pipewright_compiler::{Library, compile_json, compile_with};
use pipewright_plan::Plan;
use pipewright_store::Store;
use pipewright_store::engine::Submit;
use serde_json::{Value, json};

use crate::error::Error;

/// A pipeline that compiles, and how the API shows it.
#[derive(Debug, Clone)]
pub struct Compiled {
    pub plan: Arc<Plan>,
    /// The specification, wrapped with its platform document when there is one.
    pub pipeline_spec: Value,
    /// What a run keeps of the templates in the registry: the status that its workflow begins with.
    pub frozen: Option<Value>,
}

impl Compiled {
    /// Returns the plan and the specification of a run, which stay as they are whatever becomes of the registry.
    pub(crate) fn into_run(self) -> (Arc<Plan>, Value) {
        let mut spec = self.pipeline_spec;
        if let Some(status) = self.frozen {
            spec["status"] = status;
        }
        (self.plan, spec)
    }
}

impl From<pipewright_compiler::Compiled> for Compiled {
    fn from(compiled: pipewright_compiler::Compiled) -> Self {
        let pipeline_spec = match compiled.platform_spec {
            Some(platform) => json!({"pipeline_spec": compiled.pipeline_spec, "platform_spec": platform}),
            None => compiled.pipeline_spec,
        };
        Self { plan: Arc::new(compiled.plan), pipeline_spec, frozen: compiled.frozen }
    }
}

/// Returns the workflow templates that pipelines of a namespace may refer to, the default one for none: its own, and
/// those for all namespaces, which are kept in the default one.
pub async fn library(store: &Store, namespace: &str) -> Result<Library, Error> {
    let [of_namespace, of_cluster] = Library::KINDS;
    let namespace = if namespace.is_empty() { Submit::DEFAULT_NAMESPACE } else { namespace };
    let mut found = store.list_objects(Some(namespace), Some(of_namespace)).await?;
    found.extend(store.list_objects(Some(Submit::DEFAULT_NAMESPACE), Some(of_cluster)).await?);
    Ok(Library::new(found.into_iter().map(|object| object.document)))
}

/// Returns what a text may refer to; most refer to nothing.
pub(crate) async fn library_for(store: &Store, namespace: &str, source: &[u8]) -> Result<Library, Error> {
    if Library::is_wanted(source) { library(store, namespace).await } else { Ok(Library::default()) }
}

/// Compiles a pipeline file of a namespace.
pub(crate) async fn compile_text(store: &Store, namespace: &str, text: Vec<u8>) -> Result<Compiled, Error> {
    let library = library_for(store, namespace, &text).await?;
    blocking(move || compile_with(&text, &library)).await
}

/// Compiles a specification as JSON.
pub(crate) async fn compile_spec(store: &Store, namespace: &str, spec: Value) -> Result<Compiled, Error> {
    // Only workflows refer to anything.
    let library = match spec.get("apiVersion") {
        Some(_) => library_for(store, namespace, spec.to_string().as_bytes()).await?,
        None => Library::default(),
    };
    blocking(move || compile_json(&spec, &library)).await
}

async fn blocking<F>(work: F) -> Result<Compiled, Error>
where
    F: FnOnce() -> Result<pipewright_compiler::Compiled, pipewright_compiler::Diagnostics> + Send + 'static,
{
    let result = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("compiling the pipeline failed", error))?;
    match result {
        Ok(compiled) => Ok(compiled.into()),
        Err(diagnostics) => Err(Error::Invalid(format!("the pipeline is wrong:\n{diagnostics}"))),
    }
}
