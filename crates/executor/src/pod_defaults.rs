//! Gives tasks what the PodDefault objects of their namespace have for their labels.
//!
//! Source: Kubeflow's admission webhook. What a task has itself must be the same, or it is not run; containers
//! that run before the task's own get nothing.

use std::collections::BTreeMap;

use pipewright_engine::{Failure, FailureReason, Launch};
use pipewright_plan::{CompanionRole, EnvFrom, PodDefault, Value, VolumeMount, Word};

/// Prefix of the webhook's annotations.
const PREFIX: &str = "poddefault.admission.kubeflow.org";

/// Adds everything that selects the task. Errors: what contradicts the task, or one another.
pub fn apply(launch: &mut Launch, all: &[PodDefault]) -> Result<(), Failure> {
    let exclude = launch.pod.annotations.get(&format!("{PREFIX}/exclude"));
    if exclude.is_some_and(|text| text == "true") {
        return Ok(());
    }
    let selected: Vec<&PodDefault> = all.iter().filter(|one| one.selects(&launch.pod.labels)).collect();
    if selected.is_empty() {
        return Ok(());
    }
    let mut volumes: BTreeMap<&str, &Value> = BTreeMap::new();
    for one in &selected {
        for (name, volume) in &one.volumes {
            if *volumes.entry(name).or_insert(volume) != volume {
                return Err(conflict(one, &format!("volume `{name}` of another")));
            }
        }
        add_to_pod(launch, one)?;
        add_to_container(launch, one)?;
        for companion in &mut launch.companions {
            if companion.role == CompanionRole::Beside {
                add_to_container(&mut companion.launch, one)?;
            }
        }
    }
    for companion in &mut launch.companions {
        companion.launch.pod.labels.clone_from(&launch.pod.labels);
        companion.launch.pod.annotations.clone_from(&launch.pod.annotations);
        companion.launch.pod.service_account.clone_from(&launch.pod.service_account);
    }
    Ok(())
}

/// Adds what the whole pod has once.
fn add_to_pod(launch: &mut Launch, one: &PodDefault) -> Result<(), Failure> {
    let pod = &mut launch.pod;
    for (given, own, what) in [
        (&one.pod.labels, &mut pod.labels, "label"),
        (&one.pod.annotations, &mut pod.annotations, "annotation"),
    ] {
        for (key, value) in given {
            if own.get(key).is_some_and(|own| own != value) {
                return Err(conflict(one, &format!("{what} `{key}`")));
            }
            own.insert(key.clone(), value.clone());
        }
    }
    pod.annotations.insert(format!("{PREFIX}/poddefault-{}", one.name), one.version.clone());
    if one.pod.service_account.is_some() {
        pod.service_account.clone_from(&one.pod.service_account);
    }
    if one.tolerations.is_empty() {
        return Ok(());
    }
    let placement = &mut launch.container.platform.placement;
    let own = placement.entry("tolerations".to_owned()).or_insert_with(|| Value::Array(Vec::new()));
    for toleration in &one.tolerations {
        let Value::Array(own) = own else { return Err(conflict(one, "the tolerations")) };
        match own.iter().find(|known| known.get("key") == toleration.get("key")) {
            Some(known) if known != toleration => {
                return Err(conflict(one, &format!("toleration {}", toleration["key"])));
            }
            Some(_) => {}
            None => own.push(toleration.clone()),
        }
    }
    Ok(())
}

/// Adds what each container has for itself.
fn add_to_container(launch: &mut Launch, one: &PodDefault) -> Result<(), Failure> {
    for (name, value) in &one.env {
        let own = launch.env.iter().find(|(own, _)| own == name);
        let from = launch.pod.env.iter().any(|from| variable_of(from) == Some(name));
        match own {
            _ if from => return Err(conflict(one, &format!("variable `{name}`"))),
            Some((_, own)) if own != value => return Err(conflict(one, &format!("variable `{name}`"))),
            Some(_) => {}
            None => launch.env.push((name.clone(), value.clone())),
        }
    }
    for source in &one.pod.env {
        if let Some(name) = variable_of(source) {
            let known = launch.pod.env.iter().find(|own| variable_of(own) == Some(name));
            let is_literal = launch.env.iter().any(|(own, _)| own == name);
            match known {
                _ if is_literal => return Err(conflict(one, &format!("variable `{name}`"))),
                Some(known) if known != source => return Err(conflict(one, &format!("variable `{name}`"))),
                Some(_) => continue,
                None => {}
            }
        }
        launch.pod.env.push(source.clone());
    }
    for mount in &one.pod.volumes {
        match launch.pod.volumes.iter().find(|own| place(own) == place(mount)) {
            Some(own) if own != mount => {
                return Err(conflict(one, &format!("what is mounted at {}", mount.path)));
            }
            Some(_) => {}
            None => launch.pod.volumes.push(mount.clone()),
        }
    }
    let words = |texts: &[String]| texts.iter().map(Word::literal).collect();
    if launch.container.command.is_empty() && !one.command.is_empty() {
        launch.container.command = words(&one.command);
    }
    if launch.container.args.is_empty() && !one.args.is_empty() {
        launch.container.args = words(&one.args);
    }
    Ok(())
}

fn place(mount: &VolumeMount<String>) -> &str {
    mount.path.trim_end_matches('/')
}

fn variable_of(source: &EnvFrom<String>) -> Option<&String> {
    match source {
        EnvFrom::Secret { variable, .. }
        | EnvFrom::ConfigMap { variable, .. }
        | EnvFrom::Field { variable, .. } => Some(variable),
        EnvFrom::AllOfSecret { .. } | EnvFrom::AllOfConfigMap { .. } => None,
    }
}

fn conflict(one: &PodDefault, what: &str) -> Failure {
    Failure {
        reason: FailureReason::Refused,
        message: format!("PodDefault `{}` conflicts with {what}, which is another one already", one.name),
        hint: Some(
            "change one of the two, or take the label away that selects the PodDefault; \
             `pipewright object list PodDefault` shows them"
                .to_owned(),
        ),
        exit_code: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::launch_of;

    fn read(name: &str, mut spec: Value) -> PodDefault {
        spec["selector"] = json!({"matchLabels": {"wants": "it"}});
        let document = json!({"metadata": {"name": name, "resourceVersion": "3"}, "spec": spec});
        PodDefault::read(&document).expect("the PodDefault is good")
    }

    fn task() -> Launch {
        let mut launch = launch_of("task", &[]);
        launch.pod.labels.insert("wants".to_owned(), "it".to_owned());
        launch.env.push(("A".to_owned(), "1".to_owned()));
        launch
    }

    fn secret_at(path: &str) -> Value {
        json!({"volumes": [{"name": "v", "secret": {"secretName": "s"}}],
            "volumeMounts": [{"name": "v", "mountPath": path}]})
    }

    #[test]
    fn selected_tasks_get_all_of_it() {
        let mut launch = task();
        let spec = json!({"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
            "labels": {"more": "1"}, "command": ["run"], "tolerations": [{"key": "t"}]});
        apply(&mut launch, &[read("one", spec), read("two", secret_at("/s"))]).expect("nothing conflicts");
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(launch.env, pairs(&[("A", "1"), ("B", "2")]));
        assert_eq!(launch.pod.labels["more"], "1");
        assert_eq!(launch.pod.annotations[&format!("{PREFIX}/poddefault-two")], "3");
        assert_eq!(launch.pod.volumes[0].path, "/s");
        assert_eq!(launch.container.command, [Word::literal("run")]);
        assert_eq!(launch.container.platform.placement["tolerations"], json!([{"key": "t"}]));
        // Those that are not selected get nothing, and neither does who wants nothing.
        for (key, value) in [("wants", "other"), ("wants", "it")] {
            let mut other = task();
            other.pod.labels.insert(key.to_owned(), value.to_owned());
            if value == "it" {
                other.pod.annotations.insert(format!("{PREFIX}/exclude"), "true".to_owned());
            }
            let before = other.clone();
            apply(&mut other, &[read("two", secret_at("/s"))]).expect("nothing conflicts");
            assert_eq!(other, before);
        }
    }

    #[test]
    fn contradictions_are_refused() {
        let variable = |value: Value| json!({"env": [value]});
        let from = json!({"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}});
        for (specs, words) in [
            (vec![variable(json!({"name": "A", "value": "2"}))], "variable `A`"),
            (vec![variable(from)], "variable `A`"),
            (vec![json!({"labels": {"wants": "more"}})], "label `wants`"),
            (vec![secret_at("/s"), json!({"volumes": [{"name": "v"}]})], "volume `v`"),
            (
                vec![
                    secret_at("/s"),
                    json!({"volumes": [{"name": "w"}], "volumeMounts": [{"name": "w", "mountPath": "/s/"}]}),
                ],
                "mounted at /s/",
            ),
            (
                vec![
                    json!({"tolerations": [{"key": "t", "value": "1"}]}),
                    json!({"tolerations": [{"key": "t"}]}),
                ],
                "toleration",
            ),
        ] {
            let all: Vec<PodDefault> = specs.into_iter().map(|spec| read("one", spec)).collect();
            let failure = apply(&mut task(), &all).expect_err("it is refused");
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
}
