//! Pulls from a small registry on loopback, which demands a token for a name and a password.
#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use pipewright_images::{Credentials, Error, Progress, Store, pull};
use serde_json::json;
use sha2::{Digest, Sha256};

const TOKEN: &str = "a-token";
/// ada:secret
const BASIC: &str = "Basic YWRhOnNlY3JldA==";

/// Media type and bytes by path.
type Files = BTreeMap<String, (String, Vec<u8>)>;

/// Answers by path; everything of `/v2/` needs the token.
struct Registry {
    address: String,
    files: Arc<Mutex<Files>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Registry {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let files: Arc<Mutex<Files>> = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (own, known, log) = (address.clone(), Arc::clone(&files), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, known, log) = (own.clone(), Arc::clone(&known), Arc::clone(&log));
                std::thread::spawn(move || answer(&stream, &own, &known, &log));
            }
        });
        Self { address, files, asked }
    }

    fn put(&self, path: &str, media_type: &str, bytes: &[u8]) -> String {
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(bytes)));
        let path = path.replace("DIGEST", &digest);
        self.files.lock().unwrap().insert(path, (media_type.to_owned(), bytes.to_vec()));
        digest
    }

    /// Publishes an image with one file behind an index; returns the digests of index and manifest.
    fn publish(&self, tag: &str, text: &str) -> (String, String) {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, "greeting", text.as_bytes()).unwrap();
        let plain = builder.into_inner().unwrap();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&plain).unwrap();
        let layer =
            self.put("/v2/team/tool/blobs/DIGEST", "application/octet-stream", &encoder.finish().unwrap());
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let config = json!({
            "architecture": architecture, "os": "linux", "config": { "Cmd": ["/greet"], "User": "7" },
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex::encode(Sha256::digest(&plain)))] },
        });
        let config =
            self.put("/v2/team/tool/blobs/DIGEST", "application/octet-stream", config.to_string().as_bytes());
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": kind,
            "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 1 },
            "layers": [{ "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": layer, "size": 1 }],
        });
        let manifest = self.put("/v2/team/tool/manifests/DIGEST", kind, manifest.to_string().as_bytes());
        let kind = "application/vnd.oci.image.index.v1+json";
        let other = format!("sha256:{}", "0".repeat(64));
        let index = json!({ "schemaVersion": 2, "mediaType": kind, "manifests": [
            { "mediaType": "m", "digest": other, "size": 1, "platform": { "os": "windows", "architecture": architecture } },
            { "mediaType": "m", "digest": manifest, "size": 1, "platform": { "os": "linux", "architecture": architecture } },
        ]});
        let index_digest =
            self.put(&format!("/v2/team/tool/manifests/{tag}"), kind, index.to_string().as_bytes());
        self.put("/v2/team/tool/manifests/DIGEST", kind, index.to_string().as_bytes());
        (index_digest, manifest)
    }

    fn credentials(&self, basic: &str) -> Credentials {
        let auth = basic.trim_start_matches("Basic ");
        let mut credentials = Credentials::default();
        assert!(
            credentials.add(json!({ "auths": { &self.address: { "auth": auth } } }).to_string().as_bytes())
        );
        credentials
    }
}

fn answer(stream: &TcpStream, own: &str, files: &Mutex<Files>, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        let mut authorization = String::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("authorization:").map(str::len) {
                authorization = line[line.len() - value..].trim().to_owned();
            }
        }
        let words: Vec<&str> = first.split(' ').collect();
        let (method, path) = (words[0], words[1].split('?').next().unwrap().to_owned());
        asked.lock().unwrap().push(path.clone());
        let (status, extra, body) = if path == "/token" {
            if authorization == BASIC {
                (
                    "200 OK",
                    String::new(),
                    json!({ "token": TOKEN, "expires_in": 300 }).to_string().into_bytes(),
                )
            } else {
                ("401 Unauthorized", String::new(), b"{}".to_vec())
            }
        } else if authorization != format!("Bearer {TOKEN}") {
            let challenge = format!(
                "WWW-Authenticate: Bearer realm=\"http://{own}/token\",service=\"{own}\",scope=\"repository:team/tool:pull\"\r\n"
            );
            ("401 Unauthorized", challenge, b"{}".to_vec())
        } else {
            match files.lock().unwrap().get(&path) {
                Some((kind, bytes)) => ("200 OK", format!("Content-Type: {kind}\r\n"), bytes.clone()),
                None if path == "/v2/" => ("200 OK", String::new(), b"{}".to_vec()),
                None => (
                    "404 Not Found",
                    String::new(),
                    b"{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"unknown\"}]}".to_vec(),
                ),
            }
        };
        let mut out = stream;
        write!(out, "HTTP/1.1 {status}\r\n{extra}Content-Length: {}\r\n\r\n", body.len()).unwrap();
        if method != "HEAD" {
            out.write_all(&body).unwrap();
        }
    }
}

#[tokio::test]
async fn images_are_pulled_with_a_token() {
    let registry = Registry::start();
    let (index, manifest) = registry.publish("1", "hello");
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("images"));
    let name = format!("{}/team/tool:1", registry.address);
    let steps = Mutex::new(Vec::new());
    let credentials = registry.credentials(BASIC);
    let image = pull(&store, &name, &credentials, &|at| steps.lock().unwrap().push(at)).await.unwrap();
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
    pull(&store, &name, &credentials, &|_| {}).await.unwrap();
    let asked = registry.asked.lock().unwrap().clone();
    assert!(!asked.iter().any(|path| path.contains("/blobs/")), "{asked:?}");
    // By the digest of the index, or of the image itself.
    for digest in [&index, &manifest] {
        let name = format!("{}/team/tool@{digest}", registry.address);
        pull(&store, &name, &credentials, &|_| {}).await.unwrap();
        assert_eq!(store.find(&name).unwrap().unwrap().image.digest, manifest);
    }
    // A name that moves on takes its image along; the older one goes with its last name.
    registry.publish("1", "hello again");
    let moved = pull(&store, &name, &credentials, &|_| {}).await.unwrap();
    assert_ne!(moved.digest, manifest);
    assert_eq!(store.list().unwrap().len(), 3);
    store.remove(&format!("{}/team/tool@{manifest}", registry.address)).unwrap();
    assert!(store.find(&format!("{}/team/tool@{manifest}", registry.address)).unwrap().is_none());
    store.remove(&name).unwrap();
    assert_eq!(store.list().unwrap(), []);
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let registry = Registry::start();
    registry.publish("1", "hello");
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("images"));
    let name = |tag: &str| format!("{}/team/tool:{tag}", registry.address);
    let refused = pull(&store, &name("1"), &registry.credentials("Basic eDp5"), &|_| {}).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    let refused = pull(&store, &name("2"), &registry.credentials(BASIC), &|_| {}).await;
    assert!(matches!(refused, Err(Error::Refused { .. })), "{refused:?}");
    let lost = pull(&store, "127.0.0.1:1/team/tool:1", &Credentials::default(), &|_| {}).await;
    assert!(matches!(lost, Err(Error::Unreachable { .. })), "{lost:?}");
    // A layer that is another one than promised.
    let blobs: Vec<String> =
        registry.files.lock().unwrap().keys().filter(|path| path.contains("/blobs/")).cloned().collect();
    for path in blobs {
        registry.files.lock().unwrap().get_mut(&path).unwrap().1.push(0);
    }
    let damaged = pull(&store, &name("1"), &registry.credentials(BASIC), &|_| {}).await;
    assert!(damaged.is_err());
    assert_eq!(store.list().unwrap(), []);
}
