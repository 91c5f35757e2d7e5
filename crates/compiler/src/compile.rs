//! The whole way from a source to a checked plan.

use pipewright_plan::{Dialect, Plan};
use serde_json::Value;

use crate::decode::{Context, Decode};
use crate::detect::{self, Documents};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
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
    read(source, finish)
}

/// Looks for every mistake of a pipeline file, as [`compile`] does, and keeps its source as it is.
pub fn check(source: &[u8]) -> Result<Checked, Diagnostics> {
    read(source, |nodes, diagnostics| {
        let mut cx = Context::new();
        let (plan, _, warnings) = plan(&nodes, diagnostics, &mut cx)?;
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
pub fn compile_json(source: &Value) -> Result<Compiled, Diagnostics> {
    finish(vec![Node::from_json(source)], &mut Diagnostics::default())
}

fn finish(mut nodes: Vec<Node>, diagnostics: &mut Diagnostics) -> Result<Compiled, Diagnostics> {
    let mut cx = Context::new();
    let (plan, (pipeline, platform), warnings) = plan(&nodes, diagnostics, &mut cx)?;
    Ok(Compiled {
        dialect: plan.dialect,
        plan,
        pipeline_spec: take_json(&mut nodes, pipeline, &cx).unwrap_or_default(),
        platform_spec: platform.and_then(|platform| take_json(&mut nodes, platform, &cx)),
        warnings,
    })
}

/// The addresses of the pipeline's and of the platform's document.
type Addresses = (usize, Option<usize>);

fn plan(
    nodes: &[Node],
    diagnostics: &mut Diagnostics,
    cx: &mut Context,
) -> Result<(Plan, Addresses, Diagnostics), Diagnostics> {
    let Some(documents) = detect::detect(nodes, diagnostics) else {
        diagnostics.settle();
        return Err(std::mem::take(diagnostics));
    };
    let plan = match documents {
        Documents::V1 { workflow } => v1::compile(workflow, cx),
        Documents::V2 { pipeline, platform } => compile_v2((pipeline, platform), cx),
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
        Documents::V1 { workflow } => (address(workflow), None),
        Documents::V2 { pipeline, platform } => (address(pipeline), platform.map(address)),
    };
    Ok((plan, addresses, warnings))
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
