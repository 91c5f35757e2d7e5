//! The object registry: what is kept, what is refused, what never reaches the disk in clear.

use std::fs;
use std::path::Path;

use pipewright_engine::{AttemptId, RunId, TaskKey};
use pipewright_store::{Error, Kind, Object, ObjectAuthor, ObjectKey, ObjectWrite, Store};
use serde_json::{Value, json};

use crate::sample::new_run;
use crate::sqlite::Home;

const NS: &str = "default";
const VALUE: &str = "hunter2-and-more";

fn secret(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"token": value}})
}

fn claim(name: &str, size: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}},
    })
}

fn claim_key(name: &str) -> ObjectKey {
    ObjectKey::core(NS, "PersistentVolumeClaim", name)
}

fn by(run: &str, task: &str) -> ObjectAuthor {
    let attempt = AttemptId { run: RunId(run.to_owned()), task: TaskKey(task.to_owned()), number: 0 };
    ObjectAuthor { attempt: Some(attempt), owner: None }
}

async fn create(store: &Store, manifest: Value) -> Result<Object, Error> {
    store.write_object(NS, manifest, ObjectWrite::Create, &ObjectAuthor::default()).await
}

fn is_missing<T: std::fmt::Debug>(result: Result<T, Error>) {
    assert!(matches!(result, Err(Error::NotFound { kind: Kind::Object, .. })), "{result:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_made_found_changed_and_deleted() {
    let home = Home::new();
    let store = home.store();
    let made = create(&store, claim("data", "10Gi")).await.unwrap();
    assert_eq!(made.document["status"]["phase"], "Bound");
    assert_eq!(made.document["status"]["capacity"]["storage"], "10Gi");
    assert_eq!(made.document["metadata"]["uid"], Value::from(&*made.uid));
    assert_eq!(store.get_object(&made.key).await.unwrap(), made);
    let folder = store.claim_folder(NS, "data").unwrap();
    fs::write(folder.join("file"), "x").unwrap();
    let twice = create(&store, claim("data", "1Gi")).await;
    assert!(matches!(twice, Err(Error::Exists { kind: Kind::Object, .. })), "{twice:?}");

    let nobody = ObjectAuthor::default();
    let grown = store.write_object(NS, claim("data", "20Gi"), ObjectWrite::Apply, &nobody).await.unwrap();
    assert_eq!((&grown.uid, grown.created_at), (&made.uid, made.created_at));
    assert_eq!(grown.document["status"]["capacity"]["storage"], "20Gi");
    let label = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "labels": {"a": "b"}},
    });
    let merged = store.write_object(NS, label, ObjectWrite::Merge, &nobody).await.unwrap();
    assert_eq!(merged.document["metadata"]["labels"]["a"], "b");
    assert_eq!(merged.document["status"]["capacity"]["storage"], "20Gi");
    is_missing(store.write_object(NS, claim("other", "1"), ObjectWrite::Replace, &nobody).await);

    create(&store, json!({"apiVersion": "a.example/v1", "kind": "Thing", "metadata": {"name": "data"}}))
        .await
        .unwrap();
    let kinds = |objects: Vec<Object>| objects.into_iter().map(|it| it.key.kind).collect::<Vec<_>>();
    assert_eq!(kinds(store.list_objects(Some(NS), None).await.unwrap()), ["PersistentVolumeClaim", "Thing"]);
    assert_eq!(kinds(store.list_objects(None, Some("Thing")).await.unwrap()), ["Thing"]);
    assert_eq!(kinds(store.list_objects(Some("elsewhere"), None).await.unwrap()), Vec::<String>::new());

    store.delete_object(&made.key, &nobody).await.unwrap();
    is_missing(store.get_object(&made.key).await);
    is_missing(store.delete_object(&made.key, &nobody).await);
    assert!(!folder.exists());
    create(&store, claim("data", "1Gi")).await.unwrap();
    assert!(!folder.join("file").exists(), "a claim made anew is empty");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_acts_once() {
    let home = Home::new();
    let store = home.store();
    let author = by("run", "root/make");
    let made = store.write_object(NS, claim("data", "1Gi"), ObjectWrite::Create, &author).await.unwrap();
    let again = store.write_object(NS, claim("data", "1Gi"), ObjectWrite::Create, &author).await.unwrap();
    assert_eq!(made, again);
    let other = store.write_object(NS, claim("data", "1Gi"), ObjectWrite::Create, &by("run", "other")).await;
    assert!(matches!(other, Err(Error::Exists { .. })), "{other:?}");
    let author = by("run", "root/delete");
    store.delete_object(&made.key, &author).await.unwrap();
    store.delete_object(&made.key, &author).await.unwrap();
    is_missing(store.delete_object(&made.key, &by("run", "other")).await);

    let named = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "it-"}});
    let author = by("run", "root/named");
    let one = store.write_object(NS, named.clone(), ObjectWrite::Create, &author).await.unwrap();
    let two = store.write_object(NS, named, ObjectWrite::Create, &author).await.unwrap();
    assert_eq!(one, two);
    assert!(one.key.name.starts_with("it-") && one.key.name.len() == 8, "{}", one.key.name);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_manifests_are_refused() {
    let home = Home::new();
    let store = home.store();
    let with = |path: &str, value: Value| {
        let mut manifest = claim("data", "1Gi");
        *manifest.pointer_mut(path).unwrap() = value;
        manifest
    };
    let named = |name: &str| with("/metadata/name", json!(name));
    let data = |kind: &str, data: Value| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, "data": data});
    for (manifest, part) in [
        (json!({}), "no kind"),
        (json!({"kind": "Secret"}), "no apiVersion"),
        (named(".."), "metadata.name"),
        (named("a/b"), "metadata.name"),
        (named("Data"), "metadata.name"),
        (named(""), "metadata.name"),
        (with("/kind", json!("../x")), "no kind"),
        (with("/spec/resources/requests/storage", json!("much")), "no quantity"),
        (with("/spec/resources", json!(null)), "storage is required"),
        (with("/spec/accessModes", json!([])), "accessModes is required"),
        (with("/spec/accessModes", json!(["Any"])), "ReadWriteMany"),
        (data("Secret", json!({"token": "not base64!"})), "not base64"),
        (data("Secret", json!({"../token": "YQ=="})), "key `../token`"),
        (data("ConfigMap", json!({"a/b": "c"})), "key `a/b`"),
        (data("ConfigMap", json!({"a": 1})), "map keys to text"),
        (data("ConfigMap", json!({"a": "x".repeat(1 << 21)})), "larger than 1 MiB"),
    ] {
        let refused = create(&store, manifest.clone()).await;
        assert!(
            matches!(&refused, Err(Error::Invalid(message)) if message.contains(part)),
            "{manifest}: {refused:?}"
        );
    }
    let mut elsewhere = claim("data", "1Gi");
    elsewhere["metadata"]["namespace"] = json!("../up");
    assert!(matches!(create(&store, elsewhere).await, Err(Error::Invalid(_))));
    assert!(store.claim_folder("..", "a").is_err() && store.claim_folder(NS, "..").is_err());
}

fn holds(folder: &Path, needle: &str) -> bool {
    fs::read_dir(folder).unwrap().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        let bytes = fs::read(path).unwrap();
        bytes.windows(needle.len()).any(|part| part == needle.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_are_sealed_and_hidden() {
    let home = Home::new();
    let store = home.store();
    let made = create(&store, secret("token", VALUE)).await.unwrap();
    assert_eq!(made.shown()["data"]["token"], "***");
    assert_eq!(made.document["data"]["token"], "aHVudGVyMi1hbmQtbW9yZQ==");
    store.close().await;
    let folder = home.path().parent().unwrap().to_owned();
    for needle in [VALUE, "aHVudGVyMi1hbmQtbW9yZQ"] {
        assert!(!holds(&folder, needle), "{needle} is on disk");
    }

    let store = home.store();
    assert_eq!(store.get_object(&made.key).await.unwrap(), made);
    let masked = |text: &'static str| {
        let store = store.clone();
        async move { String::from_utf8(store.masks().await.unwrap().mask(text.as_bytes())).unwrap() }
    };
    assert_eq!(masked("is hunter2-and-more!").await, "is ***!");
    let nobody = ObjectAuthor::default();
    store.write_object(NS, secret("token", "another value"), ObjectWrite::Apply, &nobody).await.unwrap();
    assert_eq!(masked("hunter2-and-more, another value").await, "***, ***");
    store.delete_object(&made.key, &nobody).await.unwrap();
    assert_eq!(masked("hunter2-and-more, another value").await, "***, ***", "former values stay hidden");

    // The key is gone: nothing is shown, and nothing else suffers.
    create(&store, secret("token", VALUE)).await.unwrap();
    store.close().await;
    fs::remove_file(folder.join("key")).unwrap();
    let store = home.store();
    let refused = store.get_object(&made.key).await.unwrap_err().to_string();
    assert!(refused.contains("key"), "{refused}");
    assert!(store.masks().await.is_err());
    create(&store, claim("data", "1Gi")).await.unwrap();
    store.delete_object(&made.key, &nobody).await.unwrap();
    create(&store, secret("token", VALUE)).await.unwrap();
    assert_eq!(store.masks().await.unwrap().mask(b"is hunter2-and-more!"), b"is ***!");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_may_be_files() {
    let home = Home::new();
    let store = home.store();
    let folder = home.path().parent().unwrap().join("secrets").join(NS).join("from-files");
    fs::create_dir_all(folder.join("sub")).unwrap();
    fs::write(folder.join("token"), VALUE).unwrap();
    let key = ObjectKey::core(NS, "Secret", "from-files");
    let found = store.get_object(&key).await.unwrap();
    assert_eq!(found.document["data"], json!({"token": "aHVudGVyMi1hbmQtbW9yZQ=="}));
    assert_eq!(store.list_objects(None, Some("Secret")).await.unwrap(), [found]);
    assert_eq!(store.masks().await.unwrap().mask(VALUE.as_bytes()), b"***");
    let refused = store.delete_object(&key, &ObjectAuthor::default()).await;
    assert!(matches!(&refused, Err(Error::Conflict { message }) if message.contains("files")), "{refused:?}");
    for name in ["..", "../default", "none"] {
        is_missing(store.get_object(&ObjectKey::core(NS, "Secret", name)).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn volumes_begin_as_copies() {
    let home = Home::new();
    let store = home.store();
    create(&store, claim("data", "1Gi")).await.unwrap();
    let data = store.claim_folder(NS, "data").unwrap();
    fs::create_dir(data.join("sub")).unwrap();
    fs::write(data.join("sub/file"), "x").unwrap();
    std::os::unix::fs::symlink("sub/file", data.join("link")).unwrap();
    let snapshot = json!({
        "apiVersion": "snapshot.storage.k8s.io/v1", "kind": "VolumeSnapshot", "metadata": {"name": "then"},
        "spec": {"source": {"persistentVolumeClaimName": "data"}},
    });
    let made = create(&store, snapshot).await.unwrap();
    assert_eq!(made.document["status"]["readyToUse"], true);
    assert_eq!(made.document["status"]["restoreSize"], "1Gi");
    fs::write(data.join("sub/file"), "later").unwrap();
    let mut restored = claim("restored", "1Gi");
    restored["spec"]["dataSource"] =
        json!({"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "then"});
    create(&store, restored.clone()).await.unwrap();
    let folder = store.claim_folder(NS, "restored").unwrap();
    assert_eq!(fs::read_to_string(folder.join("link")).unwrap(), "x");
    restored["metadata"]["name"] = json!("lost");
    restored["spec"]["dataSource"]["name"] = json!("never");
    is_missing(create(&store, restored).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_take_with_them_what_is_theirs() {
    let home = Home::new();
    let store = home.store();
    let run = store.create_run(new_run("a", 1)).await.unwrap().id;
    let mut author = by("a", "root/make");
    author.owner = Some(run.clone());
    store.write_object(NS, claim("mine", "1Gi"), ObjectWrite::Create, &author).await.unwrap();
    create(&store, claim("other", "1Gi")).await.unwrap();
    let workspace = store.workspace_folder(&run);
    fs::create_dir_all(&workspace).unwrap();
    for id in ["..", "../..", "nothing"] {
        assert!(store.delete_run(&RunId(id.to_owned())).await.is_err());
    }
    store.delete_run(&run).await.unwrap();
    assert!(!workspace.exists() && !store.claim_folder(NS, "mine").unwrap().exists());
    is_missing(store.get_object(&claim_key("mine")).await);
    store.get_object(&claim_key("other")).await.unwrap();
    // The attempt is forgotten with its run.
    store.write_object(NS, claim("mine", "1Gi"), ObjectWrite::Create, &author).await.unwrap();
    store.get_object(&claim_key("mine")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pod_defaults_are_understood_and_kept_current() {
    let home = Home::new();
    let store = home.store();
    let manifest = |name: &str, value: &str| {
        json!({
            "apiVersion": "kubeflow.org/v1alpha1", "kind": "PodDefault", "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"a": "1"}}, "env": [{"name": "V", "value": value}]},
        })
    };
    let names = async || -> Vec<String> {
        let all = store.pod_defaults(NS).await.unwrap();
        all.iter().map(|one| format!("{}={}", one.name, one.env[0].1)).collect()
    };
    assert!(names().await.is_empty());
    create(&store, manifest("b", "1")).await.unwrap();
    let run = store.create_run(new_run("a", 1)).await.unwrap().id;
    let mut author = by("a", "root/make");
    author.owner = Some(run.clone());
    store.write_object(NS, manifest("a", "1"), ObjectWrite::Create, &author).await.unwrap();
    assert_eq!(names().await, ["a=1", "b=1"]);
    assert!(store.pod_defaults("other").await.unwrap().is_empty());
    let nobody = ObjectAuthor::default();
    store.write_object(NS, manifest("b", "2"), ObjectWrite::Apply, &nobody).await.unwrap();
    assert_eq!(names().await, ["a=1", "b=2"]);
    store.delete_run(&run).await.unwrap();
    assert_eq!(names().await, ["b=2"]);
    let key = ObjectKey::of(NS, &manifest("b", "2")).unwrap();
    store.delete_object(&key, &nobody).await.unwrap();
    assert!(names().await.is_empty());
    let mut broken = manifest("c", "1");
    broken["spec"]["selector"] = json!({"matchLables": {}});
    let refused = create(&store, broken).await;
    assert!(matches!(&refused, Err(Error::Invalid(why)) if why.contains("matchLables")), "{refused:?}");
}
