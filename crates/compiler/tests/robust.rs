//! Whatever the bytes, the compiler answers: it neither panics nor hangs, and what it accepts is a sound plan.

use pipewright_compiler::{Library, compile, compile_json, complete_arguments, parse_arguments};
use proptest::prelude::*;

const BASE: &str = include_str!("data/base.yaml");
const WORKFLOW: &str = include_str!("data/workflow.yaml");

fn answer(source: &[u8]) {
    if let Ok(compiled) = compile(source) {
        assert_eq!(pipewright_plan::check(&compiled.plan), Ok(()));
        let text = serde_json::to_string(&compiled.plan).expect("a plan is JSON");
        let again: pipewright_plan::Plan = serde_json::from_str(&text).expect("a plan is read back");
        assert_eq!(again, compiled.plan);
        // The answer given to clients compiles to the same plan again.
        let mut whole = serde_json::json!({"pipeline_spec": compiled.pipeline_spec});
        if let Some(platform) = compiled.platform_spec {
            whole["platform_spec"] = platform;
        }
        let second = compile_json(&whole, &Library::default()).unwrap_or_else(|found| panic!("{found}"));
        assert_eq!(second.plan, compiled.plan);
        let _ = complete_arguments(&compiled.plan, &serde_json::Map::new());
    }
    let _ = parse_arguments(source);
}

/// Words that mean something to one of the readers, in any order.
fn fragments() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "pipelineInfo",
        "root",
        "dag",
        "tasks",
        "inputs",
        ":",
        ": ",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "\"",
        "'",
        "&a ",
        "*a ",
        "<<: ",
        "!!str ",
        "!x ",
        "|\n",
        ">-\n",
        "---\n",
        "#",
        "\t",
        "0x",
        "1_0",
        ".5",
        "~",
        "null",
        "true",
        "?",
        "{{$",
        "}}",
        "{{$.inputs.parameters['x']}}",
        "\\ud83d",
        "\u{feff}",
        "é",
        "%YAML",
    ]);
    prop::collection::vec(words, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(source in prop::collection::vec(any::<u8>(), 0..200)) {
        answer(&source);
    }

    #[test]
    fn any_yaml_like_text_is_answered(source in fragments()) {
        answer(source.as_bytes());
    }

    #[test]
    fn damaged_documents_are_answered(cuts in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..4)) {
        for base in [BASE, WORKFLOW] {
            let mut source = base.as_bytes().to_vec();
            for (at, byte, kind) in &cuts {
                let at = at.index(source.len());
                match kind {
                    0 => source.truncate(at.max(1)),
                    1 => source[at] = *byte,
                    2 => {
                        source.remove(at);
                    }
                    _ => source.insert(at, *byte),
                }
                if source.is_empty() {
                    source.push(b' ');
                }
            }
            answer(&source);
        }
    }

    #[test]
    fn moved_lines_are_answered(moves in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4)) {
        for base in [BASE, WORKFLOW] {
            let mut lines: Vec<&str> = base.lines().collect();
            for (from, to) in &moves {
                let line = lines.remove(from.index(lines.len()));
                lines.insert(to.index(lines.len() + 1), line);
            }
            answer(lines.join("\n").as_bytes());
        }
    }

    #[test]
    fn any_v1_condition_is_answered(condition in "[a-z0-9'\"\\\\\\[\\](){}.,!&|<>=?:+*/%~^ -]{0,60}") {
        let condition = serde_json::Value::String(condition).to_string();
        answer(WORKFLOW.replace("when: '{{item}} > 1'", &format!("when: {condition}")).as_bytes());
        answer(WORKFLOW.replace("depends: one.Succeeded && two", &format!("depends: {condition}")).as_bytes());
        answer(WORKFLOW.replace("'{{workflow.name}}'", &condition).as_bytes());
    }

    #[test]
    fn any_condition_is_answered(condition in "[a-z0-9'\"\\[\\](){}.,!&|<>=?:+*/% -]{0,60}") {
        let condition = serde_json::Value::String(condition).to_string();
        answer(BASE.replace("inputs.parameter_values['flag'] == true", &condition).as_bytes());
    }
}
