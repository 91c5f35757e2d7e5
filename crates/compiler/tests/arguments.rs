//! Arguments of a run: what is completed, what is refused, and how text is read by type.

use pipewright_compiler::{compile, complete_arguments, parse_argument, parse_arguments};
use serde_json::{Map, Value, json};

const PIPELINE: &str = r#"
pipelineInfo: {name: arguments}
schemaVersion: 2.1.0
root:
  inputDefinitions:
    artifacts:
      model: {artifactType: {schemaTitle: system.Model, schemaVersion: 0.0.1}}
    parameters:
      text: {parameterType: STRING}
      count: {parameterType: NUMBER_INTEGER, defaultValue: 3.0}
      rate: {parameterType: NUMBER_DOUBLE, isOptional: true}
      flag: {parameterType: BOOLEAN, isOptional: true, defaultValue: true}
      items: {parameterType: LIST, isOptional: true}
      config: {parameterType: STRUCT, isOptional: true}
      mode: {parameterType: STRING, isOptional: true, literals: [fast, slow]}
      level: {parameterType: NUMBER_INTEGER, isOptional: true, literals: [1, 2]}
      status: {parameterType: TASK_FINAL_STATUS, isOptional: true}
  dag:
    tasks: {}
"#;

fn plan() -> pipewright_plan::Plan {
    compile(PIPELINE.as_bytes()).unwrap_or_else(|found| panic!("{found}")).plan
}

fn check(given: Value, expected: Result<Value, &[&str]>) {
    let Value::Object(given) = given else { panic!("arguments are an object") };
    match (complete_arguments(&plan(), &given), expected) {
        (Ok(complete), Ok(expected)) => assert_eq!(json!(complete), expected),
        (Err(mistakes), Err(expected)) => {
            let text: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            assert_eq!(text.len(), expected.len(), "{text:?}");
            for (text, words) in text.iter().zip(expected) {
                assert!(words.split('|').all(|word| text.contains(word)), "`{text}` should say {words}");
            }
        }
        (found, expected) => panic!("expected {expected:?}, found {found:?}"),
    }
}

#[test]
fn arguments_are_completed_or_refused() {
    let rest =
        json!({"rate": null, "items": null, "config": null, "mode": null, "level": null, "status": null});
    let with = |own: Value| {
        let mut all = rest.as_object().cloned().unwrap_or_default();
        all.extend(own.as_object().cloned().unwrap_or_default());
        Value::Object(all)
    };
    check(json!({"text": "a"}), Ok(with(json!({"text": "a", "count": 3, "flag": true}))));
    check(
        json!({"text": "", "count": 2.0, "rate": 1, "flag": false, "items": [1.0], "config": {}, "level": 2.0}),
        Ok(with(
            json!({"text": "", "count": 2, "rate": 1, "flag": false, "items": [1], "config": {}, "level": 2}),
        )),
    );
    check(json!({"text": "a", "rate": null}), Ok(with(json!({"text": "a", "count": 3, "flag": true}))));
    check(json!({}), Err(&["text|STRING|no value"]));
    check(json!({"text": 5}), Err(&["text|STRING|number"]));
    check(
        json!({"text": "a", "count": "5", "flag": 1, "items": {}, "config": []}),
        Err(&[
            "count|NUMBER_INTEGER|string",
            "flag|BOOLEAN|number",
            "items|LIST|struct",
            "config|STRUCT|list",
        ]),
    );
    check(json!({"text": "a", "mode": "quick", "level": 3}), Err(&["mode|fast", "level|1, 2"]));
    check(json!({"text": "a", "cuont": 1, "x": 1}), Err(&["cuont|did you mean `count`", "`x`|text, count"]));
    check(json!({"text": "a", "status": {}}), Err(&["status|cannot be given"]));
    check(json!({"text": null}), Err(&["text|null"]));
}

#[test]
fn text_is_read_by_the_declared_type() {
    let plan = plan();
    for (name, text, expected) in [
        ("text", " 5 ", Some(json!(" 5 "))),
        ("text", "", Some(json!(""))),
        ("count", "5", Some(json!(5))),
        ("count", "-5.0", Some(json!(-5))),
        ("count", "5.5", None),
        ("count", "five", None),
        ("rate", "1e-3", Some(json!(0.001))),
        ("rate", "2", Some(json!(2))),
        ("rate", "nan", None),
        ("flag", "true", Some(json!(true))),
        ("flag", "False", Some(json!(false))),
        ("flag", "1", None),
        ("items", "[1, \"a\"]", Some(json!([1, "a"]))),
        ("items", "{}", None),
        ("config", "{\"a\": 1.0}", Some(json!({"a": 1}))),
        ("config", "a=1", None),
        ("confg", "{}", None),
    ] {
        match parse_argument(&plan, name, text) {
            Ok(value) => assert_eq!(Some(value), expected, "{name}={text}"),
            Err(mistake) => assert!(expected.is_none() && mistake.to_string().contains(name), "{mistake}"),
        }
    }
    let mistake = parse_argument(&plan, "confg", "{}").expect_err("an unknown name");
    assert_eq!(mistake.hint.as_deref(), Some("did you mean `config`?"));
}

#[test]
fn files_of_arguments_are_mappings() {
    let read = |text: &str| parse_arguments(text.as_bytes()).map(Value::Object);
    assert_eq!(read("a: 1.0\nb: [x]\n"), Ok(json!({"a": 1, "b": ["x"]})));
    assert_eq!(read("{\"a\": null}"), Ok(json!({"a": null})));
    assert_eq!(read(""), Ok(Value::Object(Map::new())));
    for text in ["- a", "a: 1\n---\nb: 2", "a: [", "a: 1\na: 2"] {
        assert!(read(text).is_err(), "{text}");
    }
}
