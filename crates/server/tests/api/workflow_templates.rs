//! Workflow templates in the registry: what refers to them finds them, and runs keep them.

use serde_json::{Value, json};

use crate::support::{Server, text};

const OBJECTS: &str = "/apis/pipewright/v1/namespaces/default/objects";
const REFERRING: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: refers-}
spec:
  entrypoint: main
  templates:
  - name: main
    dag: {tasks: [{name: a, templateRef: {name: texts, template: say}}]}
";

fn texts(word: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "WorkflowTemplate", "metadata": {"name": "texts"},
        "spec": {"templates": [{"name": "say", "container": {"image": "busybox", "command": ["echo", word]}}]},
    })
}

async fn keep(server: &Server, word: &str) {
    server.post(&format!("{OBJECTS}?apply=true"), texts(word)).await;
}

async fn live(server: &Server, run: &str) -> Value {
    let detail = server.get(&format!("/apis/v1beta1/runs/{run}")).await;
    serde_json::from_str(detail["pipeline_runtime"]["workflow_manifest"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_run_keeps_the_template_that_it_was_made_with() {
    let server = Server::start().await;
    let upload = "/apis/v2beta1/pipelines/upload?name=refers";
    let refused = server.upload(upload, "p.yaml", REFERRING.as_bytes()).await;
    assert_eq!(refused.status.as_u16(), 400);
    for words in ["9:42", "there is no WorkflowTemplate `texts`", "pipewright object apply"] {
        assert!(refused.text.contains(words), "{}", refused.text);
    }
    keep(&server, "before").await;
    let pipeline = server.upload(upload, "p.yaml", REFERRING.as_bytes()).await.json();
    let start = async |name: &str| {
        let pipeline = json!({"pipeline_id": pipeline["pipeline_id"]});
        let body = json!({"display_name": name, "pipeline_version_reference": pipeline});
        text(&server.post("/apis/v2beta1/runs", body).await, "run_id")
    };
    let first = start("first").await;
    keep(&server, "after").await;
    let second = start("second").await;
    for (run, word) in [(&first, "before"), (&second, "after")] {
        let kept = &live(&server, run).await["status"]["storedTemplates"]["namespaced/texts/say"];
        assert_eq!(kept["container"]["command"][1], word, "{run}");
    }
    // What was submitted stays as it was.
    let spec = &live(&server, &first).await["spec"]["templates"][0]["dag"]["tasks"][0];
    assert_eq!(spec["templateRef"], json!({"name": "texts", "template": "say"}));
    assert_eq!(server.call("DELETE", &format!("{OBJECTS}/WorkflowTemplate/texts"), None).await.status, 200);
    let body = json!({
        "display_name": "third",
        "pipeline_version_reference": {"pipeline_id": pipeline["pipeline_id"]},
    });
    server.refused("POST", "/apis/v2beta1/runs", Some(body), (400, 3, "WorkflowTemplate `texts`")).await;
}

#[tokio::test]
async fn a_manifest_of_the_old_api_and_a_look_find_it() {
    let server = Server::start().await;
    keep(&server, "kept").await;
    let workflow = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"generateName": "made-"},
        "spec": {
            "entrypoint": "say",
            "workflowTemplateRef": {"name": "texts"},
            "arguments": {"parameters": [{"name": "word", "value": "x"}]},
        },
    });
    let body = json!({"name": "r", "pipeline_spec": {"workflow_manifest": workflow.to_string()}});
    let run = text(&server.post("/apis/v1beta1/runs", body).await["run"], "id");
    let status = &live(&server, &run).await["status"];
    assert_eq!(status["storedWorkflowTemplateSpec"]["templates"][0]["name"], "say");
    assert_eq!(status["storedWorkflowTemplateSpec"]["arguments"]["parameters"][0]["value"], "x");
    let look = server
        .send(
            axum::http::Request::post("/apis/pipewright/v1/check")
                .body(axum::body::Body::from(REFERRING))
                .unwrap(),
        )
        .await;
    assert_eq!(look.json()["ok"], true, "{}", look.text);
}

#[tokio::test]
async fn what_has_no_templates_is_refused() {
    let server = Server::start().await;
    let check = async |spec: Value, words: &str| {
        let mut object = texts("x");
        object["spec"] = spec;
        server.refused("POST", OBJECTS, Some(object), (400, 3, words)).await;
    };
    check(json!({}), "spec.templates holds no template").await;
    check(json!({"templates": [{"suspend": {}}]}), "spec.templates[0] has no name").await;
    check(json!({"templates": [{"name": "a"}, {"name": "a"}]}), "`a` twice").await;
}
