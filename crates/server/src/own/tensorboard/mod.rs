//! TensorBoard beside the pages: `tensorboard`. Its program is started for folders that runs have left, is reached
//! below this server's address alone, and ends by itself when nobody looks at it any more.
//!
//! Left out: TensorBoards of other versions, for which the field's UI has images to choose from.

mod boards;
mod proxy;

use axum::extract::State;
use axum::routing::{any, delete, get};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words::instant;
use crate::access::Permit;
use crate::app::App;
use crate::companion::path_at;
use crate::error::Error;
use crate::extract::{Message, Segments, Words};
pub(crate) use boards::Boards;
use boards::{Board, program};

/// Folders of one TensorBoard.
const MOST_FOLDERS: usize = 32;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/tensorboard", get(list).post(start))
        .route("/tensorboard/{id}", delete(stop))
        .route("/tensorboard/{id}/view/", any(proxy::front))
        .route("/tensorboard/{id}/view/{*path}", any(proxy::page))
}

/// The TensorBoards that run now, and whether one can be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BoardsView {
    pub available: bool,
    /// What is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    pub boards: Vec<BoardView>,
}

/// One that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BoardView {
    pub id: String,
    pub folders: Vec<BoardFolder>,
    pub started_at: String,
    /// Where it is, below the server's address.
    pub path: String,
}

/// What one reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct BoardFolder {
    /// How it is called in the charts.
    pub name: String,
    /// As a task wrote it down: `/path`, `file:///path` or `volume://claim/path`.
    pub uri: String,
}

/// Which folders to show.
#[derive(Debug, Deserialize, ToSchema)]
pub struct StartBoard {
    /// Where they are, in multi-user mode.
    #[serde(default)]
    pub namespace: String,
    pub folders: Vec<BoardFolder>,
}

async fn list(State(app): State<App>, permit: Permit, words: Words) -> Result<Json<BoardsView>, Error> {
    let namespace = permit.within("a list of TensorBoards", words.text("namespace"))?;
    let available = program(&app.settings).is_some();
    let hint = (!available).then(|| {
        "install the Python package `tensorboard` so that its program is in the PATH of the server".to_owned()
    });
    let boards = app.boards.all();
    let wanted = boards.iter().filter(|board| namespace.as_ref().is_none_or(|it| *it == board.namespace));
    Ok(Json(BoardsView { available, hint, boards: wanted.map(|board| view(board)).collect() }))
}

async fn start(
    State(app): State<App>,
    permit: Permit,
    Message(asked): Message<StartBoard>,
) -> Result<Json<BoardView>, Error> {
    let namespace = permit.within("a TensorBoard", Some(asked.namespace))?.unwrap_or_default();
    let mut folders = asked.folders;
    if folders.is_empty() || folders.len() > MOST_FOLDERS {
        return Err(Error::Invalid(format!("name 1 to {MOST_FOLDERS} folders, not {}", folders.len())));
    }
    folders.sort();
    folders.dedup();
    let mut places = Vec::with_capacity(folders.len());
    for folder in &folders {
        let path = path_at(&app, (&permit, &namespace), &folder.uri).await?;
        if folder.name.is_empty()
            || folder.name.contains([':', ',', '/'])
            || shown(&path)?.contains([':', ','])
        {
            return Err(Error::Invalid(format!(
                "`{}` at {} cannot be handed to TensorBoard: no `:`, `,` or `/` in names, no `:` or `,` in paths",
                folder.name, folder.uri
            )));
        }
        places.push((folder.name.clone(), path));
    }
    let board =
        app.boards.start((namespace, folders), &places, program(&app.settings), app.closing.clone()).await?;
    Ok(Json(view(&board)))
}

fn shown(path: &std::path::Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| Error::Invalid(format!("the name of {} is no text", path.display())))
}

async fn stop(
    State(app): State<App>,
    permit: Permit,
    Segments(id): Segments<String>,
) -> Result<Json<serde_json::Value>, Error> {
    let board = app.boards.find(&id)?;
    permit.check(&board.namespace)?;
    board.stop();
    app.boards.gone(&id).await;
    Ok(Json(serde_json::json!({})))
}

fn view(board: &Board) -> BoardView {
    BoardView {
        id: board.id.clone(),
        folders: board.folders.clone(),
        started_at: instant(board.started_at),
        path: format!("{}/", board.prefix()),
    }
}
