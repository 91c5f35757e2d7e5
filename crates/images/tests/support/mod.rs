//! A small registry on loopback, which demands a token for a name and a password.
#![allow(clippy::unwrap_used, dead_code, reason = "a test may stop at once")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const TOKEN: &str = "a-token";
/// ada:secret
pub const BASIC: &str = "Basic YWRhOnNlY3JldA==";

/// Media type and bytes by path.
pub type Files = BTreeMap<String, (String, Vec<u8>)>;

/// Answers by path; everything of `/v2/` needs the token.
pub struct Registry {
    pub address: String,
    pub files: Arc<Mutex<Files>>,
    /// Paths, in their order.
    pub asked: Arc<Mutex<Vec<String>>>,
    /// Between parts of a blob.
    pub pause: Arc<Mutex<Duration>>,
}

impl Registry {
    /// Starts one at a port of this machine, or at any.
    pub fn start(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let files: Arc<Mutex<Files>> = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let pause: Arc<Mutex<Duration>> = Arc::default();
        let between = Arc::clone(&pause);
        let (own, known, log) = (address.clone(), Arc::clone(&files), Arc::clone(&asked));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, known, log) = (own.clone(), Arc::clone(&known), Arc::clone(&log));
                let between = Arc::clone(&between);
                std::thread::spawn(move || answer(&stream, &own, &known, &log, &between));
            }
        });
        Self { address, files, asked, pause }
    }

    fn put(&self, path: &str, media_type: &str, bytes: &[u8]) -> String {
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(bytes)));
        let path = path.replace("DIGEST", &digest);
        self.files.lock().unwrap().insert(path, (media_type.to_owned(), bytes.to_vec()));
        digest
    }

    /// Publishes an image of one layer behind an index; returns the digests of index and manifest.
    pub fn publish(&self, tag: &str, plain: &[u8], settings: &Value) -> (String, String) {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(plain).unwrap();
        let packed = encoder.finish().unwrap();
        let layer = self.put("/v2/team/tool/blobs/DIGEST", "application/octet-stream", &packed);
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let text = json!({
            "architecture": architecture, "os": "linux", "config": settings,
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex::encode(Sha256::digest(plain)))] },
        })
        .to_string();
        let config = self.put("/v2/team/tool/blobs/DIGEST", "application/octet-stream", text.as_bytes());
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": kind,
            "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": text.len() },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": layer, "size": packed.len(),
            }],
        })
        .to_string();
        let size = manifest.len();
        let manifest = self.put("/v2/team/tool/manifests/DIGEST", kind, manifest.as_bytes());
        let kind = "application/vnd.oci.image.index.v1+json";
        let own = "application/vnd.oci.image.manifest.v1+json";
        let other = format!("sha256:{}", "0".repeat(64));
        let of = |os: &str| json!({ "os": os, "architecture": architecture });
        let index = json!({ "schemaVersion": 2, "mediaType": kind, "manifests": [
            { "mediaType": own, "digest": other, "size": 1, "platform": of("windows") },
            { "mediaType": own, "digest": manifest, "size": size, "platform": of("linux") },
        ]});
        let path = format!("/v2/team/tool/manifests/{tag}");
        let index_digest = self.put(&path, kind, index.to_string().as_bytes());
        self.put("/v2/team/tool/manifests/DIGEST", kind, index.to_string().as_bytes());
        (index_digest, manifest)
    }

    /// Writes what `docker login` would leave.
    pub fn login(&self, basic: &str) -> String {
        let auth = basic.trim_start_matches("Basic ");
        json!({ "auths": { &self.address: { "auth": auth } } }).to_string()
    }
}

fn answer(
    stream: &TcpStream,
    own: &str,
    files: &Mutex<Files>,
    asked: &Mutex<Vec<String>>,
    pause: &Mutex<Duration>,
) {
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
                Some((kind, bytes)) => {
                    let digest = hex::encode(Sha256::digest(bytes));
                    let head = format!("Content-Type: {kind}\r\nDocker-Content-Digest: sha256:{digest}\r\n");
                    ("200 OK", head, bytes.clone())
                }
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
            let between = if path.contains("/blobs/") { *pause.lock().unwrap() } else { Duration::ZERO };
            let parts = if between.is_zero() { 1 } else { 8 };
            for part in body.chunks(body.len().div_ceil(parts).max(1)) {
                std::thread::sleep(between);
                out.write_all(part).unwrap();
            }
        }
    }
}
