//! What an artifact was made of and what was made of it, up and down to a depth.

use std::collections::{BTreeSet, VecDeque};

use axum::Json;
use axum::extract::State;
use pipewright_plan::ArtifactId;
use pipewright_store::engine::{RunId, TaskKey, TaskView};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ArtifactView, artifact_view, record_view};
use crate::app::App;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::own::words::TaskState;

const DEPTH: u32 = 3;
const MOST_DEPTH: u32 = 20;
/// Nodes of one answer.
const NODES: usize = 500;
/// Consumers of one artifact that are followed.
const CONSUMERS: u32 = 100;

/// Artifacts and tasks with what flowed between them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LineageView {
    pub nodes: Vec<LineageNode>,
    pub edges: Vec<LineageEdge>,
    /// There is more than was looked at.
    pub truncated: bool,
}

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineageNodeKind {
    Artifact,
    Task,
}

/// An artifact or a task; the fields of its kind are present.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LineageNode {
    pub kind: LineageNodeKind,
    /// The artifact's id, or the run's id, a slash and the task's path.
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact: Option<ArtifactView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<TaskState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_name: Option<String>,
}

/// Something flowed from one node to another, under that name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct LineageEdge {
    pub from: String,
    pub to: String,
    pub name: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

struct Walk<'a> {
    app: &'a App,
    nodes: Vec<LineageNode>,
    known: BTreeSet<String>,
    edges: BTreeSet<LineageEdge>,
    truncated: bool,
}

pub(super) async fn lineage(
    State(app): State<App>,
    Segments(id): Segments<String>,
    words: Words,
) -> Result<Json<LineageView>, Error> {
    let depth = words.number("depth")?.unwrap_or(DEPTH).min(MOST_DEPTH);
    let ways: &[Way] = match words.get("direction").unwrap_or("both") {
        "both" => &[Way::Up, Way::Down],
        "up" => &[Way::Up],
        "down" => &[Way::Down],
        other => return Err(Error::Invalid(format!("direction is up, down or both, not `{other}`"))),
    };
    let mut walk = Walk {
        app: &app,
        nodes: Vec::new(),
        known: BTreeSet::new(),
        edges: BTreeSet::new(),
        truncated: false,
    };
    let start = ArtifactId(id);
    let record = app.store.artifact_record(&start).await?;
    walk.add_artifact(record_view(&record));
    for way in ways {
        walk.follow(&start, *way, depth).await?;
    }
    Ok(Json(LineageView {
        nodes: walk.nodes,
        edges: walk.edges.into_iter().collect(),
        truncated: walk.truncated,
    }))
}

impl Walk<'_> {
    /// Goes breadth first, so that what is cut off is what is farthest.
    async fn follow(&mut self, start: &ArtifactId, way: Way, depth: u32) -> Result<(), Error> {
        let mut seen = BTreeSet::from([start.clone()]);
        let mut queue = VecDeque::from([(start.clone(), 0)]);
        while let Some((id, steps)) = queue.pop_front() {
            if steps == depth {
                continue;
            }
            for (task, name) in self.tasks_beside(&id, way).await? {
                if self.nodes.len() >= NODES {
                    self.truncated = true;
                    return Ok(());
                }
                let node = self.add_task(&task).await?;
                self.edges.insert(edge(way, &id.0, &node, name));
                let beyond = match way {
                    Way::Up => &task.inputs.artifacts,
                    Way::Down => &task.outcome.artifacts,
                };
                for (name, artifact) in
                    beyond.iter().flat_map(|(name, list)| list.iter().map(move |artifact| (name, artifact)))
                {
                    self.add_artifact(artifact_view(&artifact.name, artifact));
                    let end = match way {
                        Way::Up => {
                            LineageEdge { from: artifact.id.0.clone(), to: node.clone(), name: name.clone() }
                        }
                        Way::Down => {
                            LineageEdge { from: node.clone(), to: artifact.id.0.clone(), name: name.clone() }
                        }
                    };
                    self.edges.insert(end);
                    if seen.insert(artifact.id.clone()) {
                        queue.push_back((artifact.id.clone(), steps + 1));
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns what made an artifact, or what used it, each with the name that the artifact has there.
    async fn tasks_beside(&mut self, id: &ArtifactId, way: Way) -> Result<Vec<(TaskView, String)>, Error> {
        let places: Vec<(RunId, TaskKey, String)> = match way {
            Way::Up => match self.app.store.artifact_record(id).await {
                Ok(record) => vec![(record.run, record.task, record.value.name)],
                Err(pipewright_store::Error::NotFound { .. }) => Vec::new(),
                Err(error) => return Err(error.into()),
            },
            Way::Down => {
                let uses = self.app.store.artifact_uses(id, CONSUMERS).await?;
                self.truncated |= uses.len() == CONSUMERS as usize;
                uses.into_iter().map(|used| (used.run, used.task, used.input)).collect()
            }
        };
        let mut tasks = Vec::new();
        for (run, task, name) in places {
            match self.app.store.task(&run, &task).await {
                Ok(view) => tasks.push((view, name)),
                // Its run was deleted; the artifact outlives it.
                Err(pipewright_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(tasks)
    }

    fn add_artifact(&mut self, view: ArtifactView) {
        if self.known.insert(view.artifact_id.clone()) {
            self.nodes.push(LineageNode {
                kind: LineageNodeKind::Artifact,
                id: view.artifact_id.clone(),
                artifact: Some(view),
                run_id: None,
                task: None,
                display_name: None,
                state: None,
                pipeline_name: None,
            });
        }
    }

    async fn add_task(&mut self, task: &TaskView) -> Result<String, Error> {
        let id = format!("{}/{}", task.run, task.key);
        if self.known.insert(id.clone()) {
            let run = self.app.store.get_run(&task.run).await?;
            self.nodes.push(LineageNode {
                kind: LineageNodeKind::Task,
                id: id.clone(),
                artifact: None,
                run_id: Some(task.run.0.clone()),
                task: Some(task.key.0.clone()),
                display_name: Some(task.display_name.clone()),
                state: Some(task.phase.into()),
                pipeline_name: Some(run.pipeline_name),
            });
        }
        Ok(id)
    }
}

fn edge(way: Way, artifact: &str, task: &str, name: String) -> LineageEdge {
    match way {
        Way::Up => LineageEdge { from: task.to_owned(), to: artifact.to_owned(), name },
        Way::Down => LineageEdge { from: artifact.to_owned(), to: task.to_owned(), name },
    }
}
