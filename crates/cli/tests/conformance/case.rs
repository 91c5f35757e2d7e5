//! One pipeline of the corpus: its files, what must come of it, and the request that runs it on a server.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pipewright_compiler::Library;
use serde_json::{Map, Value, json};

use super::{BINARY, conformance, mapping};

/// One pipeline of the corpus.
pub struct Case {
    pub folder: PathBuf,
    pub expect: Map<String, Value>,
    /// Has no Python functions, so that it needs no environment.
    pub is_fast: bool,
}

impl Case {
    pub fn name(&self) -> String {
        let name = self.folder.file_name().expect("a case is a folder").to_string_lossy().into_owned();
        match self.folder.parent().and_then(Path::file_name).map(|around| around.to_string_lossy()) {
            Some(version) if version != "corpus" => format!("{version}/{name}"),
            _ => name,
        }
    }

    /// Tells whether the expectations hold for a run that uses the cache as the document says.
    pub fn uses_cache(&self) -> bool {
        self.expect.get("cache") == Some(&Value::Bool(true))
    }

    /// Returns the task during which the run is cancelled.
    pub fn cancel_after(&self) -> Option<&str> {
        self.expect.get("cancel_after").and_then(Value::as_str)
    }

    /// Returns what tasks that wait are answered with: of each path the values.
    pub fn answers(&self) -> Map<String, Value> {
        self.expect.get("resume").and_then(Value::as_object).cloned().unwrap_or_default()
    }

    pub fn arguments(&self) -> Value {
        self.expect.get("arguments").cloned().unwrap_or_else(|| json!({}))
    }

    /// Tells whether the cache never has this task's result: what it mounts is the run's own.
    pub fn is_never_cached(&self, path: &str) -> bool {
        let listed = self.expect.get("never_cached").and_then(Value::as_array);
        listed.into_iter().flatten().any(|listed| listed == path)
    }

    /// Makes the objects that the pipeline expects to find, at a home or a server.
    pub fn apply_objects(&self, place: &[String]) -> Result<(), String> {
        let objects = self.objects();
        if objects.is_empty() {
            return Ok(());
        }
        // A file of several YAML documents, and JSON is YAML.
        let text: Vec<String> = objects.iter().map(Value::to_string).collect();
        let file = tempfile::NamedTempFile::with_suffix(".yaml").expect("a file for the objects");
        std::fs::write(file.path(), text.join("\n---\n")).expect("the objects are written");
        let mut command = Command::new(BINARY);
        command.args(["object", "apply", "-f"]).arg(file.path()).args(place).stdin(Stdio::null());
        let output = command.output().expect("the binary starts");
        if output.status.success() {
            return Ok(());
        }
        let talk = String::from_utf8_lossy(&output.stderr);
        Err(format!("cannot apply the objects, {}: {}", output.status, talk.trim()))
    }

    /// Lists the objects that it expects to find, of `expect.yaml` and of `objects.json`.
    fn objects(&self) -> Vec<Value> {
        let mut objects = self.expect.get("objects").and_then(Value::as_array).cloned().unwrap_or_default();
        if let Ok(text) = std::fs::read(self.folder.join("objects.json")) {
            let more: Vec<Value> = serde_json::from_slice(&text).expect("a list of objects");
            objects.extend(more);
        }
        objects
    }

    /// Returns the document as the API takes it.
    pub fn specification(&self) -> Value {
        let text = std::fs::read(self.folder.join("pipeline.yaml")).expect("the compiled pipeline");
        let compiled = pipewright_compiler::compile_with(&text, &Library::new(self.objects()))
            .unwrap_or_else(|wrong| panic!("{} does not compile:\n{wrong}", self.name()));
        match compiled.platform_spec {
            Some(platform) => json!({ "pipeline_spec": compiled.pipeline_spec, "platform_spec": platform }),
            None => compiled.pipeline_spec,
        }
    }

    /// Returns the body of the request that creates a run.
    pub fn request(&self, specification: &Value) -> Value {
        json!({
            "display_name": self.name(),
            "pipeline_spec": specification,
            "runtime_config": { "parameters": self.arguments() },
        })
    }
}

/// Reads the corpus, without what this machine cannot run.
pub fn all() -> Vec<Case> {
    cases_in(&conformance().join("corpus"))
}

/// Reads the corpus of the v1 format.
pub fn v1() -> Vec<Case> {
    cases_in(&conformance().join("corpus-v1"))
}

/// Returns the file that says what stands for images of the v1 corpus.
pub fn v1_images() -> PathBuf {
    conformance().join("corpus-v1/images.toml").canonicalize().expect("the file of images")
}

/// Reads what several versions of the SDK compiled.
pub fn versions() -> Vec<Case> {
    let folders = std::fs::read_dir(conformance().join("versions")).expect("the folder of versions");
    folders.flat_map(|entry| cases_in(&entry.expect("an entry of the folder").path())).collect()
}

fn cases_in(folder: &Path) -> Vec<Case> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let corpus = conformance().join("corpus");
    let listed = std::fs::read_to_string(corpus.join("fast.txt")).expect("the list of fast pipelines");
    let is_set = |name: &str| std::env::var_os(name).is_some();
    let (offline, online) = (is_set("PIPEWRIGHT_TEST_OFFLINE"), is_set("PIPEWRIGHT_TEST_ONLINE"));
    // What another version of the SDK compiled installs that version.
    let of_version = folder.starts_with(conformance().join("versions"));
    let only = std::env::var("PIPEWRIGHT_TEST_ONLY").unwrap_or_default();
    let except = std::env::var("PIPEWRIGHT_TEST_EXCEPT").unwrap_or_default();
    let mut cases = Vec::new();
    for entry in entries {
        let folder = entry.expect("an entry of the folder").path();
        let Ok(text) = std::fs::read(folder.join("expect.yaml")) else { continue };
        let folder = folder.canonicalize().expect("the case's folder");
        let text = String::from_utf8_lossy(&text).replace("{here}", &folder.display().to_string());
        let mut case = Case { folder, expect: mapping(text.as_bytes()), is_fast: false };
        let name = case.name();
        case.is_fast = listed.lines().any(|line| line.trim() == name);
        let is_wanted = (only.is_empty() || only.split(',').any(|wanted| wanted.trim() == name))
            && !except.split(',').any(|unwanted| unwanted == name);
        let needs_network = of_version || case.expect.get("network") == Some(&Value::Bool(true));
        if is_wanted && if needs_network { !offline } else { !online } {
            cases.push(case);
        }
    }
    cases.sort_by_key(Case::name);
    cases
}

/// Walks through the document to the task of a path such as `root/for-loop-2[0]/say`.
pub fn task_of<'a>(specification: &'a Value, path: &str) -> Option<&'a Value> {
    let specification = specification.get("pipeline_spec").unwrap_or(specification);
    let mut component = &specification["root"];
    let mut task = None;
    for name in path.split('/').skip(1) {
        let name = name.split('[').next().unwrap_or(name);
        let found = component["dag"]["tasks"].get(name)?;
        component = &specification["components"][found["componentRef"]["name"].as_str()?];
        task = Some(found);
    }
    task
}

/// Takes caching out of every task, as the SDK's client does for `enable_caching=False`.
pub fn without_cache(specification: &mut Value) {
    if specification["kind"] == "Workflow" {
        for template in specification["spec"]["templates"].as_array_mut().into_iter().flatten() {
            template["metadata"]["annotations"]["pipelines.kubeflow.org/max_cache_staleness"] = json!("P0D");
        }
        return;
    }
    match specification {
        Value::Object(fields) => {
            if let Some(options) = fields.get_mut("cachingOptions").filter(|options| options.is_object()) {
                *options = json!({});
            }
            fields.values_mut().for_each(without_cache);
        }
        Value::Array(items) => items.iter_mut().for_each(without_cache),
        _ => {}
    }
}
