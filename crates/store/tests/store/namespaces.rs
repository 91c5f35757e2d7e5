//! Things of several namespaces beside each other.

use std::collections::BTreeMap;

use pipewright_engine::{TaskPhase, Timestamp};
use pipewright_store::{
    ArtifactOrder, ArtifactQuery, Error, ExecutionOrder, ExecutionQuery, Kind, ListQuery, NewExperiment,
    NewPipeline, NewRecurringRun, NewRun, Order, PipelineOf, Request, Store, Young,
};

use crate::sample::{append, ended, new_run, succeeded};
use crate::sqlite::Home;

async fn experiment(store: &Store, namespace: &str, name: &str) -> String {
    let new = NewExperiment {
        namespace: namespace.to_owned(),
        display_name: name.to_owned(),
        ..NewExperiment::default()
    };
    store.create_experiment(new).await.unwrap().id
}

fn of(namespace: &str) -> ListQuery {
    ListQuery { namespace: Some(namespace.to_owned()), ..ListQuery::default() }
}

#[tokio::test]
async fn names_are_taken_in_one_namespace_only() {
    let store = Home::new().store();
    for namespace in ["", "team-a", "team-b"] {
        experiment(&store, namespace, "mine").await;
        let new = NewPipeline {
            namespace: namespace.to_owned(),
            name: "p".to_owned(),
            display_name: "p".to_owned(),
            description: namespace.to_owned(),
            ..NewPipeline::default()
        };
        store.create_pipeline(new.clone()).await.unwrap();
        let again = store.create_pipeline(new).await;
        assert!(matches!(again, Err(Error::Exists { kind: Kind::Pipeline, .. })), "{again:?}");
        let found = store.get_pipeline_by_name(namespace, "p").await.unwrap();
        assert_eq!((found.namespace.as_str(), found.description.as_str()), (namespace, namespace));
        let page = store.list_pipelines(&of(namespace)).await.unwrap();
        assert_eq!((page.items, page.total_size), (vec![found], 1));
    }
    assert_eq!(store.list_pipelines(&ListQuery::default()).await.unwrap().total_size, 3);
    let names = |page: pipewright_store::Page<pipewright_store::Experiment>| {
        page.items.into_iter().map(|it| (it.namespace, it.display_name)).collect::<Vec<_>>()
    };
    let found = names(store.list_experiments(&of("team-a")).await.unwrap());
    assert_eq!(found, [("team-a".to_owned(), "mine".to_owned())]);
    assert_eq!(names(store.list_experiments(&of("default")).await.unwrap()).len(), 2);
    for bad in ["Team", "a/b", "a.b", "-"] {
        let new = NewExperiment { namespace: bad.to_owned(), ..NewExperiment::default() };
        let refused = store.create_experiment(new).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    assert_eq!(store.namespaces().await.unwrap(), ["default", "team-a", "team-b"].map(str::to_owned).into());
}

#[tokio::test]
async fn every_namespace_has_a_default_experiment() {
    let store = Home::new().store();
    let first = store.default_experiment_of("team-a").await.unwrap();
    assert_eq!((first.namespace.as_str(), first.display_name.as_str()), ("team-a", "Default"));
    assert_eq!(store.default_experiment_of("team-a").await.unwrap().id, first.id);
    let own = store.default_experiment().await.unwrap();
    assert_eq!(store.default_experiment_of("default").await.unwrap().id, own.id);
    assert_ne!(own.id, first.id);
}

#[tokio::test]
async fn runs_and_what_comes_of_them_are_in_the_namespace_of_their_experiment() {
    let store = Home::new().store();
    store.load_catalog().await.unwrap();
    let mut ids = BTreeMap::new();
    for (index, namespace) in ["default", "team-a", "team-b"].into_iter().enumerate() {
        let experiment_id = store.default_experiment_of(namespace).await.unwrap().id;
        let recurring = NewRecurringRun {
            experiment_id: experiment_id.clone(),
            display_name: namespace.to_owned(),
            ..NewRecurringRun::default()
        };
        let recurring = store.create_recurring_run(recurring).await.unwrap();
        assert_eq!(recurring.namespace, namespace);
        let listed = store.list_recurring_runs(&of(namespace)).await.unwrap();
        assert_eq!(listed.items, [recurring]);

        let new = NewRun { experiment_id, ..new_run(namespace, 1 + index as i64) };
        let run = store.create_run(new).await.unwrap();
        assert_eq!(run.namespace, namespace);
        let requests = store.pending_requests(&run.id).await.unwrap();
        let Some((_, Request::Submit { submit })) = requests.first() else { panic!("{requests:?}") };
        assert_eq!(submit.namespace(), namespace);
        // All under one key, with an artifact each at the same place.
        let done = succeeded(&run.id, "train", "k", &format!("/{namespace}"));
        store.append(&append(&run.id, 0, vec![ended(&done)], vec![done])).await.unwrap();
        ids.insert(namespace, run.id);
    }
    let young = Young { now: Timestamp(10), than: None };
    for (namespace, id) in &ids {
        let pipeline = PipelineOf { namespace, name: "numbers" };
        let (source, _) = store.cache_lookup(pipeline, "k", young).await.unwrap().unwrap();
        assert_eq!(source.run, *id);
        let uri = format!("/{namespace}");
        assert_eq!(store.find_artifact(pipeline, "system.Dataset", &uri).await.unwrap().len(), 1);
        assert_eq!(store.find_artifact(pipeline, "system.Dataset", "/none").await.unwrap(), []);
        assert_eq!(store.namespaces_of_uri(&uri).await.unwrap(), [(*namespace).to_owned()].into());

        let one = Some((*namespace).to_owned());
        for sort_by in ["created_at desc", "finished_at", "name desc", "state"] {
            let query = ListQuery { sort_by: Some(sort_by.to_owned()), ..of(namespace) };
            let page = store.list_runs(&query).await.unwrap();
            assert_eq!((page.items.len(), page.total_size), (1, 1), "{sort_by}");
            assert_eq!(page.items[0].id, *id);
        }
        let artifacts = ArtifactQuery { limit: 10, namespace: one.clone(), ..ArtifactQuery::default() };
        let artifacts = store.list_artifacts(artifacts).await.unwrap().items;
        assert_eq!(artifacts.iter().map(|it| &it.run).collect::<Vec<_>>(), [id]);
        let executions = ExecutionQuery { limit: 10, namespace: one, ..ExecutionQuery::default() };
        let executions = store.list_executions(executions).await.unwrap().items;
        assert_eq!(executions.iter().map(|it| &it.run).collect::<Vec<_>>(), [id]);
        assert_eq!(store.namespace_of(Kind::Run, &id.0).await.unwrap(), *namespace);
        assert_eq!(store.namespace_of(Kind::Artifact, &uri).await.unwrap(), *namespace);
    }
    let elsewhere = PipelineOf { namespace: "team-c", name: "numbers" };
    assert_eq!(store.cache_lookup(elsewhere, "k", young).await.unwrap(), None);
    let artifact = store.find_artifact(elsewhere, "system.Dataset", "/team-a").await.unwrap();
    assert_eq!(artifact, []);
    store.delete_run(&ids["team-a"]).await.unwrap();
    assert_eq!(store.namespace_of(Kind::Artifact, "/team-a").await.unwrap(), "team-a");
    let gone = store.namespace_of(Kind::Run, &ids["team-a"].0).await;
    assert!(matches!(gone, Err(Error::NotFound { kind: Kind::Run, .. })), "{gone:?}");
}

/// However much the others have: a page of one namespace holds what it has, in order, and no page is left empty.
#[tokio::test]
async fn lists_of_a_namespace_do_not_walk_over_those_of_others() {
    let home = Home::new();
    let store = home.store();
    let (mine, theirs) = (experiment(&store, "team-a", "e").await, experiment(&store, "team-b", "e").await);
    // A page of a filtered list looks at 3000 rows.
    for (run, experiment_id, tasks) in
        [("first", &mine, 3), ("many", &theirs, 3_200), ("second", &mine, 2), ("more", &theirs, 3_200)]
    {
        let new = NewRun { experiment_id: experiment_id.clone(), ..new_run(run, 1) };
        let run = store.create_run(new).await.unwrap().id;
        let views: Vec<_> = (0..tasks)
            .map(|number| {
                let mut view = succeeded(&run, &format!("t{number}"), "", &format!("/{run}/{number}"));
                view.fingerprint = None;
                if number % 2 == 1 {
                    view.phase = TaskPhase::Failed;
                    view.outcome = Default::default();
                }
                view
            })
            .collect();
        let events = views.iter().map(ended).collect();
        store.append(&append(&run, 0, events, views)).await.unwrap();
    }
    let ask = |query: ExecutionQuery| {
        let query = ExecutionQuery { namespace: Some("team-a".to_owned()), ..query };
        let store = store.clone();
        async move {
            let page = store.list_executions(query).await.unwrap();
            let names = page.items.iter().map(|it| format!("{}/{}", it.run, it.task.display_name));
            (names.collect::<Vec<_>>(), page.next)
        }
    };
    let wide = || ExecutionQuery { limit: 10, ..ExecutionQuery::default() };
    let all = ["second/t1", "second/t0", "first/t2", "first/t1", "first/t0"];
    assert_eq!(ask(wide()).await, (all.map(str::to_owned).to_vec(), None));
    let (page, after) = ask(ExecutionQuery { limit: 3, ..wide() }).await;
    assert_eq!(page, all[..3]);
    assert_eq!(ask(ExecutionQuery { after, ..wide() }).await.0, all[3..]);
    let of = |phase| ExecutionQuery { phase: Some(phase), ..wide() };
    assert_eq!(ask(of(TaskPhase::Failed)).await.0, ["second/t1", "first/t1"]);
    assert_eq!(ask(of(TaskPhase::Succeeded)).await.0, ["second/t0", "first/t2", "first/t0"]);
    let by = |by| ExecutionQuery { order: Order { by, is_ascending: true }, ..wide() };
    let by_task = ["first/t0", "second/t0", "first/t1", "second/t1", "first/t2"];
    assert_eq!(ask(by(ExecutionOrder::Task)).await, (by_task.map(str::to_owned).to_vec(), None));
    let by_state = ["first/t1", "second/t1", "first/t0", "first/t2", "second/t0"];
    assert_eq!(ask(by(ExecutionOrder::State)).await, (by_state.map(str::to_owned).to_vec(), None));

    let artifacts = |by, is_ascending| {
        let order = Order { by, is_ascending };
        let namespace = Some("team-a".to_owned());
        let query = ArtifactQuery { limit: 10, order, namespace, ..ArtifactQuery::default() };
        let store = store.clone();
        async move {
            let page = store.list_artifacts(query).await.unwrap();
            assert_eq!(page.next, None);
            page.items.into_iter().map(|it| it.value.uri).collect::<Vec<_>>()
        }
    };
    let newest = ["/second/0", "/first/2", "/first/0"];
    assert_eq!(artifacts(ArtifactOrder::Created, false).await, newest);
    assert_eq!(artifacts(ArtifactOrder::Type, false).await, newest);
    assert_eq!(artifacts(ArtifactOrder::Uri, true).await, ["/first/0", "/first/2", "/second/0"]);
}
