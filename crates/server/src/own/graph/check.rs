//! Looks at a document without keeping it: what it would draw, and everything that is wrong with it.

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use pipewright_compiler::{Diagnostic, Diagnostics, Library, Severity};
use pipewright_store::engine::Submit;

use super::types::{CheckView, DiagnosticView, SeverityView};
use super::{GraphView, graph_of};
use crate::access::Permit;
use crate::app::App;
use crate::archive::pipeline_file;
use crate::compile::library_for;
use crate::error::Error;
use crate::extract::Words;

/// Takes the file itself as the body: YAML, JSON, or an archive with one inside.
pub(super) async fn check(
    State(app): State<App>,
    permit: Permit,
    words: Words,
    body: Bytes,
) -> Result<Json<CheckView>, Error> {
    let namespace = permit.shared_or_within(words.text("namespace"))?.unwrap_or_default();
    let name = words.text("name").unwrap_or_else(|| file_name(&body).to_owned());
    let source = match unpacked(name, body).await? {
        Ok(source) => source,
        Err(view) => return Ok(Json(view)),
    };
    let library = match namespace.is_empty() && !permit.allows(Submit::DEFAULT_NAMESPACE) {
        // What others have there is not told by a mistake.
        true => Library::default(),
        false => library_for(&app.store, &namespace, &source).await?,
    };
    let view = tokio::task::spawn_blocking(move || look(&source, &library)).await;
    Ok(Json(view.map_err(|error| Error::internal("looking at the pipeline failed", error))?))
}

/// Names a file by its first bytes.
fn file_name(body: &[u8]) -> &'static str {
    if body.starts_with(b"PK\x03\x04") {
        "pipeline.zip"
    } else if body.starts_with(b"\x1f\x8b") {
        "pipeline.tar.gz"
    } else {
        "pipeline.yaml"
    }
}

/// Returns the pipeline file in what was sent, or what is said of a package that has none.
async fn unpacked(name: String, body: Bytes) -> Result<Result<Vec<u8>, CheckView>, Error> {
    let found = tokio::task::spawn_blocking(move || pipeline_file(&name, body.to_vec())).await;
    let found = found.map_err(|error| Error::internal("looking at the pipeline failed", error))?;
    Ok(found.map_err(|error| {
        let diagnostic = DiagnosticView {
            severity: SeverityView::Error,
            line: None,
            column: None,
            path: None,
            message: error.to_string(),
            hint: None,
        };
        CheckView { ok: false, graph: None, diagnostics: vec![diagnostic] }
    }))
}

fn look(source: &[u8], library: &Library) -> CheckView {
    match pipewright_compiler::check_with(source, library) {
        Ok(checked) => CheckView {
            ok: true,
            graph: Some(Box::<GraphView>::new(graph_of(&checked.plan))),
            diagnostics: shown(&checked.warnings),
        },
        Err(diagnostics) => CheckView { ok: false, graph: None, diagnostics: shown(&diagnostics) },
    }
}

fn shown(diagnostics: &Diagnostics) -> Vec<DiagnosticView> {
    diagnostics.iter().map(diagnostic_view).collect()
}

fn diagnostic_view(diagnostic: &Diagnostic) -> DiagnosticView {
    let number = |number: u32| (number > 0).then_some(number);
    DiagnosticView {
        severity: match diagnostic.severity {
            Severity::Error => SeverityView::Error,
            Severity::Warning => SeverityView::Warning,
        },
        line: number(diagnostic.line),
        column: number(diagnostic.line).and(number(diagnostic.column)),
        path: Some(diagnostic.path.clone()).filter(|path| !path.is_empty()),
        message: diagnostic.message.clone(),
        hint: diagnostic.hint.clone(),
    }
}
