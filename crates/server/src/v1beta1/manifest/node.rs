//! One node of a workflow's status, its phase and its message. Source: v1 semantics 2.9.

pub(super) use pipewright_store::engine::failure_message as message;
use pipewright_store::engine::{Failure, FailureReason, TaskKey, TaskPhase, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::time::rfc3339;

/// What kind of node it is; the words are the format's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(in crate::v1beta1) enum NodeType {
    Pod,
    #[serde(rename = "DAG")]
    Dag,
    Steps,
    StepGroup,
    TaskGroup,
    Retry,
    Skipped,
    Suspend,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(in crate::v1beta1) enum Phase {
    Pending,
    Running,
    Succeeded,
    Skipped,
    Failed,
    Error,
    Omitted,
}

impl Phase {
    pub(super) fn is_over(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }

    /// Returns the phase of a task or an attempt.
    pub(super) fn of(phase: TaskPhase, failure: Option<&Failure>) -> Self {
        match phase {
            TaskPhase::Pending => Self::Pending,
            TaskPhase::Running => Self::Running,
            TaskPhase::Succeeded | TaskPhase::Cached => Self::Succeeded,
            TaskPhase::Skipped => Self::Skipped,
            TaskPhase::Omitted => Self::Omitted,
            TaskPhase::Failed if failure.is_some_and(is_error) => Self::Error,
            TaskPhase::Failed | TaskPhase::Cancelled => Self::Failed,
        }
    }
}

/// Tells what went wrong around a command from what the command itself did.
pub(super) fn is_error(failure: &Failure) -> bool {
    match failure.reason {
        FailureReason::Output
        | FailureReason::NotStarted
        | FailureReason::Refused
        | FailureReason::Lost
        | FailureReason::Resolve => true,
        FailureReason::ExitCode
        | FailureReason::Signal
        | FailureReason::OutOfMemory
        | FailureReason::TimedOut
        | FailureReason::Cancelled
        | FailureReason::Inner
        | FailureReason::Declined => false,
    }
}

/// Takes the name of a template of an object apart: scope, object, its own name.
fn foreign(template: &str) -> Option<(&str, &str, &str)> {
    let mut parts = template.splitn(3, '/');
    let (scope, object, name) = (parts.next()?, parts.next()?, parts.next()?);
    matches!(scope, "namespaced" | "cluster").then_some((scope, object, name))
}

/// A node's name with what is derived from it.
#[derive(Debug, Clone)]
pub(super) struct Label {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) display_name: String,
    pub(super) boundary: String,
}

/// When something was seen to begin and to end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Option<Timestamp>,
}

/// A node as the status holds it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::v1beta1) struct Node {
    pub(in crate::v1beta1) id: String,
    pub(in crate::v1beta1) name: String,
    pub(in crate::v1beta1) display_name: String,
    #[serde(rename = "type")]
    pub(in crate::v1beta1) node_type: NodeType,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(in crate::v1beta1) template_name: String,
    /// Instead of a name: the object that the template is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template_ref: Option<Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) template_scope: String,
    pub(in crate::v1beta1) phase: Phase,
    #[serde(rename = "boundaryID", skip_serializing_if = "String::is_empty")]
    pub(super) boundary_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) message: String,
    pub(super) started_at: Option<String>,
    pub(super) finished_at: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) progress: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) node_flag: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) memoization_status: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) synchronization_status: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inputs: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) outputs: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::v1beta1) children: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) outbound_nodes: Vec<String>,
    /// The component of the plan behind it.
    #[serde(skip)]
    pub(in crate::v1beta1) component: String,
    /// The task behind it, if it is one.
    #[serde(skip)]
    pub(in crate::v1beta1) task: Option<TaskKey>,
    /// Of a single attempt: its number.
    #[serde(skip)]
    pub(in crate::v1beta1) attempt: Option<u32>,
}

impl Node {
    pub(super) fn new(label: Label, node_type: NodeType, phase: Phase, span: Span) -> Self {
        let is_pod = node_type == NodeType::Pod;
        let progress = if is_pod && phase.is_over() { "1/1" } else { "0/1" };
        Self {
            id: label.id,
            name: label.name,
            display_name: label.display_name,
            node_type,
            template_name: String::new(),
            template_ref: None,
            template_scope: String::new(),
            phase,
            boundary_id: label.boundary,
            message: String::new(),
            started_at: span.from.map(rfc3339),
            finished_at: span.to.filter(|_| phase.is_over()).map(rfc3339),
            progress: if is_pod { progress.to_owned() } else { String::new() },
            node_flag: None,
            memoization_status: None,
            synchronization_status: None,
            inputs: None,
            outputs: None,
            children: Vec::new(),
            outbound_nodes: Vec::new(),
            component: String::new(),
            task: None,
            attempt: None,
        }
    }

    /// Names the template behind the node, and the one from which it is used.
    pub(super) fn of_template(mut self, template: &str, user: &str) -> Self {
        template.clone_into(&mut self.component);
        let user = foreign(user);
        self.template_scope = match user {
            Some((scope, object, _)) => format!("{scope}/{object}"),
            None => "local/".to_owned(),
        };
        match foreign(template) {
            Some((scope, object, name)) if user.is_none_or(|user| (user.0, user.1) != (scope, object)) => {
                let mut reference = json!({"name": object, "template": name});
                if scope == "cluster" {
                    reference["clusterScope"] = json!(true);
                }
                self.template_ref = Some(reference);
            }
            Some((_, _, name)) => name.clone_into(&mut self.template_name),
            None => template.clone_into(&mut self.template_name),
        }
        self
    }
}
