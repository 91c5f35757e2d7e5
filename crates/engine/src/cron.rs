//! Cron expressions as Kubeflow Pipelines reads them: seconds first.
//!
//! Five or six fields: second, minute, hour, day of month, month, and day of week, which may be left out. So
//! `0 9 * * *` is not nine o'clock but the ninth minute of each hour. `*` and `?` are the same; a day matches
//! both day fields when one of them holds a star (with a step, too), else either. Day of week goes from 0
//! (Sunday) to 6. Source: the dialect of robfig/cron 1.x, which the field's scheduler uses.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use crate::id::Timestamp;

/// A schedule that is looked for no further than this.
const YEARS: i16 = 5;

/// When something happens, again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Fields(Box<Fields>),
    Every { seconds: i64 },
}

/// Bit n is set when n matches.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fields {
    seconds: u64,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Both day fields must match, not one of them.
    both_days: bool,
}

/// Why an expression cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CronError {
    pub message: String,
}

fn wrong(message: impl Into<String>) -> CronError {
    CronError { message: message.into() }
}

struct Bounds {
    what: &'static str,
    least: u32,
    most: u32,
    names: &'static [&'static str],
}

const BOUNDS: [Bounds; 6] = [
    Bounds { what: "seconds", least: 0, most: 59, names: &[] },
    Bounds { what: "minutes", least: 0, most: 59, names: &[] },
    Bounds { what: "hours", least: 0, most: 23, names: &[] },
    Bounds { what: "days of the month", least: 1, most: 31, names: &[] },
    Bounds {
        what: "months",
        least: 1,
        most: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Bounds {
        what: "days of the week",
        least: 0,
        most: 6,
        names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    },
];

impl Cron {
    /// Reads an expression: five or six fields, or `@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`,
    /// `@midnight`, `@hourly`, `@every 1h30m`.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let text = text.trim();
        let fields = match text {
            "@yearly" | "@annually" => "0 0 0 1 1 *",
            "@monthly" => "0 0 0 1 * *",
            "@weekly" => "0 0 0 * * 0",
            "@daily" | "@midnight" => "0 0 0 * * *",
            "@hourly" => "0 0 * * * *",
            _ => match text.strip_prefix("@every ") {
                Some(duration) => {
                    let seconds = go_duration(duration)?.as_secs().max(1);
                    let seconds = i64::try_from(seconds).map_err(|_| wrong("the interval is too long"))?;
                    return Ok(Self { kind: Kind::Every { seconds } });
                }
                None if text.starts_with('@') => {
                    let known = "@yearly, @monthly, @weekly, @daily, @hourly and @every DURATION";
                    return Err(wrong(format!("`{text}` is not known; there are {known}")));
                }
                None => text,
            },
        };
        let words: Vec<&str> = fields.split_whitespace().collect();
        if ![5, 6].contains(&words.len()) {
            return Err(wrong(format!(
                "expected 5 or 6 fields (second, minute, hour, day, month, weekday), found {}",
                words.len()
            )));
        }
        let mut bits = [0_u64; 6];
        let mut stars = [false; 6];
        for (index, bounds) in BOUNDS.iter().enumerate() {
            (bits[index], stars[index]) = field(words.get(index).unwrap_or(&"*"), bounds)?;
        }
        let [seconds, minutes, hours, days, months, weekdays] = bits;
        let both_days = stars[3] || stars[5];
        let fields = Fields { seconds, minutes, hours, days, months, weekdays, both_days };
        Ok(Self { kind: Kind::Fields(Box::new(fields)) })
    }

    /// Returns the seconds between two times, where that is all there is to it (`@every`).
    pub fn interval(&self) -> Option<i64> {
        match self.kind {
            Kind::Every { seconds } => Some(seconds),
            Kind::Fields(_) => None,
        }
    }

    /// Returns the first time after this one; `None` when there is none within five years.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let second = after.0.div_euclid(1_000_000);
        let found = match &self.kind {
            Kind::Every { seconds } => second.checked_add(*seconds)?,
            Kind::Fields(fields) => fields.next(second, zone)?,
        };
        Some(Timestamp(found.checked_mul(1_000_000)?))
    }
}

impl Fields {
    /// Seconds since 1970, in and out. Jumps to the next month, day, hour, minute or second until all match;
    /// hours pass as they do on the clock of that zone, so an hour that is skipped or repeated there is
    /// skipped or repeated here.
    fn next(&self, after: i64, zone: &TimeZone) -> Option<i64> {
        let mut at = after.checked_add(1)?;
        let first = zoned(at, zone)?;
        let last_year = first.year().checked_add(YEARS)?;
        let mut now = first;
        while now.year() <= last_year {
            let (minute, second) = (i64::from(now.minute()), i64::from(now.second()));
            let later = if !has(self.months, now.month()) {
                let month = now.date().first_of_month().checked_add(1.month()).ok()?;
                month.to_zoned(zone.clone()).ok()?.timestamp().as_second()
            } else if !self.is_day(&now) {
                now.date().tomorrow().ok()?.to_zoned(zone.clone()).ok()?.timestamp().as_second()
            } else if !has(self.hours, now.hour()) {
                at + 3600 - minute * 60 - second
            } else if !has(self.minutes, now.minute()) {
                at + 60 - second
            } else if has(self.seconds, now.second()) {
                return Some(at);
            } else {
                at + 1
            };
            // Where a day begins with a skipped hour, its start may lie behind.
            at = later.max(at + 1);
            now = zoned(at, zone)?;
        }
        None
    }

    fn is_day(&self, now: &Zoned) -> bool {
        let day = has(self.days, now.day());
        let weekday = has(self.weekdays, now.weekday().to_sunday_zero_offset());
        if self.both_days { day && weekday } else { day || weekday }
    }
}

fn zoned(second: i64, zone: &TimeZone) -> Option<Zoned> {
    Some(jiff::Timestamp::from_second(second).ok()?.to_zoned(zone.clone()))
}

fn has(bits: u64, number: i8) -> bool {
    u32::try_from(number).is_ok_and(|number| bits >> number & 1 == 1)
}

/// Returns the bits of a field, and whether a star is in it.
fn field(text: &str, bounds: &Bounds) -> Result<(u64, bool), CronError> {
    let mut bits = 0;
    let mut has_star = false;
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (from, Some(to)),
            None => (range, None),
        };
        let is_star = from == "*" || from == "?";
        has_star |= is_star;
        let (least, most) = match (is_star, to) {
            (true, _) => (bounds.least, bounds.most),
            (false, Some(to)) => (number(from, bounds)?, number(to, bounds)?),
            // `5/15` goes on to the end.
            (false, None) if step.is_some() => (number(from, bounds)?, bounds.most),
            (false, None) => (number(from, bounds)?, number(from, bounds)?),
        };
        if least > most {
            return Err(wrong(format!("`{part}`: {least} comes after {most}")));
        }
        let step: usize = match step {
            None => 1,
            Some(step) => match step.parse() {
                Ok(step) if step > 0 => step,
                _ => return Err(wrong(format!("`{part}`: the step must be a whole number above 0"))),
            },
        };
        bits |= (least..=most).step_by(step).fold(0, |bits, number| bits | 1_u64 << number);
    }
    if bits == 0 {
        return Err(wrong(format!("no {} are given in `{text}`", bounds.what)));
    }
    Ok((bits, has_star))
}

fn number(text: &str, bounds: &Bounds) -> Result<u32, CronError> {
    let Bounds { what, least, most, names } = bounds;
    let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
    let found = match named.and_then(|at| u32::try_from(at).ok()) {
        Some(at) => Some(at + least),
        None => text.parse().ok(),
    };
    found
        .filter(|found| (least..=most).contains(&found))
        .ok_or_else(|| wrong(format!("`{text}` does not name {what} ({least} to {most})")))
}

/// Reads a duration in Go's notation: `1h30m`, `1.5h`, `300ms`.
fn go_duration(text: &str) -> Result<Duration, CronError> {
    let failed = || wrong(format!("`{text}` is no duration such as `1h30m` or `90s`"));
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return Err(failed());
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(failed)?;
        let amount: f64 = rest[..end].parse().map_err(|_| failed())?;
        let units =
            [("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
        let unit = units.iter().find(|(name, _)| rest[end..].starts_with(name)).ok_or_else(failed)?;
        total += amount * unit.1;
        rest = &rest[end + unit.0.len()..];
    }
    Duration::try_from_secs_f64(total).map_err(|_| failed())
}
