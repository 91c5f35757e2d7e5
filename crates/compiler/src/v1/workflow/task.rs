//! Dags and steps: the uses of templates.

use serde_json::Value;

use super::{AnyText, Arguments, Template, Whole};
use crate::decode::{Context, Decode, Map, Spanned, Text, messages};
use crate::yaml::{Node, NodeValue};

messages! {
    /// Tasks and their order.
    DagTemplate {
        tasks: Vec<DagTask> = "tasks",
        target: Option<Text> = "target",
        fail_fast: Option<Spanned<bool>> = "failFast",
    };

    /// One use of a template, of a dag or of a group of steps.
    DagTask {
        name: Option<Text> = "name",
        template: Option<Text> = "template",
        template_ref: Option<Spanned<Value>> = "templateRef",
        inline: Option<Box<Template>> = "inline",
        arguments: Option<Arguments> = "arguments",
        dependencies: Vec<Text> = "dependencies",
        depends: Option<Text> = "depends",
        when: Option<AnyText> = "when",
        with_items: Option<Spanned<Value>> = "withItems",
        with_param: Option<AnyText> = "withParam",
        with_sequence: Option<Sequence> = "withSequence",
        continue_on: Option<ContinueOn> = "continueOn",
        on_exit: Option<Text> = "onExit",
        hooks: Map<Hook> = "hooks",
    } one of "withItems" | "withParam" | "withSequence" one of "template" | "templateRef" | "inline"
      one of "dependencies" | "depends";

    /// What runs at a moment of a task's or a workflow's life.
    Hook {
        template: Option<Text> = "template",
        template_ref: Option<Spanned<Value>> = "templateRef",
        arguments: Option<Arguments> = "arguments",
        expression: Option<Text> = "expression",
    };

    /// Numbers to loop over.
    Sequence {
        count: Option<AnyText> = "count",
        start: Option<AnyText> = "start",
        end: Option<AnyText> = "end",
        format: Option<Text> = "format",
    } one of "count" | "end";

    /// Ends of a task that do not stand in the way of others.
    ContinueOn {
        failed: Option<bool> = "failed",
        error: Option<bool> = "error",
    };

    /// When and how a template is tried again.
    RetryStrategy {
        limit: Option<Whole> = "limit",
        retry_policy: Option<Text> = "retryPolicy",
        backoff: Option<Backoff> = "backoff",
        affinity: Option<Value> = "affinity",
        expression: Option<Text> = "expression",
    };

    /// Pauses between attempts.
    Backoff {
        duration: Option<AnyText> = "duration",
        factor: Option<AnyText> = "factor",
        max_duration: Option<AnyText> = "maxDuration",
        cap: Option<AnyText> = "cap",
    };

    /// By what results are remembered.
    Memoize {
        key: Option<Text> = "key",
        max_age: Option<AnyText> = "maxAge",
        cache: Option<MemoCache> = "cache",
    };

    MemoCache {
        config_map: Option<MemoMap> = "configMap",
    };

    MemoMap {
        name: Option<Text> = "name",
        key: Option<Text> = "key",
        optional: Option<bool> = "optional",
    };

    /// A wait.
    Suspend {
        duration: Option<AnyText> = "duration",
    };

    /// A template's own labels and annotations.
    TemplateMetadata {
        labels: Map<AnyText> = "labels",
        annotations: Map<AnyText> = "annotations",
    };
}

/// Steps that run together; a single step may stand alone.
#[derive(Debug, Clone, Default)]
pub(in crate::v1) struct StepGroup {
    pub steps: Vec<DagTask>,
}

impl Decode for StepGroup {
    fn decode(node: &Node, cx: &mut Context) -> Option<Self> {
        let steps = match &node.value {
            NodeValue::List(items) => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| cx.within(format!("[{index}]"), |cx| DagTask::decode(item, cx)))
                .collect(),
            _ => vec![DagTask::decode(node, cx)?],
        };
        Some(Self { steps })
    }
}
