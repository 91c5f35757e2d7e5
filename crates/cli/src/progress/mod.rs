//! Shows a run on stderr while it runs: a tree that is redrawn in place on a terminal, plain lines elsewhere.
//!
//! What is shown comes in as rows; where rows come from is left to the caller.

mod board;
mod plain;
mod tree;

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use pipewright_engine::{RunPhase, TaskPhase, Timestamp};

pub(crate) use board::{Board, Row};
use plain::Plain;
use tree::Frame;

use crate::output::{BOLD, DIM, RESET, now, paint, run_colour, run_word, span};

/// Least time between two redraws.
pub(crate) const REDRAW: Duration = Duration::from_millis(100);
/// Lines that the final tree may take.
const FINAL_LINES: usize = 200;
/// Running tasks whose log is read for its last line.
const TAILS: usize = 12;

/// What is said of the run as a whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    pub name: String,
    pub phase: RunPhase,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// The display of one run.
pub(crate) struct Progress {
    board: Board,
    head: Head,
    screen: Screen,
}

enum Screen {
    /// `drawn` lines stand below the cursor's starting point.
    Live {
        drawn: usize,
        last: Option<Instant>,
    },
    Plain(Plain),
}

impl Progress {
    /// Starts a display; live only when stderr is a terminal that understands cursor movements.
    pub(crate) fn new(head: Head) -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let screen = if std::io::stderr().is_terminal() && !dumb {
            Screen::Live { drawn: 0, last: None }
        } else {
            Screen::Plain(Plain::default())
        };
        Self { board: Board::default(), head, screen }
    }

    /// Tells whether redrawing without news makes sense, because times go on.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.screen, Screen::Live { .. })
    }

    /// Takes in what is known now.
    pub(crate) fn update(&mut self, head: Head, rows: impl IntoIterator<Item = Row>) {
        self.head = head;
        for row in rows {
            let key = row.key.clone();
            if self.board.put(row)
                && let Screen::Plain(plain) = &mut self.screen
                && let Some(row) = self.board.row(&key)
            {
                plain.news(row, &self.board);
            }
        }
        if let Screen::Plain(plain) = &mut self.screen {
            plain.flush(&self.board);
        }
    }

    /// Lists running tasks whose last log line would be shown, latest first, each with its newest attempt.
    pub(crate) fn wants_tails(&self) -> Vec<(String, u32)> {
        if !self.is_live() {
            return Vec::new();
        }
        let newest = |row: &Row| (row.key.clone(), row.attempts.saturating_sub(1));
        self.board.running().take(TAILS).map(newest).collect()
    }

    /// Redraws, unless that was done less than [`REDRAW`] ago.
    pub(crate) fn draw(&mut self, tails: &BTreeMap<String, String>) {
        if let Screen::Live { last, .. } = &self.screen
            && last.is_some_and(|last| last.elapsed() < REDRAW)
        {
            return;
        }
        self.redraw(tails, None);
    }

    /// Prints a line that stays, above the tree.
    pub(crate) fn say(&mut self, text: &str) {
        if let Screen::Live { drawn, .. } = &mut self.screen {
            let up = std::mem::take(drawn);
            write_stderr(&format!("{}{text}\n", erase(up)));
            return;
        }
        write_stderr(&format!("{text}\n"));
    }

    /// Leaves the final tree standing.
    pub(crate) fn finish(&mut self) {
        self.redraw(&BTreeMap::new(), Some(FINAL_LINES));
        match &mut self.screen {
            Screen::Live { drawn, .. } => *drawn = 0,
            Screen::Plain(plain) => {
                plain.finish(&self.board);
                write_stderr(&format!("{}\n", self.headline()));
            }
        }
    }

    fn redraw(&mut self, tails: &BTreeMap<String, String>, height: Option<usize>) {
        let headline = self.headline();
        let Screen::Live { drawn, last } = &mut self.screen else { return };
        let (columns, rows) = terminal_size();
        let height = height.unwrap_or(rows.saturating_sub(3)).max(1);
        let frame = Frame { width: columns.saturating_sub(1), height, now: now() };
        let mut text = erase(*drawn);
        text.push_str(&headline);
        text.push('\n');
        let lines = tree::draw(&self.board, tails, frame);
        for line in &lines {
            text.push_str(line);
            text.push('\n');
        }
        *drawn = lines.len() + 1;
        *last = Some(Instant::now());
        write_stderr(&text);
    }

    fn headline(&self) -> String {
        let head = &self.head;
        let counts = self.board.counts();
        let took = span(head.created_at, head.ended_at.unwrap_or_else(now));
        let state = paint(run_colour(head.phase), run_word(head.phase));
        let mut line = format!("{BOLD}{}{RESET}  {state}  {took}", tree::printable(&head.name));
        if counts.total > 0 {
            line.push_str(&format!("  {DIM}{} of {} tasks ended", counts.ended(), counts.total));
            for (count, word) in [
                (counts.running, "running"),
                (counts.cached, "cached"),
                (counts.skipped, "skipped"),
                (counts.failed, "failed"),
                (counts.cancelled, "cancelled"),
            ] {
                if count > 0 {
                    line.push_str(&format!(", {count} {word}"));
                }
            }
            line.push_str(RESET);
        }
        line
    }
}

/// Moves to the first of so many lines and clears everything below.
fn erase(lines: usize) -> String {
    if lines == 0 { String::new() } else { format!("\x1b[{lines}A\r\x1b[J") }
}

fn write_stderr(text: &str) {
    // A closed terminal must not end the run that it shows.
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

fn terminal_size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(std::io::stderr()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => {
            (usize::from(size.ws_col), usize::from(size.ws_row))
        }
        _ => (80, 24),
    }
}

/// Tells whether a phase is worth a line of its own.
fn is_news(phase: TaskPhase) -> bool {
    !matches!(phase, TaskPhase::Pending | TaskPhase::Omitted)
}

/// Draws a run as it is now, for stdout.
pub(crate) fn draw_tree(head: Head, rows: impl IntoIterator<Item = Row>) -> String {
    let mut progress = Progress { board: Board::default(), head, screen: Screen::Plain(Plain::default()) };
    for row in rows {
        progress.board.put(row);
    }
    let frame = Frame { width: 160, height: FINAL_LINES, now: now() };
    let mut text = format!("{}\n", progress.headline());
    for line in tree::draw(&progress.board, &BTreeMap::new(), frame) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}
