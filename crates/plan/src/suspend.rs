//! Tasks that run nothing and wait: for a time, or until somebody lets them go on.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::placeholder::Text;

/// A wait. Source: v1 semantics 4.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Suspend {
    /// How long, once filled; without it until somebody lets it go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Text>,
    /// Output parameters that whoever lets it go on gives, by name.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub supplied: IndexMap<String, Supplied>,
}

/// What is said of a value that somebody gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Supplied {
    /// The only values allowed, when not empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// The input that says what is usual and, as JSON with an `enum`, what may be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

/// Reads seconds, or a duration as Go writes it: `90`, `250ms`, `1h30m`.
pub fn read_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let units =
            [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
        let (unit, seconds) = units.into_iter().find(|(unit, _)| rest.starts_with(unit))?;
        total += number * seconds;
        rest = &rest[unit.len()..];
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(total).ok())?
}

#[cfg(test)]
mod tests {
    use super::read_duration;

    #[test]
    fn durations_are_read() {
        let seconds = |text: &str| read_duration(text).map(|duration| duration.as_secs_f64());
        for (text, expected) in [
            ("2", Some(2.0)),
            ("30s", Some(30.0)),
            ("1h30m", Some(5400.0)),
            ("1.5m", Some(90.0)),
            ("250ms", Some(0.25)),
            ("", None),
            ("5 minutes", None),
            ("-3", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
