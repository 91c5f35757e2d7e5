//! What is known of a run while it runs: a tree of rows, kept up to date row by row.

use std::collections::{BTreeMap, BTreeSet};

use pipewright_engine::{TaskKind, TaskPhase, TaskView, Timestamp};

/// One task of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub key: String,
    pub parent: Option<String>,
    pub title: String,
    pub kind: TaskKind,
    pub phase: TaskPhase,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// Of a loop: how many iterations it has.
    pub count: Option<u32>,
    /// What its last attempt prepares, or why the task failed.
    pub note: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
}

impl Row {
    /// Takes from a view what the terminal shows.
    pub(crate) fn of(view: &TaskView) -> Self {
        let failure = view.error.as_ref().map(|failure| failure.message.clone());
        // A task counts as started when it waits for a slot already; what takes its time is the attempt.
        let began = view.attempts.first().and_then(|attempt| attempt.started_at);
        let waits =
            view.suspension.as_ref().filter(|_| !view.phase.is_terminal()).map(|wait| match wait.until {
                Some(until) => format!("waits until {}", clock_time(until)),
                None => "waits to be resumed".to_owned(),
            });
        let locked = view.locks.as_ref().filter(|locks| locks.acquired_at.is_none());
        let locked = locked.filter(|_| !view.phase.is_terminal()).map(|locks| locks.message.clone());
        let prepares = view.attempts.last().filter(|attempt| attempt.started_at.is_none());
        Self {
            key: view.key.to_string(),
            parent: view.parent.as_ref().map(ToString::to_string),
            title: view.display_name.clone(),
            kind: view.kind,
            phase: view.phase,
            created_at: view.created_at,
            started_at: began.or(view.started_at),
            ended_at: view.ended_at,
            count: view.iteration_count,
            note: failure.or(waits).or(locked).or_else(|| prepares.and_then(|attempt| attempt.note.clone())),
            attempts: u32::try_from(view.attempts.len()).unwrap_or(u32::MAX),
        }
    }

    /// Tells whether the row stands for something that runs, not for a group.
    pub(crate) fn is_leaf(&self) -> bool {
        matches!(self.kind, TaskKind::Container | TaskKind::Importer | TaskKind::Resource | TaskKind::Suspend)
    }
}

/// Writes an instant by the clock of this machine.
fn clock_time(at: Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(at.0) {
        Ok(at) => at.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string(),
        Err(_) => "the end of time".to_owned(),
    }
}

/// How many tasks are in which state; groups are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub total: usize,
    pub waiting: usize,
    pub running: usize,
    pub succeeded: usize,
    pub cached: usize,
    pub skipped: usize,
    pub failed: usize,
    pub cancelled: usize,
}

impl Counts {
    /// Counts what has ended.
    pub(crate) fn ended(&self) -> usize {
        self.succeeded + self.cached + self.skipped + self.failed + self.cancelled
    }

    fn slot(&mut self, phase: TaskPhase) -> &mut usize {
        match phase {
            TaskPhase::Pending => &mut self.waiting,
            TaskPhase::Running => &mut self.running,
            TaskPhase::Succeeded => &mut self.succeeded,
            TaskPhase::Cached => &mut self.cached,
            TaskPhase::Skipped | TaskPhase::Omitted => &mut self.skipped,
            TaskPhase::Failed => &mut self.failed,
            TaskPhase::Cancelled => &mut self.cancelled,
        }
    }
}

/// All rows of a run.
#[derive(Debug, Default)]
pub(crate) struct Board {
    rows: BTreeMap<String, Row>,
    children: BTreeMap<String, Vec<String>>,
    counts: Counts,
    /// Leaves that run, by when they appeared.
    running: BTreeSet<(Timestamp, String)>,
}

impl Board {
    /// Puts a row in or replaces it; returns whether anything changed.
    pub(crate) fn put(&mut self, row: Row) -> bool {
        let leaf = row.is_leaf();
        match self.rows.get(&row.key) {
            Some(old) if *old == row => return false,
            Some(old) if leaf => *self.counts.slot(old.phase) -= 1,
            Some(_) => {}
            None => {
                self.counts.total += usize::from(leaf);
                let parent = row.parent.clone().unwrap_or_default();
                self.children.entry(parent).or_default().push(row.key.clone());
            }
        }
        if leaf {
            *self.counts.slot(row.phase) += 1;
            let place = (row.created_at, row.key.clone());
            if row.phase == TaskPhase::Running {
                self.running.insert(place);
            } else {
                self.running.remove(&place);
            }
        }
        self.rows.insert(row.key.clone(), row);
        true
    }

    /// Returns a row by its path.
    pub(crate) fn row(&self, key: &str) -> Option<&Row> {
        self.rows.get(key)
    }

    /// Lists the rows below this one in the order in which they appeared.
    pub(crate) fn children(&self, key: &str) -> impl Iterator<Item = &Row> {
        let keys = self.children.get(key).map(Vec::as_slice).unwrap_or_default();
        keys.iter().filter_map(|key| self.rows.get(key))
    }

    /// Lists tasks that run, those that appeared last first.
    pub(crate) fn running(&self) -> impl Iterator<Item = &Row> {
        self.running.iter().rev().filter_map(|(_, key)| self.rows.get(key))
    }

    /// Returns how many tasks are in which state.
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Counts the rows, groups included.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}
