//! Trigger conditions as the SDK writes them, over inputs of any name.

use pipewright_plan::{Expr, Function, Value};
use serde_json::json;

use super::kind::Kind;
use crate::sim::Random;

/// Returns a condition over this input; rarely one that cannot be evaluated.
pub(super) fn random(random: &mut Random, input: &str, kind: &Kind) -> Expr {
    let compared = match kind {
        Kind::Text | Kind::Dict | Kind::Status | Kind::List(_) => {
            let text = ["a", "b", "7"][random.below(3) as usize];
            call(Function::Equal, [variable(input), literal(json!(text))])
        }
        Kind::Number => {
            let function = [Function::Less, Function::GreaterOrEqual, Function::Equal, Function::NotEqual]
                [random.below(4) as usize];
            let number = call(Function::Int, [variable(input)]);
            call(function, [number, literal(json!(random.below(4)))])
        }
        Kind::Flag => call(Function::Equal, [variable(input), literal(json!(true))]),
    };
    match random.below(20) {
        0 => literal(Value::Bool(false)),
        1 => literal(Value::Bool(true)),
        2 => variable("nobody"),
        3 => call(Function::Int, [variable(input)]),
        4..=7 => not(compared),
        8 => both(compared, not(call(Function::Equal, [variable(input), literal(json!("z"))]))),
        _ => compared,
    }
}

pub(super) fn not(inner: Expr) -> Expr {
    call(Function::Not, [inner])
}

pub(super) fn both(left: Expr, right: Expr) -> Expr {
    call(Function::And, [left, right])
}

fn call<const N: usize>(function: Function, arguments: [Expr; N]) -> Expr {
    Expr::Call { function, arguments: arguments.into() }
}

fn literal(value: Value) -> Expr {
    Expr::Literal { value }
}

/// `inputs.parameter_values['…']`
fn variable(input: &str) -> Expr {
    let inputs = Expr::Variable { name: "inputs".to_owned() };
    let values = Expr::Select { operand: Box::new(inputs), field: "parameter_values".to_owned() };
    Expr::Index { operand: Box::new(values), index: Box::new(literal(json!(input))) }
}

/// `parseJson(string_value)["…"]`
pub(super) fn field(name: &str) -> Expr {
    let text = Expr::Variable { name: "string_value".to_owned() };
    let parsed = call(Function::ParseJson, [text]);
    Expr::Index { operand: Box::new(parsed), index: Box::new(literal(json!(name))) }
}
