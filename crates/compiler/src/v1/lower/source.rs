//! The workflow with its names looked up: templates, arguments, the outputs that a template leaves.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use pipewright_plan::Component;

use crate::decode::Text;
use crate::suggest;
use crate::v1::workflow::{Parameter, Template, Volume, Workflow, WorkflowSpec};
use crate::yaml::Span;
use crate::{decode::Context, v1::workflow::Artifact};

/// The workflow, and what its names stand for.
pub(super) struct Source<'w> {
    pub spec: &'w WorkflowSpec,
    /// Its volumes, those of claims that it makes included.
    pub volumes: Vec<Volume>,
    /// By name, with the place in the list.
    templates: BTreeMap<&'w str, (usize, &'w Template)>,
    /// Names of the workflow's own parameters.
    pub run_parameters: BTreeSet<&'w str>,
    /// Its labels and annotations by tag name (`workflow.labels.x`).
    pub notes: BTreeMap<String, &'w str>,
    /// Output parameters by their global names, as (template, output).
    pub globals: IndexMap<String, Vec<(String, String)>>,
    /// Output artifacts by their global names, as (template, output).
    pub global_artifacts: IndexMap<String, Vec<(String, String)>>,
    /// Components of which somebody wants the standard output.
    pub results: RefCell<BTreeSet<String>>,
    /// Components that stand inside tasks.
    pub inline: RefCell<IndexMap<String, Component>>,
}

impl<'w> Source<'w> {
    pub fn new(workflow: &'w Workflow, spec: &'w WorkflowSpec, cx: &mut Context) -> Self {
        let mut templates = BTreeMap::new();
        for (index, template) in spec.templates.iter().enumerate() {
            let Some(name) = &template.name else { continue };
            if templates.insert(name.value.as_str(), (index, template)).is_some() {
                cx.within("templates", |cx| {
                    cx.within(format!("[{index}]"), |cx| {
                        let message = format!("there is another template `{}`", name.value);
                        cx.error("duplicate-name", name.span, message);
                    });
                });
            }
        }
        let arguments = spec.arguments.iter().flat_map(|arguments| &arguments.parameters);
        let run_parameters =
            arguments.filter_map(|parameter| Some(parameter.name.as_ref()?.value.as_str())).collect();
        let mut globals: IndexMap<String, Vec<(String, String)>> = IndexMap::new();
        let mut global_artifacts: IndexMap<String, Vec<(String, String)>> = IndexMap::new();
        for (name, (_, template)) in &templates {
            for (key, output) in named_artifacts(template.output_artifacts()) {
                if let Some(global) = &output.global_name {
                    let place = ((*name).to_owned(), key.value.clone());
                    global_artifacts.entry(global.value.clone()).or_default().push(place);
                }
            }
            for (key, output) in named(template.output_parameters()) {
                if let Some(global) = &output.global_name {
                    let place = ((*name).to_owned(), key.value.clone());
                    globals.entry(global.value.clone()).or_default().push(place);
                }
            }
        }
        let meta = workflow.metadata.as_ref();
        let mut notes = BTreeMap::new();
        let given = spec.workflow_metadata.as_ref();
        // What the specification gives takes the place of what the object has.
        for (kind, map) in [
            ("labels", meta.map(|meta| &meta.labels)),
            ("annotations", meta.map(|meta| &meta.annotations)),
            ("labels", given.map(|given| &given.labels)),
            ("annotations", given.map(|given| &given.annotations)),
        ] {
            for (key, keyed) in map.into_iter().flatten() {
                notes.insert(format!("workflow.{kind}.{key}"), keyed.value.value.as_str());
            }
        }
        Self {
            spec,
            volumes: super::claim::volumes(spec),
            templates,
            run_parameters,
            notes,
            globals,
            global_artifacts,
            results: RefCell::default(),
            inline: RefCell::default(),
        }
    }

    /// Returns the template of that name.
    pub fn template(&self, name: &str) -> Option<&'w Template> {
        self.templates.get(name).map(|(_, template)| *template)
    }

    /// Returns the template of that name with its place in the list.
    pub fn template_at(&self, name: &str) -> Option<(usize, &'w Template)> {
        self.templates.get(name).copied()
    }

    pub fn names(&self) -> impl Iterator<Item = &'w str> + '_ {
        self.templates.keys().copied()
    }
}

/// Longest name of a template or a task.
const LONGEST_NAME: usize = 128;

/// Tells whether templates and tasks may have this name. Source: v1 semantics 2.1.
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    name.len() <= LONGEST_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(is_part)
}

/// Reports parameters that have no name, one that cannot be spoken of, or that of another.
pub(super) fn check_parameters(what: &str, parameters: &[Parameter], cx: &mut Context) {
    let all = parameters.iter().map(|parameter| (parameter.name.as_ref(), parameter.span));
    cx.within("parameters", |cx| check_names(what, all, cx));
}

/// The same of artifacts.
pub(super) fn check_artifacts(what: &str, artifacts: &[Artifact], cx: &mut Context) {
    let all = artifacts.iter().map(|artifact| (artifact.name.as_ref(), artifact.span));
    cx.within("artifacts", |cx| check_names(what, all, cx));
}

fn check_names<'a>(what: &str, all: impl Iterator<Item = (Option<&'a Text>, Span)>, cx: &mut Context) {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let mut seen = BTreeSet::new();
    for (index, (name, span)) in all.enumerate() {
        cx.within(format!("[{index}]"), |cx| match name {
            None => {
                cx.error("missing-field", span, format!("the {what} has no `name`"));
            }
            Some(name) if name.value.is_empty() || !name.value.chars().all(is_part) => {
                cx.error("wrong-name", name.span, format!("`{}` is no name of an {what}", name.value))
                    .hint("letters, digits, `-` and `_`");
            }
            Some(name) if !seen.insert(name.value.as_str()) => {
                let message = format!("{what} `{}` is declared twice", name.value);
                cx.error("duplicate-name", name.span, message);
            }
            Some(_) => {}
        });
    }
}

/// Lists parameters with their names.
pub(super) fn named(parameters: &[Parameter]) -> impl Iterator<Item = (&Text, &Parameter)> {
    parameters.iter().filter_map(|parameter| Some((parameter.name.as_ref()?, parameter)))
}

/// Lists artifacts with their names.
pub(super) fn named_artifacts(artifacts: &[Artifact]) -> impl Iterator<Item = (&Text, &Artifact)> {
    artifacts.iter().filter_map(|artifact| Some((artifact.name.as_ref()?, artifact)))
}

impl Template {
    pub(super) fn input_parameters(&self) -> &[Parameter] {
        self.inputs.as_ref().map(|inputs| inputs.parameters.as_slice()).unwrap_or_default()
    }

    pub(super) fn input_artifacts(&self) -> &[Artifact] {
        self.inputs.as_ref().map(|inputs| inputs.artifacts.as_slice()).unwrap_or_default()
    }

    pub(super) fn output_parameters(&self) -> &[Parameter] {
        self.outputs.as_ref().map(|outputs| outputs.parameters.as_slice()).unwrap_or_default()
    }

    /// Returns the output under which the standard output goes.
    pub(super) fn result_key(&self) -> &'static str {
        let is_taken = named(self.output_parameters()).any(|(name, _)| name.value == "result");
        if is_taken { "outputs.result" } else { "result" }
    }

    pub(super) fn output_artifacts(&self) -> &[Artifact] {
        self.outputs.as_ref().map(|outputs| outputs.artifacts.as_slice()).unwrap_or_default()
    }
}

/// Suggests a name, or lists those that there are.
pub(super) fn suggestion<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    suggest::did_you_mean(wrong, known.iter().copied()).unwrap_or_else(|| match known.as_slice() {
        [] => "there are none here".to_owned(),
        known => format!("known here: {}", known.iter().take(12).copied().collect::<Vec<_>>().join(", ")),
    })
}

/// Records a field whose meaning this release does not carry out.
#[cfg_attr(test, track_caller)]
pub(in crate::v1) fn unsupported(cx: &mut Context, field: &'static str, span: Span, hint: &str) {
    #[cfg(test)]
    crate::v1::sites::visit(std::panic::Location::caller());
    cx.within(field, |cx| {
        let message = format!("`{field}` is not supported by this release");
        cx.error("unsupported", span, message).hint(hint);
    });
}
