//! Answers to the tags of the v1 format that speak of the run, the task or the attempt, and the second reading
//! of values: a value that is itself such a tag is answered once it reaches a template.
//!
//! Source: v1 semantics 2.2.

use std::collections::BTreeMap;

use pipewright_plan::{
    ArtifactValue, Container, Dag, DagShape, Dialect, Expr, JobFacts, LOOP_ITEM, Placeholder, Plan, Text,
    TriggerStrategy, Value, ValueTemplate, guarded_json, item_field, item_form, text_form,
};
use serde_json::json;

use super::{Environment, evaluate, library};
use crate::event::{Failure, FailureReason, Resolved};
use crate::id::{AttemptId, TaskKey, Timestamp};
use crate::node_name::{failure_message, node_name, pod_name, task_display_name, task_node_id};
use crate::state::{Children, Node, NodeId, RunState, UNBORN, dag_at, resource_name, rfc3339, task_of};
use crate::view::TaskPhase;

/// What names of artifacts begin with that the whole run knows.
pub(super) const GLOBAL: &str = "workflow.outputs.artifacts.";

/// Where an answer is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) state: &'a RunState,
    pub(crate) key: &'a TaskKey,
    /// Absent while inputs are resolved, before anything is launched.
    pub(crate) attempt: Option<&'a AttemptId>,
    /// What expressions may read: inputs and helpers by name.
    pub(crate) values: &'a BTreeMap<String, Value>,
}

impl Asking<'_> {
    /// Returns what the task's job is told, with an answer to each tag in these texts.
    pub(crate) fn job_facts<'t>(&self, texts: impl IntoIterator<Item = &'t Text>) -> JobFacts {
        let mut job = self.state.job_facts(self.plan, self.key);
        if self.plan.dialect == Dialect::V1 {
            for placeholder in texts.into_iter().flat_map(Text::placeholders) {
                self.add(placeholder, &mut job.tags);
            }
        }
        job
    }

    /// Like [`Asking::job_facts`], for all texts of a container.
    pub(crate) fn container_facts(&self, container: &Container) -> JobFacts {
        let mut texts = Vec::new();
        if self.plan.dialect == Dialect::V1 {
            container.visit_texts(&mut |text| texts.push(text));
        }
        self.job_facts(texts)
    }

    fn add(&self, placeholder: &Placeholder, answers: &mut BTreeMap<String, String>) {
        match placeholder {
            Placeholder::Tag { name } if !answers.contains_key(name) => {
                if let Some(answer) = self.answer(name) {
                    answers.insert(name.clone(), answer);
                }
            }
            Placeholder::Expression { text, expr } => {
                // Without an answer it stays as it is written, as upstream does.
                if let Ok(value) = self.compute(expr)
                    && !value.is_null()
                {
                    answers.insert(format!("={text}"), library::written(&value));
                }
            }
            Placeholder::JsonEscape { inner, .. } => self.add(inner, answers),
            _ => {}
        }
    }

    /// Computes an expression. Errors: a sentence that says what did not fit.
    pub(crate) fn compute(&self, expr: &Expr) -> Result<Value, String> {
        self.compute_with(expr, |_| None)
    }

    /// Like [`Asking::compute`], with variables that are known at this place alone.
    pub(crate) fn compute_with(
        &self,
        expr: &Expr,
        own: impl Fn(&str) -> Option<Value>,
    ) -> Result<Value, String> {
        let of = |name: &str| own(name).or_else(|| self.variable(name)).unwrap_or_default();
        let known = expr.variables().into_iter().map(|name| (name.to_owned(), of(name))).collect();
        evaluate(expr, &mut Environment::new(known))
    }

    /// Returns what a variable of an expression holds: texts, and maps of them.
    fn variable(&self, name: &str) -> Option<Value> {
        let text = |value: &Value| Value::String(text_form(value));
        let texts = |values: &BTreeMap<String, Value>| {
            Value::Object(values.iter().map(|(name, value)| (name.clone(), text(value))).collect())
        };
        if let Some(value) = self.values.get(name) {
            return Some(text(value));
        }
        match name {
            "inputs.parameters" => return Some(texts(self.values)),
            "workflow.parameters" => {
                let root = self.state.node(&TaskKey::root())?;
                return Some(texts(&self.state.nodes[root].inputs.parameters));
            }
            "item" => return self.values.get(LOOP_ITEM).map(|item| Value::String(item_form(item))),
            _ => {}
        }
        if let Some(input) = name.strip_prefix("inputs.parameters.") {
            return self.values.get(input).map(text);
        }
        if let Some(key) = name.strip_prefix("item.") {
            return item_field(self.values.get(LOOP_ITEM)?, key).map(Value::String);
        }
        self.answer(name).map(Value::String)
    }

    /// Reads the values of a v1 task once more.
    pub(crate) fn reread(&self, values: &mut BTreeMap<String, Value>) {
        if self.plan.dialect != Dialect::V1 {
            return;
        }
        for value in values.values_mut() {
            if let Value::String(text) = value
                && text.contains("{{")
            {
                *text = self.text(text);
            }
        }
    }

    /// Replaces the tags of a text that have an answer here.
    fn text(&self, text: &str) -> String {
        let mut written = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let (before, from) = rest.split_at(start);
            written.push_str(before);
            let Some(end) = from.find("}}") else {
                rest = from;
                break;
            };
            match self.answer(from[2..end].trim()) {
                Some(answer) => written.push_str(&answer),
                None => written.push_str(&from[..end + 2]),
            }
            rest = &from[end + 2..];
        }
        written.push_str(rest);
        written
    }

    /// Returns what a tag stands for; nothing when nobody knows.
    pub(crate) fn answer(&self, name: &str) -> Option<String> {
        let state = self.state;
        if let Some(rest) = name.strip_prefix("workflow.") {
            return self.of_run(rest);
        }
        let node = state.node(self.key).map(|id| &state.nodes[id]);
        let sibling = name.strip_prefix("tasks.").or_else(|| name.strip_prefix("steps."));
        if let Some(rest) = sibling.filter(|rest| *rest != "name") {
            return self.of_task(self.dag_around(rest)?, rest);
        }
        match name {
            "inputs.parameters" => Some(listed(self.values)),
            "node.name" => {
                let own = self.attempt.and_then(|attempt| node_name(self.plan, self.state, attempt));
                Some(own.unwrap_or_else(|| self.key.to_string()))
            }
            "tasks.name" | "steps.name" => Some(self.key.name().to_owned()),
            "pod.name" => self.attempt.map(|attempt| pod_name(self.plan, self.state, attempt)),
            "retries" => {
                let has_retry =
                    node.and_then(|node| task_of(self.plan, node)).is_some_and(|t| t.retry.is_some());
                let earlier = node.map_or(0, |node| node.earlier);
                let number = self.attempt.filter(|_| has_retry).map(|attempt| attempt.number);
                number.map(|number| number.saturating_sub(earlier).to_string())
            }
            _ => self.of_last_attempt(name.strip_prefix("lastRetry.")?, node?),
        }
    }

    /// Returns the dag instance in which a task is known by `TASK.fact`: around one iteration there is another.
    fn dag_around(&self, rest: &str) -> Option<NodeId> {
        let state = self.state;
        let dag = state.node(&self.key.parent()?)?;
        let known = dag_at(self.plan, state.nodes[dag].component)?;
        let is_of = |task: &str| rest.strip_prefix(task).is_some_and(|rest| rest.starts_with('.'));
        if known.shape != DagShape::Iteration || known.tasks.keys().any(|task| is_of(task)) {
            return Some(dag);
        }
        state.nodes[state.nodes[dag].parent?].parent
    }

    /// Says how a task of a dag instance went, by `TASK.fact`.
    pub(crate) fn of_task(&self, dag: NodeId, rest: &str) -> Option<String> {
        let state = self.state;
        if let Some((task, name)) = rest.split_once(".outputs.parameters.") {
            // What was not there when the task fired is not there for its attempts, either.
            if self.attempt.is_some() {
                return None;
            }
            let node = &state.nodes[state.node(&state.nodes[dag].key.child(task))?];
            return node.outcome.parameters.get(name).map(text_form);
        }
        let (task, fact) = match rest.strip_suffix(".outputs.parameters") {
            Some(task) => (task, "outputs.parameters"),
            None => rest.rsplit_once('.')?,
        };
        let node = &state.nodes[state.node(&state.nodes[dag].key.child(task))?];
        match fact {
            "outputs.parameters" => match &node.children {
                Children::Loop { started, .. } => {
                    let succeeded = started
                        .iter()
                        .filter(|id| **id != UNBORN)
                        .map(|id| &state.nodes[*id])
                        .filter(|node| node.phase.is_success());
                    let texts = |node: &Node| {
                        let all = node.outcome.parameters.iter();
                        Value::Object(
                            all.map(|(name, value)| (name.clone(), text_form(value).into())).collect(),
                        )
                    };
                    Some(guarded_json(&Value::Array(succeeded.map(texts).collect()).to_string()))
                }
                Children::None | Children::Dag { .. } => Some(listed(&node.outcome.parameters)),
            },
            "id" => task_node_id(self.plan, state, &node.key),
            fact => of_sibling((self.plan, state), node, fact),
        }
    }

    fn of_last_attempt(&self, fact: &str, node: &Node) -> Option<String> {
        let number = self.attempt?.number.checked_sub(1).filter(|number| *number >= node.earlier)?;
        let last = node.attempts.get(number as usize)?;
        let failure = last.failure.as_ref();
        match fact {
            "exitCode" => Some(failure.and_then(|failure| failure.exit_code).unwrap_or(-1).to_string()),
            "status" => Some(
                if failure.is_some_and(|failure| is_error(failure.reason)) { "Error" } else { "Failed" }
                    .to_owned(),
            ),
            "message" => Some(failure.map(|failure| failure_message(failure, false)).unwrap_or_default()),
            "duration" => Some(((last.ended_at?.0 - last.started_at?.0) / 1_000_000).to_string()),
            _ => None,
        }
    }

    fn of_run(&self, fact: &str) -> Option<String> {
        let state = self.state;
        let submit = state.submit.as_deref()?;
        let created = submit.created_at;
        if let Some(name) = fact.strip_prefix("parameters.") {
            let root = state.node(&TaskKey::root()).map(|id| &state.nodes[id].inputs);
            let value =
                root.and_then(|inputs| inputs.parameters.get(name)).or_else(|| submit.arguments.get(name));
            if let Some(value) = value {
                return Some(text_form(value));
            }
        }
        if let Some(name) = fact.strip_prefix("outputs.parameters.") {
            return self.global(name);
        }
        if let Some(format) = fact.strip_prefix("creationTimestamp.") {
            return written(created, format);
        }
        match fact {
            "name" => Some(resource_name(self.plan, &state.run)),
            "namespace" => Some(state.namespace().to_owned()),
            "uid" => Some(state.run.0.clone()),
            "serviceAccountName" => {
                let own = Some(submit.service_account.as_str()).filter(|name| !name.is_empty());
                Some(own.unwrap_or("pipeline-runner").to_owned())
            }
            // What the run was given, or nothing.
            "serviceAccountName.own" => Some(submit.service_account.clone()).filter(|name| !name.is_empty()),
            "labels.pipeline/runid" => Some(state.run.0.clone()),
            "annotations.pipelines.kubeflow.org/run_name" => Some(submit.display_name.clone()),
            "creationTimestamp" => Some(rfc3339(created)),
            "scheduledTime" => submit.scheduled_at.map(rfc3339),
            "parameters" | "parameters.json" => {
                let root = state.node(&TaskKey::root())?;
                Some(listed(&state.nodes[root].inputs.parameters))
            }
            "status" => match self.main() {
                Some(main) => Some(phase_word(self.plan, state, main).to_owned()),
                None => self.watches_run().then(|| "Running".to_owned()),
            },
            "failures" => self.main().map(|_| self.failures()),
            "duration" => {
                let seconds = (self.asked_at()?.0 - state.view.started_at?.0) as f64 / 1e6;
                Some(format!("{seconds:.6}"))
            }
            _ => None,
        }
    }

    /// Returns since when the answer could be asked for, by what is recorded: the same after a crash.
    fn asked_at(&self) -> Option<Timestamp> {
        let state = self.state;
        if let Some(attempt) = self.attempt.and_then(|attempt| state.attempt_view(attempt)) {
            return Some(attempt.created_at);
        }
        if let Some(id) = state.node(self.key) {
            return Some(state.nodes[id].created_at);
        }
        let Some(dag) = self.key.parent().and_then(|parent| state.node(&parent)) else {
            return state.view.started_at;
        };
        let task = dag_at(self.plan, state.nodes[dag].component)?.tasks.get(self.key.name())?;
        let upstream = task.upstream.iter().filter_map(|name| state.node(&state.nodes[dag].key.child(name)));
        let ended = upstream.filter_map(|id| state.nodes[id].ended_at);
        ended.chain(state.nodes[dag].started_at).max()
    }

    /// Returns what was left last under a name that the whole run knows.
    fn global(&self, name: &str) -> Option<String> {
        let root = self.state.node(&TaskKey::root())?;
        let places = dag_at(self.plan, self.state.nodes[root].component)?.globals.get(name)?;
        last_left(self.plan, self.state, places, |node, key| node.outcome.parameters.get(key)).map(text_form)
    }

    /// Returns what an exit handler cleans up after, once it has ended.
    fn main(&self) -> Option<&Node> {
        let state = self.state;
        let root = state.node(&TaskKey::root())?;
        let dag = dag_at(self.plan, state.nodes[root].component)?;
        let index = match dag.shape {
            // What stands around a workflow has the entry as its first task.
            DagShape::Around => 0,
            DagShape::Tasks | DagShape::Steps { .. } | DagShape::Iteration => {
                let exit = dag.tasks.values().find(|task| task.trigger.strategy == TriggerStrategy::Exit)?;
                dag.tasks.get_index_of(exit.upstream.first()?)?
            }
        };
        state.child(root, index).filter(|main| main.phase.is_terminal())
    }

    /// Tells whether it is a hook of the workflow that asks: to others the status is not known before the end.
    fn watches_run(&self) -> bool {
        let root = self.state.node(&TaskKey::root()).map(|root| self.state.nodes[root].component);
        let dag = root.and_then(|root| dag_at(self.plan, root));
        let asks = |dag: &Dag| dag.tasks.get(self.key.name()).is_some_and(|it| it.trigger.watches.is_some());
        self.key.parent() == Some(TaskKey::root())
            && dag.is_some_and(|dag| dag.shape == DagShape::Around && asks(dag))
    }

    /// Lists all that failed, as a JSON text inside a JSON text.
    fn failures(&self) -> String {
        // What the end of the run stopped has failed as well, once it had begun.
        let failed = self.state.nodes.iter().filter(|node| {
            node.phase == TaskPhase::Failed || (node.phase == TaskPhase::Cancelled && node.fired)
        });
        // What stands around an iteration is not shown.
        let shown = failed.filter(|node| {
            dag_at(self.plan, node.component).is_none_or(|dag| dag.shape != DagShape::Iteration)
        });
        let all: Vec<Value> = shown.flat_map(|node| self.failure_of(node)).collect();
        let text = if all.is_empty() { "null".to_owned() } else { Value::from(all).to_string() };
        Value::from(text).to_string()
    }

    /// Describes a task that failed, and each of its attempts that has a node of its own.
    fn failure_of(&self, node: &Node) -> Vec<Value> {
        let name = task_display_name(self.plan, self.state, &node.key).unwrap_or_default();
        let component = self.plan.components.get_index(node.component);
        let template = component.map(|(name, _)| name.as_str()).unwrap_or_default();
        let is_stopped = node.phase == TaskPhase::Cancelled;
        let said = |failure: Option<&Failure>| {
            failure.map(|failure| failure_message(failure, is_stopped)).unwrap_or_default()
        };
        let retry = task_of(self.plan, node).and_then(|task| task.retry.as_ref());
        let made = node.attempts.len().saturating_sub(node.earlier as usize);
        let limit = retry.and_then(|retry| retry.limit(&node.inputs.parameters).ok());
        let is_exhausted = limit.is_some_and(|limit| made > limit as usize);
        let message =
            if is_exhausted { "No more retries left".to_owned() } else { said(node.error.as_ref()) };
        let mut all = vec![json!({
            "displayName": name,
            "message": message,
            "templateName": template,
            "phase": phase_word(self.plan, self.state, node),
            "podName": task_node_id(self.plan, self.state, &node.key).unwrap_or_default(),
            "finishedAt": node.ended_at.map(rfc3339).unwrap_or_default(),
        })];
        let attempts = node.attempts.iter().skip(node.earlier as usize).filter(|_| retry.is_some());
        for attempt in attempts.filter(|attempt| attempt.failure.is_some()) {
            let failure = attempt.failure.as_ref();
            let is_error = failure.is_some_and(|failure| is_error(failure.reason));
            let id =
                AttemptId { run: self.state.run.clone(), task: node.key.clone(), number: attempt.number };
            all.push(json!({
                "displayName": format!("{name}({})", attempt.number),
                "message": said(failure),
                "templateName": template,
                "phase": if is_error { "Error" } else { "Failed" },
                "podName": pod_name(self.plan, self.state, &id),
                "finishedAt": attempt.ended_at.map(rfc3339).unwrap_or_default(),
            }));
        }
        all
    }
}

/// Returns the artifact that was left last under a name that the whole run knows.
pub(super) fn global_artifact(plan: &Plan, state: &RunState, name: &str) -> Option<Vec<ArtifactValue>> {
    let root = state.node(&TaskKey::root())?;
    let places = dag_at(plan, state.nodes[root].component)?.global_artifacts.get(name)?;
    last_left(plan, state, places, |node, key| node.outcome.artifacts.get(key)).cloned()
}

/// Returns what the last of these (component, output) has left.
fn last_left<'s, T>(
    plan: &Plan,
    state: &'s RunState,
    places: &[(String, String)],
    output: impl Fn(&'s Node, &str) -> Option<&'s T>,
) -> Option<&'s T> {
    let left = |node: &'s Node| {
        let (component, _) = plan.components.get_index(node.component)?;
        let (_, key) = places.iter().find(|(known, _)| known == component)?;
        Some((node.ended_at?, output(node, key)?))
    };
    // A loop holds all of its iterations' values; the iterations are the ones that left them.
    let single = state.nodes.iter().filter(|node| !matches!(node.children, Children::Loop { .. }));
    single.filter_map(left).max_by_key(|(at, _)| *at).map(|(_, found)| found)
}

/// Writes parameters as the format lists them: names and texts, in JSON.
fn listed(values: &BTreeMap<String, Value>) -> String {
    let all = values.iter().map(|(name, value)| json!({"name": name, "value": text_form(value)}));
    guarded_json(&Value::Array(all.collect()).to_string())
}

/// Says how a task went that has ended before.
fn of_sibling((plan, state): (&Plan, &RunState), node: &Node, fact: &str) -> Option<String> {
    let has_retry = task_of(plan, node).is_some_and(|task| task.retry.is_some());
    match fact {
        "status" => Some(
            match node.phase {
                TaskPhase::Skipped => "Skipped",
                TaskPhase::Omitted => "Omitted",
                // Whoever asks before the end watches; around attempts there is a node that runs from the start.
                TaskPhase::Pending if node.fired && has_retry => "Running",
                TaskPhase::Pending => "Pending",
                TaskPhase::Running => "Running",
                _ => phase_word(plan, state, node),
            }
            .to_owned(),
        ),
        "exitCode" => {
            let last = node.attempts.last()?;
            let failed = last.failure.as_ref();
            Some(failed.map_or(Some(0), |failure| failure.exit_code)?.to_string())
        }
        "startedAt" => node.started_at.map(rfc3339),
        "finishedAt" => node.ended_at.map(rfc3339),
        _ => None,
    }
}

/// Tells whether a task that failed is an error: by its own failure, or as what decided about the group that it is,
/// which is the first by name that failed. Steps have failed, whatever stopped them. Source: v1 semantics 2.4.
pub(crate) fn is_errored(plan: &Plan, state: &RunState, node: &Node) -> bool {
    let Some(error) = &node.error else { return false };
    let inside = match &node.children {
        _ if error.reason != FailureReason::Inner => return is_error(error.reason),
        Children::Dag { tasks, .. } => tasks,
        Children::Loop { started, .. } => started,
        Children::None => return false,
    };
    let shape = dag_at(plan, node.component).map(|dag| &dag.shape);
    let is_steps =
        matches!(node.children, Children::Dag { .. }) && matches!(shape, Some(DagShape::Steps { .. }));
    let born = inside.iter().filter(|id| **id != UNBORN).map(|id| &state.nodes[*id]);
    let failed = born.filter(|child| child.phase == TaskPhase::Failed);
    let first = failed.min_by(|one, other| one.key.as_str().cmp(other.key.as_str()));
    !is_steps && first.is_some_and(|first| is_errored(plan, state, first))
}

/// Tells the failures around a command from those of the command itself.
pub(crate) fn is_error(reason: FailureReason) -> bool {
    match reason {
        FailureReason::ExitCode
        | FailureReason::Signal
        | FailureReason::OutOfMemory
        | FailureReason::TimedOut
        | FailureReason::Cancelled
        | FailureReason::Inner
        | FailureReason::Declined => false,
        FailureReason::Output
        | FailureReason::NotStarted
        | FailureReason::Refused
        | FailureReason::Lost
        | FailureReason::Resolve => true,
    }
}

fn phase_word(plan: &Plan, state: &RunState, node: &Node) -> &'static str {
    match node.phase {
        TaskPhase::Failed if is_errored(plan, state, node) => "Error",
        TaskPhase::Failed | TaskPhase::Cancelled => "Failed",
        TaskPhase::Pending
        | TaskPhase::Running
        | TaskPhase::Succeeded
        | TaskPhase::Cached
        | TaskPhase::Skipped
        | TaskPhase::Omitted => "Succeeded",
    }
}

/// Writes a time by one character of `strftime`, or as one of the named forms.
fn written(at: Timestamp, format: &str) -> Option<String> {
    let time = jiff::Timestamp::from_microsecond(at.0).ok()?;
    match format {
        "RFC3339" => Some(rfc3339(at)),
        "s" => Some(time.as_second().to_string()),
        _ if format.len() == 1 && "YymdHMSjaAbBIpZ".contains(format) => {
            Some(time.to_zoned(jiff::tz::TimeZone::UTC).strftime(&format!("%{format}")).to_string())
        }
        _ => None,
    }
}

/// Lists the texts of a constant.
pub(crate) fn texts_of(template: &ValueTemplate) -> Vec<&Text> {
    match template {
        ValueTemplate::Literal { .. } => Vec::new(),
        ValueTemplate::Text { text } => vec![text],
        ValueTemplate::List { items } => items.iter().flat_map(texts_of).collect(),
        ValueTemplate::Struct { fields } => {
            fields.iter().flat_map(|(key, item)| std::iter::once(key).chain(texts_of(item))).collect()
        }
    }
}

/// Keeps what the component declares: helpers have done their work.
pub(crate) fn drop_helpers(plan: &Plan, component: &str, resolved: &mut Resolved) {
    if plan.dialect != Dialect::V1 {
        return;
    }
    if let Some(component) = plan.component(component) {
        resolved.parameters.retain(|name, _| component.inputs.parameters.contains_key(name));
    }
}
