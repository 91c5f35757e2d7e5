//! PodDefault objects: whom they select, and what is refused in them.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use std::collections::BTreeMap;

use pipewright_plan::{EnvFrom, PodDefault, Value, VolumeSource};
use serde_json::json;

fn read(spec: Value) -> Result<PodDefault, String> {
    PodDefault::read(&json!({"metadata": {"name": "x", "resourceVersion": "7"}, "spec": spec}))
}

#[test]
fn labels_select() {
    let check = |selector: Value, labels: &[(&str, &str)], expected: bool| {
        let found = read(json!({"selector": selector})).unwrap();
        let labels: BTreeMap<String, String> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!(found.selects(&labels), expected, "{selector} {labels:?}");
    };
    let one = json!({"matchLabels": {"a": "1"}});
    check(one.clone(), &[("a", "1"), ("b", "2")], true);
    check(one.clone(), &[("a", "2")], false);
    check(one, &[], false);
    // An empty selector selects everything.
    check(json!({}), &[], true);
    let expression = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "a", "operator": operator, "values": values}]});
    check(expression("In", json!(["1", "2"])), &[("a", "2")], true);
    check(expression("In", json!(["1", "2"])), &[("a", "3")], false);
    check(expression("In", json!(["1"])), &[], false);
    check(expression("NotIn", json!(["1"])), &[("a", "1")], false);
    check(expression("NotIn", json!(["1"])), &[], true);
    check(expression("Exists", json!([])), &[("a", "")], true);
    check(expression("Exists", json!([])), &[("b", "")], false);
    check(expression("DoesNotExist", json!([])), &[("b", "")], true);
    check(expression("DoesNotExist", json!([])), &[("a", "")], false);
    let both = json!({"matchLabels": {"b": "1"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]});
    check(both.clone(), &[("a", ""), ("b", "1")], true);
    check(both, &[("a", "")], false);
}

#[test]
fn what_it_brings_is_read() {
    let found = read(json!({
        "desc": "access", "selector": {"matchLabels": {"a": "1"}},
        "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
        "envFrom": [{"prefix": "P_", "configMapRef": {"name": "m", "optional": true}}],
        "volumes": [{"name": "v", "secret": {"secretName": "s", "defaultMode": 256}}, {"name": "w"}],
        "volumeMounts": [{"name": "v", "mountPath": "/secret/s"}, {"name": "w", "mountPath": "/w", "subPath": "x"}],
        "labels": {"l": "1"}, "annotations": {"n": "1"}, "tolerations": [{"key": "t"}],
        "serviceAccountName": "editor"
    }))
    .unwrap();
    assert_eq!((&*found.name, &*found.version), ("x", "7"));
    assert_eq!(found.env, [("A".to_owned(), "1".to_owned())]);
    assert!(matches!(&found.pod.env[0], EnvFrom::Secret { name, key, variable, optional: false }
        if name == "s" && key == "k" && variable == "B"));
    assert!(matches!(&found.pod.env[1], EnvFrom::AllOfConfigMap { name, prefix, optional: true }
        if name == "m" && prefix == "P_"));
    let mount = &found.pod.volumes[0];
    assert!(mount.read_only && mount.path == "/secret/s");
    assert!(matches!(&mount.source, VolumeSource::Secret { name, mode: Some(256), .. } if name == "s"));
    assert!(matches!(&found.pod.volumes[1].source, VolumeSource::EmptyDir { volume, .. } if volume == "w"));
    assert_eq!(found.pod.service_account.as_deref(), Some("editor"));
}

#[test]
fn what_cannot_be_given_is_refused() {
    for (spec, words) in [
        (json!({}), "selector"),
        (json!({"selector": {"matchLables": {}}}), "matchLables"),
        (json!({"selector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}}), "Near"),
        (json!({"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}), "at least one value"),
        (json!({"selector": {}, "sidecars": []}), "sidecars"),
        (json!({"selector": {}, "env": [{"name": "A", "valueFrom": {}}]}), "`A`"),
        (json!({"selector": {}, "volumeMounts": [{"name": "v", "mountPath": "/v"}]}), "no volume `v`"),
        (
            json!({"selector": {}, "volumes": [{"name": "v", "projected": {}}],
                "volumeMounts": [{"name": "v", "mountPath": "/v"}]}),
            "projected",
        ),
        (json!({"selector": {}, "volumes": [{"name": "v"}, {"name": "v"}]}), "`v`"),
    ] {
        let why = read(spec.clone()).unwrap_err();
        assert!(why.contains(words), "{spec}: {why}");
    }
    assert!(PodDefault::read(&json!({"metadata": {"name": "x"}})).unwrap_err().contains("spec"));
}
