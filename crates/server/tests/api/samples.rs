//! Pipelines that a server begins with.

use std::fs;
use std::path::Path;

use pipewright_server::{SampleFile, Settings, load_samples};
use serde_json::{Value, json};

use crate::support::{HELLO, Server, WORKFLOW, text};

const LIST: &str = "samples.json";

async fn load(server: &Server, config: &Value) -> Result<Vec<String>, String> {
    load_with(server, config, &[], |_| {}).await
}

async fn load_with(
    server: &Server,
    config: &Value,
    tags: &[(&str, &str)],
    change: impl FnOnce(&mut Settings),
) -> Result<Vec<String>, String> {
    let folder = server.home.path();
    fs::write(folder.join(LIST), config.to_string()).unwrap();
    fs::write(folder.join("hello.yaml"), HELLO).unwrap();
    fs::write(folder.join("old.yaml"), WORKFLOW).unwrap();
    fs::write(folder.join("broken.yaml"), "a: [").unwrap();
    let mut settings = Settings::new("/artifacts".to_owned());
    change(&mut settings);
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let file = SampleFile { path: folder.join(LIST), tags };
    load_samples(&server.store, &settings, &file).await.map_err(|error| error.to_string())
}

async fn pipelines(server: &Server) -> Vec<String> {
    let found = server.get("/apis/v2beta1/pipelines?sort_by=name").await;
    let found = found["pipelines"].as_array().cloned().unwrap_or_default();
    found.iter().map(|pipeline| text(pipeline, "name")).collect()
}

async fn versions(server: &Server, name: &str) -> Vec<Value> {
    let pipeline = server.get(&format!("/apis/v2beta1/pipelines/names/{name}")).await;
    let path = format!("/apis/v2beta1/pipelines/{}/versions", text(&pipeline, "pipeline_id"));
    server.get(&path).await["pipeline_versions"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn samples_are_loaded_once() {
    let server = Server::start().await;
    let config = json!({"loadSamplesOnRestart": false, "pipelines": [
        {"name": "greeting", "displayName": "Greeting", "description": "says hello", "file": "hello.yaml",
         "versionName": "v1", "versionDisplayName": "First", "versionDescription": "the first"},
        {"name": "old", "file": "old.yaml"},
    ]});
    let made = load_with(&server, &config, &[("managed", "true")], |_| {}).await.unwrap();
    assert_eq!(made, ["greeting", "old"]);
    let pipeline = server.get("/apis/v2beta1/pipelines/names/greeting").await;
    let shown = ["display_name", "description"].map(|field| text(&pipeline, field));
    assert_eq!(shown, ["Greeting", "says hello"]);
    assert_eq!(pipeline["tags"], json!({"managed": "true"}));
    let version = &versions(&server, "greeting").await[0];
    let shown = ["name", "display_name", "description"].map(|field| text(version, field));
    assert_eq!(shown, ["v1", "First", "the first"]);
    let version = &versions(&server, "old").await[0];
    assert_eq!(["name", "display_name"].map(|field| text(version, field)), ["old", "old"]);

    // What somebody deletes stays away, also what is new on the list.
    let path = format!("/apis/v2beta1/pipelines/{}?cascade=true", text(&pipeline, "pipeline_id"));
    assert_eq!(server.call("DELETE", &path, None).await.status, 200);
    assert!(load(&server, &config).await.unwrap().is_empty());
    assert_eq!(pipelines(&server).await, ["old"]);
}

#[tokio::test]
async fn samples_are_completed_at_each_start_when_asked() {
    let server = Server::start().await;
    let sample = |version: &str| json!({"name": "a", "file": "hello.yaml", "versionName": version});
    let config = |version: &str| json!({"loadSamplesOnRestart": true, "pipelines": [sample(version)]});
    assert_eq!(load(&server, &config("1")).await.unwrap(), ["a"]);
    assert!(load(&server, &config("1")).await.unwrap().is_empty());
    assert_eq!(load(&server, &config("2")).await.unwrap(), ["a"]);
    let names: Vec<String> =
        versions(&server, "a").await.iter().map(|version| text(version, "name")).collect();
    assert_eq!(names, ["1", "2"]);
    assert_eq!(pipelines(&server).await, ["a"]);
}

/// Keys count whatever their case; the older form is the bare list.
#[tokio::test]
async fn older_lists_are_read() {
    let server = Server::start().await;
    let config = json!([{"Name": "a", "Description": "d", "File": "hello.yaml"}]);
    assert_eq!(load(&server, &config).await.unwrap(), ["a"]);
    assert!(load(&server, &config).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let server = Server::start().await;
    for (config, words) in [
        (json!(7), "samples.json: is no list of samples"),
        (json!({"pipelines": [{"file": "hello.yaml"}]}), "missing field `name`"),
        (json!({"pipelines": [{"name": "a"}]}), "missing field `file`"),
        (json!({"pipelines": [{"name": "a", "file": "hello.yaml", "url": "x"}]}), "unknown field `url`"),
        (json!({"pipelines": [{"name": "a", "file": "lost.yaml"}]}), "pipelines[0] `a`: "),
        (json!({"pipelines": [{"name": "a", "file": "samples.txt"}]}), "samples.txt cannot be read"),
    ] {
        let error = load(&server, &config).await.unwrap_err();
        assert!(error.contains(words), "`{words}` is not in: {error}");
    }
    let tags = load_with(&server, &json!([]), &[("a.b", "c")], |_| {}).await.unwrap_err();
    assert!(tags.contains("tags of samples"), "{tags}");
    fs::remove_file(server.home.path().join(LIST)).unwrap();
    let lost = SampleFile { path: Path::new("/lost/samples.json").to_owned(), ..SampleFile::default() };
    let error = load_samples(&server.store, &Settings::new(String::new()), &lost).await.unwrap_err();
    assert!(error.to_string().contains("/lost/samples.json: cannot be read"), "{error}");
    assert!(pipelines(&server).await.is_empty(), "nothing is loaded before all files were read");

    // A pipeline that is wrong, or that the installation does not take, is left out.
    let config = json!({"pipelines": [
        {"name": "broken", "file": "broken.yaml"}, {"name": "old", "file": "old.yaml"},
        {"name": "a", "file": "hello.yaml"},
    ]});
    let made = load_with(&server, &config, &[], |settings| settings.v1.are_blocked = true).await.unwrap();
    assert_eq!(made, ["a"]);
    assert_eq!(pipelines(&server).await, ["a"]);
}
