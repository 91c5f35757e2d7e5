//! Pipeline parameters from `-p name=value` and from files, as values of the types that the pipeline declares.

use std::path::Path;

use anyhow::Result;
use pipewright_compiler::{complete_arguments, parse_argument, parse_arguments};
use pipewright_plan::Plan;
use serde_json::{Map, Value};

use crate::source::{self, BadInput};

/// Reads parameters of a pipeline that only the server knows: numbers, lists and the like as JSON, else text.
///
/// Errors: [`BadInput`] for one that has no name.
pub(crate) fn read(given: &[String]) -> Result<Map<String, Value>> {
    let mut values = Map::new();
    for pair in given {
        let Some((name, text)) = pair.split_once('=') else {
            return Err(BadInput(format!("`{pair}` is no NAME=VALUE")).into());
        };
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}

/// Reads the parameters; those given by `-p` win over the file's.
///
/// Errors: [`BadInput`] with every mistake, one a line.
pub(crate) fn gather(plan: &Plan, file: Option<&Path>, given: &[String]) -> Result<Map<String, Value>> {
    let mut values = match file {
        Some(file) => parse_arguments(&source::read(file)?)
            .map_err(|found| BadInput(format!("{} cannot be read:\n{found}", file.display())))?,
        None => Map::new(),
    };
    let mut mistakes = Vec::new();
    for pair in given {
        let Some((name, text)) = pair.split_once('=') else {
            mistakes.push(format!("`{pair}` is no NAME=VALUE"));
            continue;
        };
        match parse_argument(plan, name, text) {
            Ok(value) => {
                values.insert(name.to_owned(), value);
            }
            Err(mistake) => mistakes.push(mistake.to_string()),
        }
    }
    if mistakes.is_empty()
        && let Err(found) = complete_arguments(plan, &values)
    {
        mistakes.extend(found.iter().map(ToString::to_string));
    }
    if mistakes.is_empty() { Ok(values) } else { Err(BadInput(mistakes.join("\n")).into()) }
}
