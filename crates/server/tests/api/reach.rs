//! What the server keeps for itself is shown to nobody, whatever path an artifact names.

use pipewright_plan::ArtifactValue;
use pipewright_store::engine::{RunPhase, RunView, TaskKind, TaskPhase};
use serde_json::json;

use crate::support::{Server, artifact, at, task};

const OWN: &str = "/apis/pipewright/v1";
const KEPT: &str = "kept-for-itself";

/// A server whose home folder has what every home folder has.
async fn server() -> Server {
    let server = Server::start_as(|home, settings| {
        for (path, content) in [
            ("key", KEPT),
            ("access.toml", KEPT),
            ("secrets/default/db/password", KEPT),
            ("attempts/r/a/log", KEPT),
            ("artifacts/p/r/data", "rows"),
            ("volumes/default/claim/file", "rows"),
        ] {
            let path = home.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        std::os::unix::fs::symlink(home, home.join("artifacts/p/link")).unwrap();
        settings.artifacts_root = home.join("artifacts").display().to_string();
        settings.home = Some(home.to_owned());
    });
    server.await
}

fn lies_at(server: &Server, id: &str, path: &str) -> ArtifactValue {
    let mut value = artifact(id, id, "system.Dataset", json!({}));
    value.uri = server.home.path().join(path).display().to_string();
    value
}

fn over() -> RunView {
    RunView { phase: RunPhase::Succeeded, ended_at: Some(at(5)), ..RunView::default() }
}

#[tokio::test]
async fn what_the_server_keeps_is_in_no_answer() {
    let server = server().await;
    let private = [
        ("key", "key"),
        ("database", "pipewright.db"),
        ("users", "access.toml"),
        ("secret", "secrets/default/db/password"),
        ("log", "attempts/r/a/log"),
        ("around", "artifacts/../key"),
        ("linked", "artifacts/p/link/key"),
        ("home", "."),
    ];
    let open = [("data", "artifacts/p/r/data"), ("claim", "volumes/default/claim/file")];
    let run = server.create_run("imports").await;
    let mut import = task(&run, "root/import", TaskKind::Importer, TaskPhase::Succeeded);
    for (id, path) in private.iter().chain(&open) {
        import.outcome.artifacts.insert((*id).to_owned(), vec![lies_at(&server, id, path)]);
    }
    let mut environment = artifact("environment", "environment", "system.Dataset", json!({}));
    environment.uri = "/proc/self/environ".to_owned();
    import.outcome.artifacts.insert("environment".to_owned(), vec![environment]);
    server.record_ended(&run, over(), vec![import]).await;

    let ids = private.iter().map(|(id, _)| *id).chain(["environment"]);
    for id in ids {
        for part in ["content", "content?download=1", "preview", "files", "head", "table"] {
            let path = format!("{OWN}/artifacts/{id}/{part}");
            server.refused("GET", &path, None, (403, 7, "the server keeps what is its own")).await;
        }
        let seen = server.get(&format!("{OWN}/artifacts/{id}")).await;
        assert_eq!((&seen["media"], seen.get("size")), (&json!("none"), None), "{id}: {seen}");
    }
    // A folder that holds the server's own is looked into no further.
    let inside = format!("{OWN}/artifacts/home/content?path=key");
    server.refused("GET", &inside, None, (403, 7, "its own")).await;
    for (id, _) in open {
        assert_eq!(server.bytes(&format!("{OWN}/artifacts/{id}/content")).await, b"rows", "{id}");
    }
    let home = server.home.path().display().to_string();
    for path in ["key", "pipewright.db", "artifacts/p/link/key"] {
        let path = format!("/artifacts/get?source=file&bucket=&key={home}/{path}");
        let answer = server.call("GET", &path, None).await;
        assert!([403, 404].contains(&answer.status.as_u16()), "{path}: {answer:?}");
        assert!(!answer.text.contains(KEPT));
    }
    let board = json!({"folders": [{"name": "x", "uri": format!("{home}/key")}]});
    server.refused("POST", &format!("{OWN}/tensorboard"), Some(board), (403, 7, "own")).await;
}

#[tokio::test]
async fn packed_folders_leave_out_what_the_server_keeps() {
    let server = Server::start_as(|home, settings| {
        let inner = home.join("work/.pipewright");
        std::fs::create_dir_all(inner.join("artifacts")).unwrap();
        std::fs::write(inner.join("key"), KEPT).unwrap();
        std::fs::write(inner.join("artifacts/data"), "rows").unwrap();
        std::fs::write(home.join("work/notes"), "notes").unwrap();
        settings.home = Some(inner);
    });
    let server = server.await;
    let run = server.create_run("imports").await;
    let mut import = task(&run, "root/import", TaskKind::Importer, TaskPhase::Succeeded);
    import.outcome.artifacts.insert("work".to_owned(), vec![lies_at(&server, "work", "work")]);
    server.record_ended(&run, over(), vec![import]).await;
    let packed = server.bytes(&format!("{OWN}/artifacts/work/content?download=1")).await;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
    let mut names: Vec<String> = archive
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    names.sort();
    // The home folder itself is not entered.
    assert_eq!(names, ["work", "work/notes"]);
}
