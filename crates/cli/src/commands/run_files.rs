//! `pipewright runs create|retry|export|import`: runs of a server, made anew or from files.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use pipewright_engine::{RunId, RunPhase};
use serde_json::{Value, json};

use super::api::{Resource, connect, experiments, find, pipelines, show, versions};
use super::artifacts::{OWN, save, stdout};
use crate::args::Executor;
use crate::args_api::Shape;
use crate::args_runs::{Create, Export, Import, Retry};
use crate::client::escape;
use crate::parameters;
use crate::result::print_json;
use crate::source::{self, BadInput};
use crate::watch::Watched;
use crate::yaml_out::yaml;

fn runs() -> Resource {
    super::api::runs()
}

pub(crate) async fn create(asked: &Create) -> Result<u8> {
    let client = connect(&asked.remote)?;
    let pipeline = find(&client, &pipelines(), &asked.pipeline).await?;
    let mut reference = json!({"pipeline_id": pipeline});
    if let Some(version) = &asked.pipeline_version {
        reference["pipeline_version_id"] = find(&client, &versions(&pipeline), version).await?.into();
    }
    let mut values = match &asked.parameter_file {
        Some(file) => pipewright_compiler::parse_arguments(&source::read(file)?)
            .map_err(|found| BadInput(format!("{} cannot be read:\n{found}", file.display())))?,
        None => serde_json::Map::new(),
    };
    values.extend(parameters::read(&asked.parameters)?);
    let name = match &asked.name {
        Some(name) => name.clone(),
        None => {
            let now = jiff::Zoned::now().strftime("%Y-%m-%d %H-%M-%S").to_string();
            format!("{} {now}", asked.pipeline)
        }
    };
    let mut body = json!({
        "display_name": name,
        "description": asked.description.as_deref().unwrap_or_default(),
        "pipeline_version_reference": reference,
        "runtime_config": {"parameters": values},
    });
    if asked.executor.is_some() {
        body["plugins_input"] = plugins_input(asked.executor, false);
    }
    if let Some(experiment) = &asked.experiment {
        body["experiment_id"] = find(&client, &experiments(), experiment).await?.into();
    }
    let made = client.post(&runs().path, &body).await?;
    if !asked.wait {
        return show_run(&made, asked.remote.output);
    }
    let id = made["run_id"].as_str().context("the server speaks of runs in another way")?;
    let mut watched = Watched::remote(client.clone(), RunId(id.to_owned())).known();
    let phase = loop {
        let phase = watched.look().await?.head.phase;
        if phase.is_terminal() {
            break phase;
        }
        watched.changed().await;
    };
    show_run(&client.get(&format!("{}/{}", runs().path, escape(id))).await?, asked.remote.output)?;
    Ok(u8::from(phase != RunPhase::Succeeded))
}

pub(crate) async fn retry(asked: &Retry) -> Result<u8> {
    let client = connect(&asked.remote)?;
    let run = find(&client, &runs(), &asked.run).await?;
    let body = json!({"tasks": asked.tasks, "parameters": parameters::read(&asked.parameters)?});
    let made = client.post(&format!("{OWN}/runs/{}/retry", escape(&run)), &body).await?;
    show_run(&made, asked.remote.output)
}

/// Says how a run's tasks are to be run, in the words of the API; null when nobody said.
pub(crate) fn plugins_input(executor: Option<Executor>, no_cache: bool) -> Value {
    let mut own = serde_json::Map::new();
    own.extend(executor.map(|executor| ("executor".to_owned(), Value::from(executor.choice().word()))));
    own.extend(no_cache.then(|| ("cache".to_owned(), Value::from(false))));
    if own.is_empty() { Value::Null } else { json!({ "pipewright": own }) }
}

/// Prints a run without what its pipeline is made of, which `--output json` tells.
fn show_run(run: &Value, shape: Shape) -> Result<u8> {
    show(&runs(), run, shape)
}

pub(crate) async fn export(asked: &Export) -> Result<u8> {
    let client = connect(&asked.remote)?;
    let run = find(&client, &runs(), &asked.run).await?;
    let path = format!(
        "{OWN}/runs/{}/export?artifacts={}&logs={}",
        escape(&run),
        escape(&asked.artifacts),
        !asked.no_logs
    );
    if asked.file.as_deref() == Some(Path::new("-")) {
        client.save(&path, &mut stdout()?).await?;
        return Ok(0);
    }
    let file = asked.file.clone().unwrap_or_else(|| PathBuf::from(format!("run-{run}.zip")));
    let bytes = save(&client, &path, &file).await?;
    let document = json!({"run_id": run, "file": file, "bytes": bytes});
    match asked.remote.output {
        Shape::Json => print_json(&document)?,
        Shape::Yaml => std::io::stdout().write_all(yaml(&document).as_bytes())?,
        Shape::Name => writeln!(std::io::stdout(), "{}", file.display())?,
        Shape::Table => writeln!(std::io::stdout(), "run {run}: {bytes} bytes in {}", file.display())?,
    }
    Ok(0)
}

pub(crate) async fn import(asked: &Import) -> Result<u8> {
    let client = connect(&asked.remote)?;
    let file = match tokio::fs::File::open(&asked.file).await {
        Ok(file) => file,
        Err(error) => bail!(BadInput(format!("cannot read {}: {error}", asked.file.display()))),
    };
    let mut path = format!("{OWN}/runs/import?");
    if asked.archived {
        path.push_str("archived=true&");
    }
    if let Some(experiment) = &asked.experiment {
        path.push_str(&format!(
            "experiment_id={}",
            escape(&find(&client, &experiments(), experiment).await?)
        ));
    }
    show_run(&client.send(&path, file).await?, asked.remote.output)
}
