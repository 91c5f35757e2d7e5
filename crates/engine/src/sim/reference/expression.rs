//! The few expressions that generated plans hold, evaluated the plain way.

use pipewright_plan::{Expr, Function, Value};
use serde_json::json;

use super::Values;

/// Evaluates a trigger condition.
pub(super) fn holds(condition: &Expr, inputs: &Values) -> Result<bool, ()> {
    let values: serde_json::Map<String, Value> =
        inputs.parameters.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let environment = json!({"inputs": {"parameter_values": values}});
    value_of(condition, &environment)?.as_bool().ok_or(())
}

/// Evaluates a binding's selector over the text form of its value.
pub(super) fn field_of(selector: &Expr, value: &Value) -> Result<Value, ()> {
    value_of(selector, &json!({"string_value": text_of(value)}))
}

fn value_of(expr: &Expr, environment: &Value) -> Result<Value, ()> {
    match expr {
        Expr::Literal { value } => Ok(value.clone()),
        Expr::Variable { name } => environment.get(name).cloned().ok_or(()),
        Expr::Select { operand, field } => value_of(operand, environment)?.get(field).cloned().ok_or(()),
        Expr::Index { operand, index } => {
            let (operand, index) = (value_of(operand, environment)?, value_of(index, environment)?);
            index.as_str().and_then(|key| operand.get(key)).cloned().ok_or(())
        }
        // A side that decides makes the other one's errors harmless.
        Expr::Call { function: Function::And, arguments } => {
            let sides: Vec<_> = arguments.iter().map(|side| truth(value_of(side, environment))).collect();
            if sides.contains(&Ok(false)) {
                return Ok(json!(false));
            }
            if sides.contains(&Err(())) { Err(()) } else { Ok(json!(true)) }
        }
        Expr::Call { function, arguments } => {
            let values: Result<Vec<Value>, ()> =
                arguments.iter().map(|argument| value_of(argument, environment)).collect();
            call(*function, &values?)
        }
        other => panic!("generated plans hold no {other:?}"),
    }
}

fn truth(value: Result<Value, ()>) -> Result<bool, ()> {
    value?.as_bool().ok_or(())
}

fn call(function: Function, values: &[Value]) -> Result<Value, ()> {
    let number = |value: &Value| value.as_f64().ok_or(());
    match (function, values) {
        (Function::Not, [Value::Bool(truth)]) => Ok(json!(!truth)),
        (Function::Equal, [left, right]) => Ok(json!(is_same(left, right))),
        (Function::NotEqual, [left, right]) => Ok(json!(!is_same(left, right))),
        (Function::Less, [left, right]) => Ok(json!(number(left)? < number(right)?)),
        (Function::GreaterOrEqual, [left, right]) => Ok(json!(number(left)? >= number(right)?)),
        (Function::Int, [Value::Number(found)]) => Ok(json!(found.as_f64().ok_or(())?.trunc() as i64)),
        (Function::Int, [Value::String(text)]) => {
            text.parse::<i64>().map(|found| json!(found)).map_err(|_| ())
        }
        (Function::ParseJson, [Value::String(text)]) => serde_json::from_str(text).map_err(|_| ()),
        _ => Err(()),
    }
}

/// Numbers are equal by amount, everything else by kind and content.
fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (left, right) => left == right,
    }
}

/// Source: v2 semantics 2.3.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
