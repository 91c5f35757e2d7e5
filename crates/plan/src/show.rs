//! Texts, commands and conditions as a reader sees them: placeholders in the notation of the format, expressions
//! in the notation of CEL. What is shown is for eyes; nothing reads it back.

use std::fmt::{self, Display, Formatter, Write as _};

use crate::expr::{Expr, Function, Macro};
use crate::placeholder::{Placeholder, Text, TextPart, ValueTemplate, Word};
use crate::value::Value;

impl Display for Text {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            TextPart::Literal { text } => out.write_str(text),
            TextPart::Placeholder { placeholder } => write!(out, "{placeholder}"),
        })
    }
}

impl Display for Placeholder {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag { name } => write!(out, "{{{{{name}}}}}"),
            other => write!(out, "{{{{${}}}}}", Path(other)),
        }
    }
}

/// A placeholder without its braces.
struct Path<'a>(&'a Placeholder);

impl Display for Path<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let metadata = |out: &mut Formatter<'_>, key: &Option<String>| match key {
            Some(key) => write!(out, ".metadata['{key}']"),
            None => out.write_str(".metadata"),
        };
        match self.0 {
            Placeholder::ExecutorInput => Ok(()),
            Placeholder::InputParameter { name } => write!(out, ".inputs.parameters['{name}']"),
            Placeholder::InputField { name, key } => write!(out, ".inputs.parameters['{name}'].{key}"),
            Placeholder::InputArtifactUri { name } => write!(out, ".inputs.artifacts['{name}'].uri"),
            Placeholder::InputArtifactPath { name } => write!(out, ".inputs.artifacts['{name}'].path"),
            Placeholder::InputArtifactMetadata { name, key } => {
                write!(out, ".inputs.artifacts['{name}']")?;
                metadata(out, key)
            }
            Placeholder::InputArtifacts { name } => write!(out, ".inputs.artifacts['{name}']"),
            Placeholder::OutputArtifactUri { name } => write!(out, ".outputs.artifacts['{name}'].uri"),
            Placeholder::OutputArtifactPath { name } => write!(out, ".outputs.artifacts['{name}'].path"),
            Placeholder::OutputArtifactMetadata { name, key } => {
                write!(out, ".outputs.artifacts['{name}']")?;
                metadata(out, key)
            }
            Placeholder::OutputParameterFile { name } => {
                write!(out, ".outputs.parameters['{name}'].output_file")
            }
            Placeholder::OutputFile => out.write_str(".outputs.output_file"),
            Placeholder::JobName => out.write_str(".pipeline_job_name"),
            Placeholder::JobResourceName => out.write_str(".pipeline_job_resource_name"),
            Placeholder::JobUuid => out.write_str(".pipeline_job_uuid"),
            Placeholder::TaskName => out.write_str(".pipeline_task_name"),
            Placeholder::TaskUuid => out.write_str(".pipeline_task_uuid"),
            Placeholder::JobCreateTime => out.write_str(".pipeline_job_create_time_utc"),
            Placeholder::JobScheduleTime => out.write_str(".pipeline_job_schedule_time_utc"),
            Placeholder::PipelineRoot => out.write_str(".pipeline_root"),
            Placeholder::WorkspacePath => out.write_str(".workspace_path"),
            Placeholder::Tag { name } => out.write_str(name),
            Placeholder::Expression { text, .. } => write!(out, "={text}"),
            Placeholder::JsonEscape { inner, times } => write!(out, "{}.json_escape[{times}]", Path(inner)),
        }
    }
}

impl Display for Word {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { text } => write!(out, "{text}"),
            Self::Concat { parts } => parts.iter().try_for_each(|part| write!(out, "{part}")),
            Self::IfPresent { input, then, otherwise } => {
                write!(out, "{{if {input}:")?;
                then.iter().try_for_each(|word| write!(out, " {word}"))?;
                if !otherwise.is_empty() {
                    out.write_str(" else:")?;
                    otherwise.iter().try_for_each(|word| write!(out, " {word}"))?;
                }
                out.write_char('}')
            }
        }
    }
}

impl ValueTemplate {
    /// Returns the value with placeholders written out in its texts.
    pub fn shown(&self) -> Value {
        match self {
            Self::Literal { value } => value.clone(),
            Self::Text { text } => Value::String(text.to_string()),
            Self::List { items } => items.iter().map(Self::shown).collect(),
            Self::Struct { fields } => {
                Value::Object(fields.iter().map(|(key, item)| (key.to_string(), item.shown())).collect())
            }
        }
    }
}

/// How strongly the parts of an expression hold together; a weaker one inside a stronger one needs brackets.
const WEAKEST: u8 = 0;
const UNARY: u8 = 8;
const STRONGEST: u8 = 9;

impl Display for Expr {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write_expr(out, self, WEAKEST)
    }
}

fn binary(function: Function) -> Option<(&'static str, u8)> {
    Some(match function {
        Function::Or => ("||", 2),
        Function::And => ("&&", 3),
        Function::Equal => ("==", 4),
        Function::NotEqual => ("!=", 4),
        Function::Less => ("<", 4),
        Function::LessOrEqual => ("<=", 4),
        Function::Greater => (">", 4),
        Function::GreaterOrEqual => (">=", 4),
        Function::In => ("in", 4),
        Function::Matches => ("=~", 4),
        Function::Add | Function::Append => ("+", 5),
        Function::Subtract => ("-", 5),
        Function::Multiply => ("*", 6),
        Function::Divide => ("/", 6),
        Function::Modulo | Function::Remainder => ("%", 6),
        Function::Power => ("**", 7),
        _ => return None,
    })
}

fn name(function: Function) -> &'static str {
    match function {
        Function::Int => "int",
        Function::Double => "double",
        Function::String => "string",
        Function::Bool => "bool",
        Function::Size => "size",
        Function::ParseJson => "parseJson",
        Function::StartsWith => "startsWith",
        Function::EndsWith => "endsWith",
        Function::Contains => "contains",
        _ => "call",
    }
}

fn write_expr(out: &mut Formatter<'_>, expr: &Expr, around: u8) -> fmt::Result {
    match expr {
        Expr::Literal { value } => write_literal(out, value),
        Expr::Variable { name } => out.write_str(name),
        Expr::Select { operand, field } => {
            write_expr(out, operand, STRONGEST)?;
            write!(out, ".{field}")
        }
        Expr::Index { operand, index } => {
            write_expr(out, operand, STRONGEST)?;
            write!(out, "[{index}]")
        }
        Expr::Has { operand, field } => write!(out, "has({operand}.{field})"),
        Expr::Call { function, arguments } => write_call(out, *function, arguments, around),
        Expr::Named { name, arguments } => match (name.as_str(), arguments.as_slice()) {
            ("field" | "field?", [operand, Expr::Literal { value: Value::String(field) }]) => {
                write_expr(out, operand, STRONGEST)?;
                write!(out, ".{field}")
            }
            (name, arguments) => {
                write!(out, "{name}(")?;
                write_list(out, arguments)?;
                out.write_char(')')
            }
        },
        Expr::List { items } => {
            out.write_char('[')?;
            write_list(out, items)?;
            out.write_char(']')
        }
        Expr::Map { entries } => {
            out.write_char('{')?;
            for (index, (key, value)) in entries.iter().enumerate() {
                write!(out, "{}{key}: {value}", if index > 0 { ", " } else { "" })?;
            }
            out.write_char('}')
        }
        Expr::Fold { fold, range, variable, body, transform } => {
            let fold = match fold {
                Macro::All => "all",
                Macro::Exists => "exists",
                Macro::ExistsOne => "exists_one",
                Macro::Map => "map",
                Macro::Filter => "filter",
            };
            write_expr(out, range, STRONGEST)?;
            write!(out, ".{fold}({variable}, {body}")?;
            if let Some(transform) = transform {
                write!(out, ", {transform}")?;
            }
            out.write_char(')')
        }
    }
}

fn write_call(out: &mut Formatter<'_>, function: Function, arguments: &[Expr], around: u8) -> fmt::Result {
    match (function, arguments) {
        // An operand of a v1 condition stands in it as a word of its own.
        (Function::ReadQuoted | Function::ReadBare, [operand]) => match operand {
            Expr::Literal { value: Value::String(text) } if function == Function::ReadBare => {
                out.write_str(text)
            }
            operand => write_expr(out, operand, around),
        },
        (Function::Not | Function::Negate, [operand]) => {
            out.write_char(if function == Function::Not { '!' } else { '-' })?;
            write_expr(out, operand, UNARY)
        }
        (Function::Conditional, [condition, then, otherwise]) => bracketed(out, around > 1, |out| {
            write_expr(out, condition, 2)?;
            out.write_str(" ? ")?;
            write_expr(out, then, 2)?;
            out.write_str(" : ")?;
            write_expr(out, otherwise, 1)
        }),
        (function, [left, right]) if binary(function).is_some() => {
            let (sign, strength) = binary(function).expect("the guard says so");
            bracketed(out, around > strength, |out| {
                write_expr(out, left, strength)?;
                write!(out, " {sign} ")?;
                write_expr(out, right, strength + 1)
            })
        }
        (function, arguments) => {
            write!(out, "{}(", name(function))?;
            write_list(out, arguments)?;
            out.write_char(')')
        }
    }
}

fn bracketed(
    out: &mut Formatter<'_>,
    is_bracketed: bool,
    write: impl FnOnce(&mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    if !is_bracketed {
        return write(out);
    }
    out.write_char('(')?;
    write(out)?;
    out.write_char(')')
}

fn write_list(out: &mut Formatter<'_>, items: &[Expr]) -> fmt::Result {
    items
        .iter()
        .enumerate()
        .try_for_each(|(index, item)| write!(out, "{}{item}", if index > 0 { ", " } else { "" }))
}

fn write_literal(out: &mut Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::String(text) if !text.contains('\'') => write!(out, "'{text}'"),
        other => write!(out, "{other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(function: Function, arguments: Vec<Expr>) -> Expr {
        Expr::Call { function, arguments }
    }

    fn literal(value: impl Into<Value>) -> Expr {
        Expr::Literal { value: value.into() }
    }

    fn parameter(name: &str) -> Expr {
        let inputs = Box::new(Expr::Variable { name: "inputs".to_owned() });
        let values = Expr::Select { operand: inputs, field: "parameter_values".to_owned() };
        Expr::Index { operand: Box::new(values), index: Box::new(literal(name)) }
    }

    #[test]
    fn conditions_read_as_they_were_written() {
        let equal = call(Function::Equal, vec![parameter("flip"), literal("heads")]);
        let less = call(Function::Less, vec![call(Function::Int, vec![parameter("n")]), literal(3)]);
        let either = call(Function::Or, vec![equal.clone(), less.clone()]);
        let not = call(Function::Not, vec![either.clone()]);
        let both = call(Function::And, vec![either.clone(), less.clone()]);
        let bare = call(Function::ReadBare, vec![literal("tails")]);
        let v1 = call(Function::NotEqual, vec![call(Function::ReadQuoted, vec![parameter("flip")]), bare]);
        let minus =
            call(Function::Subtract, vec![literal(1), call(Function::Add, vec![literal(2), literal(3)])]);
        let (flip, n) = ("inputs.parameter_values['flip']", "inputs.parameter_values['n']");
        for (expr, expected) in [
            (equal, format!("{flip} == 'heads'")),
            (either, format!("{flip} == 'heads' || int({n}) < 3")),
            (not, format!("!({flip} == 'heads' || int({n}) < 3)")),
            (both, format!("({flip} == 'heads' || int({n}) < 3) && int({n}) < 3")),
            (v1, format!("{flip} != tails")),
            (minus, "1 - (2 + 3)".to_owned()),
            (literal("it's"), "\"it's\"".to_owned()),
        ] {
            assert_eq!(expr.to_string(), expected);
        }
    }

    #[test]
    fn placeholders_read_as_the_format_writes_them() {
        let name = || "x".to_owned();
        let escaped = Placeholder::JsonEscape {
            inner: Box::new(Placeholder::InputParameter { name: name() }),
            times: 1,
        };
        for (placeholder, expected) in [
            (Placeholder::ExecutorInput, "{{$}}"),
            (Placeholder::InputParameter { name: name() }, "{{$.inputs.parameters['x']}}"),
            (Placeholder::OutputArtifactPath { name: name() }, "{{$.outputs.artifacts['x'].path}}"),
            (
                Placeholder::InputArtifactMetadata { name: name(), key: Some("k".to_owned()) },
                "{{$.inputs.artifacts['x'].metadata['k']}}",
            ),
            (Placeholder::Tag { name: "workflow.name".to_owned() }, "{{workflow.name}}"),
            (escaped, "{{$.inputs.parameters['x'].json_escape[1]}}"),
        ] {
            assert_eq!(placeholder.to_string(), expected);
        }
    }
}
