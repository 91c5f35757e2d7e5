//! Filling of placeholders: one pass, typed, never re-scanned.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use std::collections::BTreeMap;

use pipewright_plan::{ExecutorInput, Filling, JobFacts, Placeholder, Text, TextPart, ValueTemplate, Word};
use serde_json::{Value, json};

fn executor_input() -> ExecutorInput {
    serde_json::from_value(json!({
        "inputs": {
            "parameterValues": {"n": 3.0, "nasty": "{{$}} \"quoted\"\n", "absent": null},
            "artifacts": {"data": {"artifacts": [{"name": "7", "type": {"schemaTitle": "system.Dataset"},
                "uri": "s3://bucket/data", "metadata": {"rows": 12.0}}]}}
        },
        "outputs": {
            "parameters": {"sum": {"outputFile": "/attempt/sum"}},
            "artifacts": {"model": {"artifacts": [{"name": "model", "type": {}, "uri": "/root/model"}]}},
            "outputFile": "/root/output_metadata.json"
        }
    }))
    .unwrap()
}

fn check(words: &[Word], expected: &[&str]) {
    let input = executor_input();
    let defaults = BTreeMap::from([("left_out".to_owned(), json!("its default"))]);
    let job = JobFacts { name: "my run".to_owned(), ..JobFacts::default() };
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    assert_eq!(filling.words(words), expected);
}

fn parameter(name: &str) -> Placeholder {
    Placeholder::InputParameter { name: name.to_owned() }
}

fn word(placeholder: Placeholder) -> Word {
    Word::Text { text: Text { parts: vec![TextPart::Placeholder { placeholder }] } }
}

#[test]
fn values_are_pasted_as_they_are() {
    let name = || "data".to_owned();
    check(&[word(parameter("n"))], &["3"]);
    check(&[word(parameter("nasty"))], &["{{$}} \"quoted\"\n"]);
    check(&[word(parameter("left_out")), word(parameter("unknown"))], &["its default", ""]);
    check(&[word(Placeholder::InputArtifactUri { name: name() })], &["s3://bucket/data"]);
    check(&[word(Placeholder::InputArtifactPath { name: name() })], &["/s3/bucket/data"]);
    check(
        &[word(Placeholder::InputArtifactMetadata { name: name(), key: Some("rows".to_owned()) })],
        &["12"],
    );
    check(&[word(Placeholder::OutputParameterFile { name: "sum".to_owned() })], &["/attempt/sum"]);
    check(&[word(Placeholder::JobName)], &["my run"]);
    let escaped = Placeholder::JsonEscape { inner: Box::new(parameter("nasty")), times: 1 };
    check(&[word(escaped)], &["{{$}} \\\"quoted\\\"\\n"]);
}

#[test]
fn structures_expand_to_any_number_of_words() {
    let if_present = |input: &str| Word::IfPresent {
        input: input.to_owned(),
        then: vec![Word::literal("--flag"), word(parameter("n"))],
        otherwise: vec![],
    };
    check(&[if_present("n")], &["--flag", "3"]);
    check(&[if_present("data")], &["--flag", "3"]);
    check(&[if_present("absent"), if_present("unknown")], &[]);
    check(
        &[Word::Concat { parts: vec![Word::literal("n="), word(parameter("n")), if_present("n")] }],
        &["n=3--flag3"],
    );
}

#[test]
fn the_whole_input_is_json_that_reads_back() {
    let input = executor_input();
    let (defaults, job) = (BTreeMap::new(), JobFacts::default());
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    let text = filling.placeholder(&Placeholder::ExecutorInput);
    assert_eq!(serde_json::from_str::<ExecutorInput>(&text).unwrap(), input);
    let wire: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(wire["outputs"]["outputFile"], "/root/output_metadata.json");
    assert_eq!(wire["inputs"]["artifacts"]["data"]["artifacts"][0]["type"]["schemaTitle"], "system.Dataset");
}

#[test]
fn constants_are_filled_at_any_depth() {
    let input = executor_input();
    let (defaults, job) = (BTreeMap::new(), JobFacts::default());
    let filling = Filling { executor_input: &input, defaults: &defaults, job: &job };
    let text = Text { parts: vec![TextPart::Placeholder { placeholder: parameter("n") }] };
    let template = ValueTemplate::Struct {
        fields: vec![(
            Text::literal("items"),
            ValueTemplate::List {
                items: vec![ValueTemplate::Text { text }, ValueTemplate::Literal { value: json!(1) }],
            },
        )],
    };
    assert_eq!(filling.value(&template), json!({"items": ["3", 1]}));
}
