//! Pulls from a small registry on loopback, which demands a token for a name and a password.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

mod support;

use std::sync::Mutex;

use pipewright_images::{Credentials, Error, Progress, Store, pull};
use serde_json::json;

use support::{BASIC, Registry};

/// Publishes an image with one file; returns the digests of index and manifest.
fn publish(registry: &Registry, tag: &str, text: &str) -> (String, String) {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    builder.append_data(&mut header, "greeting", text.as_bytes()).unwrap();
    let settings = json!({ "Cmd": ["/greet"], "User": "7" });
    registry.publish(tag, &builder.into_inner().unwrap(), &settings)
}

fn credentials(registry: &Registry, basic: &str) -> Credentials {
    let mut credentials = Credentials::default();
    assert!(credentials.add(registry.login(basic).as_bytes()));
    credentials
}

#[tokio::test]
async fn images_are_pulled_with_a_token() {
    let registry = Registry::start(0);
    let (index, manifest) = publish(&registry, "1", "hello");
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("images"));
    let name = format!("{}/team/tool:1", registry.address);
    let steps = Mutex::new(Vec::new());
    let known = credentials(&registry, BASIC);
    let image = pull(&store, &name, &known, &|at| steps.lock().unwrap().push(at)).await.unwrap();
    assert_eq!(
        (image.digest.as_str(), image.cmd.as_slice(), image.user.as_str()),
        (&*manifest, &["/greet".to_owned()][..], "7")
    );
    let found = store.find(&name).unwrap().unwrap();
    assert_eq!(std::fs::read_to_string(found.root.join("greeting")).unwrap(), "hello");
    let steps = steps.into_inner().unwrap();
    assert_eq!(steps.first(), Some(&Progress::Layers { count: 1 }));
    assert_eq!(steps.last(), Some(&Progress::Unpacking));
    // What is here is asked for its digest alone.
    registry.asked.lock().unwrap().clear();
    pull(&store, &name, &known, &|_| {}).await.unwrap();
    let asked = registry.asked.lock().unwrap().clone();
    assert!(!asked.iter().any(|path| path.contains("/blobs/")), "{asked:?}");
    // By the digest of the index, or of the image itself.
    for digest in [&index, &manifest] {
        let name = format!("{}/team/tool@{digest}", registry.address);
        pull(&store, &name, &known, &|_| {}).await.unwrap();
        assert_eq!(store.find(&name).unwrap().unwrap().image.digest, manifest);
    }
    // A name that moves on takes its image along; the older one goes with its last name.
    publish(&registry, "1", "hello again");
    let moved = pull(&store, &name, &known, &|_| {}).await.unwrap();
    assert_ne!(moved.digest, manifest);
    assert_eq!(store.list().unwrap().len(), 3);
    store.remove(&format!("{}/team/tool@{manifest}", registry.address)).unwrap();
    assert!(store.find(&format!("{}/team/tool@{manifest}", registry.address)).unwrap().is_none());
    store.remove(&name).unwrap();
    assert_eq!(store.list().unwrap(), []);
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let registry = Registry::start(0);
    publish(&registry, "1", "hello");
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("images"));
    let name = |tag: &str| format!("{}/team/tool:{tag}", registry.address);
    let refused = pull(&store, &name("1"), &credentials(&registry, "Basic eDp5"), &|_| {}).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    let refused = pull(&store, &name("2"), &credentials(&registry, BASIC), &|_| {}).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    let lost = pull(&store, "127.0.0.1:1/team/tool:1", &Credentials::default(), &|_| {}).await;
    assert!(matches!(lost, Err(Error::Unreachable { .. })), "{lost:?}");
    // A layer that is another one than promised.
    let blobs: Vec<String> =
        registry.files.lock().unwrap().keys().filter(|path| path.contains("/blobs/")).cloned().collect();
    for path in blobs {
        registry.files.lock().unwrap().get_mut(&path).unwrap().1.push(0);
    }
    let damaged = pull(&store, &name("1"), &credentials(&registry, BASIC), &|_| {}).await;
    assert!(damaged.is_err());
    assert_eq!(store.list().unwrap(), []);
}
