//! Items of v1 loops as texts: used whole, field by field, and in the names of iterations.
//!
//! The format hands items on as JSON texts; of those that it reads at run time the texts inside are as they were
//! written, so that `1.0` stays what it is. Source: v1 semantics 2.3.

use crate::value::Value;

/// The helper input that holds the item of a v1 loop.
pub const LOOP_ITEM: &str = "loop.item";

/// Writes an item that is used whole.
///
/// Shape: texts verbatim, lists and maps as compact JSON in which angle brackets and ampersands are escaped; the
/// fields of a map are sorted, those of maps inside it are as they stand.
pub fn item_form(item: &Value) -> String {
    match item {
        Value::String(text) => text.clone(),
        Value::Object(fields) => guarded_json(&Value::Object(sorted(fields)).to_string()),
        other => guarded_json(&other.to_string()),
    }
}

/// Returns the same JSON with escapes for what a page could take for markup, as the format writes JSON into texts.
pub fn guarded_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Writes one field of an item that is a map: a text verbatim, anything else as compact JSON.
pub fn item_field(item: &Value, key: &str) -> Option<String> {
    item.as_object()?.get(key).map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// Writes an item as the name of its iteration does, without parentheses.
///
/// Shape: the fields of a map as `a:1,b:x`, a list as `[1 x]`; texts without the quotes that JSON puts around them.
pub fn item_label(item: &Value) -> String {
    let label = match item {
        Value::Object(fields) => {
            let mut pairs: Vec<String> =
                fields.iter().map(|(key, value)| format!("{key}:{}", unquoted(value))).collect();
            pairs.sort_unstable();
            pairs.join(",")
        }
        Value::Array(items) => {
            let all: Vec<String> = items.iter().map(unquoted).collect();
            format!("[{}]", all.join(" "))
        }
        Value::Null => "[]".to_owned(),
        other => unquoted(other),
    };
    label.replace(['(', ')'], "")
}

/// Returns the same map with its own fields, and no others, in order.
fn sorted(fields: &serde_json::Map<String, Value>) -> serde_json::Map<String, Value> {
    let mut fields: Vec<_> = fields.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    fields.sort_by(|(left, _), (right, _)| left.cmp(right));
    fields.into_iter().collect()
}

fn unquoted(value: &Value) -> String {
    let json = value.to_string();
    match value {
        Value::String(_) => json[1..json.len() - 1].to_owned(),
        _ => json,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_have_three_forms() {
        let map = json!({"b": 1.0, "a": {"z": 2, "y": [1.5, "<&>"]}, "t": "say \"hi\"\n"});
        for (item, whole, label) in [
            (json!("a (b)"), "a (b)", "a b"),
            (json!("say \"hi\"\n"), "say \"hi\"\n", r#"say \"hi\"\n"#),
            (json!(1), "1", "1"),
            (json!(2.5), "2.5", "2.5"),
            (json!(true), "true", "true"),
            (json!(null), "null", "[]"),
            (json!([1.0, "a b", [true]]), r#"[1.0,"a b",[true]]"#, "[1.0 a b [true]]"),
            (
                map.clone(),
                r#"{"a":{"z":2,"y":[1.5,"\u003c\u0026\u003e"]},"b":1.0,"t":"say \"hi\"\n"}"#,
                r#"a:{"z":2,"y":[1.5,"<&>"]},b:1.0,t:say \"hi\"\n"#,
            ),
        ] {
            assert_eq!(item_form(&item), whole);
            assert_eq!(item_label(&item), label, "{item}");
        }
        for (key, expected) in [
            ("a", Some(r#"{"z":2,"y":[1.5,"<&>"]}"#)),
            ("b", Some("1.0")),
            ("t", Some("say \"hi\"\n")),
            ("none", None),
        ] {
            assert_eq!(item_field(&map, key).as_deref(), expected, "{key}");
        }
        assert_eq!(item_field(&json!("text"), "a"), None);
    }
}
