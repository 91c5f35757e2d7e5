//! `cargo xtask codegen`: the types of our own API for the web pages, from its OpenAPI document.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::http;
use crate::served::Served;
use crate::workspace;

/// How to write them.
#[derive(clap::Args)]
pub struct Args {
    /// Only says whether what is there is up to date.
    #[arg(long)]
    check: bool,
}

/// Writes the types, or compares them.
pub fn run(args: &Args) -> Result<()> {
    if args.check {
        return check();
    }
    let path = generated();
    let text = typescript(&document()?)?;
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Fails unless the types are those of the server as it is.
pub fn check() -> Result<()> {
    let path = generated();
    let text = typescript(&document()?)?;
    let found = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    if found != text {
        bail!("{} is stale; run `cargo xtask codegen`", path.display());
    }
    Ok(())
}

fn generated() -> PathBuf {
    workspace::root().join("ui/src/api/generated.ts")
}

/// Asks the binary that the tests use anyway: an example of the server's crate would build all of it once more.
fn document() -> Result<Value> {
    let binary = workspace::build("dev")?;
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let served = Served::start(&binary, &folder.path().join("home"), &[])?;
    http::call(&served.url, "GET", "/apis/openapi/pipewright.json", None)
}

const HEAD: &str =
    "// Written by `cargo xtask codegen` from the server's types. Change those, not this file.\n";

/// Writes one type for each schema.
fn typescript(document: &Value) -> Result<String> {
    let schemas = document["components"]["schemas"].as_object().context("the document has no schemas")?;
    let mut text = HEAD.to_owned();
    for (name, schema) in schemas {
        text.push('\n');
        comment(&mut text, "", schema);
        match schema["properties"].as_object() {
            Some(_) if schema.get("allOf").is_none() => {
                let _ = writeln!(text, "export interface {name} {}", object(schema, "")?);
            }
            _ => {
                let _ = writeln!(text, "export type {name} = {};", shape(schema, "")?);
            }
        }
    }
    Ok(text)
}

fn comment(text: &mut String, indent: &str, schema: &Value) {
    if let Some(said) = schema["description"].as_str() {
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ").replace("*/", "* /");
        let _ = writeln!(text, "{indent}/** {said} */");
    }
}

fn object(schema: &Value, indent: &str) -> Result<String> {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let inner = format!("{indent}  ");
    let mut text = "{\n".to_owned();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        comment(&mut text, &inner, property);
        let mark = if required.contains(&name.as_str()) { "" } else { "?" };
        let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let name = if is_plain { name.clone() } else { Value::from(name.clone()).to_string() };
        let _ = writeln!(text, "{inner}{name}{mark}: {};", shape(property, &inner)?);
    }
    let _ = write!(text, "{indent}}}");
    Ok(text)
}

/// Writes a schema as a type.
fn shape(schema: &Value, indent: &str) -> Result<String> {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap_or(target);
        return Ok(name.to_owned());
    }
    if let Some(words) = schema["enum"].as_array() {
        return Ok(words.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "));
    }
    for (key, sign) in [("allOf", " & "), ("oneOf", " | "), ("anyOf", " | ")] {
        if let Some(parts) = schema[key].as_array() {
            let parts: Result<Vec<String>> = parts.iter().map(|part| shape(part, indent)).collect();
            return Ok(parts?.join(sign));
        }
    }
    if let Some(kinds) = schema["type"].as_array() {
        let kinds: Result<Vec<String>> = kinds
            .iter()
            .map(|kind| {
                let mut one = schema.clone();
                one["type"] = kind.clone();
                shape(&one, indent)
            })
            .collect();
        return Ok(kinds?.join(" | "));
    }
    Ok(match schema["type"].as_str() {
        Some("string") => "string".to_owned(),
        Some("integer" | "number") => "number".to_owned(),
        Some("boolean") => "boolean".to_owned(),
        Some("null") => "null".to_owned(),
        Some("array") => format!("Array<{}>", shape(&schema["items"], indent)?),
        Some("object") if schema["properties"].is_object() => object(schema, indent)?,
        Some("object") => {
            let values = &schema["additionalProperties"];
            let values = if values.is_object() { shape(values, indent)? } else { "unknown".to_owned() };
            // Words of an enum as keys: some of them.
            match schema["propertyNames"]["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
                Some(keys) => format!("Partial<Record<{keys}, {values}>>"),
                None => format!("Record<string, {values}>"),
            }
        }
        Some(other) => bail!("no type stands for `{other}`"),
        None => "unknown".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_become_types() {
        let document = json!({"components": {"schemas": {
            "Word": {"type": "string", "enum": ["a", "b"], "description": "Some\nwords."},
            "Thing": {"type": "object", "required": ["id", "list"], "properties": {
                "id": {"type": "string", "description": "Its name."},
                "list": {"type": "array", "items": {"type": ["string", "null"]}},
                "word": {"$ref": "#/components/schemas/Word"},
                "map": {"type": "object", "additionalProperties": {"type": "integer"}},
                "any": {},
            }},
            "More": {"allOf": [
                {"$ref": "#/components/schemas/Thing"},
                {"type": "object", "required": ["more"], "properties": {"more": {"type": "boolean"}}},
            ]},
        }}});
        let expected = format!(
            "{HEAD}\n/** Some words. */\nexport type Word = \"a\" | \"b\";\n\nexport interface Thing {{\n  /** Its name. */\n  \
             id: string;\n  list: Array<string | null>;\n  word?: Word;\n  map?: Record<string, number>;\n  any?: \
             unknown;\n}}\n\nexport type More = Thing & {{\n  more: boolean;\n}};\n"
        );
        assert_eq!(typescript(&document).unwrap(), expected);
    }
}
