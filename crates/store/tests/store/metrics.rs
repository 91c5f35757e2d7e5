//! Metrics: reports, the first of which stays, and files that tasks left.

use pipewright_engine::{RunId, TaskKey, TaskKind, TaskPhase, TaskView};
use pipewright_store::{Metric, MetricFile};

use crate::sample::{append, artifact, ended, new_run, task};
use crate::sqlite::Home;

fn metric(node: &str, name: &str, value: f64) -> Metric {
    Metric { node: node.to_owned(), name: name.to_owned(), value, format: "RAW".to_owned() }
}

fn leaving(run: &RunId, name: &str, kind: TaskKind, artifact_name: &str) -> TaskView {
    let mut view = TaskView { kind, ..task(run, name, TaskPhase::Cached) };
    view.outcome.artifacts.insert(artifact_name.to_owned(), vec![artifact(&format!("/{name}"))]);
    view
}

#[tokio::test]
async fn metrics_are_kept_and_go_with_their_run() {
    let home = Home::new();
    let store = home.store();
    let run = store.create_run(new_run("a", 1)).await.unwrap().id;
    let first = vec![metric("b", "x", 1.5), metric("a", "y", -2.0)];
    assert_eq!(store.report_metrics(&run, first.clone()).await.unwrap(), [true, true]);
    let again = vec![metric("b", "x", 3.0), metric("b", "y", 0.1)];
    assert_eq!(store.report_metrics(&run, again).await.unwrap(), [false, true]);

    let tasks = vec![
        leaving(&run, "measure", TaskKind::Container, "mlpipeline-metrics"),
        leaving(&run, "around", TaskKind::Dag, "mlpipeline-metrics"),
        leaving(&run, "other", TaskKind::Container, "data"),
    ];
    let events = tasks.iter().map(ended).collect();
    store.append(&append(&run, 0, events, tasks)).await.unwrap();
    let (reported, files) = store.metrics(&run).await.unwrap();
    assert_eq!(reported, [metric("a", "y", -2.0), metric("b", "x", 1.5), metric("b", "y", 0.1)]);
    let task = TaskKey::root().child("measure");
    assert_eq!(files, [MetricFile { task, uri: "/measure".to_owned() }]);

    store.delete_run(&run).await.unwrap();
    assert!(store.metrics(&run).await.is_err());
    let next = store.create_run(new_run("b", 1)).await.unwrap().id;
    assert_eq!(store.metrics(&next).await.unwrap(), (vec![], vec![]));
}
