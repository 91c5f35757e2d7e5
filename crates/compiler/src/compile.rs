//! The whole way from a source to a checked plan.

use pipewright_plan::{Dialect, Plan};
use serde_json::Value;

use crate::decode::{Context, Decode};
use crate::detect::{self, Documents};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::v1::{Library, Stored};
use crate::yaml::{self, Node, NodeValue, Span};
use crate::{v1, v2};

/// A pipeline that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    pub plan: Plan,
    pub dialect: Dialect,
    /// The pipeline specification or workflow as JSON, its fields in camel case.
    pub pipeline_spec: Value,
    pub platform_spec: Option<Value>,
    /// The status that a run's workflow begins with, where that is more than `pipeline_spec` holds: what it took
    /// of the library.
    pub frozen: Option<Value>,
    /// Oddities that do not stand in the way.
    pub warnings: Diagnostics,
}

/// A pipeline that was compiled only to be looked at.
#[derive(Debug)]
pub struct Checked {
    pub plan: Plan,
    /// Oddities that do not stand in the way.
    pub warnings: Diagnostics,
    /// What the plan was made from. Taking a large document apart costs as much as reading it, so who is about to
    /// end leaves that to the system.
    _source: (Vec<Node>, Context),
}

/// Compiles a pipeline file, YAML or JSON.
///
/// Errors: every mistake at once, in the order of the text, warnings among them.
pub fn compile(source: &[u8]) -> Result<Compiled, Diagnostics> {
    compile_with(source, &Library::default())
}

/// Compiles a pipeline file that may refer to workflow templates.
///
/// Errors: as for [`compile`].
pub fn compile_with(source: &[u8], library: &Library) -> Result<Compiled, Diagnostics> {
    read(source, |nodes, diagnostics| finish((nodes, library), diagnostics))
}

/// Looks for every mistake of a pipeline file, as [`compile`] does, and keeps its source as it is.
pub fn check(source: &[u8]) -> Result<Checked, Diagnostics> {
    check_with(source, &Library::default())
}

/// Looks for every mistake of a pipeline file that may refer to workflow templates.
pub fn check_with(source: &[u8], library: &Library) -> Result<Checked, Diagnostics> {
    read(source, |nodes, diagnostics| {
        let mut cx = Context::new();
        let Planned { plan, warnings, .. } = plan((&nodes, library), diagnostics, &mut cx)?;
        Ok(Checked { plan, warnings, _source: (nodes, cx) })
    })
}

trait Warned {
    fn warnings(&self) -> &Diagnostics;
}

impl Warned for Compiled {
    fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }
}

impl Warned for Checked {
    fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }
}

fn read<T: Warned>(
    source: &[u8],
    finish: impl Fn(Vec<Node>, &mut Diagnostics) -> Result<T, Diagnostics>,
) -> Result<T, Diagnostics> {
    // What is written plainly and has nothing to be said about needs no positions.
    if let Some(nodes) = yaml::load_quick(source)
        && let Ok(read) = finish(nodes, &mut Diagnostics::default())
        && read.warnings().is_empty()
    {
        return Ok(read);
    }
    let (nodes, mut diagnostics) = yaml::load(source);
    if nodes.is_empty() && diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let was_cut =
        diagnostics.iter().any(|found| !matches!(&*found.code, "duplicate-key" | "yaml-tag" | "yaml-key"));
    if was_cut {
        // What follows the syntax error is unknown, so that looking for more mistakes would only guess.
        return Err(diagnostics);
    }
    finish(nodes, &mut diagnostics)
}

/// Compiles an inline specification: a pipeline specification, or `{pipeline_spec, platform_spec}`.
///
/// Errors: as for [`compile`], without lines and columns.
pub fn compile_json(source: &Value, library: &Library) -> Result<Compiled, Diagnostics> {
    finish((vec![Node::from_json(source)], library), &mut Diagnostics::default())
}

/// Compiles what a `CronWorkflow` runs, and says when it does.
///
/// Errors: as for [`compile`]; a file without such a document is one.
pub fn compile_cron(source: &[u8], library: &Library) -> Result<(v1::Schedule, Compiled), Diagnostics> {
    let (mut nodes, mut diagnostics) = yaml::load(source);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let is_cron = |node: &&mut Node| node.get("kind").and_then(Node::as_str) == Some(v1::CRON);
    let Some(node) = nodes.iter_mut().find(is_cron) else {
        let message = "there is no `CronWorkflow` in this file";
        let mut missing = Diagnostic::new(Severity::Error, "no-pipeline", Span::default(), message);
        missing.hint("of a pipeline make a recurring run by `--pipeline` and `--cron`");
        diagnostics.push(missing);
        return Err(diagnostics);
    };
    let mut cx = Context::new();
    let read = v1::read_cron(node, &mut cx);
    diagnostics.append(std::mem::take(&mut cx.diagnostics));
    let Some((schedule, workflow)) = read.filter(|_| !diagnostics.has_errors()) else {
        diagnostics.settle();
        return Err(diagnostics);
    };
    *node = workflow;
    let compiled = finish((nodes, library), &mut diagnostics).map_err(|mut found| {
        for diagnostic in found.iter_mut() {
            if let Some(rest) = diagnostic.path.strip_prefix("spec") {
                diagnostic.path = format!("spec.workflowSpec{rest}");
            }
        }
        found
    })?;
    Ok((schedule, compiled))
}

fn finish(
    (mut nodes, library): (Vec<Node>, &Library),
    diagnostics: &mut Diagnostics,
) -> Result<Compiled, Diagnostics> {
    let mut cx = Context::new();
    let Planned { plan, addresses: (pipeline, platform), stored: (own, all), warnings } =
        plan((&nodes, library), diagnostics, &mut cx)?;
    let mut pipeline_spec = take_json(&mut nodes, pipeline, &cx).unwrap_or_default();
    if plan.dialect == Dialect::V1 {
        // A template that is run is a workflow made from it.
        pipeline_spec["kind"] = Value::from("Workflow");
    }
    own.keep_in(&mut pipeline_spec);
    let frozen = (all != own).then(|| {
        let mut run =
            Value::Object([("status".to_owned(), pipeline_spec["status"].clone())].into_iter().collect());
        all.keep_in(&mut run);
        run["status"].take()
    });
    Ok(Compiled {
        dialect: plan.dialect,
        plan,
        pipeline_spec,
        platform_spec: platform.and_then(|platform| take_json(&mut nodes, platform, &cx)),
        frozen,
        warnings,
    })
}

/// The addresses of the pipeline's and of the platform's document.
type Addresses = (usize, Option<usize>);

/// A plan, what it was made from and what was noted.
struct Planned {
    plan: Plan,
    addresses: Addresses,
    /// What a workflow keeps of templates elsewhere: those of its file, and all.
    stored: (Stored, Stored),
    warnings: Diagnostics,
}

fn plan(
    (nodes, library): (&[Node], &Library),
    diagnostics: &mut Diagnostics,
    cx: &mut Context,
) -> Result<Planned, Diagnostics> {
    let Some(documents) = detect::detect(nodes, diagnostics) else {
        diagnostics.settle();
        return Err(std::mem::take(diagnostics));
    };
    let mut stored = (Stored::default(), Stored::default());
    let plan = match &documents {
        Documents::V1 { workflow, templates } => {
            let sources = v1::Sources { workflow, templates, library };
            v1::compile(sources, cx).map(|compiled| {
                stored = (compiled.own, compiled.all);
                compiled.plan
            })
        }
        Documents::V2 { pipeline, platform } => compile_v2((pipeline, *platform), cx),
    };
    diagnostics.append(std::mem::take(&mut cx.diagnostics));
    if let Some(plan) = plan.as_ref().filter(|_| !diagnostics.has_errors()) {
        for broken in pipewright_plan::check(plan).err().into_iter().flatten() {
            let mut diagnostic =
                Diagnostic::new(Severity::Error, "broken-plan", Span::default(), broken.message);
            diagnostic.path = broken.path;
            diagnostics.push(diagnostic);
        }
    }
    diagnostics.settle();
    let warnings = std::mem::take(diagnostics);
    let Some(plan) = plan.filter(|_| !warnings.has_errors()) else { return Err(warnings) };
    let addresses = match documents {
        Documents::V1 { workflow, .. } => (address(workflow), None),
        Documents::V2 { pipeline, platform } => (address(pipeline), platform.map(address)),
    };
    Ok(Planned { plan, addresses, stored, warnings })
}

fn address(node: &Node) -> usize {
    std::ptr::from_ref(node) as usize
}

/// Turns the document of that address, or the part of one, into JSON; its texts are moved, not copied.
fn take_json(nodes: &mut [Node], at: usize, cx: &Context) -> Option<Value> {
    nodes.iter_mut().find_map(|node| {
        if address(node) == at {
            return Some(cx.take_json(node));
        }
        let NodeValue::Mapping(mapping) = &mut node.value else { return None };
        mapping.nodes_mut().find(|part| address(part) == at).map(|part| cx.take_json(part))
    })
}

fn compile_v2((pipeline, platform): (&Node, Option<&Node>), cx: &mut Context) -> Option<Plan> {
    let mut spec = v2::spec::PipelineSpec::decode(pipeline, cx);
    spec.iter_mut().for_each(v2::repair);
    let platform = platform.and_then(|node| v2::platform::PlatformSpec::decode(node, cx));
    let unreadable = cx.diagnostics.iter().any(|found| found.code == "wrong-type");
    let spec = spec?;
    let plan = v2::lower::lower(&spec, platform.as_ref(), cx);
    cx.keep(spec);
    if unreadable {
        // A field that could not be read looks absent; its first report is enough.
        cx.diagnostics.retain(|found| found.code != "missing-field");
    }
    plan
}
