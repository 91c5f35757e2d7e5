//! Pipeline parameters from `-p name=value` and from files, as values of the types that the pipeline declares.

use std::path::Path;

use anyhow::Result;
use indexmap::IndexMap;
use pipewright_compiler::{ArgumentMistake, complete_arguments, parse_arguments, read_value};
use pipewright_plan::Plan;
use serde_json::Value;

use crate::source::{self, BadInput};

/// Reads the parameters; those given by `-p` win over the file's.
///
/// Errors: [`BadInput`] with every mistake, one a line.
pub(crate) fn gather(plan: &Plan, file: Option<&Path>, given: &[String]) -> Result<IndexMap<String, Value>> {
    let mut values = match file {
        Some(file) => from_file(file)?,
        None => IndexMap::new(),
    };
    let pairs: Vec<(&str, &str)> = given.iter().filter_map(|pair| pair.split_once('=')).collect();
    if let Some(wrong) = given.iter().find(|pair| !pair.contains('=')) {
        return Err(BadInput(format!("`{wrong}` is no NAME=VALUE")).into());
    }
    values.extend(parse_arguments(plan, pairs).map_err(bad_input)?);
    complete_arguments(plan, &values).map_err(bad_input)?;
    Ok(values)
}

fn from_file(file: &Path) -> Result<IndexMap<String, Value>> {
    let name = file.display();
    match read_value(&source::read(file)?) {
        Ok(Value::Object(fields)) => Ok(fields.into_iter().collect()),
        Ok(Value::Null) => Ok(IndexMap::new()),
        Ok(_) => Err(BadInput(format!("{name} holds no mapping of parameter names to values")).into()),
        Err(found) => Err(BadInput(format!("{name} cannot be read:\n{found}")).into()),
    }
}

fn bad_input(mistakes: Vec<ArgumentMistake>) -> BadInput {
    let line = |mistake: &ArgumentMistake| match &mistake.hint {
        Some(hint) => format!("{}; {hint}", mistake.message),
        None => mistake.message.clone(),
    };
    BadInput(mistakes.iter().map(line).collect::<Vec<_>>().join("\n"))
}
