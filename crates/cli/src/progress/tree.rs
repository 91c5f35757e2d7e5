//! Draws the tree of a run into a given number of lines. Pure: rows in, lines out.
//!
//! When the tree is too tall, what matters least is drawn shorter first: groups that ended well lose their
//! insides, then equal neighbours are counted instead of listed, then the rest is cut off.

use std::collections::BTreeMap;

use pipewright_engine::{TaskKind, TaskPhase, Timestamp};

use super::board::{Board, Row};
use crate::output::{DIM, RESET, clip, paint, span, task_sign, task_word};

/// Room that is drawn into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    pub width: usize,
    pub height: usize,
    pub now: Timestamp,
}

/// How much is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    Full,
    /// Groups that ended well are one line.
    Folded,
    /// Neighbours that ended well, and those that wait, are one line together.
    Counted,
}

/// Draws the tree below the root. `tails` holds the last log line of running tasks.
pub(crate) fn draw(board: &Board, tails: &BTreeMap<String, String>, frame: Frame) -> Vec<String> {
    let first = if board.len() > frame.height.saturating_mul(4) { Detail::Counted } else { Detail::Full };
    for detail in [Detail::Full, Detail::Folded, Detail::Counted] {
        if detail < first {
            continue;
        }
        let mut pen = Pen { board, tails, frame, detail, lines: Vec::new() };
        pen.children("root", "");
        if pen.lines.len() <= frame.height || detail == Detail::Counted {
            return cut(pen.lines, frame.height);
        }
    }
    Vec::new()
}

fn cut(mut lines: Vec<String>, height: usize) -> Vec<String> {
    if lines.len() > height && height > 0 {
        let hidden = lines.len() - height + 1;
        lines.truncate(height - 1);
        lines.push(format!("{DIM}… {hidden} more lines{RESET}"));
    }
    lines
}

struct Pen<'a> {
    board: &'a Board,
    tails: &'a BTreeMap<String, String>,
    frame: Frame,
    detail: Detail,
    lines: Vec<String>,
}

/// What stands on a line below a parent.
enum Entry<'a> {
    Task(&'a Row),
    Several { phase: TaskPhase, count: usize },
}

impl<'a> Pen<'a> {
    fn children(&mut self, parent: &str, indent: &str) {
        let entries = self.entries(parent);
        let last = entries.len().saturating_sub(1);
        for (index, entry) in entries.into_iter().enumerate() {
            // Once the frame is overfull by far, nothing below will be seen.
            if self.lines.len() > self.frame.height.saturating_mul(4) {
                return;
            }
            let (branch, below) = if index == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            match entry {
                Entry::Several { phase, count } => {
                    let (sign, colour) = task_sign(phase);
                    let text = format!("{count} {}", task_word(phase));
                    self.lines.push(format!("{DIM}{indent}{branch}{RESET}{} {text}", paint(colour, sign)));
                }
                Entry::Task(row) => {
                    let line = self.line(row, indent, branch);
                    self.lines.push(line);
                    if !self.is_folded(row) {
                        self.children(&row.key, &format!("{indent}{below}"));
                    }
                }
            }
        }
    }

    fn entries(&self, parent: &str) -> Vec<Entry<'a>> {
        if self.detail < Detail::Counted {
            return self.board.children(parent).map(Entry::Task).collect();
        }
        let mut entries = Vec::new();
        let mut quiet: BTreeMap<TaskPhase, Vec<&Row>> = BTreeMap::new();
        for row in self.board.children(parent) {
            match row.phase {
                TaskPhase::Running | TaskPhase::Failed | TaskPhase::Cancelled => {
                    entries.push(Entry::Task(row))
                }
                phase => quiet.entry(phase).or_default().push(row),
            }
        }
        for (phase, rows) in quiet {
            match rows.as_slice() {
                [row] => entries.push(Entry::Task(row)),
                rows => entries.push(Entry::Several { phase, count: rows.len() }),
            }
        }
        entries
    }

    fn is_folded(&self, row: &Row) -> bool {
        self.detail >= Detail::Folded
            && matches!(
                row.phase,
                TaskPhase::Succeeded | TaskPhase::Cached | TaskPhase::Skipped | TaskPhase::Omitted
            )
    }

    fn line(&self, row: &Row, indent: &str, branch: &str) -> String {
        let (sign, colour) = task_sign(row.phase);
        let used = indent.chars().count() + branch.chars().count() + 2;
        let room = self.frame.width.saturating_sub(used);
        let text = clip(&self.words(row), room);
        let mut line = format!("{DIM}{indent}{branch}{RESET}{} {text}", paint(colour, sign));
        let left = room.saturating_sub(text.chars().count());
        let remark = row.note.as_deref().or_else(|| self.tails.get(&row.key).map(String::as_str));
        if let Some(remark) = remark.filter(|_| left > 12) {
            let first = remark.lines().next().unwrap_or_default();
            line.push_str(&format!("  {DIM}{}{RESET}", clip(&printable(first), left - 2)));
        }
        line
    }

    fn words(&self, row: &Row) -> String {
        let mut words = format!("{}  {}", printable(&row.title), task_word(row.phase));
        if row.kind == TaskKind::Loop
            && let Some(count) = row.count
        {
            let ended = self.board.children(&row.key).filter(|child| child.phase.is_terminal()).count();
            words.push_str(&format!(" {ended}/{count}"));
        }
        if let Some(started) = row.started_at
            && !matches!(
                row.phase,
                TaskPhase::Pending | TaskPhase::Cached | TaskPhase::Skipped | TaskPhase::Omitted
            )
        {
            words.push_str(&format!("  {}", span(started, row.ended_at.unwrap_or(self.frame.now))));
        }
        if row.attempts > 1 {
            words.push_str(&format!("  attempt {}", row.attempts));
        }
        words
    }
}

/// Takes out what would move the cursor or ring the bell.
pub(crate) fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.peek() == Some(&'[') => {
                // A colour or cursor sequence ends with a letter.
                for inner in characters.by_ref() {
                    if inner.is_ascii_alphabetic() {
                        break;
                    }
                }
            }
            '\t' => clean.push(' '),
            other if other.is_control() => {}
            other => clean.push(other),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(key: &str, kind: TaskKind, phase: TaskPhase) -> Row {
        let parent = key.rsplit_once('/').map(|(parent, _)| parent.to_owned());
        Row {
            key: key.to_owned(),
            parent,
            title: key.rsplit('/').next().unwrap_or(key).to_owned(),
            kind,
            phase,
            created_at: Timestamp(0),
            started_at: Some(Timestamp(0)),
            ended_at: phase.is_terminal().then_some(Timestamp(1_500_000)),
            count: None,
            note: None,
            attempts: 1,
        }
    }

    fn check(rows: Vec<Row>, height: usize, expected: &str) {
        let mut board = Board::default();
        for row in rows {
            board.put(row);
        }
        let tails = BTreeMap::from([("root/b".to_owned(), "epoch 3\u{1b}[2K".to_owned())]);
        let lines = draw(&board, &tails, Frame { width: 60, height, now: Timestamp(2_000_000) });
        let plain: Vec<String> = lines.iter().map(|line| printable(line)).collect();
        assert_eq!(plain.join("\n"), expected);
    }

    fn rows() -> Vec<Row> {
        vec![
            row("root/a", TaskKind::Dag, TaskPhase::Succeeded),
            row("root/a/x", TaskKind::Container, TaskPhase::Succeeded),
            row("root/a/y", TaskKind::Container, TaskPhase::Cached),
            row("root/b", TaskKind::Container, TaskPhase::Running),
            row("root/c", TaskKind::Container, TaskPhase::Pending),
            row("root/d", TaskKind::Container, TaskPhase::Pending),
        ]
    }

    #[test]
    fn everything_is_shown_when_it_fits() {
        check(
            rows(),
            6,
            "├─ ✓ a  succeeded  1.50s\n│  ├─ ✓ x  succeeded  1.50s\n│  └─ ↺ y  cached\n\
             ├─ ▸ b  running  2.00s  epoch 3\n├─ · c  waiting\n└─ · d  waiting",
        );
    }

    #[test]
    fn what_ended_well_is_folded_first() {
        check(
            rows(),
            4,
            "├─ ✓ a  succeeded  1.50s\n├─ ▸ b  running  2.00s  epoch 3\n├─ · c  waiting\n└─ · d  waiting",
        );
    }

    #[test]
    fn then_neighbours_are_counted() {
        check(rows(), 3, "├─ ▸ b  running  2.00s  epoch 3\n├─ · 2 waiting\n└─ ✓ a  succeeded  1.50s");
        check(rows(), 2, "├─ ▸ b  running  2.00s  epoch 3\n… 2 more lines");
    }
}
