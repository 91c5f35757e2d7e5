//! `pipewright pipeline|version|experiment|recurring-run …`: the API of a server, one resource like the other.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::cron;
use crate::args_api::{Change, Remote, Shape, Version};
use crate::args_api::{CreateRecurring, Experiment, Listing, OfPipeline, One, Pipeline, RecurringRun};
use crate::client::{Client, escape};
use crate::contexts::Contexts;
use crate::home::{self, Claim};
use crate::output::{YELLOW, clip, paint, table};
use crate::parameters;
use crate::result::print_json;
use crate::settings::home_folder;
use crate::source::BadInput;
use crate::yaml_out::yaml;

const V2: &str = "/apis/v2beta1";
const LARGEST_PAGE: u32 = 200;
/// Between two lists of `--watch`.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Characters of a cell.
const WIDEST: usize = 48;

/// How a resource is named and shown.
pub(super) struct Resource {
    pub(super) word: &'static str,
    pub(super) path: String,
    pub(super) list: &'static str,
    pub(super) id: &'static str,
    /// Headings and fields.
    pub(super) columns: &'static [(&'static str, &'static str)],
}

pub(super) fn pipelines() -> Resource {
    Resource {
        word: "pipeline",
        path: format!("{V2}/pipelines"),
        list: "pipelines",
        id: "pipeline_id",
        columns: &[
            ("ID", "pipeline_id"),
            ("NAME", "display_name"),
            ("CREATED", "created_at"),
            ("TAGS", "tags"),
        ],
    }
}

pub(super) fn versions(pipeline: &str) -> Resource {
    Resource {
        word: "version",
        path: format!("{V2}/pipelines/{}/versions", escape(pipeline)),
        list: "pipeline_versions",
        id: "pipeline_version_id",
        columns: &[
            ("ID", "pipeline_version_id"),
            ("NAME", "display_name"),
            ("CREATED", "created_at"),
            ("TAGS", "tags"),
        ],
    }
}

pub(super) fn experiments() -> Resource {
    Resource {
        word: "experiment",
        path: format!("{V2}/experiments"),
        list: "experiments",
        id: "experiment_id",
        columns: &[
            ("ID", "experiment_id"),
            ("NAME", "display_name"),
            ("CREATED", "created_at"),
            ("STATE", "storage_state"),
        ],
    }
}

fn recurring_runs() -> Resource {
    Resource {
        word: "recurring run",
        path: format!("{V2}/recurringruns"),
        list: "recurringRuns",
        id: "recurring_run_id",
        columns: &[
            ("ID", "recurring_run_id"),
            ("NAME", "display_name"),
            ("CREATED", "created_at"),
            ("STATE", "status"),
        ],
    }
}

pub(super) fn runs() -> Resource {
    Resource { word: "run", path: format!("{V2}/runs"), list: "runs", id: "run_id", columns: &[] }
}

/// Does to a run of a server what has no answer: `delete`, or the API's verb.
pub(crate) async fn run(verb: &str, one: &One) -> Result<u8> {
    match verb {
        "delete" => delete(&runs(), one, "").await,
        verb => act(&runs(), one, verb).await,
    }
}

/// Finds the server: named, of the context in use, or the one that serves the home folder.
pub(crate) fn connect(remote: &Remote) -> Result<Client> {
    Ok(server_of(remote)?.within(remote.namespace.as_ref()))
}

fn server_of(remote: &Remote) -> Result<Client> {
    if let Some(url) = &remote.server {
        return Client::new(url);
    }
    if remote.home.home.is_none()
        && let Some(context) = Contexts::read()?.current()
    {
        return Client::new(&context.server);
    }
    let home = home_folder(&remote.home)?;
    let nobody = || {
        let home = home.display();
        BadInput(format!(
            "nobody serves {home}: start `pipewright serve`, name a server by --server, or keep one by \
             `pipewright context add`"
        ))
    };
    if !home.is_dir() {
        return Err(nobody().into());
    }
    match home::claim(&home)? {
        Claim::Theirs(occupied) => match &occupied.url {
            Some(url) => Client::of_home(url, occupied.token.as_ref()),
            None => Err(occupied.into()),
        },
        Claim::Ours(_) => Err(nobody().into()),
    }
}

pub(crate) async fn pipeline(command: &Pipeline) -> Result<u8> {
    let resource = pipelines();
    match command {
        Pipeline::List(listing) => list(&resource, listing).await,
        Pipeline::Get(one) => get(&resource, one).await,
        Pipeline::Upload { file, name, description, tags, remote } => {
            let client = connect(remote)?;
            let tags = if tags.is_empty() { None } else { Some(pairs(tags)?.to_string()) };
            let words = [("name", name.clone()), ("description", description.clone()), ("tags", tags)];
            let made = upload(&client, &format!("{V2}/pipelines/upload"), &words, file).await?;
            show(&resource, &made, remote.output)
        }
        Pipeline::Update(change) => update(&resource, change).await,
        Pipeline::Delete { one, cascade } => {
            let more = if *cascade { "?cascade=true" } else { "" };
            delete(&resource, one, more).await
        }
    }
}

pub(crate) async fn version(command: &Version) -> Result<u8> {
    match command {
        Version::List { of, listing } => list(&of_pipeline(of, &listing.remote).await?, listing).await,
        Version::Get { of, one } => get(&of_pipeline(of, &one.remote).await?, one).await,
        Version::Upload { file, of, name, description, remote } => {
            let client = connect(remote)?;
            let pipeline = find(&client, &pipelines(), &of.pipeline).await?;
            let words = [
                ("pipelineid", Some(pipeline.clone())),
                ("name", name.clone()),
                ("description", description.clone()),
            ];
            let made = upload(&client, &format!("{V2}/pipelines/upload_version"), &words, file).await?;
            show(&versions(&pipeline), &made, remote.output)
        }
        Version::Update { of, change } => update(&of_pipeline(of, &change.one.remote).await?, change).await,
        Version::Delete { of, one } => delete(&of_pipeline(of, &one.remote).await?, one, "").await,
    }
}

async fn of_pipeline(of: &OfPipeline, remote: &Remote) -> Result<Resource> {
    Ok(versions(&find(&connect(remote)?, &pipelines(), &of.pipeline).await?))
}

pub(crate) async fn experiment(command: &Experiment) -> Result<u8> {
    let resource = experiments();
    match command {
        Experiment::List(listing) => list(&resource, listing).await,
        Experiment::Get(one) => get(&resource, one).await,
        Experiment::Create { name, description, remote } => {
            let client = connect(remote)?;
            let description = description.as_deref().unwrap_or_default();
            let body = json!({
                "display_name": name, "description": description, "namespace": client.namespace(),
            });
            show(&resource, &client.post(&resource.path, &body).await?, remote.output)
        }
        Experiment::Archive(one) => act(&resource, one, "archive").await,
        Experiment::Unarchive(one) => act(&resource, one, "unarchive").await,
        Experiment::Delete(one) => delete(&resource, one, "").await,
    }
}

pub(crate) async fn recurring_run(command: &RecurringRun) -> Result<u8> {
    let resource = recurring_runs();
    match command {
        RecurringRun::List(listing) => list(&resource, listing).await,
        RecurringRun::Get(one) => get(&resource, one).await,
        RecurringRun::Create(asked) => create_recurring(&resource, asked).await,
        RecurringRun::Enable(one) => act(&resource, one, "enable").await,
        RecurringRun::Disable(one) => act(&resource, one, "disable").await,
        RecurringRun::Delete(one) => delete(&resource, one, "").await,
    }
}

async fn create_recurring(resource: &Resource, asked: &CreateRecurring) -> Result<u8> {
    let client = connect(&asked.remote)?;
    let arguments = parameters::read(&asked.parameters)?;
    if let Some(file) = &asked.file {
        let body = cron::recurring(&client, (file, asked.name.as_deref()), arguments).await?;
        return show(resource, &client.post(&resource.path, &body).await?, asked.remote.output);
    }
    let pipeline = find(&client, &pipelines(), asked.pipeline.as_deref().unwrap_or_default()).await?;
    let mut reference = json!({"pipeline_id": pipeline});
    if let Some(version) = &asked.pipeline_version {
        reference["pipeline_version_id"] = find(&client, &versions(&pipeline), version).await?.into();
    }
    let trigger = match (&asked.cron, asked.every) {
        (Some(cron), _) => json!({"cron_schedule": {"cron": cron}}),
        (None, seconds) => json!({"periodic_schedule": {"interval_second": seconds.unwrap_or(1)}}),
    };
    let body = json!({
        "display_name": asked.name,
        "namespace": client.namespace(),
        "pipeline_version_reference": reference,
        "trigger": trigger,
        "mode": "ENABLE",
        "max_concurrency": asked.max_concurrency,
        "no_catchup": asked.no_catchup,
        "runtime_config": {"parameters": arguments},
    });
    show(resource, &client.post(&resource.path, &body).await?, asked.remote.output)
}

/// Returns the id of what is named by id or by name.
pub(super) async fn find(client: &Client, resource: &Resource, name: &str) -> Result<String> {
    let filter =
        json!({"predicates": [{"key": "display_name", "operation": "EQUALS", "string_value": name}]});
    let path = format!("{}?page_size=2&filter={}", resource.path, escape(&filter.to_string()));
    let mut found = ids(&client.get(&path).await?, resource);
    if found.is_empty() && resource.list == "pipelines" && !client.namespace().is_empty() {
        // What is not in the namespace may be shared by all.
        found = ids(&client.get(&format!("{path}&namespace=")).await?, resource);
    }
    match found.as_slice() {
        [] => Ok(name.to_owned()),
        [id] => Ok(id.clone()),
        _ => Err(BadInput(format!("there are several of the name `{name}`; give the id")).into()),
    }
}

fn ids(page: &Value, resource: &Resource) -> Vec<String> {
    let items = page[resource.list].as_array().into_iter().flatten();
    items.filter_map(|one| one[resource.id].as_str().map(str::to_owned)).collect()
}

fn one_path(resource: &Resource, id: &str) -> String {
    format!("{}/{}", resource.path, escape(id))
}

async fn list(resource: &Resource, listing: &Listing) -> Result<u8> {
    let client = connect(&listing.remote)?;
    loop {
        let found = pages(&client, resource, listing).await?;
        if listing.watch {
            // Where there is no terminal the codes are taken out and the lists stand one after the other.
            anstream::print!("\x1b[H\x1b[2J");
        }
        show_all(resource, &found, listing.remote.output)?;
        if !listing.watch {
            return Ok(0);
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                return Ok(0);
            }
        }
    }
}

async fn pages(client: &Client, resource: &Resource, listing: &Listing) -> Result<Vec<Value>> {
    let by_name = |name: &String| {
        json!({"predicates": [{"key": "display_name", "operation": "IS_SUBSTRING", "string_value": name}]})
            .to_string()
    };
    let filter = listing.filter.clone().or_else(|| listing.name.as_ref().map(by_name)).unwrap_or_default();
    let mut found = Vec::new();
    let mut token = String::new();
    while (found.len() as u32) < listing.limit {
        let size = (listing.limit - found.len() as u32).min(LARGEST_PAGE);
        let path = format!(
            "{}?page_size={size}&sort_by={}&filter={}&page_token={}",
            resource.path,
            escape(&listing.sort),
            escape(&filter),
            escape(&token)
        );
        let mut page = client.get(&path).await?;
        if let Value::Array(items) = page[resource.list].take() {
            found.extend(items);
        }
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => token = next.to_owned(),
            _ => break,
        }
    }
    Ok(found)
}

async fn get(resource: &Resource, one: &One) -> Result<u8> {
    let client = connect(&one.remote)?;
    let id = find(&client, resource, &one.name).await?;
    show(resource, &client.get(&one_path(resource, &id)).await?, one.remote.output)
}

async fn act(resource: &Resource, one: &One, verb: &str) -> Result<u8> {
    let client = connect(&one.remote)?;
    let id = find(&client, resource, &one.name).await?;
    client.post(&format!("{}:{verb}", one_path(resource, &id)), &json!({})).await?;
    done(resource, &id, verb, one.remote.output)
}

async fn delete(resource: &Resource, one: &One, more: &str) -> Result<u8> {
    let client = connect(&one.remote)?;
    let id = find(&client, resource, &one.name).await?;
    client.delete(&format!("{}{more}", one_path(resource, &id))).await?;
    done(resource, &id, "delete", one.remote.output)
}

async fn update(resource: &Resource, change: &Change) -> Result<u8> {
    let mut body = json!({});
    if let Some(name) = &change.display_name {
        body["display_name"] = json!(name);
    }
    if !change.tags.is_empty() {
        body["tags"] = pairs(&change.tags)?;
    }
    if body == json!({}) {
        return Err(BadInput("nothing is to change: give --display-name or --tag".to_owned()).into());
    }
    let client = connect(&change.one.remote)?;
    let id = find(&client, resource, &change.one.name).await?;
    show(resource, &client.patch(&one_path(resource, &id), &body).await?, change.one.remote.output)
}

async fn upload(
    client: &Client,
    path: &str,
    words: &[(&str, Option<String>)],
    file: &std::path::Path,
) -> Result<Value> {
    let content =
        std::fs::read(file).map_err(|error| BadInput(format!("cannot read {}: {error}", file.display())))?;
    let given = words.iter().filter_map(|(key, value)| Some(format!("{key}={}", escape(value.as_ref()?))));
    let query = given.collect::<Vec<_>>().join("&");
    let name = file.file_name().context("the file has no name")?.to_string_lossy();
    client.upload(&format!("{path}?{query}"), &name, &content).await
}

fn pairs(tags: &[String]) -> Result<Value> {
    let mut fields = Map::new();
    for tag in tags {
        let Some((key, value)) = tag.split_once('=') else {
            return Err(BadInput(format!("`{tag}` is no KEY=VALUE")).into());
        };
        fields.insert(key.to_owned(), json!(value));
    }
    Ok(Value::Object(fields))
}

fn cell(item: &Value, field: &str) -> String {
    let text = match &item[field] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let pairs =
                fields.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
            pairs.collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    };
    clip(&text, WIDEST)
}

pub(super) fn show_all(resource: &Resource, items: &[Value], shape: Shape) -> Result<()> {
    let mut document = json!({});
    document[resource.list] = json!(items);
    match shape {
        Shape::Json => print_json(&document)?,
        Shape::Yaml => std::io::stdout().write_all(yaml(&document).as_bytes())?,
        Shape::Name => {
            let mut out = std::io::stdout().lock();
            for item in items {
                writeln!(out, "{}", item[resource.id].as_str().unwrap_or_default())?;
            }
        }
        Shape::Table if items.is_empty() => {
            anstream::eprintln!("{}", paint(YELLOW, &format!("no {}s", resource.word)));
        }
        Shape::Table => {
            let mut rows = vec![resource.columns.iter().map(|(heading, _)| (*heading).to_owned()).collect()];
            rows.extend(items.iter().map(|item| -> Vec<String> {
                resource.columns.iter().map(|(_, field)| cell(item, field)).collect()
            }));
            std::io::stdout().write_all(table(&rows).as_bytes())?;
        }
    }
    Ok(())
}

pub(super) fn show(resource: &Resource, item: &Value, shape: Shape) -> Result<u8> {
    match shape {
        Shape::Json => print_json(item)?,
        Shape::Yaml => std::io::stdout().write_all(yaml(item).as_bytes())?,
        Shape::Name => writeln!(std::io::stdout(), "{}", item[resource.id].as_str().unwrap_or_default())?,
        Shape::Table => {
            let fields = item.as_object().cloned().unwrap_or_default();
            let mut rows = Vec::new();
            for (name, value) in &fields {
                // A whole document is no cell; `--output yaml` shows it.
                let text = match value {
                    Value::Object(inner) if name != "tags" && inner.values().any(Value::is_object) => {
                        "… (see --output yaml)".to_owned()
                    }
                    _ => cell(item, name),
                };
                rows.push(vec![name.to_uppercase().replace('_', " "), text]);
            }
            std::io::stdout().write_all(table(&rows).as_bytes())?;
        }
    }
    Ok(0)
}

/// Tells that something was done that has no answer.
fn done(resource: &Resource, id: &str, verb: &str, shape: Shape) -> Result<u8> {
    let mut document = json!({"done": verb});
    document[resource.id] = json!(id);
    match shape {
        Shape::Json => print_json(&document)?,
        Shape::Yaml => std::io::stdout().write_all(yaml(&document).as_bytes())?,
        Shape::Name => writeln!(std::io::stdout(), "{id}")?,
        Shape::Table => {
            let past = if verb.ends_with('e') { format!("{verb}d") } else { format!("{verb}ed") };
            writeln!(std::io::stdout(), "{} {id} {past}", resource.word)?;
        }
    }
    Ok(0)
}
