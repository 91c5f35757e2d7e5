//! The nodes of a run: tasks as the format's nodes, each dag, group, loop, retry and attempt with one of its own.
//!
//! Source: v1 semantics 2.3, 2.4, 2.6 and 2.9.

mod leaf;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use pipewright_plan::{ComponentKind, Dag, Items, Plan, Task, TriggerStrategy};
use pipewright_store::engine::{
    Failure, FailureReason, TaskKey, TaskKind, TaskPhase, TaskView, written_items,
};
use serde_json::{Value, json};

use super::condition::{self, Known, resolved};
use super::edges::{self, Placed};
use super::locks;
use super::names::{display_name, item_name, node_id};
use super::node::{Label, Node, NodeType, Phase, Span, message};
use super::stored::{self, whole_spec};

/// The helper input under which a loop keeps its items.
const ITEMS: &str = "loop.items";

/// What a dag says that starts nothing more after a failure.
const STOPPED: &str = "template has failed or errored children and failfast enabled";

/// What the nodes are made of.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) workflow: &'a str,
    pub(super) plan: &'a Plan,
    /// The workflow as it was submitted.
    pub(super) document: &'a Value,
    /// In the order in which they came to be.
    pub(super) tasks: &'a [TaskView],
}

/// Returns all nodes by their ids, those around others first.
pub(super) fn nodes(source: Source<'_>) -> IndexMap<String, Node> {
    let views =
        source.tasks.iter().enumerate().map(|(order, view)| (view.key.as_str(), (order, view))).collect();
    let mut builder = Builder { source, views, nodes: IndexMap::new() };
    builder.build();
    builder.nodes
}

struct Builder<'a> {
    source: Source<'a>,
    views: BTreeMap<&'a str, (usize, &'a TaskView)>,
    nodes: IndexMap<String, Node>,
}

/// A task instance that is about to become nodes.
#[derive(Clone, Copy)]
struct Spot<'s, 'a> {
    name: &'s str,
    key: &'s TaskKey,
    /// The component, which is named as its template.
    template: &'a str,
    task: Option<&'a Task>,
    /// The condition as it is written.
    when: Option<&'a str>,
    around: Option<Around<'s, 'a>>,
    item: Option<&'s Value>,
}

impl<'s, 'a> Spot<'s, 'a> {
    /// Names the component that uses this one; empty for what nothing is around.
    fn user(&self) -> &'a str {
        self.around.map(|around| around.template).unwrap_or_default()
    }

    /// Makes the spot of something that nothing is around.
    fn bare(name: &'s str, key: &'s TaskKey, template: &'a str, task: Option<&'a Task>) -> Self {
        Self { name, key, template, task, when: None, around: None, item: None }
    }
}

/// The dag or the steps around a task.
#[derive(Clone, Copy)]
struct Around<'s, 'a> {
    name: &'s str,
    /// Its component.
    template: &'a str,
    key: &'s TaskKey,
    view: &'a TaskView,
}

impl<'a> Builder<'a> {
    fn view(&self, key: &TaskKey) -> Option<&'a TaskView> {
        self.views.get(key.as_str()).map(|(_, view)| *view)
    }

    fn dag(&self, component: &str) -> Option<&'a Dag> {
        match &self.source.plan.component(component)?.kind {
            ComponentKind::Dag(dag) => Some(dag),
            _ => None,
        }
    }

    fn template(&self, name: &str) -> Option<&'a Value> {
        stored::template(self.source.document, name)
    }

    /// Finds what plays the root: the plan's own root, or its only task beside the exit handler.
    fn build(&mut self) {
        let plan = self.source.plan;
        let spec = whole_spec(self.source.document);
        let entry = spec["entrypoint"].as_str().unwrap_or_default();
        let root = TaskKey::root();
        let workflow = self.source.workflow;
        let Some(dag) = self.dag(&plan.root) else { return };
        let exits = |task: &Task| task.trigger.strategy == TriggerStrategy::Exit;
        let is_group = self.template(entry).is_some_and(|it| it["dag"].is_object() || it["steps"].is_array());
        if is_group && spec["onExit"].is_null() && !has_hooks(spec) {
            self.place(&Spot::bare(workflow, &root, &plan.root, None));
            if let Some(node) = self.nodes.get_mut(workflow) {
                entry.clone_into(&mut node.template_name);
                entry.clone_into(&mut node.component);
            }
            return;
        }
        for (name, task) in &dag.tasks {
            let hook = format!("{workflow}.{name}");
            let exit = format!("{workflow}.onExit");
            let node = match task.trigger.watches {
                Some(_) => hook.as_str(),
                None if exits(task) => exit.as_str(),
                None => workflow,
            };
            let placed = self.place(&Spot::bare(node, &root.child(name), &task.component, Some(task)));
            if let Some(placed) = placed.filter(|_| task.trigger.watches.is_some()) {
                edges::connect(&mut self.nodes, workflow, &[placed.id]);
            }
        }
    }

    /// Makes the nodes of one task; nothing when it has not come to be.
    fn place(&mut self, spot: &Spot<'_, 'a>) -> Option<Placed> {
        let (order, view) = *self.views.get(spot.key.as_str())?;
        let was_begun = view.started_at.is_some() || !view.attempts.is_empty();
        if view.phase == TaskPhase::Cancelled && !was_begun {
            return None;
        }
        // A hook that had nothing to do leaves no node.
        let is_hook = edges::is_hook(spot.key.name()) || spot.key.name().starts_with("hooks.");
        if is_hook && matches!(view.phase, TaskPhase::Omitted | TaskPhase::Skipped) {
            return None;
        }
        let is_unresolved = view.error.as_ref().is_some_and(|error| error.reason == FailureReason::Resolve);
        let was_passed_over = matches!(view.phase, TaskPhase::Skipped | TaskPhase::Omitted)
            || (is_unresolved && view.attempts.is_empty() && view.started_at.is_none());
        let of_iteration = self.dag(spot.template).and_then(Dag::of_iteration);
        let outbound = if was_passed_over {
            let template = of_iteration.map_or(spot.template, |(_, task)| task.component.as_str());
            self.passed_over(&Spot { template, ..*spot }, view)
        } else if locks::is_waiting(view) {
            self.locked_out(spot, view)
        } else if view.kind == TaskKind::Loop {
            self.repeated(spot, view)
        } else if let Some((main, task)) = of_iteration {
            return self.iteration(spot, (main, task));
        } else if let Some(dag) = self.dag(spot.template) {
            self.group(spot, view, dag)
        } else if self.is_wait(spot.template) {
            self.wait(spot, view)
        } else {
            self.attempts(spot, view)
        };
        Some(Placed { id: node_id(self.source.workflow, spot.name), order, outbound })
    }

    fn label(&self, name: &str, around: Option<Around<'_, 'a>>) -> Label {
        let workflow = self.source.workflow;
        Label {
            id: node_id(workflow, name),
            name: name.to_owned(),
            display_name: display_name(name, around.map(|around| around.name)).to_owned(),
            boundary: around.map(|around| node_id(workflow, around.name)).unwrap_or_default(),
        }
    }

    fn node(&self, spot: &Spot<'_, 'a>, view: &TaskView, node_type: NodeType) -> Node {
        let phase = Phase::of(view.phase, view.error.as_ref());
        let span = Span { from: Some(view.started_at.unwrap_or(view.created_at)), to: view.ended_at };
        let label = self.label(spot.name, spot.around);
        let mut node = Node::new(label, node_type, phase, span).of_template(spot.template, spot.user());
        node.message = view.error.as_ref().map(|error| said(view.phase, error)).unwrap_or_default();
        if spot.task.is_some_and(|task| task.trigger.watches.is_some()) {
            node.node_flag = Some(json!({"hooked": true}));
        }
        node.memoization_status = memoization(view);
        node.task = Some(view.key.clone());
        node
    }

    fn add(&mut self, node: Node) -> String {
        let id = node.id.clone();
        self.nodes.insert(id.clone(), node);
        id
    }

    fn passed_over(&mut self, spot: &Spot<'_, 'a>, view: &'a TaskView) -> Vec<String> {
        let mut node = self.node(spot, view, NodeType::Skipped);
        let is_loop = spot.task.is_some_and(|task| task.iterator.is_some()) && spot.item.is_none();
        node.message = match view.phase {
            TaskPhase::Omitted => "omitted: depends condition not met".to_owned(),
            TaskPhase::Skipped if is_loop => "Skipped, empty params".to_owned(),
            TaskPhase::Skipped => {
                format!("when '{}' evaluated false", self.resolved(spot, spot.when.unwrap_or_default()))
            }
            _ => {
                let when = spot.when.map(|when| self.resolved(spot, when));
                when.and_then(|when| condition::complaint(&node.message, &when)).unwrap_or(node.message)
            }
        };
        vec![self.add(node)]
    }

    /// Returns a condition with the values that it was asked with.
    fn resolved(&self, spot: &Spot<'_, 'a>, when: &str) -> String {
        let siblings = |name: &str| self.view(&spot.around?.key.child(name));
        let known = Known {
            run: self.view(&TaskKey::root()),
            around: spot.around.map(|around| around.view),
            item: spot.item,
            sibling: &siblings,
        };
        resolved(when, &known)
    }

    fn repeated(&mut self, spot: &Spot<'_, 'a>, view: &'a TaskView) -> Vec<String> {
        let group = self.node(spot, view, NodeType::TaskGroup);
        let group = self.add(group);
        let placed = self.iterations(spot, view);
        let ids = edges::ids(&placed);
        edges::connect(&mut self.nodes, &group, &ids);
        if placed.is_empty() { vec![group] } else { edges::outbound(&placed) }
    }

    fn iterations(&mut self, spot: &Spot<'_, 'a>, view: &'a TaskView) -> Vec<Placed> {
        let items = items(spot.task, view);
        let mut placed = Vec::new();
        for index in 0..view.iteration_count.unwrap_or_default() {
            let nothing = Value::Null;
            let item = items.get(index as usize).unwrap_or(&nothing);
            let (name, key) = (item_name(spot.name, index, item), view.key.iteration(index));
            placed.extend(self.place(&Spot { name: &name, key: &key, item: Some(item), ..*spot }));
        }
        placed
    }

    /// Makes the nodes of one iteration and of what belongs to it; the iteration goes by the task's name.
    fn iteration(&mut self, spot: &Spot<'_, 'a>, (main, task): (&'a str, &'a Task)) -> Option<Placed> {
        let key = spot.key.child(main);
        let inner = Spot { key: &key, template: &task.component, task: Some(task), ..*spot };
        let placed = self.place(&inner)?;
        let others = self.dag(spot.template)?.tasks.iter().filter(|(other, _)| *other != main);
        for (other, task) in others {
            let key = spot.key.child(other);
            let name = format!("{}{}", spot.name, other.strip_prefix(main).unwrap_or_default());
            let hook = Spot { name: &name, key: &key, template: &task.component, task: Some(task), ..*spot };
            if let Some(hooked) = self.place(&Spot { when: None, ..hook }) {
                edges::connect(&mut self.nodes, &placed.id, &[hooked.id]);
            }
        }
        Some(placed)
    }

    fn group(&mut self, spot: &Spot<'_, 'a>, view: &'a TaskView, dag: &'a Dag) -> Vec<String> {
        let name = if spot.template == self.source.plan.root {
            whole_spec(self.source.document)["entrypoint"].as_str().unwrap_or_default()
        } else {
            spot.template
        };
        let template = self.template(name);
        let steps = template.and_then(|template| template["steps"].as_array());
        let kind = if steps.is_some() { NodeType::Steps } else { NodeType::Dag };
        let node = self.node(spot, view, kind);
        let is_over = node.phase.is_over();
        let id = self.add(node);
        let around = Around { name: spot.name, template: spot.template, key: &view.key, view };
        let outbound = match steps {
            Some(groups) => self.steps(&id, around, (dag, groups)),
            None => {
                let tasks = template.and_then(|template| template["dag"]["tasks"].as_array());
                self.tasks(&id, around, (dag, tasks.map(Vec::as_slice).unwrap_or_default()))
            }
        };
        let was_stopped = dag.fail_fast && view.phase == TaskPhase::Failed && self.has_unstarted(around, dag);
        if is_over && let Some(node) = self.nodes.get_mut(&id) {
            node.outbound_nodes.clone_from(&outbound);
            if was_stopped {
                STOPPED.clone_into(&mut node.message);
            }
        }
        if outbound.is_empty() { vec![id] } else { outbound }
    }

    /// Tells whether something of a dag, an iteration included, never began.
    fn has_unstarted(&self, around: Around<'_, 'a>, dag: &Dag) -> bool {
        dag.tasks.keys().any(|name| {
            let view = self.view(&around.key.child(name));
            view.is_none_or(|view| view.phase == TaskPhase::Cancelled || self.has_missing(view))
        })
    }

    fn has_missing(&self, view: &TaskView) -> bool {
        let count = view.iteration_count.unwrap_or_default();
        view.kind == TaskKind::Loop && (0..count).any(|index| self.view(&view.key.iteration(index)).is_none())
    }

    /// Makes the nodes of a dag's tasks and the edges between them; returns what is at their end.
    fn tasks(
        &mut self,
        owner: &str,
        around: Around<'_, 'a>,
        (dag, written): (&'a Dag, &'a [Value]),
    ) -> Vec<String> {
        let mut placed: BTreeMap<&str, Placed> = BTreeMap::new();
        for (name, task) in &dag.tasks {
            let key = around.key.child(name);
            let node_name = format!("{}.{name}", around.name);
            let spot = Spot {
                name: &node_name,
                key: &key,
                template: &task.component,
                task: Some(task),
                when: when_of(written, name),
                around: Some(around),
                item: None,
            };
            placed.extend(self.place(&spot).map(|found| (name.as_str(), found)));
        }
        edges::link(&mut self.nodes, owner, dag, &placed)
    }

    /// Makes the nodes of groups of steps, one group after the other; returns what is at the end.
    fn steps(
        &mut self,
        owner: &str,
        around: Around<'_, 'a>,
        (dag, groups): (&'a Dag, &'a [Value]),
    ) -> Vec<String> {
        let mut before = vec![owner.to_owned()];
        for (index, group) in groups.iter().enumerate() {
            let group_name = format!("{}[{index}]", around.name);
            // A group is a list, or in the older form one step.
            let written = group.as_array().map_or(std::slice::from_ref(group), Vec::as_slice);
            let mut placed = Vec::new();
            for (name, task) in
                written.iter().filter_map(|step| dag.tasks.get_key_value(step["name"].as_str()?))
            {
                let key = around.key.child(name);
                let node_name = format!("{group_name}.{name}");
                let spot = Spot {
                    name: &node_name,
                    key: &key,
                    template: &task.component,
                    task: Some(task),
                    when: when_of(written, name),
                    around: Some(around),
                    item: None,
                };
                match self.view(&key) {
                    Some(view) if view.kind == TaskKind::Loop && view.phase != TaskPhase::Skipped => {
                        placed.extend(self.iterations(&spot, view));
                    }
                    _ => placed.extend(self.place(&spot)),
                }
                for (hook, task) in dag.tasks.iter().filter(|(hook, _)| edges::is_hook_of(hook, name)) {
                    let (node_name, key) = (format!("{group_name}.{hook}"), around.key.child(hook));
                    let spot = Spot { template: &task.component, task: Some(task), when: None, ..spot };
                    if let Some(hooked) = self.place(&Spot { name: &node_name, key: &key, ..spot })
                        && let Some(last) = placed.last()
                    {
                        let id = last.id.clone();
                        edges::connect(&mut self.nodes, &id, &[hooked.id]);
                    }
                }
            }
            if placed.is_empty() {
                break;
            }
            let ids = edges::ids(&placed);
            let label = self.label(&group_name, Some(around));
            let tolerant = |id: &str| written.iter().any(|step| self.tolerates(step, id, &group_name));
            let group = edges::step_group(label, &self.nodes, &ids, &tolerant);
            let id = self.add(group);
            for earlier in &before {
                edges::connect(&mut self.nodes, earlier, std::slice::from_ref(&id));
            }
            edges::connect(&mut self.nodes, &id, &ids);
            before = edges::outbound(&placed);
        }
        if before == [owner.to_owned()] { Vec::new() } else { before }
    }

    /// Tells whether a step says that its steps go on after such an end of this node.
    fn tolerates(&self, step: &Value, id: &str, group: &str) -> bool {
        let Some(node) = self.nodes.get(id) else { return false };
        let name = format!("{group}.{}", step["name"].as_str().unwrap_or_default());
        let is_its = node.name == name || node.name.starts_with(&format!("{name}("));
        let allows = |field: &str| step["continueOn"][field] == true;
        is_its
            && match node.phase {
                Phase::Failed => allows("failed"),
                Phase::Error => allows("error"),
                _ => false,
            }
    }
}

/// Tells whether something runs beside the workflow or after it.
fn has_hooks(spec: &Value) -> bool {
    spec["hooks"].as_object().is_some_and(|hooks| !hooks.is_empty())
}

/// Says by which key of which cache a result was looked for, and whether there was one.
fn memoization(view: &TaskView) -> Option<Value> {
    let document = &view.fingerprint.as_ref()?.document;
    let (cache, key) = (document.get("memo cache")?, document.get("memo key")?);
    Some(json!({"hit": view.phase == TaskPhase::Cached, "key": key, "cacheName": cache}))
}

fn said(phase: TaskPhase, failure: &Failure) -> String {
    message(failure, phase == TaskPhase::Cancelled)
}

/// Returns the condition that a task is written with.
fn when_of<'a>(written: &'a [Value], task: &str) -> Option<&'a str> {
    written.iter().find(|found| found["name"] == task)?["when"].as_str()
}

/// Returns what a loop goes over.
fn items(task: Option<&Task>, view: &TaskView) -> Vec<Value> {
    let Some(iterator) = task.and_then(|task| task.iterator.as_ref()) else { return Vec::new() };
    let name = match &iterator.items {
        Items::Static { values } => return values.clone(),
        Items::Input { name } => name.as_str(),
    };
    match view.inputs.parameters.get(name).or_else(|| view.inputs.parameters.get(ITEMS)) {
        Some(Value::Array(items)) => items.clone(),
        Some(Value::String(text)) => written_items(text).unwrap_or_default(),
        _ => Vec::new(),
    }
}
