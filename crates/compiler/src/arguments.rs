//! Arguments of a run against the inputs of its pipeline, and values given as text on a command line.
//!
//! Source: v2 semantics 1.1. Kinds must match exactly; macros in strings are expanded by the caller before.

use std::collections::BTreeMap;
use std::fmt;

use pipewright_plan::{Dialect, ParameterType, Plan, Value, kind_name, normalize, text_form};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::suggest;
use crate::v2::lower::fits;
use crate::yaml::{self, Span};

/// One argument that cannot be used, or one that is missing.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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

impl fmt::Display for ArgumentMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ArgumentMistake {}

/// Checks the arguments of a run and adds what was left out: the default, or null for an optional input
/// without one.
///
/// Root artifacts are not looked at: a run cannot be given any.
///
/// Errors: every mistake at once: unknown names, missing values, wrong kinds, values that are not allowed.
pub fn complete_arguments<'a>(
    plan: &Plan,
    given: impl IntoIterator<Item = (&'a String, &'a Value)>,
) -> Result<BTreeMap<String, Value>, Vec<ArgumentMistake>> {
    let given: BTreeMap<&String, &Value> = given.into_iter().collect();
    let Some(root) = plan.root_component() else { return Ok(BTreeMap::new()) };
    let inputs = &root.inputs.parameters;
    let mut mistakes = Vec::new();
    for name in given.keys().filter(|name| !inputs.contains_key(name.as_str())) {
        mistakes.push(unknown(name, inputs.keys().map(String::as_str)));
    }
    let mut complete = BTreeMap::new();
    for (name, input) in inputs {
        let Some(value) = given.get(name) else {
            match &input.default {
                Some(default) => complete.insert(name.clone(), default.clone()),
                None if input.optional => complete.insert(name.clone(), Value::Null),
                None => {
                    let message =
                        format!("parameter `{name}` ({}) has no value", input.parameter_type.name());
                    mistakes.push(ArgumentMistake::new(name, message, None));
                    None
                }
            };
            continue;
        };
        // Arguments of v1 are texts, whatever a client makes of them.
        let value = match plan.dialect {
            Dialect::V1 if !value.is_null() => Value::String(text_form(value)),
            Dialect::V1 | Dialect::V2 => normalize((*value).clone()),
        };
        match check(name, input, &value) {
            Ok(()) => {
                complete.insert(name.clone(), value);
            }
            Err(mistake) => mistakes.push(mistake),
        }
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

/// Reads one `name=text` of a command line by the type that the pipeline declares.
///
/// Shape: STRING verbatim, LIST and STRUCT as JSON, BOOLEAN `true` or `false`, NUMBER_INTEGER integral.
/// Errors: the name is unknown, or the text does not fit.
pub fn parse_argument(plan: &Plan, name: &str, text: &str) -> Result<Value, ArgumentMistake> {
    let inputs = plan.root_component().map(|root| &root.inputs.parameters);
    let Some(input) = inputs.and_then(|inputs| inputs.get(name)) else {
        let known = inputs.into_iter().flat_map(|inputs| inputs.keys()).map(String::as_str);
        return Err(unknown(name, known));
    };
    parse_value(input.parameter_type, text).map_err(|problem| {
        let message = format!("parameter `{name}` ({}): {problem}", input.parameter_type.name());
        ArgumentMistake::new(name, message, None)
    })
}

fn parse_value(parameter_type: ParameterType, text: &str) -> Result<Value, String> {
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

/// Reads a file of arguments: one mapping from names to values, YAML or JSON.
///
/// Errors: every mistake of the text; names and types are checked by [`complete_arguments`].
pub fn parse_arguments(source: &[u8]) -> Result<serde_json::Map<String, Value>, Diagnostics> {
    let (documents, mut diagnostics) = yaml::load(source);
    if diagnostics.has_errors() {
        diagnostics.settle();
        return Err(diagnostics);
    }
    let mut documents = documents.into_iter().filter(|document| !document.is_null());
    let Some(document) = documents.next() else { return Ok(serde_json::Map::new()) };
    match (document.to_json(), documents.next()) {
        (Value::Object(arguments), None) => {
            Ok(arguments.into_iter().map(|(name, value)| (name, normalize(value))).collect())
        }
        (_, extra) => {
            let span = extra.map_or(document.span, |extra| extra.span);
            let at = Span { start: span.start, end: span.start };
            let message = "a file of arguments is one mapping from parameter names to values";
            diagnostics.push(Diagnostic::new(Severity::Error, "wrong-type", at, message));
            Err(diagnostics)
        }
    }
}
