//! How things look on a terminal: words, colours, durations, sizes and tables.

use std::fmt::Write as _;

use pipewright_engine::{RunPhase, TaskPhase, Timestamp};

/// ANSI codes of the few colours used. Whoever prints strips them when the stream is no terminal.
pub(crate) const GREEN: &str = "\x1b[32m";
pub(crate) const RED: &str = "\x1b[31m";
pub(crate) const YELLOW: &str = "\x1b[33m";
pub(crate) const CYAN: &str = "\x1b[36m";
pub(crate) const DIM: &str = "\x1b[2m";
pub(crate) const BOLD: &str = "\x1b[1m";
pub(crate) const RESET: &str = "\x1b[0m";

/// Puts text between a colour and its end.
pub(crate) fn paint(colour: &str, text: &str) -> String {
    format!("{colour}{text}{RESET}")
}

/// Names a task's phase in words.
pub(crate) fn task_word(phase: TaskPhase) -> &'static str {
    match phase {
        TaskPhase::Pending => "waiting",
        TaskPhase::Running => "running",
        TaskPhase::Succeeded => "succeeded",
        TaskPhase::Cached => "cached",
        TaskPhase::Skipped => "skipped",
        TaskPhase::Omitted => "omitted",
        TaskPhase::Failed => "failed",
        TaskPhase::Cancelled => "cancelled",
    }
}

/// Returns a task's sign and its colour.
pub(crate) fn task_sign(phase: TaskPhase) -> (&'static str, &'static str) {
    match phase {
        TaskPhase::Pending => ("·", DIM),
        TaskPhase::Running => ("▸", CYAN),
        TaskPhase::Succeeded => ("✓", GREEN),
        TaskPhase::Cached => ("↺", GREEN),
        TaskPhase::Skipped | TaskPhase::Omitted => ("–", DIM),
        TaskPhase::Failed => ("✗", RED),
        TaskPhase::Cancelled => ("■", YELLOW),
    }
}

/// Names a run's phase in words.
pub(crate) fn run_word(phase: RunPhase) -> &'static str {
    match phase {
        RunPhase::Pending => "pending",
        RunPhase::Running => "running",
        RunPhase::Cancelling => "cancelling",
        RunPhase::Succeeded => "succeeded",
        RunPhase::Failed => "failed",
        RunPhase::Cancelled => "cancelled",
    }
}

/// Returns the colour of a run's phase.
pub(crate) fn run_colour(phase: RunPhase) -> &'static str {
    match phase {
        RunPhase::Pending | RunPhase::Running => CYAN,
        RunPhase::Succeeded => GREEN,
        RunPhase::Failed => RED,
        RunPhase::Cancelling | RunPhase::Cancelled => YELLOW,
    }
}

/// Writes the time between two instants: `0.42s`, `12.3s`, `4m 05s`, `2h 03m`.
pub(crate) fn span(from: Timestamp, to: Timestamp) -> String {
    let micros = to.0.saturating_sub(from.0).max(0);
    let seconds = micros as f64 / 1e6;
    if seconds < 10.0 {
        return format!("{seconds:.2}s");
    }
    if seconds < 60.0 {
        return format!("{seconds:.1}s");
    }
    let whole = micros / 1_000_000;
    if whole < 3600 {
        return format!("{}m {:02}s", whole / 60, whole % 60);
    }
    format!("{}h {:02}m", whole / 3600, whole / 60 % 60)
}

/// Writes columns padded to equal width, two spaces apart; the last one runs free.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(line, "{cell:width$}  ", width = widths[column]);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Cuts text to so many characters; what was cut shows as `…`.
pub(crate) fn clip(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// Returns the present.
pub(crate) fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        let check = |micros: i64, expected: &str| {
            assert_eq!(span(Timestamp(0), Timestamp(micros)), expected);
        };
        check(-5, "0.00s");
        check(420_000, "0.42s");
        check(12_340_000, "12.3s");
        check(245_000_000, "4m 05s");
        check(7_380_000_000, "2h 03m");
    }

    #[test]
    fn tables_align() {
        let rows = [vec!["a".to_owned(), "bb".to_owned()], vec!["ccc".to_owned(), "d".to_owned()]];
        assert_eq!(table(&rows), "a    bb\nccc  d\n");
    }
}
