//! Progress without a terminal: one line when a task starts or ends; of large runs failures and sums only.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pipewright_engine::{TaskPhase, Timestamp};

use super::board::{Board, Row};
use super::{is_news, write_stderr};
use crate::output::{span, task_sign, task_word};

/// Runs with more tasks are summed up.
const LARGE: usize = 300;
/// Least time between two sums.
const SUM_EVERY: Duration = Duration::from_secs(2);

/// What has been printed.
#[derive(Debug, Default)]
pub(super) struct Plain {
    told: BTreeMap<String, (TaskPhase, u32, Option<String>)>,
    text: String,
    summed: Option<(Instant, usize)>,
}

impl Plain {
    /// Takes note of a row that changed.
    pub(super) fn news(&mut self, row: &Row, board: &Board) {
        let failed = matches!(row.phase, TaskPhase::Failed | TaskPhase::Cancelled);
        if board.counts().total > LARGE && !failed {
            self.told.clear();
            return;
        }
        if !row.is_leaf() && !failed {
            return;
        }
        // What a waiting task prepares (an environment, say) is worth telling, too.
        let note = row.note.clone().filter(|_| !row.phase.is_terminal());
        if !is_news(row.phase) && note.is_none() {
            return;
        }
        let now = (row.phase, row.attempts, note);
        if self.told.get(&row.key) == Some(&now) {
            return;
        }
        self.text.push_str(&line(row, now.2.as_deref()));
        self.told.insert(row.key.clone(), now);
    }

    /// Prints what was noted.
    pub(super) fn flush(&mut self, board: &Board) {
        let counts = board.counts();
        if counts.total > LARGE {
            let due =
                self.summed.is_none_or(|(at, ended)| at.elapsed() >= SUM_EVERY && ended != counts.ended());
            if due {
                self.sum(board);
            }
        }
        if !self.text.is_empty() {
            write_stderr(&std::mem::take(&mut self.text));
        }
    }

    /// Prints the last sum of a large run.
    pub(super) fn finish(&mut self, board: &Board) {
        if board.counts().total > LARGE {
            self.sum(board);
        }
        write_stderr(&std::mem::take(&mut self.text));
    }

    fn sum(&mut self, board: &Board) {
        let counts = board.counts();
        self.text.push_str(&format!(
            "{} of {} tasks ended, {} running, {} failed\n",
            counts.ended(),
            counts.total,
            counts.running,
            counts.failed
        ));
        self.summed = Some((Instant::now(), counts.ended()));
    }
}

fn line(row: &Row, note: Option<&str>) -> String {
    let (sign, _) = task_sign(row.phase);
    let path = row.key.strip_prefix("root/").unwrap_or(&row.key);
    let mut line = format!("{sign} {path}  {}", task_word(row.phase));
    if let (Some(started), Some(ended)) = (row.started_at, row.ended_at)
        && !matches!(row.phase, TaskPhase::Cached | TaskPhase::Skipped)
    {
        line.push_str(&format!("  {}", span(started, ended.max(Timestamp(started.0)))));
    }
    if row.attempts > 1 {
        line.push_str(&format!("  attempt {}", row.attempts));
    }
    let remark = note.or_else(|| row.note.as_deref().filter(|_| row.phase == TaskPhase::Failed));
    if let Some(remark) = remark {
        line.push_str(&format!("  {}", super::tree::printable(remark.lines().next().unwrap_or_default())));
    }
    line.push('\n');
    line
}
