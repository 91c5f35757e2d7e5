//! Takes values out of an object: Kubernetes' JSONPath, and the paths of jq.
//!
//! Of JSONPath: fields, indexes, `[*]`, and filters that compare one field (`[?(@.type=="Ready")]`). Of jq:
//! plain paths.

use pipewright_plan::{ResourceOutput, Value};

/// Returns what an output asks for as text: strings without quotes, anything else as JSON, nothing as nothing.
///
/// Errors: a path that is not understood.
pub(crate) fn output(object: &Value, asked: &ResourceOutput) -> Result<String, String> {
    match asked {
        ResourceOutput::JsonPath { path } => template(object, path),
        ResourceOutput::Jq { filter } => {
            let steps = steps(filter.trim()).map_err(|why| {
                format!(
                    "jq filter `{filter}` is not understood ({why}); plain paths such as `.metadata.name` are"
                )
            })?;
            Ok(print(&select(object, &steps)))
        }
    }
}

/// Fills a template such as `{.metadata.name}: {.status.phase}`; one without braces is a path itself.
fn template(object: &Value, text: &str) -> Result<String, String> {
    if !text.contains('{') {
        let path = if text.starts_with(['.', '[', '$']) { text.to_owned() } else { format!(".{text}") };
        return filled(object, &path, text);
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (path, after) =
            after.split_once('}').ok_or_else(|| format!("JSON path `{text}` has no closing brace"))?;
        out.push_str(&filled(object, path.trim(), text)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn filled(object: &Value, path: &str, text: &str) -> Result<String, String> {
    if let Some(literal) = path.strip_prefix('"').and_then(|path| path.strip_suffix('"')) {
        return Ok(literal.replace("\\n", "\n").replace("\\t", "\t"));
    }
    let steps = steps(path).map_err(|why| format!("JSON path `{text}` is not understood: {why}"))?;
    Ok(print(&select(object, &steps)))
}

#[derive(Debug, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    All,
    /// Items whose field has this text.
    Where(Vec<Step>, String),
}

/// Reads a path; `$` and `@` stand for where it begins.
pub(super) fn path_of_fields(text: &str) -> Vec<String> {
    text.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = text.strip_prefix(['$', '@']).unwrap_or(text);
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, after) = bracket(inner)?;
            steps.push(step);
            rest = after;
            continue;
        }
        let Some(after) = rest.strip_prefix('.') else { return Err(format!("`{rest}`")) };
        if after.starts_with('.') {
            return Err("`..` looks everywhere".to_owned());
        }
        if after.starts_with('[') || after.is_empty() {
            rest = after;
            continue;
        }
        if let Some(after) = after.strip_prefix('*') {
            steps.push(Step::All);
            rest = after;
            continue;
        }
        let mut name = String::new();
        let mut chars = after.char_indices();
        let mut end = after.len();
        while let Some((at, c)) = chars.next() {
            match c {
                // `\.` is a point in a name.
                '\\' => name.extend(chars.next().map(|(_, c)| c)),
                '.' | '[' => {
                    end = at;
                    break;
                }
                c if c.is_alphanumeric() || "-_/:".contains(c) => name.push(c),
                c => return Err(format!("`{c}`")),
            }
        }
        steps.push(Step::Field(name));
        rest = &after[end..];
    }
    Ok(steps)
}

fn bracket(text: &str) -> Result<(Step, &str), String> {
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote) {
            let (name, after) = inner.split_once(quote).ok_or("a quote is not closed")?;
            let after = after.strip_prefix(']').ok_or("`]` is missing")?;
            return Ok((Step::Field(name.to_owned()), after));
        }
    }
    if let Some(inner) = text.strip_prefix("?(") {
        let (condition, after) = inner.split_once(")]").ok_or("`)]` is missing")?;
        let (path, value) = condition.split_once("==").ok_or("a filter compares by `==`")?;
        let value = value.trim().trim_matches(['"', '\'']).to_owned();
        return Ok((Step::Where(steps(path.trim())?, value), after));
    }
    let (inner, after) = text.split_once(']').ok_or("`]` is missing")?;
    match inner.trim() {
        "*" | "" => Ok((Step::All, after)),
        number => Ok((Step::Index(number.parse().map_err(|_| format!("`[{number}]`"))?), after)),
    }
}

fn select<'v>(object: &'v Value, steps: &[Step]) -> Vec<&'v Value> {
    let mut found = vec![object];
    for step in steps {
        found = found.into_iter().flat_map(|value| apply(value, step)).collect();
    }
    found
}

fn apply<'v>(value: &'v Value, step: &Step) -> Vec<&'v Value> {
    let items = || match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    };
    match step {
        Step::Field(name) => value.get(name).into_iter().collect(),
        Step::Index(index) => {
            let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let at = if *index < 0 { *index + list.len() as i64 } else { *index };
            usize::try_from(at).ok().and_then(|at| list.get(at)).into_iter().collect()
        }
        Step::All => items(),
        Step::Where(path, wanted) => {
            items().into_iter().filter(|item| print(&select(item, path)) == *wanted).collect()
        }
    }
}

fn print(found: &[&Value]) -> String {
    let texts: Vec<String> = found.iter().map(|value| pipewright_plan::text_form(value)).collect();
    texts.join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_find_values() {
        let object = json!({
            "metadata": {"name": "data", "labels": {"a.b/c": "x"}},
            "status": {"n": 3, "list": [{"type": "A", "ok": "no"}, {"type": "B", "ok": "yes"}]},
        });
        let json_path = |path: &str| output(&object, &ResourceOutput::JsonPath { path: path.to_owned() });
        for (path, expected) in [
            ("{.metadata.name}", "data"),
            (".metadata.name", "data"),
            ("metadata.name", "data"),
            ("{$.metadata.name}/{.status.n}", "data/3"),
            ("{.metadata.labels['a.b/c']}", "x"),
            ("{.metadata.labels.a\\.b/c}", "x"),
            ("{.status.list[0].type}", "A"),
            ("{.status.list[-1].type}", "B"),
            ("{.status.list[*].type}", "A B"),
            ("{.status.list[?(@.type==\"B\")].ok}", "yes"),
            ("{.status.none}", ""),
            ("{.status.list[9]}", ""),
            ("{.status.list[0]}", r#"{"type":"A","ok":"no"}"#),
        ] {
            assert_eq!(json_path(path).as_deref(), Ok(expected), "{path}");
        }
        assert_eq!(json_path("{}"), Ok(object.to_string()));
        for path in ["{..name}", "{.a", "{.a[x]}", "{.a[?(@.b>1)]}", "{range .items[*]}"] {
            assert!(json_path(path).is_err(), "{path}");
        }
        let jq = |filter: &str| output(&object, &ResourceOutput::Jq { filter: filter.to_owned() });
        assert_eq!(jq(".metadata.name").as_deref(), Ok("data"));
        assert_eq!(jq(".status.list[].type").as_deref(), Ok("A B"));
        assert!(jq(".status | keys").is_err());
    }
}
