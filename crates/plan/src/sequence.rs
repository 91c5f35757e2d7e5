//! The numbers of a v1 `withSequence`, written as its format says. Source: v1 semantics 4.

/// Longest sequence that is written out.
pub const LONGEST_SEQUENCE: i64 = 100_000;

/// Counts from `start` (or 0): `count` numbers, or up or down to `end`. Errors: a sentence without a beginning that
/// names the sequence.
pub fn sequence(
    start: Option<i64>,
    end: Option<i64>,
    count: Option<i64>,
    format: Option<&str>,
) -> Result<Vec<String>, SequenceError> {
    let start = start.unwrap_or(0);
    let (length, step) = match (count, end) {
        (Some(count), _) => (count.max(0), 1),
        (None, Some(end)) if end >= start => (end.saturating_sub(start).saturating_add(1), 1),
        (None, Some(end)) => (start.saturating_sub(end).saturating_add(1), -1),
        (None, None) => return Err(SequenceError::NoEnd),
    };
    if length > LONGEST_SEQUENCE {
        return Err(SequenceError::TooLong(length));
    }
    let number = |index: i64| start.saturating_add(step * index);
    let format = format.unwrap_or("%d");
    (0..length).map(|index| written(format, number(index)).ok_or(SequenceError::Format)).collect()
}

/// What is wrong with a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceError {
    NoEnd,
    /// Its length.
    TooLong(i64),
    Format,
}

impl std::fmt::Display for SequenceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoEnd => f.write_str("a sequence wants `count` or `end`"),
            Self::TooLong(length) => {
                write!(f, "the sequence has {length} items, {LONGEST_SEQUENCE} are allowed")
            }
            Self::Format => f.write_str("the format is not understood"),
        }
    }
}

/// Writes a number by one verb of Go's `fmt`, the rest as it stands.
fn written(format: &str, number: i64) -> Option<String> {
    let (before, rest) = format.split_once('%')?;
    let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
    let (flags, verb) = rest.split_at(end);
    let after = &verb[1..];
    if after.contains('%') || !flags.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let digits = match &verb[..1] {
        "d" | "v" => number.to_string(),
        "x" => format!("{number:x}"),
        "X" => format!("{number:X}"),
        "o" => format!("{number:o}"),
        "b" => format!("{number:b}"),
        _ => return None,
    };
    let width: usize = if flags.is_empty() { 0 } else { flags.parse().ok().filter(|width| *width < 100)? };
    let fill = if flags.starts_with('0') { '0' } else { ' ' };
    let padding: String = std::iter::repeat_n(fill, width.saturating_sub(digits.len())).collect();
    Some(format!("{before}{padding}{digits}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_by_their_format() {
        for (format, number, expected) in [
            ("%d", 7, Some("7")),
            ("host-%03d.local", 7, Some("host-007.local")),
            ("%3d", 7, Some("  7")),
            ("0x%X", 255, Some("0xFF")),
            ("plain", 7, None),
            ("%d%d", 7, None),
            ("%s", 7, None),
        ] {
            assert_eq!(written(format, number).as_deref(), expected, "{format}");
        }
    }

    #[test]
    fn sequences_count_up_and_down() {
        let listed = |start, end, count| sequence(start, end, count, None).map(|all| all.join(" "));
        assert_eq!(listed(None, None, Some(3)), Ok("0 1 2".to_owned()));
        assert_eq!(listed(Some(2), Some(4), None), Ok("2 3 4".to_owned()));
        assert_eq!(listed(Some(1), Some(-1), None), Ok("1 0 -1".to_owned()));
        assert_eq!(listed(Some(5), None, Some(0)), Ok(String::new()));
        assert_eq!(listed(Some(5), None, None), Err(SequenceError::NoEnd));
        assert_eq!(listed(None, None, Some(200_000)), Err(SequenceError::TooLong(200_000)));
        assert_eq!(sequence(None, None, Some(1), Some("%s")), Err(SequenceError::Format));
    }
}
