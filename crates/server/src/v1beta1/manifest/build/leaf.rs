//! Nodes of what runs by itself: the attempts of pods, and what waits for a time, an answer or a lock.

use pipewright_plan::ComponentKind;
use pipewright_store::engine::TaskView;
use serde_json::{Value, json};

use super::{Builder, Spot, said};
use crate::v1beta1::manifest::node::{Node, NodeType, Phase, Span};
use crate::v1beta1::manifest::{edges, retries};

impl<'a> Builder<'a> {
    pub(super) fn is_wait(&self, component: &str) -> bool {
        let component = self.source.plan.component(component);
        component.is_some_and(|component| matches!(component.kind, ComponentKind::Suspend(_)))
    }

    /// Makes the node of a task that waits for locks.
    pub(super) fn locked_out(&mut self, spot: &Spot<'_, 'a>, view: &'a TaskView) -> Vec<String> {
        let template = self.template(spot.template);
        let node_type = match (self.dag(spot.template), template.map(|template| &template["steps"])) {
            (Some(_), Some(Value::Array(_))) => NodeType::Steps,
            (Some(_), _) => NodeType::Dag,
            (None, _) if self.is_wait(spot.template) => NodeType::Suspend,
            (None, _) => NodeType::Pod,
        };
        let mut node = self.node(spot, view, node_type);
        if let Some(locks) = &view.locks {
            node.message.clone_from(&locks.message);
            node.synchronization_status = locks.lock.as_ref().map(|lock| json!({"waiting": lock}));
        }
        vec![self.add(node)]
    }

    /// Makes the node of a task that waits.
    pub(super) fn wait(&mut self, spot: &Spot<'_, 'a>, view: &'a TaskView) -> Vec<String> {
        let mut node = self.node(spot, view, NodeType::Suspend);
        let released = view.suspension.as_ref().and_then(|wait| wait.released.as_ref());
        if let Some(message) = released.and_then(|released| released.message.as_ref()) {
            node.message.clone_from(message);
        }
        vec![self.add(node)]
    }

    /// Makes the node of what runs in attempts; with a retry strategy one around them and one for each.
    pub(super) fn attempts(&mut self, spot: &Spot<'_, 'a>, view: &'a TaskView) -> Vec<String> {
        if spot.task.is_none_or(|task| task.retry.is_none()) {
            let mut node = self.node(spot, view, NodeType::Pod);
            node.attempt = view.attempts.last().map(|last| last.number);
            if node.message.is_empty() && !node.phase.is_over() {
                node.message = view.attempts.last().and_then(|last| last.note.clone()).unwrap_or_default();
            }
            return vec![self.add(node)];
        }
        let mut around = self.node(spot, view, NodeType::Retry);
        if let Some(retry) = spot.task.and_then(|task| task.retry.as_ref()) {
            retries::settle(&mut around, retry, view);
        }
        let around = self.add(around);
        let mut ids = Vec::new();
        for number in 0..view.attempts.len().max(1) {
            let node = self.attempt(spot, view, number);
            ids.push(self.add(node));
        }
        edges::connect(&mut self.nodes, &around, &ids);
        ids.pop().into_iter().collect()
    }

    /// Makes the node of one attempt; before the first, and for a cached result, it stands for the task.
    fn attempt(&self, spot: &Spot<'_, 'a>, view: &'a TaskView, number: usize) -> Node {
        let label = self.label(&format!("{}({number})", spot.name), spot.around);
        let found = view.attempts.get(number);
        let (phase, failure, span) = match found {
            Some(attempt) => {
                let from = Some(attempt.started_at.unwrap_or(attempt.created_at));
                (attempt.phase, attempt.failure.as_ref(), Span { from, to: attempt.ended_at })
            }
            None => {
                let from = Some(view.started_at.unwrap_or(view.created_at));
                (view.phase, view.error.as_ref(), Span { from, to: view.ended_at })
            }
        };
        let mut node = Node::new(label, NodeType::Pod, Phase::of(phase, failure), span);
        node = node.of_template(spot.template, spot.user());
        node.message = failure.map(|failure| said(view.phase, failure)).unwrap_or_default();
        node.node_flag = Some(json!({"retried": true}));
        node.task = Some(view.key.clone());
        node.attempt = found.map(|attempt| attempt.number);
        node
    }
}
