//! Text rules of values and outputs, from the field's semantics (v2 semantics 2.3 and 3).

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use pipewright_plan::{ParameterType, canonical, local_path, normalize, parse_output_text, text_form};
use serde_json::{Value, json};

#[test]
fn text_form_is_what_a_string_parameter_gets() {
    let check = |value: Value, expected: &str| assert_eq!(text_form(&value), expected, "{value}");
    check(json!(null), "");
    check(json!("a \"b\"\n"), "a \"b\"\n");
    check(json!(true), "true");
    check(json!(3.0), "3");
    check(json!(1e20), "100000000000000000000");
    check(json!(0.1), "0.1");
    check(json!(-7), "-7");
    check(json!([1.0, "x", {"k": 2.0}]), r#"[1,"x",{"k":2}]"#);
}

#[test]
fn integral_doubles_are_integers_at_any_depth() {
    assert_eq!(normalize(json!({"a": [1.0, 2.5, -0.0]})), json!({"a": [1, 2.5, 0]}));
    assert_eq!(normalize(json!(1e300)), json!(1e300));
}

#[test]
fn equal_values_have_one_canonical_text() {
    assert_eq!(canonical(&json!({"b": 1.0, "a": [true, null]})), r#"{"a":[true,null],"b":1}"#);
    assert_eq!(
        canonical(&json!({"b": 1, "a": [true, null]})),
        canonical(&json!({"a": [true, null], "b": 1.0}))
    );
}

#[test]
fn output_files_are_read_by_declared_type() {
    use ParameterType as T;
    let reads = |kind: T, text: &str, expected: Value| {
        assert_eq!(parse_output_text(kind, text), Ok(expected), "{kind:?} {text:?}");
    };
    reads(T::String, " as is\n", json!(" as is\n"));
    reads(T::NumberInteger, "42\n", json!(42));
    reads(T::NumberDouble, "4.0", json!(4));
    reads(T::NumberDouble, "1e-3", json!(0.001));
    reads(T::Boolean, "True", json!(true));
    reads(T::Boolean, "0", json!(false));
    reads(T::List, "[1, 2.0]", json!([1, 2]));
    reads(T::Struct, "{\"a\": null}", json!({"a": null}));
    let refuses = |kind: T, text: &str| {
        assert!(parse_output_text(kind, text).is_err(), "{kind:?} {text:?}");
    };
    refuses(T::NumberInteger, "4.2");
    refuses(T::NumberInteger, "");
    refuses(T::NumberDouble, "NaN");
    refuses(T::Boolean, "yes");
    refuses(T::List, "{}");
    refuses(T::Struct, "[]");
}

#[test]
fn uris_appear_under_their_mounts() {
    let check = |uri: &str, expected: &str| assert_eq!(local_path(uri), expected);
    check("gs://b/k", "/gcs/b/k");
    check("s3://b/k", "/s3/b/k");
    check("minio://b/k", "/minio/b/k");
    check("oci://host/img:1", "/oci/host_img:1/models");
    check("file:///data/x", "/data/x");
    check("/data/x", "/data/x");
}
