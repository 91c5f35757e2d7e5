//! Arguments of a run against the inputs of its pipeline, and values given as text on a command line.
//!
//! Source: v2 semantics 1.1. Kinds must match exactly; macros in strings are expanded by the caller before.

use indexmap::IndexMap;
use pipewright_plan::{ParameterType, Plan, Value, kind_name, normalize};

use crate::suggest;
use crate::v2::lower::fits;

/// One argument that cannot be used, or one that is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{message}")]
pub struct ArgumentMistake {
    /// The parameter
    pub name: String,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl ArgumentMistake {
    fn new(name: &str, message: String, hint: Option<String>) -> Self {
        Self { name: name.to_owned(), message, hint }
    }
}

/// Checks the arguments of a run and adds what was left out: the default, or null for an optional input
/// without one.
///
/// Errors: every mistake at once: unknown names, missing values, wrong kinds, values that are not allowed.
pub fn complete_arguments(
    plan: &Plan,
    given: &IndexMap<String, Value>,
) -> Result<IndexMap<String, Value>, Vec<ArgumentMistake>> {
    let Some(root) = plan.root_component() else { return Ok(IndexMap::new()) };
    let inputs = &root.inputs.parameters;
    let mut mistakes = Vec::new();
    for name in given.keys().filter(|name| !inputs.contains_key(*name)) {
        mistakes.push(unknown(name, inputs.keys().map(String::as_str)));
    }
    let mut complete = IndexMap::new();
    for (name, input) in inputs {
        let Some(value) = given.get(name) else {
            match &input.default {
                Some(default) => complete.insert(name.clone(), default.clone()),
                None if input.optional => complete.insert(name.clone(), Value::Null),
                None => {
                    let message =
                        format!("parameter `{name}` ({}) has no value", input.parameter_type.name());
                    mistakes.push(ArgumentMistake::new(
                        name,
                        message,
                        Some(format!("give it as `-p {name}=…`")),
                    ));
                    None
                }
            };
            continue;
        };
        let value = normalize(value.clone());
        match check(name, input, &value) {
            Ok(()) => {
                complete.insert(name.clone(), value);
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    // An artifact cannot be given to a run, so that a required one would only fail later.
    for (name, _) in root.inputs.artifacts.iter().filter(|(_, input)| !input.optional) {
        let message =
            format!("the pipeline needs the artifact `{name}`, and a run cannot be given artifacts");
        let hint = "give its URI as a parameter and import it in the pipeline".to_owned();
        mistakes.push(ArgumentMistake::new(name, message, Some(hint)));
    }
    if mistakes.is_empty() { Ok(complete) } else { Err(mistakes) }
}

fn unknown<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> ArgumentMistake {
    let known: Vec<&str> = known.collect();
    let hint = suggest::did_you_mean(name, known.iter().copied()).unwrap_or_else(|| match known.as_slice() {
        [] => "the pipeline has no parameters".to_owned(),
        known => format!("the pipeline's parameters: {}", known.join(", ")),
    });
    ArgumentMistake::new(name, format!("the pipeline has no parameter `{name}`"), Some(hint))
}

fn check(name: &str, input: &pipewright_plan::ParameterInput, value: &Value) -> Result<(), ArgumentMistake> {
    let wanted = input.parameter_type;
    if value.is_null() && input.optional {
        return Ok(());
    }
    if matches!(wanted, ParameterType::TaskFinalStatus | ParameterType::TaskConfig | ParameterType::Any) {
        let message = format!("parameter `{name}` ({}) cannot be given a value", wanted.name());
        return Err(ArgumentMistake::new(name, message, None));
    }
    // Only here a text must be one: inside the pipeline any value can become text.
    if !fits(wanted, value) || (wanted == ParameterType::String && !value.is_string()) {
        let message = format!("parameter `{name}` is {}, found a {}", wanted.name(), kind_name(value));
        return Err(ArgumentMistake::new(name, message, None));
    }
    if !input.literals.is_empty() && !input.literals.iter().any(|literal| same(literal, value)) {
        let allowed: Vec<String> = input.literals.iter().map(Value::to_string).collect();
        let message = format!("parameter `{name}` cannot be {value}");
        return Err(ArgumentMistake::new(name, message, Some(format!("one of: {}", allowed.join(", ")))));
    }
    Ok(())
}

fn same(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

/// Reads a value that was given as text, as its declared type has it.
///
/// Shape: STRING verbatim, LIST and STRUCT as JSON, BOOLEAN `true` or `false`, NUMBER_INTEGER integral.
/// Errors: a sentence that says what was expected.
pub fn parse_argument(parameter_type: ParameterType, text: &str) -> Result<Value, String> {
    let wrong = |what: &str| format!("expected {what}, found `{}`", crate::yaml::shorten(text));
    let trimmed = text.trim();
    match parameter_type {
        ParameterType::String | ParameterType::Any => Ok(Value::String(text.to_owned())),
        ParameterType::NumberInteger => {
            let whole = trimmed.parse::<i64>().ok().map(Value::from);
            let integral = || match normalize(serde_json::from_str(trimmed).ok()?) {
                number @ Value::Number(_) if number.is_i64() => Some(number),
                _ => None,
            };
            whole.or_else(integral).ok_or_else(|| wrong("an integer"))
        }
        ParameterType::NumberDouble => match trimmed.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(normalize(Value::from(number))),
            _ => Err(wrong("a number")),
        },
        ParameterType::Boolean => match trimmed {
            "true" | "True" | "TRUE" => Ok(Value::Bool(true)),
            "false" | "False" | "FALSE" => Ok(Value::Bool(false)),
            _ => Err(wrong("`true` or `false`")),
        },
        ParameterType::List => match serde_json::from_str(trimmed) {
            Ok(list @ Value::Array(_)) => Ok(normalize(list)),
            _ => Err(wrong("a JSON list such as `[1, 2]`")),
        },
        ParameterType::Struct | ParameterType::TaskFinalStatus | ParameterType::TaskConfig => {
            match serde_json::from_str(trimmed) {
                Ok(object @ Value::Object(_)) => Ok(normalize(object)),
                _ => Err(wrong("a JSON object such as `{\"a\": 1}`")),
            }
        }
    }
}

/// Reads `name=value` pairs of a command line by the types that the pipeline declares.
///
/// Errors: every unknown name and every value that does not fit, at once.
pub fn parse_arguments<'a>(
    plan: &Plan,
    given: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<IndexMap<String, Value>, Vec<ArgumentMistake>> {
    let empty = pipewright_plan::Inputs::default();
    let inputs = &plan.root_component().map_or(&empty, |root| &root.inputs).parameters;
    let mut mistakes = Vec::new();
    let mut values = IndexMap::new();
    for (name, text) in given {
        let Some(input) = inputs.get(name) else {
            mistakes.push(unknown(name, inputs.keys().map(String::as_str)));
            continue;
        };
        match parse_argument(input.parameter_type, text) {
            Ok(value) => {
                values.insert(name.to_owned(), value);
            }
            Err(problem) => {
                let message = format!("parameter `{name}` ({}): {problem}", input.parameter_type.name());
                mistakes.push(ArgumentMistake::new(name, message, None));
            }
        }
    }
    if mistakes.is_empty() { Ok(values) } else { Err(mistakes) }
}
