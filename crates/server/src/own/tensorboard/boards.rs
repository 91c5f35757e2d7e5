//! The programs: how one is started, found, kept and ended.
//!
//! A board listens on a loopback port that it chooses itself and says on its standard error. Whoever has an account
//! on this machine can reach that port, as it is with everything that programs of a machine open on loopback. It
//! gets none of the server's environment but the search path.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pipewright_store::engine::Timestamp;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio_util::sync::CancellationToken;

use super::BoardFolder;
use crate::app::Settings;
use crate::error::Error;
use crate::time;

/// Boards at once.
const MOST: usize = 4;
/// Until it listens: it imports a good deal of Python first.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one is kept that nobody asks anything; an open page asks every half minute.
const IDLE: Duration = Duration::from_secs(30 * 60);
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Returns the program, where the machine has it.
pub(super) fn program(settings: &Settings) -> Option<PathBuf> {
    if settings.tensorboard.is_some() {
        return settings.tensorboard.clone();
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("tensorboard")).find(|file| file.is_file())
}

/// One that runs.
pub(super) struct Board {
    pub(super) id: String,
    /// Empty where there are no users.
    pub(super) namespace: String,
    pub(super) folders: Vec<BoardFolder>,
    pub(super) started_at: Timestamp,
    pub(super) port: u16,
    begun: Instant,
    /// When it was last asked, in seconds since it began.
    asked: AtomicU64,
    ending: CancellationToken,
}

impl Board {
    /// Returns the path below which it believes to be.
    pub(super) fn prefix(&self) -> String {
        prefix(&self.id)
    }

    /// Notes that somebody looks at it.
    pub(super) fn touch(&self) {
        self.asked.store(self.begun.elapsed().as_secs(), Ordering::Relaxed);
    }

    pub(super) fn stop(&self) {
        self.ending.cancel();
    }

    fn is_idle(&self) -> bool {
        let asked = Duration::from_secs(self.asked.load(Ordering::Relaxed));
        self.begun.elapsed().saturating_sub(asked) > IDLE
    }
}

fn prefix(id: &str) -> String {
    format!("/apis/pipewright/v1/tensorboard/{id}/view")
}

/// All that run; a cheap handle.
#[derive(Clone, Default)]
pub(crate) struct Boards {
    running: Arc<Mutex<BTreeMap<String, Arc<Board>>>>,
    /// One is started at a time, so that two requests for the same folders share it.
    starting: Arc<tokio::sync::Mutex<()>>,
}

impl Boards {
    fn running(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Board>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn all(&self) -> Vec<Arc<Board>> {
        self.running().values().cloned().collect()
    }

    pub(super) fn find(&self, id: &str) -> Result<Arc<Board>, Error> {
        let found = self.running().get(id).cloned();
        found.ok_or_else(|| {
            Error::NotFound(format!("no TensorBoard `{id}` runs; it may have ended by itself"))
        })
    }

    /// Waits until a board that is being stopped has ended.
    pub(super) async fn gone(&self, id: &str) {
        while self.running().contains_key(id) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns the board for these folders; one that runs already, or a new one once it listens.
    ///
    /// Errors: `Precondition` when the program is not there, `TooMany`, `Unavailable` when it does not start.
    pub(super) async fn start(
        &self,
        (namespace, folders): (String, Vec<BoardFolder>),
        places: &[(String, PathBuf)],
        program: Option<PathBuf>,
        closing: CancellationToken,
    ) -> Result<Arc<Board>, Error> {
        let _one_at_a_time = self.starting.lock().await;
        if let Some(known) =
            self.all().into_iter().find(|board| board.namespace == namespace && board.folders == folders)
        {
            known.touch();
            return Ok(known);
        }
        if self.running().len() >= MOST {
            return Err(Error::TooMany(format!("{MOST} TensorBoards run already; stop one of them")));
        }
        let program =
            program.ok_or_else(|| Error::Precondition("there is no program `tensorboard`".to_owned()))?;
        let id = uuid::Uuid::new_v4().simple().to_string();
        let mut child = command(program, &id, places)
            .spawn()
            .map_err(|error| Error::Unavailable(format!("TensorBoard cannot be started: {error}")))?;
        let stderr = child.stderr.take().expect("it was asked to be piped");
        let mut lines = BufReader::new(stderr).lines();
        let port = tokio::time::timeout(PATIENCE, listening(&mut lines))
            .await
            .unwrap_or_else(|_| Err(format!("it did not listen within {} s", PATIENCE.as_secs())));
        let port = port.map_err(|said| Error::Unavailable(format!("TensorBoard did not start: {said}")))?;
        let board = Arc::new(Board {
            id: id.clone(),
            namespace,
            folders,
            started_at: time::now(),
            port,
            begun: Instant::now(),
            asked: AtomicU64::new(0),
            ending: closing.child_token(),
        });
        self.running().insert(id, board.clone());
        tokio::spawn(watch(self.clone(), board.clone(), child, lines));
        Ok(board)
    }
}

fn command(program: PathBuf, id: &str, places: &[(String, PathBuf)]) -> Command {
    let mut command = Command::new(program);
    let spec: Vec<String> = places.iter().map(|(name, path)| format!("{name}:{}", path.display())).collect();
    command
        .args(["--host", "127.0.0.1", "--port", "0", "--path_prefix", &prefix(id)])
        .args(["--logdir_spec", &spec.join(",")])
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "LANG"))
        .env("HOME", std::env::temp_dir())
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Reads what it says until it says where it listens.
async fn listening(lines: &mut Lines<BufReader<ChildStderr>>) -> Result<u16, String> {
    let mut last = "it said nothing".to_owned();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(port) = port_in(&line) {
            return Ok(port);
        }
        if !line.trim().is_empty() {
            last = line;
        }
    }
    Err(last)
}

/// Finds the port in `TensorBoard 2.21.0 at http://127.0.0.1:6006/prefix/ (Press CTRL+C to quit)`.
fn port_in(line: &str) -> Option<u16> {
    let (_, rest) = line.split_once(" at http://127.0.0.1:")?;
    rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()
}

/// Lets it run until it ends, is stopped, nobody looks at it, or the server stops.
async fn watch(
    boards: Boards,
    board: Arc<Board>,
    mut child: Child,
    mut lines: Lines<BufReader<ChildStderr>>,
) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut is_talking = true;
    loop {
        tokio::select! {
            ended = child.wait() => {
                tracing::warn!(board = board.id, ?ended, "a TensorBoard ended by itself");
                break;
            }
            () = board.ending.cancelled() => break,
            // What it says is read, or it would wait for a reader.
            line = lines.next_line(), if is_talking => match line {
                Ok(Some(line)) => tracing::debug!(board = board.id, line, "TensorBoard said"),
                _ => is_talking = false,
            },
            _ = look.tick() => if board.is_idle() {
                tracing::info!(board = board.id, "nobody looks at a TensorBoard any more; it is ended");
                break;
            },
        }
    }
    if let Err(error) = child.kill().await {
        tracing::warn!(board = board.id, %error, "a TensorBoard cannot be ended");
    }
    boards.running().remove(&board.id);
}

#[cfg(test)]
mod tests {
    use super::port_in;

    #[test]
    fn the_port_is_in_what_it_says() {
        for (line, expected) in [
            ("TensorBoard 2.21.0 at http://127.0.0.1:43211/apis/x/view/ (Press CTRL+C to quit)", Some(43211)),
            ("Serving TensorBoard on localhost; to expose to the network, use a proxy", None),
            ("TensorBoard 2.21.0 at http://127.0.0.1:99999/", None),
        ] {
            assert_eq!(port_in(line), expected, "{line}");
        }
    }
}
