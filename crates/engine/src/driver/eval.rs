//! Evaluates [`Expr`] as CEL does: typed, with errors that propagate except where `&&` and `||` absorb them.
//!
//! Source: the CEL language definition; v2 semantics 1.3 and 1.4.

use pipewright_plan::{Expr, Function, Macro, Value, kind_name, normalize};

use super::eval_calls::call;
use super::library;

/// Variables by name, innermost last.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    variables: Vec<(String, Value)>,
}

impl Environment {
    pub(crate) fn new(variables: Vec<(String, Value)>) -> Self {
        Self { variables }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// Computes the value. Errors: a sentence that says what did not fit.
pub(crate) fn evaluate(expr: &Expr, environment: &mut Environment) -> Result<Value, String> {
    match expr {
        Expr::Literal { value } => Ok(value.clone()),
        Expr::Variable { name } => {
            environment.get(name).cloned().ok_or_else(|| format!("no variable `{name}`"))
        }
        Expr::Select { operand, field } => {
            let operand = evaluate(operand, environment)?;
            match &operand {
                Value::Object(fields) => {
                    fields.get(field).cloned().ok_or_else(|| format!("no such key: {field}"))
                }
                other => Err(format!("a {} value has no field `{field}`", kind_name(other))),
            }
        }
        Expr::Index { operand, index } => {
            let operand = evaluate(operand, environment)?;
            let index = evaluate(index, environment)?;
            at_index(&operand, &index)
        }
        Expr::Has { operand, field } => match evaluate(operand, environment)? {
            Value::Object(fields) => Ok(Value::Bool(fields.contains_key(field))),
            other => Err(format!("a {} value has no fields", kind_name(&other))),
        },
        Expr::List { items } => items.iter().map(|item| evaluate(item, environment)).collect(),
        Expr::Map { entries } => {
            let mut fields = serde_json::Map::new();
            for (key, item) in entries {
                let key = match evaluate(key, environment)? {
                    Value::String(key) => key,
                    other => other.to_string(),
                };
                fields.insert(key, evaluate(item, environment)?);
            }
            Ok(Value::Object(fields))
        }
        Expr::Fold { fold, range, variable, body, transform } => {
            let range = match evaluate(range, environment)? {
                Value::Array(items) => items,
                Value::Object(fields) => fields.into_iter().map(|(key, _)| Value::String(key)).collect(),
                other => return Err(format!("cannot iterate over a {} value", kind_name(&other))),
            };
            fold_over(*fold, range, variable, (body, transform.as_deref()), environment)
        }
        Expr::Call { function, arguments } => evaluate_call(*function, arguments, environment),
        Expr::Named { name, arguments } => evaluate_named(name, arguments, environment),
    }
}

fn at_index(operand: &Value, index: &Value) -> Result<Value, String> {
    match (operand, index) {
        (Value::Object(fields), Value::String(key)) => {
            fields.get(key).cloned().ok_or_else(|| format!("no such key: {key}"))
        }
        (Value::Array(items), Value::Number(_)) => {
            let Some(at) = normalize(index.clone()).as_i64() else {
                return Err(format!("index {index} is no integer"));
            };
            let found = usize::try_from(at).ok().and_then(|at| items.get(at));
            found.cloned().ok_or_else(|| format!("index {at} is out of range 0..{}", items.len()))
        }
        _ => Err(format!("cannot index a {} value by a {} value", kind_name(operand), kind_name(index))),
    }
}

fn evaluate_call(
    function: Function,
    arguments: &[Expr],
    environment: &mut Environment,
) -> Result<Value, String> {
    match (function, arguments) {
        (Function::And, [left, right]) => logic(false, (left, right), environment),
        (Function::Or, [left, right]) => logic(true, (left, right), environment),
        (Function::Conditional, [condition, then, otherwise]) => match evaluate(condition, environment)? {
            Value::Bool(true) => evaluate(then, environment),
            Value::Bool(false) => evaluate(otherwise, environment),
            other => Err(format!("expected a boolean before `?`, found a {} value", kind_name(&other))),
        },
        (_, arguments) => {
            let mut values = Vec::with_capacity(arguments.len());
            for argument in arguments {
                values.push(evaluate(argument, environment)?);
            }
            call(function, &values)
        }
    }
}

fn evaluate_named(name: &str, arguments: &[Expr], environment: &mut Environment) -> Result<Value, String> {
    if let ("coalesce", [first, second]) = (name, arguments) {
        return match evaluate(first, environment)? {
            Value::Null => evaluate(second, environment),
            found => Ok(found),
        };
    }
    let values: Result<Vec<Value>, String> =
        arguments.iter().map(|argument| evaluate(argument, environment)).collect();
    library::call(name, &values?)
}

/// `decisive` on either side decides, whatever the other side does, an error included.
fn logic(
    decisive: bool,
    (left, right): (&Expr, &Expr),
    environment: &mut Environment,
) -> Result<Value, String> {
    let left = truth(evaluate(left, environment));
    if left == Ok(decisive) {
        return Ok(Value::Bool(decisive));
    }
    let right = truth(evaluate(right, environment));
    if right == Ok(decisive) {
        return Ok(Value::Bool(decisive));
    }
    left.and(right).map(Value::Bool)
}

fn truth(value: Result<Value, String>) -> Result<bool, String> {
    match value? {
        Value::Bool(truth) => Ok(truth),
        other => Err(format!("expected a boolean, found a {} value", kind_name(&other))),
    }
}

fn fold_over(
    fold: Macro,
    range: Vec<Value>,
    variable: &str,
    (body, transform): (&Expr, Option<&Expr>),
    environment: &mut Environment,
) -> Result<Value, String> {
    let mut kept = Vec::new();
    let (mut holding, mut refuted) = (0_usize, 0_usize);
    let mut failed = None;
    for item in range {
        environment.variables.push((variable.to_owned(), item.clone()));
        let found = evaluate(body, environment);
        let mapped = match (fold, transform) {
            (Macro::Map, Some(transform)) if found == Ok(Value::Bool(true)) => {
                Some(evaluate(transform, environment))
            }
            _ => None,
        };
        environment.variables.pop();
        match (fold, transform) {
            (Macro::Map, None) => kept.push(found?),
            (Macro::Map, Some(_)) => {
                truth(found)?;
                if let Some(mapped) = mapped {
                    kept.push(mapped?);
                }
            }
            (Macro::Filter, _) => {
                if truth(found)? {
                    kept.push(item);
                }
            }
            (Macro::All | Macro::Exists | Macro::ExistsOne, _) => match truth(found) {
                Ok(true) => holding += 1,
                Ok(false) => refuted += 1,
                Err(error) => failed = Some(error),
            },
        }
    }
    let decided = match fold {
        Macro::Map | Macro::Filter => return Ok(Value::Array(kept)),
        Macro::Exists if holding > 0 => return Ok(Value::Bool(true)),
        Macro::All if refuted > 0 => return Ok(Value::Bool(false)),
        Macro::Exists => false,
        Macro::All => true,
        Macro::ExistsOne => holding == 1,
    };
    failed.map_or(Ok(Value::Bool(decided)), Err)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn literal(value: Value) -> Expr {
        Expr::Literal { value }
    }

    fn apply(function: Function, arguments: Vec<Value>) -> Result<Value, String> {
        let arguments = arguments.into_iter().map(literal).collect();
        let expr = Expr::Call { function, arguments };
        evaluate(&expr, &mut Environment::new(Vec::new()))
    }

    #[test]
    fn functions_follow_cel() {
        let check = |function, arguments: Vec<Value>, expected: Result<Value, ()>| {
            let found = apply(function, arguments.clone());
            assert_eq!(found.clone().map_err(|_| ()), expected, "{function:?} {arguments:?}: {found:?}");
        };
        check(Function::Equal, vec![json!(1), json!(1.0)], Ok(json!(true)));
        check(Function::Equal, vec![json!("1"), json!(1)], Ok(json!(false)));
        check(Function::Equal, vec![json!([1.0, "a"]), json!([1, "a"])], Ok(json!(true)));
        check(Function::Less, vec![json!(1), json!(1.5)], Ok(json!(true)));
        check(Function::Less, vec![json!("a"), json!("b")], Ok(json!(true)));
        check(Function::Less, vec![json!("a"), json!(1)], Err(()));
        check(Function::Int, vec![json!("42")], Ok(json!(42)));
        check(Function::Int, vec![json!(3.9)], Ok(json!(3)));
        check(Function::Int, vec![json!("x")], Err(()));
        check(Function::Double, vec![json!("1.5")], Ok(json!(1.5)));
        check(Function::String, vec![json!(2)], Ok(json!("2")));
        check(Function::Size, vec![json!("héé")], Ok(json!(3)));
        check(Function::In, vec![json!(2.0), json!([1, 2])], Ok(json!(true)));
        check(Function::ParseJson, vec![json!("{\"a\":[1]}")], Ok(json!({"a": [1]})));
        check(Function::Matches, vec![json!("abcd"), json!("b.d")], Ok(json!(true)));
        check(Function::Divide, vec![json!(1), json!(0)], Err(()));
        check(Function::Divide, vec![json!(7), json!(2)], Ok(json!(3)));
        check(Function::Add, vec![json!("a"), json!("b")], Ok(json!("ab")));
        check(Function::Add, vec![json!("a"), json!(1)], Err(()));
    }

    #[test]
    fn a_decisive_side_absorbs_errors() {
        let broken = Expr::Variable { name: "nobody".to_owned() };
        let check = |function, left: Expr, right: Expr, expected: Option<bool>| {
            let expr = Expr::Call { function, arguments: vec![left, right] };
            let found = evaluate(&expr, &mut Environment::new(Vec::new()));
            assert_eq!(found.ok(), expected.map(Value::Bool));
        };
        check(Function::And, broken.clone(), literal(json!(false)), Some(false));
        check(Function::And, broken.clone(), literal(json!(true)), None);
        check(Function::Or, broken.clone(), literal(json!(true)), Some(true));
        check(Function::Or, literal(json!(false)), literal(json!(true)), Some(true));
    }
}
