//! Visualizations: what the visualization creator asks for is an ordinary run of one task, whose program leaves a page
//! of HTML.
//!
//! Left out: programs of their own for TFDV and TFMA, which use the packages of that name in the image.

mod answer;
mod pipeline;
mod route;
mod source;

use pipewright_store::engine::{RunId, Submit};
use pipewright_store::{NewExperiment, Run};
use serde_json::{Map, Value};

use crate::access::Permit;
use crate::app::App;
use crate::error::Error;
use crate::submit::{Source, Submission, submit};
use answer::page_of;
pub(crate) use pipeline::{OUTPUT, TASK};
pub(crate) use route::routes;
use source::find;

/// Where runs of visualizations are.
const EXPERIMENT: &str = "Visualizations";
const DESCRIPTION: &str = "Runs that the visualization creator has started.";
/// The most that arguments, and the code in them, may have: they are one word of a command.
const MOST_ARGUMENTS: usize = 100_000;

/// What can be drawn; in the order of the API's enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    RocCurve,
    Tfdv,
    Tfma,
    Table,
    Custom,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::RocCurve, Self::Tfdv, Self::Tfma, Self::Table, Self::Custom];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RocCurve => "ROC_CURVE",
            Self::Tfdv => "TFDV",
            Self::Tfma => "TFMA",
            Self::Table => "TABLE",
            Self::Custom => "CUSTOM",
        }
    }

    /// Reads a kind as protobuf JSON has it: by name or number, the first one when it is not said.
    ///
    /// Errors: `Invalid`.
    pub(crate) fn read(value: &Value) -> Result<Self, Error> {
        let found = match value {
            Value::Null => Some(Self::ALL[0]),
            Value::String(name) => Self::ALL.into_iter().find(|kind| kind.name() == name),
            Value::Number(number) => {
                number.as_u64().and_then(|at| Self::ALL.get(usize::try_from(at).ok()?).copied())
            }
            _ => None,
        };
        let names = Self::ALL.map(Self::name).join(", ");
        found.ok_or_else(|| Error::Invalid(format!("type is one of {names}, found {value}")))
    }

    /// Tells whether its program knows by itself what to do with an address that is no file of this server.
    fn takes_any_source(self) -> bool {
        matches!(self, Self::Tfdv | Self::Tfma | Self::Custom)
    }
}

/// A visualization that somebody asks for, checked as far as it can be without looking at its source.
#[derive(Debug, Clone)]
pub(crate) struct Visualization {
    kind: Kind,
    source: String,
    arguments: Map<String, Value>,
}

impl Visualization {
    /// Checks what is asked for.
    ///
    /// Errors: `Invalid`.
    pub(crate) fn new(kind: Kind, source: &str, arguments: Value) -> Result<Self, Error> {
        let source = source.trim();
        let Value::Object(arguments) = arguments else {
            return Err(Error::Invalid("arguments of a visualization are a JSON object".to_owned()));
        };
        if kind != Kind::Custom && source.is_empty() {
            return Err(Error::Invalid("a visualization needs a source: where its data lie".to_owned()));
        }
        if kind == Kind::Custom && !is_code(arguments.get("code")) {
            return Err(Error::Invalid(
                "a CUSTOM visualization needs code: its lines as a list of texts, in the argument `code`"
                    .to_owned(),
            ));
        }
        let length = Value::Object(arguments.clone()).to_string().len();
        if length > MOST_ARGUMENTS {
            return Err(Error::Invalid(format!(
                "the arguments, with the code, have {length} bytes; at most {MOST_ARGUMENTS} can be handed on"
            )));
        }
        Ok(Self { kind, source: source.to_owned(), arguments })
    }

    fn title(&self) -> String {
        let last = self.source.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        match last {
            "" => format!("{} visualization", self.kind.name()),
            name => format!("{} of {name}", self.kind.name()),
        }
    }
}

fn is_code(value: Option<&Value>) -> bool {
    match value {
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Array(lines)) => !lines.is_empty() && lines.iter().all(Value::is_string),
        _ => false,
    }
}

/// Creates the run that draws it.
///
/// Errors: `NotFound` and `Denied` for sources that who asks may not read as an artifact, those of `submit`.
pub(crate) async fn start(
    app: &App,
    permit: &Permit,
    namespace: String,
    asked: Visualization,
) -> Result<Run, Error> {
    let namespace = permit.within("a visualization", Some(namespace))?.unwrap_or_default();
    let source = find(app, (permit, &namespace), asked.kind, &asked.source).await?;
    let experiment =
        NewExperiment { namespace, display_name: EXPERIMENT.to_owned(), description: DESCRIPTION.to_owned() };
    let experiment = app.store.ensure_experiment(experiment).await?;
    let title = asked.title();
    let spec = pipeline::specification(&app.settings.visualization_image, &source);
    let mut submission = Submission::new(Source::Spec(spec), title);
    submission.experiment_id = Some(experiment.id);
    submission.arguments = pipeline::arguments(asked.kind, source, asked.arguments);
    // What lies at an address may have changed since it was drawn last.
    submission.caching_disabled = true;
    submit(&app.store, &app.settings, submission).await
}

/// Returns the namespace that files are looked for in: that of the run.
async fn namespace_of(app: &App, run: &RunId) -> Result<String, Error> {
    let found = app.store.namespace_of(pipewright_store::Kind::Run, &run.0).await?;
    Ok(if found.is_empty() { Submit::DEFAULT_NAMESPACE.to_owned() } else { found })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_asked_for_is_checked_first() {
        for (kind, source, arguments, expected) in [
            (json!("TABLE"), " /a/b.csv ", json!({}), Ok("TABLE of b.csv")),
            (json!(0), "volume://claim/x/", json!({}), Ok("ROC_CURVE of x")),
            (Value::Null, "/a", json!({}), Ok("ROC_CURVE of a")),
            (json!("CUSTOM"), "", json!({"code": ["1"]}), Ok("CUSTOM visualization")),
            (json!(4), "", json!({"code": "1"}), Ok("CUSTOM visualization")),
            (json!("CUSTOM"), "", json!({}), Err("needs code")),
            (json!("CUSTOM"), "", json!({"code": []}), Err("needs code")),
            (json!("CUSTOM"), "", json!({"code": [1]}), Err("needs code")),
            (json!("TABLE"), " ", json!({}), Err("needs a source")),
            (json!("TABLE"), "/a", json!([]), Err("a JSON object")),
            (json!("PIE"), "/a", json!({}), Err("type is one of")),
            (json!(5), "/a", json!({}), Err("type is one of")),
            (json!("CUSTOM"), "", json!({"code": "x".repeat(MOST_ARGUMENTS)}), Err("can be handed on")),
        ] {
            let asked = Kind::read(&kind).and_then(|kind| Visualization::new(kind, source, arguments));
            match (asked, expected) {
                (Ok(asked), Ok(title)) => assert_eq!(asked.title(), title),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (found, expected) => panic!("{kind} {source}: {found:?}, expected {expected:?}"),
            }
        }
    }
}
