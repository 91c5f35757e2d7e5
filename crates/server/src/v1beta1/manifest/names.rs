//! How a workflow's nodes are called and numbered. Source: v1 semantics 2.3 and 2.7.

use pipewright_plan::text_form;
use serde_json::Value;

/// Returns the id of a node: the workflow's name, for any node but the root with the FNV-1a hash of its name.
pub(super) fn node_id(workflow: &str, name: &str) -> String {
    if name == workflow { workflow.to_owned() } else { format!("{workflow}-{}", fnv1a(name)) }
}

fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Returns a node's name without that of the node around it and without its group of steps.
pub(super) fn display_name<'n>(name: &'n str, around: Option<&str>) -> &'n str {
    let inner = around.and_then(|around| name.strip_prefix(around)).unwrap_or(name);
    let step = inner.strip_prefix('[').and_then(|rest| Some(rest.split_once("].")?.1));
    step.or_else(|| inner.strip_prefix('.')).unwrap_or(inner)
}

/// Returns the name of one repetition of a task: its index and a short form of its item.
pub(super) fn item_name(task: &str, index: u32, item: &Value) -> String {
    let text: String = item_text(item).chars().filter(|letter| !matches!(letter, '(' | ')')).collect();
    format!("{task}({index}:{text})")
}

fn item_text(item: &Value) -> String {
    let Value::Object(fields) = item else { return text_form(item) };
    let mut pairs: Vec<String> =
        fields.iter().map(|(key, value)| format!("{key}:{}", text_form(value))).collect();
    pairs.sort_unstable();
    pairs.join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_are_hashes_of_names() {
        for (name, hash) in [
            ("face-pipeline-abcde.pvc", 3_717_051_318_u32),
            ("face-pipeline-abcde.train", 3_062_329_511),
            ("loops-xyz12.for-loop-2(0:1).echo", 3_278_250_061),
            ("exit-handler-q1w2e.onExit", 4_038_502_586),
        ] {
            let workflow = name.split_once('.').unwrap().0;
            assert_eq!(node_id(workflow, name), format!("{workflow}-{hash}"));
        }
        assert_eq!(node_id("w", "w"), "w");
    }

    #[test]
    fn items_have_short_forms() {
        for (item, expected) in [
            (json!("a (b)"), "t(2:a b)"),
            (json!(1), "t(2:1)"),
            (json!(1.5), "t(2:1.5)"),
            (json!(true), "t(2:true)"),
            (json!({"b": "x", "a": 1}), "t(2:a:1,b:x)"),
            (json!([1, "a"]), r#"t(2:[1,"a"])"#),
        ] {
            assert_eq!(item_name("t", 2, &item), expected);
        }
    }

    #[test]
    fn display_names_are_relative() {
        assert_eq!(display_name("w.a(0:x).b", Some("w.a(0:x)")), "b");
        assert_eq!(display_name("w.a(0:x)", Some("w")), "a(0:x)");
        assert_eq!(display_name("w[0].b", Some("w")), "b");
        assert_eq!(display_name("w[0]", Some("w")), "[0]");
        assert_eq!(display_name("w", None), "w");
    }
}
