//! The functions that a condition may call, by name.

use pipewright_plan::{Expr, Function, Macro};

use super::CelError;
use crate::suggest;

/// Functions by name, with how many arguments (receiver included) they take and whether they are methods.
const KNOWN: &[(&str, Function, usize, Form)] = &[
    ("int", Function::Int, 1, Form::Free),
    ("double", Function::Double, 1, Form::Free),
    ("string", Function::String, 1, Form::Free),
    ("bool", Function::Bool, 1, Form::Free),
    ("parseJson", Function::ParseJson, 1, Form::Free),
    ("size", Function::Size, 1, Form::Both),
    ("startsWith", Function::StartsWith, 2, Form::Method),
    ("endsWith", Function::EndsWith, 2, Form::Method),
    ("contains", Function::Contains, 2, Form::Method),
    ("matches", Function::Matches, 2, Form::Both),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Free,
    Method,
    Both,
}

/// Makes the call of a function, or of a method with its receiver first.
pub(super) fn call(
    name: &str,
    at: usize,
    receiver: Option<Expr>,
    arguments: Vec<Expr>,
) -> Result<Expr, CelError> {
    let is_method = receiver.is_some();
    let arguments: Vec<Expr> = receiver.into_iter().chain(arguments).collect();
    if name == "dyn" && !is_method && arguments.len() == 1 {
        // A hint to CEL's type checker; values here carry their own types.
        return arguments.into_iter().next().ok_or_else(|| CelError::new(at, "`dyn` takes one argument"));
    }
    let known = KNOWN.iter().find(|(known, _, _, form)| {
        *known == name && (*form == Form::Both || (*form == Form::Method) == is_method)
    });
    let Some((_, function, wanted, _)) = known else {
        let hint = suggest::did_you_mean(name, KNOWN.iter().map(|(known, ..)| *known));
        let kind = if is_method { "method" } else { "function" };
        let all: Vec<&str> = KNOWN.iter().map(|(known, ..)| *known).collect();
        return Err(CelError::new(at, format!("the {kind} `{name}` is not supported"))
            .with_hint(hint.or_else(|| Some(format!("supported: {}", all.join(", "))))));
    };
    if arguments.len() != *wanted {
        let own = usize::from(is_method);
        let message = format!("`{name}` takes {} argument(s), found {}", wanted - own, arguments.len() - own);
        return Err(CelError::new(at, message));
    }
    Ok(Expr::Call { function: *function, arguments })
}

/// Returns the comprehension of that name.
pub(super) fn comprehension(name: &str) -> Option<Macro> {
    Some(match name {
        "all" => Macro::All,
        "exists" => Macro::Exists,
        "exists_one" | "existsOne" => Macro::ExistsOne,
        "map" => Macro::Map,
        "filter" => Macro::Filter,
        _ => return None,
    })
}
