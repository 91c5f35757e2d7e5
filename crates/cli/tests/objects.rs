//! The object registry through the real binary: a pipeline that keeps a file in a volume and prints a secret.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const VALUE: &str = "hunter2-of-the-test";

const PIPELINE: &str = r#"
components:
  comp-use: {executorLabel: exec-use}
deploymentSpec:
  executors:
    exec-use:
      container:
        image: busybox
        command: [sh, -ec, "echo token $TOKEN; cat /creds/key; cat /data/in > /data/out"]
pipelineInfo: {name: use}
root:
  dag:
    tasks:
      use:
        componentRef: {name: comp-use}
        taskInfo: {name: use}
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
---
platforms:
  kubernetes:
    deploymentSpec:
      executors:
        exec-use:
          pvcMount: [{constant: data, mountPath: /data}]
          secretAsEnv: [{secretName: token, keyToEnv: [{secretKey: key, envVar: TOKEN}]}]
          secretAsVolume: [{secretName: token, mountPath: /creds}]
"#;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pipewright"));
        command.args(arguments).env("PIPEWRIGHT_HOME", self.home()).stdin(Stdio::null());
        command.output().expect("the binary starts")
    }

    /// Returns what was printed by a command that succeeds.
    fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        assert!(!errors.contains(VALUE), "{errors}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!text.contains(VALUE), "{arguments:?} shows the secret");
        text
    }

    /// Returns what was complained about by a command that leaves with this code.
    fn bad(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
        errors
    }
}

fn holds(file: &Path, needle: &str) -> bool {
    let bytes = std::fs::read(file).expect("the file is there");
    bytes.windows(needle.len()).any(|part| part == needle.as_bytes())
}

#[test]
fn objects_are_kept_for_pipelines() {
    let place = Place { folder: tempfile::tempdir().expect("a temporary folder") };
    let file = place.folder.path().join("p.yaml");
    std::fs::write(&file, PIPELINE).expect("the file is written");
    let file = file.display().to_string();

    let folder = place.good(&["volume", "create", "data", "--size", "1Gi", "--output", "json"]);
    let folder: Value = serde_json::from_str(&folder).expect("JSON");
    assert_eq!(folder["status"]["phase"], "Bound");
    let folder = PathBuf::from(place.good(&["volume", "path", "data"]).trim());
    std::fs::write(folder.join("in"), "kept").expect("the volume is there");
    let lacks = place.bad(1, &["run", &file]);
    let is_isolated = !lacks.contains("view of their own");
    assert!(!is_isolated || lacks.contains("pipewright secret create token"), "{lacks}");

    let literal = format!("key={VALUE}");
    place.good(&["secret", "create", "token", "--from-literal", &literal]);
    assert!(
        place.bad(2, &["secret", "create", "token", "--from-literal", "key=b"]).contains("exists already")
    );
    place.good(&["secret", "create", "token", "--from-literal", &literal, "--replace"]);
    assert!(place.good(&["secret", "list"]).contains("token  key"));
    assert!(place.good(&["object", "get", "secret", "token"]).contains("***"));
    if is_isolated {
        place.good(&["run", &file]);
        assert_eq!(std::fs::read_to_string(folder.join("out")).expect("the task wrote it"), "kept");
        let runs: Value =
            serde_json::from_str(&place.good(&["runs", "list", "--output", "json"])).expect("JSON");
        let id = runs["runs"][0]["run_id"].as_str().expect("an id").to_owned();
        assert!(place.good(&["runs", "logs", &id]).contains("token ***\n***"));
        place.good(&["runs", "get", &id, "--output", "json"]);
    }
    assert!(!holds(&place.home().join("pipewright.db"), VALUE));

    let manifests = place.folder.path().join("m.yaml");
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {mode: fast}\n---\nkind: [";
    std::fs::write(&manifests, text.split("---").next().unwrap_or_default()).expect("the file is written");
    let manifests = manifests.display().to_string();
    place.good(&["object", "apply", "-f", &manifests]);
    assert!(place.good(&["config-map", "get", "c"]).contains("fast"));
    std::fs::write(&manifests, text).expect("the file is written");
    assert!(place.bad(2, &["object", "apply", "-f", &manifests]).contains("cannot be read"));
    assert!(
        place.bad(2, &["secret", "create", "Bad_Name", "--from-literal", "a=b"]).contains("metadata.name")
    );
    assert!(place.bad(2, &["secret", "create", "none"]).contains("--from-literal"));
    place.good(&["volume", "delete", "data"]);
    assert!(!folder.exists());
    place.good(&["secret", "delete", "token"]);
    assert!(place.bad(2, &["secret", "get", "token"]).contains("does not exist"));
}
