//! Who we are to a registry, as Docker and Podman keep it, or as a secret of Kubernetes says it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// Names and passwords by registry. Showing one shows no password.
#[derive(Clone, Default)]
pub struct Credentials {
    files: Vec<File>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct File {
    auths: BTreeMap<String, Auth>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: String,
    username: String,
    password: String,
}

/// What a helper of Docker prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Helped {
    username: String,
    secret: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let registries: Vec<&String> = self.files.iter().flat_map(|file| file.auths.keys()).collect();
        out.debug_struct("Credentials").field("registries", &registries).finish_non_exhaustive()
    }
}

impl Credentials {
    /// Reads what `docker login` and `podman login` have left for this user.
    pub fn of_user() -> Self {
        let home = std::env::home_dir().unwrap_or_default();
        let of = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let docker = of("DOCKER_CONFIG").unwrap_or_else(|| home.join(".docker"));
        let paths = [
            of("REGISTRY_AUTH_FILE"),
            Some(docker.join("config.json")),
            of("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")),
            Some(home.join(".config/containers/auth.json")),
        ];
        let read = |path: PathBuf| serde_json::from_slice(&std::fs::read(path).ok()?).ok();
        Self { files: paths.into_iter().flatten().filter_map(read).collect() }
    }

    /// Puts the value of a `.dockerconfigjson` before what is known; false when it is none.
    pub fn add(&mut self, document: &[u8]) -> bool {
        let is_object = document.trim_ascii_start().starts_with(b"{");
        match serde_json::from_slice(document) {
            Ok(file) if is_object => {
                self.files.insert(0, file);
                true
            }
            _ => false,
        }
    }

    /// Returns name and password for a registry. May start one of Docker's helpers.
    pub fn find(&self, registry: &str) -> Option<(String, String)> {
        let keys: Vec<&str> = match registry {
            "docker.io" => vec!["https://index.docker.io/v1/", "index.docker.io", "docker.io"],
            other => vec![other],
        };
        for file in &self.files {
            for key in &keys {
                let helper = file.cred_helpers.get(*key);
                let found = helper.and_then(|helper| ask(helper, key)).or_else(|| {
                    let known = file.auths.iter().find(|(name, _)| host_of(name) == host_of(key))?;
                    let stored = file.creds_store.as_ref().and_then(|helper| ask(helper, known.0));
                    stored.or_else(|| known.1.pair())
                });
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }
}

impl Auth {
    fn pair(&self) -> Option<(String, String)> {
        if !self.username.is_empty() {
            return Some((self.username.clone(), self.password.clone()));
        }
        let text = String::from_utf8(STANDARD.decode(self.auth.trim()).ok()?).ok()?;
        text.split_once(':')
            .map(|(name, password)| (name.to_owned(), password.trim_end_matches('\0').to_owned()))
    }
}

fn host_of(key: &str) -> &str {
    let key = key.trim_start_matches("https://").trim_start_matches("http://");
    key.split('/').next().unwrap_or(key)
}

fn ask(helper: &str, registry: &str) -> Option<(String, String)> {
    if !helper.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
        return None;
    }
    let mut child = Command::new(format!("docker-credential-{helper}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(registry.as_bytes()).ok()?;
    let output = child.wait_with_output().ok().filter(|output| output.status.success())?;
    let helped: Helped = serde_json::from_slice(&output.stdout).ok()?;
    Some((helped.username, helped.secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_found() {
        let mut credentials = Credentials::default();
        // name:word and hub:key
        let text = r#"{"auths": {"r.io:5000": {"auth": "bmFtZTp3b3Jk"},
            "https://index.docker.io/v1/": {"auth": "aHViOmtleQ=="}, "x.io": {"username": "a", "password": "b"}}}"#;
        assert!(credentials.add(text.as_bytes()));
        assert!(!credentials.add(b"[]"));
        for (registry, expected) in [
            ("r.io:5000", Some(("name", "word"))),
            ("docker.io", Some(("hub", "key"))),
            ("x.io", Some(("a", "b"))),
            ("r.io", None),
        ] {
            let found = credentials.find(registry);
            assert_eq!(found.as_ref().map(|(name, word)| (&**name, &**word)), expected, "{registry}");
        }
        assert!(!format!("{credentials:?}").contains("word"));
    }
}
