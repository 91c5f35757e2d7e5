//! What each route takes and answers.

use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::rows;
use crate::own::{
    about, artifacts, compare, executions, feed, graph, logs, namespaces, progress, resume, runs, statistics,
    task, tensorboard, visualizations,
};
use crate::v1beta1::types as v1;
use crate::v2beta1::{recurring, types};
use crate::{access, document};

/// The shapes that a document mentions.
#[derive(Default)]
pub(crate) struct Schemas {
    found: Vec<(String, RefOr<Schema>)>,
}

impl Schemas {
    /// Mentions a type, and with it all that it is made of.
    pub(crate) fn of<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let name = T::name().into_owned();
        T::schemas(&mut self.found);
        self.found.push((name.clone(), T::schema()));
        Ref::from_schema_name(name).into()
    }

    /// Returns them by name, each once.
    pub(crate) fn finish(self) -> std::collections::BTreeMap<String, RefOr<Schema>> {
        self.found.into_iter().collect()
    }
}

/// What a route answers with.
pub(crate) enum Answer {
    Json(RefOr<Schema>),
    /// The data of its events.
    Events(RefOr<Schema>),
    Bytes,
    Text,
}

/// What a route takes and answers.
pub(crate) struct Operation {
    pub(crate) summary: String,
    /// Name, type and meaning.
    pub(crate) query: Vec<(&'static str, &'static str, &'static str)>,
    pub(crate) body: Option<RefOr<Schema>>,
    pub(crate) takes_file: bool,
    pub(crate) answer: Answer,
}

/// `{}`
fn nothing() -> RefOr<Schema> {
    utoipa::openapi::ObjectBuilder::new().into()
}

fn anything() -> RefOr<Schema> {
    <serde_json::Value as PartialSchema>::schema()
}

/// Describes a route; one that nobody described has no summary.
pub(crate) fn operation(method: &str, path: &str, schemas: &mut Schemas) -> Operation {
    let mut it = Operation {
        summary: String::new(),
        query: Vec::new(),
        body: None,
        takes_file: false,
        answer: Answer::Json(anything()),
    };
    match path.strip_prefix("/apis/pipewright/v1") {
        Some(path) => own(&mut it, method, path, schemas),
        None => field(&mut it, method, path, schemas),
    }
    it
}

const PAGE: [(&str, &str, &str); 2] =
    [("page_size", "integer", "How many"), ("page_token", "string", "From the page before")];
const NAMESPACE: (&str, &str, &str) =
    ("namespace", "string", "In this one; in multi-user mode it has to be named");
const KIND: (&str, &str, &str) = ("kind", "string", "Only of this kind");
const GROUP: (&str, &str, &str) = ("group", "string", "Tells kinds of one name apart");
const ATTEMPT: (&str, &str, &str) = ("attempt", "integer", "Its number; the last one when absent");

fn own(it: &mut Operation, method: &str, path: &str, schemas: &mut Schemas) {
    if of_runs(it, method, path, schemas) || of_artifacts(it, path, schemas) {
        return;
    }
    let (summary, answer) = match (method, path) {
        ("GET", "/pipelines/{pipeline}/graph") => {
            ("The graph of a pipeline's newest version", Answer::Json(schemas.of::<graph::GraphView>()))
        }
        ("GET", "/pipelines/{pipeline}/versions/{version}/graph") => {
            ("The graph of a version", Answer::Json(schemas.of::<graph::GraphView>()))
        }
        ("GET", "/pipelines/{pipeline}/statistics") => {
            it.query = vec![("days", "integer", "How far back; 30 when absent"), NAMESPACE];
            ("How the runs of a pipeline went", Answer::Json(schemas.of::<statistics::StatisticsView>()))
        }
        ("POST", "/check") => {
            it.takes_file = true;
            it.query = vec![("name", "string", "The file's name, which may tell its kind"), NAMESPACE];
            ("Looks at a pipeline file without keeping it", Answer::Json(schemas.of::<graph::CheckView>()))
        }
        ("GET", "/tensorboard") => {
            it.query = vec![NAMESPACE];
            ("The TensorBoards that run", Answer::Json(schemas.of::<tensorboard::BoardsView>()))
        }
        ("POST", "/tensorboard") => {
            it.body = Some(schemas.of::<tensorboard::StartBoard>());
            (
                "Starts a TensorBoard for folders that runs left",
                Answer::Json(schemas.of::<tensorboard::BoardView>()),
            )
        }
        ("POST", "/visualizations") => {
            it.body = Some(schemas.of::<visualizations::VisualizationRequest>());
            (
                "Creates the run of a visualization",
                Answer::Json(schemas.of::<visualizations::VisualizationView>()),
            )
        }
        ("DELETE", "/tensorboard/{id}") => ("Stops a TensorBoard", Answer::Json(nothing())),
        (_, "/tensorboard/{id}/view/") => ("The first page of a TensorBoard", Answer::Bytes),
        (_, "/tensorboard/{id}/view/{*path}") => ("Whatever a TensorBoard answers", Answer::Bytes),
        ("GET", "/events") => {
            it.query = vec![
                ("kinds", "string", "runs, experiments, pipelines, recurring_runs; all when absent"),
                ("since", "string", "The id of the last event that was had, as Last-Event-ID"),
                NAMESPACE,
            ];
            ("What changes in lists, as server-sent events", Answer::Events(schemas.of::<feed::ListChange>()))
        }
        ("GET", "/executions") => {
            it.query = PAGE.to_vec();
            it.query.extend([
                NAMESPACE,
                ("state", "string", "Only tasks in this state"),
                ("run_id", "string", "Only of this run"),
                ("pipeline", "string", "Only of runs of a pipeline of this name"),
                ("name", "string", "A part of the display name"),
                ("sort_by", "string", "created_at, name (the task's path) or state, then asc or desc"),
            ]);
            (
                "Task instances over all runs, newest first or sorted",
                Answer::Json(schemas.of::<executions::ExecutionPage>()),
            )
        }
        ("GET", "/compare") => {
            it.query = vec![("run_ids", "string", "2 to 10 ids, separated by commas")];
            ("Runs side by side", Answer::Json(schemas.of::<compare::CompareView>()))
        }
        ("GET", "/namespaces") => (
            "In which namespaces who calls has a role",
            Answer::Json(schemas.of::<namespaces::NamespaceList>()),
        ),
        ("GET", "/about") => ("What the server is", Answer::Json(schemas.of::<about::AboutView>())),
        ("GET", "/objects") => {
            it.query = vec![KIND];
            ("All objects of the registry", Answer::Json(schemas.of::<rows::ObjectList>()))
        }
        ("GET", "/namespaces/{namespace}/objects") => {
            it.query = vec![KIND];
            ("Objects of a namespace", Answer::Json(schemas.of::<rows::ObjectList>()))
        }
        ("POST", "/namespaces/{namespace}/objects") => {
            it.body = Some(schemas.of::<rows::ObjectManifest>());
            it.query = vec![("apply", "boolean", "Replaces one that is there")];
            (
                "Makes an object, written as Kubernetes writes it",
                Answer::Json(schemas.of::<rows::ObjectManifest>()),
            )
        }
        ("GET", "/namespaces/{namespace}/objects/{kind}/{name}") => {
            it.query = vec![GROUP];
            ("One object", Answer::Json(schemas.of::<rows::ObjectManifest>()))
        }
        ("DELETE", "/namespaces/{namespace}/objects/{kind}/{name}") => {
            it.query = vec![GROUP];
            ("Deletes an object", Answer::Json(nothing()))
        }
        ("GET", "/whoami") => {
            ("Who calls, and what they may do", Answer::Json(schemas.of::<access::WhoAmI>()))
        }
        ("POST", "/login") => {
            it.body = Some(schemas.of::<access::Credentials>());
            ("Logs in by name and password", Answer::Json(schemas.of::<access::WhoAmI>()))
        }
        ("POST", "/logout") => ("Logs out", Answer::Json(nothing())),
        ("GET", "/oidc/login") => ("Sends a browser to the identity provider", Answer::Text),
        ("GET", "/oidc/callback") => ("Where the identity provider sends it back", Answer::Text),
        ("GET", "/audit" | "/namespaces/{namespace}/audit") => {
            it.query = vec![("limit", "integer", "How many"), ("before", "integer", "Older than this entry")];
            ("Who did what, newest first", Answer::Json(schemas.of::<access::AuditPage>()))
        }
        _ => return,
    };
    (it.summary, it.answer) = (summary.to_owned(), answer);
}

/// Describes what is below `/runs`; tells whether it is.
fn of_runs(it: &mut Operation, method: &str, path: &str, schemas: &mut Schemas) -> bool {
    let (summary, answer) = match (method, path) {
        ("GET", "/runs/{id}") => (
            "A run with values and tasks, as the command line prints it",
            Answer::Json(schemas.of::<document::RunDocument>()),
        ),
        ("GET", "/runs/{id}/graph") => {
            ("The graph of a run, with how far it is", Answer::Json(schemas.of::<graph::GraphView>()))
        }
        ("GET", "/runs/{id}/progress") => {
            it.query = vec![("under", "string", "A dag or an iteration; root when absent")];
            it.query.extend(PAGE);
            ("How far the tasks of a dag are", Answer::Json(schemas.of::<graph::ProgressPage>()))
        }
        ("GET", "/runs/{id}/iterations") => {
            it.query =
                vec![("task", "string", "The loop"), ("state", "string", "Only iterations in this state")];
            it.query.extend(PAGE);
            ("The iterations of a loop", Answer::Json(schemas.of::<graph::IterationPage>()))
        }
        ("GET", "/runs/{id}/events") => {
            it.query = vec![
                ("view", "string", "`progress` for this shape"),
                ("since", "integer", "The id of the last event that was had, as Last-Event-ID"),
                ("inside", "string", "Loops and iterations to look into, separated by commas"),
            ];
            schemas.of::<progress::RunSummary>();
            let task = schemas.of::<progress::TaskProgress>();
            ("What changes in a run, as server-sent events: task, run, reset, end", Answer::Events(task))
        }
        ("GET", "/runs/{id}/tasks") => (
            "All tasks of a run with inputs and outputs",
            Answer::Json(list_of(&schemas.of::<rows::TaskRow>())),
        ),
        ("GET", "/runs/{id}/tasks/{key}") => {
            ("Everything about one task", Answer::Json(schemas.of::<task::TaskDetailView>()))
        }
        ("GET", "/runs/{id}/tasks/{key}/log") => {
            it.query = vec![
                ATTEMPT,
                ("offset", "integer", "From this byte on"),
                ("follow", "boolean", "Until the attempt has ended"),
                ("in_place", "boolean", "Hides secrets byte by byte, so that offsets are those of the file"),
            ];
            ("The log of an attempt; ranges of bytes are answered", Answer::Text)
        }
        ("GET", "/runs/{id}/tasks/{key}/log/lines") => {
            it.query = vec![
                ATTEMPT,
                ("from", "integer", "The first line; negative counts from the end"),
                ("offset", "integer", "The line that holds this byte"),
                ("count", "integer", "How many lines"),
            ];
            ("Lines of a log", Answer::Json(schemas.of::<logs::LogLines>()))
        }
        ("GET", "/runs/{id}/tasks/{key}/log/search") => {
            it.query = vec![
                ATTEMPT,
                ("query", "string", "What to look for"),
                ("regex", "boolean", "It is a regular expression"),
                ("case", "boolean", "Capitals count"),
                ("from", "integer", "From this line on"),
                ("limit", "integer", "How many places"),
            ];
            ("Where a log has a text", Answer::Json(schemas.of::<logs::LogMatches>()))
        }
        ("GET", "/runs/{id}/tasks/{key}/log/follow") => {
            it.query = vec![ATTEMPT, ("from", "integer", "The first line; negative counts from the end")];
            (
                "Lines of a log as they come, as server-sent events",
                Answer::Events(schemas.of::<logs::FollowedLines>()),
            )
        }
        ("GET", "/runs/{id}/tasks/{key}/usage") => {
            it.query = vec![ATTEMPT];
            (
                "What an attempt used of the machine over time",
                Answer::Json(schemas.of::<task::UsageOverTime>()),
            )
        }
        ("GET", "/runs/{id}/clone") => {
            ("The body that makes a run like this one", Answer::Json(schemas.of::<types::Run>()))
        }
        ("POST", "/runs/{id}:resume") => {
            it.body = Some(schemas.of::<resume::ResumeRequest>());
            ("Lets waiting tasks go on", Answer::Json(schemas.of::<resume::ResumeAnswer>()))
        }
        ("GET", "/runs/{id}/export") => {
            it.query = vec![
                ("artifacts", "string", "`none`, `all`, or ids separated by commas; none when absent"),
                ("logs", "boolean", "With logs and use over time; true when absent"),
            ];
            ("A finished run as one file, a zip archive", Answer::Bytes)
        }
        ("POST", "/runs/import") => {
            it.takes_file = true;
            it.query = vec![
                ("archived", "boolean", "Archived or not; as it was when absent"),
                ("experiment_id", "string", "Where it goes; an experiment of the same name when absent"),
                NAMESPACE,
            ];
            ("Takes in a run from such a file", Answer::Json(schemas.of::<types::Run>()))
        }
        ("POST", "/runs/{id}/retry") => {
            it.body = Some(schemas.of::<runs::RetryRequest>());
            (
                "Does chosen tasks again, or the run with other parameters",
                Answer::Json(schemas.of::<types::Run>()),
            )
        }
        _ => return false,
    };
    (it.summary, it.answer) = (summary.to_owned(), answer);
    true
}

/// Describes what is below `/artifacts`; tells whether it is.
fn of_artifacts(it: &mut Operation, path: &str, schemas: &mut Schemas) -> bool {
    let part = ("path", "string", "A file or folder inside the artifact");
    let (summary, answer) = match path {
        "/artifacts" => {
            it.query = PAGE.to_vec();
            it.query.extend([
                NAMESPACE,
                ("type", "string", "Only of this type: system.Model"),
                ("pipeline", "string", "Only of runs of a pipeline of this name"),
                ("run_id", "string", "Only of this run"),
                ("name", "string", "A part of the name"),
                ("sort_by", "string", "created_at, name, type or uri, then asc or desc"),
            ]);
            ("Artifacts, newest first or sorted", Answer::Json(schemas.of::<artifacts::ArtifactPage>()))
        }
        "/artifacts/{id}" => (
            "One artifact with its size and what used it",
            Answer::Json(schemas.of::<artifacts::ArtifactView>()),
        ),
        "/artifacts/{id}/content" => {
            it.query = vec![part, ("download", "boolean", "To be saved; a folder is packed")];
            ("The bytes; ranges are answered", Answer::Bytes)
        }
        "/artifacts/{id}/preview" => {
            it.query = vec![part, ("view", "integer", "The page of this entry of mlpipeline-ui-metadata")];
            ("The content for a sandboxed frame", Answer::Bytes)
        }
        "/artifacts/{id}/files" => {
            it.query = vec![part, PAGE[1]];
            ("What is in a folder", Answer::Json(schemas.of::<artifacts::FilePage>()))
        }
        "/artifacts/{id}/head" => {
            it.query = vec![part, ("bytes", "integer", "How many")];
            ("The beginning as text", Answer::Json(schemas.of::<artifacts::HeadView>()))
        }
        "/artifacts/{id}/table" => {
            it.query = vec![part, ("rows", "integer", "How many")];
            (
                "The first rows of a table: separated values, JSON. Parquet is read from `content` by its ranges",
                Answer::Json(schemas.of::<artifacts::TableView>()),
            )
        }
        "/artifacts/{id}/lineage" => {
            it.query =
                vec![("depth", "integer", "How many steps"), ("direction", "string", "up, down or both")];
            (
                "What it was made of and what was made of it",
                Answer::Json(schemas.of::<artifacts::LineageView>()),
            )
        }
        _ => return false,
    };
    (it.summary, it.answer) = (summary.to_owned(), answer);
    true
}

/// Describes a route of the field's own API. Its messages are those of the official clients.
fn field(it: &mut Operation, method: &str, path: &str, schemas: &mut Schemas) {
    let rest = path.split('/').skip(3).collect::<Vec<_>>().join("/");
    it.summary = match method {
        "GET" => format!("Reads {rest}"),
        "DELETE" => format!("Deletes {rest}"),
        "PATCH" => format!("Changes {rest}"),
        _ => format!("Posts to {rest}"),
    };
    it.takes_file = rest.contains("/upload");
    let is_list = method == "GET" && !rest.contains('{');
    if is_list || rest.ends_with("/versions") {
        it.query = PAGE.to_vec();
        it.query.extend([
            ("sort_by", "string", "A field, then asc or desc"),
            ("filter", "string", "Predicates as JSON"),
        ]);
    }
    if is_action(&rest) {
        it.answer = Answer::Json(nothing());
        return;
    }
    if rest.ends_with("/artifacts/{name}") {
        it.answer = Answer::Json(of_text("data"));
        return;
    }
    if path.starts_with("/apis/v1beta1/") {
        return older(it, method, &rest, schemas);
    }
    if rest == "pipelines/create" {
        it.body = Some(schemas.of::<types::CreatePipelineAndVersion>());
        it.answer = Answer::Json(schemas.of::<types::Pipeline>());
        return;
    }
    let one = match rest.split('/').collect::<Vec<_>>().as_slice() {
        ["experiments"] | ["experiments", "{id}"] => schemas.of::<types::Experiment>(),
        ["runs"] | ["runs", "{id}"] => schemas.of::<types::Run>(),
        ["pipelines", "{id}", "versions"]
        | ["pipelines", "{id}", "versions", _]
        | ["pipelines", "upload_version"] => schemas.of::<types::PipelineVersion>(),
        ["pipelines"] | ["pipelines", "{id}"] | ["pipelines", "names", _] | ["pipelines", "upload"] => {
            schemas.of::<types::Pipeline>()
        }
        ["recurringruns"] | ["recurringruns", "{id}"] => schemas.of::<recurring::RecurringRun>(),
        ["healthz"] => schemas.of::<types::Healthz>(),
        _ => return,
    };
    let list = match rest.as_str() {
        "experiments" => schemas.of::<types::ListExperiments>(),
        "runs" => schemas.of::<types::ListRuns>(),
        "pipelines" => schemas.of::<types::ListPipelines>(),
        "pipelines/{id}/versions" => schemas.of::<types::ListPipelineVersions>(),
        "recurringruns" => schemas.of::<recurring::ListRecurringRuns>(),
        _ => one.clone(),
    };
    if matches!(method, "POST" | "PATCH") && !it.takes_file {
        it.body = Some(one.clone());
    }
    it.answer = Answer::Json(match method {
        "GET" => list,
        "DELETE" => nothing(),
        _ => one,
    });
}

/// Tells whether a path does something to what is there and has nothing to say of it.
fn is_action(rest: &str) -> bool {
    let actions = ["archive", "unarchive", "terminate", "retry", "enable", "disable"];
    actions.iter().any(|action| rest.strip_suffix(action).is_some_and(|path| path.ends_with([':', '/'])))
}

/// A message with one text.
fn of_text(name: &str) -> RefOr<Schema> {
    let text = utoipa::openapi::schema::Type::String;
    let text = utoipa::openapi::ObjectBuilder::new().schema_type(text);
    utoipa::openapi::ObjectBuilder::new().property(name, text).into()
}

/// Describes a route of v1beta1, whose lists have no messages of their own here.
fn older(it: &mut Operation, method: &str, rest: &str, schemas: &mut Schemas) {
    let (one, list) = match rest.split('/').collect::<Vec<_>>().as_slice() {
        ["experiments"] | ["experiments", "{id}"] => (schemas.of::<v1::Experiment>(), "experiments"),
        ["jobs"] | ["jobs", "{id}"] => (schemas.of::<v1::Job>(), "jobs"),
        ["pipeline_versions"] | ["pipeline_versions", "{id}"] | ["pipelines", "upload_version"] => {
            (schemas.of::<v1::PipelineVersion>(), "versions")
        }
        ["pipelines"] | ["pipelines", "{id}" | "upload"] | ["namespaces", _, "pipelines", _] => {
            (schemas.of::<v1::Pipeline>(), "pipelines")
        }
        ["runs"] if method == "GET" => (schemas.of::<v1::Run>(), "runs"),
        // What is made is a run; what is answered has its manifest too.
        ["runs"] => {
            it.body = Some(schemas.of::<v1::Run>());
            it.answer = Answer::Json(schemas.of::<v1::RunDetail>());
            return;
        }
        ["runs", "{id}"] => (schemas.of::<v1::RunDetail>(), ""),
        [.., "templates"] => (of_text("template"), ""),
        ["runs", "{id}:reportMetrics"] => {
            it.body = Some(schemas.of::<v1::ReportRunMetrics>());
            return;
        }
        _ => return,
    };
    if method == "POST" && !it.takes_file {
        it.body = Some(one.clone());
    }
    it.answer = Answer::Json(match method {
        "GET" if !rest.contains('/') => page_of(list, &one),
        "DELETE" => nothing(),
        _ => one,
    });
}

fn list_of(one: &RefOr<Schema>) -> RefOr<Schema> {
    utoipa::openapi::ArrayBuilder::new().items(one.clone()).into()
}

/// A page of a list.
fn page_of(key: &str, one: &RefOr<Schema>) -> RefOr<Schema> {
    let page = serde_json::json!({
        "type": "object",
        "properties": {
            key: {"type": "array", "items": one},
            "total_size": {"type": "integer"},
            "next_page_token": {"type": "string"},
        },
    });
    serde_json::from_value(page).unwrap_or_else(|_| anything())
}
