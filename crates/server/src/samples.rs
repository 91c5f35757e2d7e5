//! Pipelines that an installation brings along: read from a file when a server starts, and put among the others.
//!
//! Once in the life of a home folder, so that one that somebody deletes stays away; with `loadSamplesOnRestart`
//! what is missing is added at each start. Source: `sample_config.json` of the field's API server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pipewright_store::{self as store, ListQuery, NewPipeline, NewPipelineVersion, Store};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::app::Settings;
use crate::archive::{FILE_LIMIT, pipeline_file};
use crate::compile::compile_text;
use crate::error::Error;
use crate::v2beta1::pipelines::{check_tags, new_pipeline};
use crate::v2beta1::upload::check_version_name;

/// Notes that samples were loaded once.
const MARK: &str = "samples";

/// Where samples are listed, and the tags that their pipelines get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SampleFile {
    pub path: PathBuf,
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    loadsamplesonrestart: bool,
    #[serde(default)]
    pipelines: Vec<Sample>,
}

/// Keys in lower case: they count whatever theirs is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: String,
    #[serde(default)]
    displayname: String,
    #[serde(default)]
    description: String,
    /// Relative to the list.
    file: PathBuf,
    #[serde(default)]
    versionname: String,
    #[serde(default)]
    versiondisplayname: String,
    #[serde(default)]
    versiondescription: String,
}

/// Puts the samples of a list among the pipelines that all share, as far as they are not there; names those that it
/// has made.
///
/// Errors: `Invalid` when the list or a file that it names cannot be read. A pipeline that is wrong is logged and
/// left out.
pub async fn load_samples(
    store: &Store,
    settings: &Settings,
    file: &SampleFile,
) -> Result<Vec<String>, Error> {
    let path = file.path.display().to_string();
    let config = read_config(&file.path).map_err(|why| Error::Invalid(format!("{path}: {why}")))?;
    if !config.loadsamplesonrestart && store.is_marked(MARK).await? {
        tracing::debug!(path, "samples were loaded before");
        return Ok(Vec::new());
    }
    check_tags(&file.tags).map_err(|error| Error::Invalid(format!("tags of samples: {error}")))?;
    let mut samples = Vec::new();
    for (number, sample) in config.pipelines.into_iter().enumerate() {
        let place = format!("{path}: pipelines[{number}] `{}`", sample.name);
        let text =
            read_sample(&file.path, &sample).map_err(|why| Error::Invalid(format!("{place}: {why}")))?;
        samples.push((place, sample, text));
    }
    let mut made = Vec::new();
    for (place, sample, text) in samples {
        match load(store, settings, (&sample, &file.tags), text).await {
            Ok(true) => {
                tracing::info!(sample = sample.name, "loaded a sample");
                made.push(sample.name);
            }
            Ok(false) => {}
            Err(error @ (Error::Unavailable(_) | Error::Internal { .. })) => return Err(error),
            Err(error) => tracing::warn!(%error, "{place} is left out"),
        }
    }
    store.mark(MARK).await?;
    Ok(made)
}

/// Reads the list; its older form is the bare list of pipelines.
fn read_config(path: &Path) -> Result<Config, String> {
    let text = std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    let wrong = |error: serde_json::Error| format!("is no list of samples: {error}");
    let config: Value = serde_json::from_slice(&text).map_err(wrong)?;
    let config = match config {
        Value::Array(pipelines) => Value::from(Map::from_iter([("pipelines".to_owned(), pipelines.into())])),
        other => other,
    };
    serde_json::from_value(with_lower_keys(config)).map_err(wrong)
}

fn with_lower_keys(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (key.to_lowercase(), with_lower_keys(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(with_lower_keys).collect(),
        other => other,
    }
}

fn read_sample(list: &Path, sample: &Sample) -> Result<Vec<u8>, String> {
    if sample.name.is_empty() {
        return Err("has no name".to_owned());
    }
    let path = list.parent().unwrap_or(Path::new("")).join(&sample.file);
    let shown = path.display();
    let size = std::fs::metadata(&path).map_err(|error| format!("{shown} cannot be read: {error}"))?.len();
    if size > FILE_LIMIT {
        return Err(format!("{shown} is larger than 32 MiB"));
    }
    let bytes = std::fs::read(&path).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    pipeline_file(&sample.file.to_string_lossy(), bytes).map_err(|error| error.to_string())
}

/// Makes what is missing of a sample; false when nothing is.
async fn load(
    store: &Store,
    settings: &Settings,
    (sample, tags): (&Sample, &BTreeMap<String, String>),
    text: Vec<u8>,
) -> Result<bool, Error> {
    let first =
        |texts: [&String; 3]| texts.into_iter().find(|text| !text.is_empty()).cloned().unwrap_or_default();
    let found = match store.get_pipeline_by_name("", &sample.name).await {
        Ok(pipeline) => Some(pipeline),
        Err(store::Error::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let version_name = first([&sample.versionname, &sample.name, &sample.name]);
    check_version_name(&version_name)?;
    if let Some(pipeline) = &found
        && has_version(store, &pipeline.id, &version_name).await?
    {
        return Ok(false);
    }
    let display_name = first([&sample.displayname, &sample.name, &sample.name]);
    let shown_pipeline = found.as_ref().map_or(&display_name, |pipeline| &pipeline.display_name);
    let compiled = compile_text(store, "", text).await?;
    settings.v1.check_upload("", &compiled)?;
    let version = NewPipelineVersion {
        display_name: first([&sample.versiondisplayname, &sample.versionname, shown_pipeline]),
        name: version_name,
        description: first([&sample.versiondescription, &sample.description, &sample.description]),
        pipeline_spec: compiled.pipeline_spec,
        ..NewPipelineVersion::default()
    };
    match found {
        Some(pipeline) => {
            let version = NewPipelineVersion { pipeline_id: pipeline.id, ..version };
            store.create_pipeline_version(version).await?;
        }
        None => {
            let (name, description) = (sample.name.clone(), sample.description.clone());
            let new: NewPipeline = new_pipeline(name, display_name, description, tags.clone())?;
            store.create_pipeline_with_version(new, version).await?;
        }
    }
    Ok(true)
}

async fn has_version(store: &Store, pipeline: &str, name: &str) -> Result<bool, Error> {
    let predicate = serde_json::json!({"key": "name", "operation": "EQUALS", "string_value": name});
    let query = ListQuery {
        pipeline_id: Some(pipeline.to_owned()),
        filter: Some(serde_json::json!({"predicates": [predicate]}).to_string()),
        page_size: Some(1),
        ..ListQuery::default()
    };
    Ok(!store.list_pipeline_versions(&query).await?.items.is_empty())
}
