//! The functions that expressions call by name; what exists is listed in `plan::library`.
//!
//! Values are JSON, and the language behind the format is Go: texts of values are written as `%v` writes them.
//! Source: v1 semantics 4; the expr-lang and sprig documentation.

mod json_path;
mod lists;
mod numbers;
mod sprig;
mod texts;

pub(crate) use lists::SEQUENCE;

use pipewright_plan::{Value, kind_name};

/// Applies a function to evaluated arguments; their number was checked when the expression was read.
pub(crate) fn call(function: &str, arguments: &[Value]) -> Result<Value, String> {
    let found = match function.strip_prefix("sprig.") {
        Some(name) => sprig::call(name, arguments),
        None => texts::call(function, arguments)
            .or_else(|| lists::call(function, arguments))
            .or_else(|| numbers::call(function, arguments)),
    };
    found.unwrap_or_else(|| {
        let kinds: Vec<&str> = arguments.iter().map(kind_name).collect();
        Err(format!("`{function}` does not take ({})", kinds.join(", ")))
    })
}

/// Writes a value as Go's `%v` does.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => match number.as_f64() {
            Some(double) if number.is_f64() => numbers::written(double),
            _ => number.to_string(),
        },
        Value::Array(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            let fields: Vec<String> =
                fields.into_iter().map(|(key, value)| format!("{key}:{}", written(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(function: &str, arguments: Value, expected: Result<Value, ()>) {
        let arguments = arguments.as_array().cloned().unwrap_or_default();
        let found = call(function, &arguments);
        assert_eq!(found.clone().map_err(|_| ()), expected, "{function} {arguments:?}: {found:?}");
    }

    #[test]
    fn values_are_written_as_go_writes_them() {
        for (value, text) in [
            (json!(1.0), "1"),
            (json!(0.5), "0.5"),
            (json!(1_500_000.0), "1.5e+06"),
            (json!(0.00001), "1e-05"),
            (json!(null), "<nil>"),
            (json!([1, "a", [true]]), "[1 a [true]]"),
            (json!({"b": 1, "a": {"c": "x"}}), "map[a:map[c:x] b:1]"),
        ] {
            assert_eq!(written(&value), text, "{value}");
        }
    }

    #[test]
    fn functions_of_the_language_compute() {
        check("asInt", json!(["3"]), Ok(json!(3)));
        check("asInt", json!(["3.5"]), Err(()));
        check("int", json!([3.9]), Ok(json!(3)));
        check("asFloat", json!(["1.5"]), Ok(json!(1.5)));
        check("asFloat", json!(["x"]), Err(()));
        check("string", json!([[1, 2]]), Ok(json!("[1 2]")));
        check("toJson", json!([{"a": [1]}]), Ok(json!("{\"a\":[1]}")));
        check("fromJSON", json!(["[1, 2]"]), Ok(json!([1, 2])));
        check("bitand", json!([6.0, 3.0]), Ok(json!(2)));
        check("bitshl", json!([1, 4]), Ok(json!(16)));
        check("bitshl", json!([1, -1]), Err(()));
        check("bitnot", json!([0]), Ok(json!(-1)));
        check("quotient", json!([1, 2]), Ok(json!(0.5)));
        check("quotient", json!(["4", 2]), Err(()));
        check("field", json!([{"a": 1}, "a"]), Ok(json!(1)));
        check("field", json!([{"a": 1}, "b"]), Ok(json!(null)));
        check("field", json!([null, "b"]), Err(()));
        check("field?", json!([null, "b"]), Ok(json!(null)));
        check("field", json!([[1, 2, 3], -1]), Ok(json!(3)));
        check("range", json!([1, 3]), Ok(json!([1, 2, 3])));
        check("sequence", json!(["", "", "2", "n%02d"]), Ok(json!(r#"["n00","n01"]"#)));
        check("sequence", json!(["3", "1", "", ""]), Ok(json!(r#"["3","2","1"]"#)));
        let wrong = "withSequence: `count` is `many`, which is no whole number";
        check("sequence", json!(["", "", "many", ""]), Ok(json!(wrong)));
        check("part", json!(["hello", 1, 3]), Ok(json!("el")));
        check("part", json!([[1, 2, 3], null, 2]), Ok(json!([1, 2])));
        check("split", json!(["a,b,c", ","]), Ok(json!(["a", "b", "c"])));
        check("join", json!([["a", "b"], "-"]), Ok(json!("a-b")));
        check("replace", json!(["aXbX", "X", "."]), Ok(json!("a.b.")));
        check("trim", json!(["  a "]), Ok(json!("a")));
        check("trim", json!(["__a_", "_"]), Ok(json!("a")));
        check("upper", json!(["a"]), Ok(json!("A")));
        check("len", json!(["héé"]), Ok(json!(3)));
        check("max", json!([1, 3, 2]), Ok(json!(3)));
        check("min", json!([[4, 2]]), Ok(json!(2)));
        check("sum", json!([[1, 2.5]]), Ok(json!(3.5)));
        check("keys", json!([{"b": 1, "a": 2}]), Ok(json!(["a", "b"])));
        check("uniq", json!([[1, 2, 1]]), Ok(json!([1, 2])));
        check("sort", json!([[3, 1, 2], "desc"]), Ok(json!([3, 2, 1])));
        check("flatten", json!([[1, [2, [3]]]]), Ok(json!([1, 2, 3])));
        check("toBase64", json!(["hello"]), Ok(json!("aGVsbG8=")));
        check("fromBase64", json!(["aGVsbG8="]), Ok(json!("hello")));
        check("type", json!([[]]), Ok(json!("array")));
        check("get", json!([{"a": 1}, "z"]), Ok(json!(null)));
        check("round", json!([2.5]), Ok(json!(3.0)));
    }

    #[test]
    fn paths_find_values_in_json() {
        let text = r#"{"a": {"b": [{"c": 1}, {"c": 2}]}, "k d": 3}"#;
        for (path, expected) in [
            ("$", Ok(serde_json::from_str(text).unwrap_or_default())),
            ("$.a.b[1].c", Ok(json!(2))),
            ("$['k d']", Ok(json!(3))),
            ("$.a.b[*].c", Ok(json!([1, 2]))),
            ("$..c", Ok(json!([1, 2]))),
            ("$.a.b[-1].c", Ok(json!(2))),
            ("$.a.b[0:1]", Ok(json!([{"c": 1}]))),
            ("$.nobody", Err(())),
            ("a.b", Err(())),
            ("$.a.b[?(@.c > 1)]", Err(())),
        ] {
            check("jsonpath", json!([text, path]), expected);
        }
        check("jsonpath", json!(["no json", "$"]), Err(()));
    }

    #[test]
    fn functions_of_sprig_compute() {
        check("sprig.trim", json!([" a "]), Ok(json!("a")));
        check("sprig.default", json!(["x", ""]), Ok(json!("x")));
        check("sprig.default", json!(["x", "y"]), Ok(json!("y")));
        check("sprig.int", json!(["7"]), Ok(json!(7)));
        check("sprig.int", json!(["no"]), Ok(json!(0)));
        check("sprig.add", json!([1, "2", 3]), Ok(json!(6)));
        check("sprig.sub", json!([5, 2]), Ok(json!(3)));
        check("sprig.div", json!([7, 2]), Ok(json!(3)));
        check("sprig.div", json!([7, 0]), Err(()));
        check("sprig.replace", json!(["a", "b", "banana"]), Ok(json!("bbnbnb")));
        check("sprig.substr", json!([0, 3, "abcdef"]), Ok(json!("abc")));
        check("sprig.trunc", json!([-2, "abcdef"]), Ok(json!("ef")));
        check("sprig.splitList", json!([",", "a,b"]), Ok(json!(["a", "b"])));
        check("sprig.join", json!(["-", [1, "b"]]), Ok(json!("1-b")));
        check("sprig.ternary", json!(["yes", "no", true]), Ok(json!("yes")));
        check("sprig.dict", json!(["a", 1, "b", 2]), Ok(json!({"a": 1, "b": 2})));
        check("sprig.contains", json!(["an", "banana"]), Ok(json!(true)));
        check("sprig.regexReplaceAll", json!(["a(x*)b", "-ab-axxb-", "<${1}>"]), Ok(json!("-<>-<xx>-")));
        check(
            "sprig.sha256sum",
            json!(["hello"]),
            Ok(json!("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")),
        );
        check("sprig.until", json!([3]), Ok(json!([0, 1, 2])));
        check("sprig.coalesce", json!(["", 0, "x"]), Ok(json!("x")));
        check("sprig.pick", json!([{"a": 1, "b": 2}, "b"]), Ok(json!({"b": 2})));
        check("sprig.quote", json!(["a", 1]), Ok(json!("\"a\" \"1\"")));
        check("sprig.nindent", json!([2, "a\nb"]), Ok(json!("\n  a\n  b")));
    }

    /// Each function answers to some arguments of the number that the table says.
    #[test]
    fn every_function_of_the_table_is_there() {
        let samples = [
            json!("7"),
            json!(" a,b "),
            json!(3),
            json!(2.5),
            json!(true),
            json!([3, 1]),
            json!(["a", "b"]),
            json!({"a": 1}),
            json!([["a", 1]]),
            json!("$"),
            json!("[1]"),
            json!("aGVsbG8="),
        ];
        for name in pipewright_plan::library::names().filter(|name| *name != "coalesce") {
            let (fewest, _) = pipewright_plan::library::arity(name).unwrap_or_default();
            let mut tried = vec![Vec::new()];
            for _ in 0..fewest {
                tried = tried
                    .iter()
                    .flat_map(|so_far: &Vec<Value>| {
                        samples.iter().map(|sample| [so_far.clone(), vec![sample.clone()]].concat())
                    })
                    .collect();
            }
            assert!(tried.iter().any(|arguments| call(name, arguments).is_ok()), "{name}");
        }
    }
}
