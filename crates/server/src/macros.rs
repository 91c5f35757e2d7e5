//! Expands what the field allows in a run's string parameters: `[[RunUUID]]`, `[[CurrentTime]]`,
//! `[[CurrentTime.<Go layout>]]` and `{{$.currentTime.strftime('…')}}`, times in UTC.
//!
//! `[[ScheduledTime…]]` and its strftime form expand for scheduled runs alone; `[[Index]]` for those of v1 pipelines.
//! Whatever is not understood stays as it was written.

use jiff::Zoned;

/// What the macros stand for.
pub(crate) struct Facts<'a> {
    pub run: &'a str,
    pub now: &'a Zoned,
    pub scheduled: Option<&'a Zoned>,
    /// How many runs of the schedule there are with this one.
    pub index: Option<u64>,
}

/// Returns the text with its macros expanded.
pub(crate) fn expand(text: &str, facts: &Facts) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['[', '{']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match expand_first(rest, facts) {
            Some((value, length)) => {
                out.push_str(&value);
                rest = &rest[length..];
            }
            None => {
                out.push_str(&rest[..1]);
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Expands the macro that the text begins with; returns its value and its length.
fn expand_first(text: &str, facts: &Facts) -> Option<(String, usize)> {
    if let Some(inner) = text.strip_prefix("[[") {
        let end = inner.find("]]")?;
        let value = square(&inner[..end], facts)?;
        return Some((value, end + 4));
    }
    let inner = text.strip_prefix("{{$.")?;
    let (time, after) = if let Some(after) = inner.strip_prefix("currentTime.strftime('") {
        (facts.now, after)
    } else {
        (facts.scheduled?, inner.strip_prefix("scheduledTime.strftime('")?)
    };
    let end = after.find("')}}")?;
    let value = jiff::fmt::strtime::format(&after[..end], time).ok()?;
    Some((value, text.len() - after.len() + end + 4))
}

fn square(name: &str, facts: &Facts) -> Option<String> {
    if name == "RunUUID" {
        return Some(facts.run.to_owned());
    }
    if name == "Index" {
        return facts.index.map(|index| index.to_string());
    }
    let (kind, layout) = match name.split_once('.') {
        Some((kind, layout)) => (kind, Some(layout)),
        None => (name, None),
    };
    let time = match kind {
        "CurrentTime" => facts.now,
        "ScheduledTime" => facts.scheduled?,
        _ => return None,
    };
    Some(go_format(layout.unwrap_or("20060102150405"), time))
}

/// Go's reference time, longest spellings first, and what they are in strftime.
const LAYOUT: &[(&str, &str)] = &[
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("MST", "UTC"),
    ("2006", "%Y"),
    ("-07:00", "+00:00"),
    ("-0700", "+0000"),
    ("-07", "+00"),
    ("Z07:00", "Z"),
    ("Z0700", "Z"),
    ("Z07", "Z"),
    ("002", "%j"),
    ("01", "%m"),
    ("02", "%d"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("15", "%H"),
    ("PM", "%p"),
    ("pm", "%P"),
    ("_2", "%e"),
    ("1", "%-m"),
    ("2", "%-d"),
    ("3", "%-I"),
    ("4", "%-M"),
    ("5", "%-S"),
];

fn go_format(layout: &str, time: &Zoned) -> String {
    let mut out = String::new();
    let mut rest = layout;
    'next: while let Some(first) = rest.chars().next() {
        if let Some((digits, length)) = fraction(rest, time) {
            out.push_str(&digits);
            rest = &rest[length..];
            continue;
        }
        for (spelling, pattern) in LAYOUT {
            if let Some(after) = rest.strip_prefix(spelling) {
                out.push_str(&jiff::fmt::strtime::format(pattern, time).unwrap_or_default());
                rest = after;
                continue 'next;
            }
        }
        out.push(first);
        rest = &rest[first.len_utf8()..];
    }
    out
}

/// Formats `.000` or `,000` (fixed digits) and `.999` (without trailing zeros).
fn fraction(layout: &str, time: &Zoned) -> Option<(String, usize)> {
    let separator = layout.chars().next().filter(|first| matches!(first, '.' | ','))?;
    let digit = layout[1..].chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
    let count = layout[1..].chars().take_while(|next| *next == digit).count();
    if layout[1 + count..].starts_with(|next: char| next.is_ascii_digit()) {
        return None;
    }
    let nanoseconds = format!("{:09}", time.subsec_nanosecond());
    let kept = &nanoseconds[..count.min(9)];
    let kept = if digit == '9' { kept.trim_end_matches('0') } else { kept };
    let text = if kept.is_empty() { String::new() } else { format!("{separator}{kept}") };
    Some((text, 1 + count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_expand() {
        let now = "2026-03-04T05:06:07.089Z".parse::<jiff::Timestamp>().unwrap();
        let now = now.to_zoned(jiff::tz::TimeZone::UTC);
        let facts = Facts { run: "r-1", now: &now, scheduled: None, index: None };
        for (text, expected) in [
            ("", ""),
            ("plain [x] {y} ä", "plain [x] {y} ä"),
            ("a-[[RunUUID]]-b", "a-r-1-b"),
            ("[[CurrentTime]]", "20260304050607"),
            ("[[CurrentTime.2006-01-02]] [[CurrentTime.15:04:05]]", "2026-03-04 05:06:07"),
            ("[[CurrentTime.Mon Jan _2 3:4:5 PM MST 06]]", "Wed Mar  4 5:6:7 AM UTC 26"),
            ("[[CurrentTime.2006-01-02T15:04:05.000Z07:00]]", "2026-03-04T05:06:07.089Z"),
            ("[[CurrentTime.05.999]]", "07.089"),
            ("{{$.currentTime.strftime('%F')}}!", "2026-03-04!"),
            ("{{$.currentTime.strftime('%s')}}", "1772600767"),
            ("[[ScheduledTime]] [[Index]] [[Other]]", "[[ScheduledTime]] [[Index]] [[Other]]"),
            ("{{$.scheduledTime.strftime('%F')}}", "{{$.scheduledTime.strftime('%F')}}"),
            ("{{$.inputs.parameters['x']}} [[[RunUUID]]]", "{{$.inputs.parameters['x']}} [r-1]"),
            ("[[RunUUID", "[[RunUUID"),
        ] {
            assert_eq!(expand(text, &facts), expected, "{text}");
        }
        let facts = Facts { run: "r-1", now: &now, scheduled: Some(&now), index: Some(7) };
        assert_eq!(expand("[[Index]] of [[Index.1]]", &facts), "7 of [[Index.1]]");
        assert_eq!(expand("[[ScheduledTime.2006]]", &facts), "2026");
        assert_eq!(expand("{{$.scheduledTime.strftime('%Y')}}", &facts), "2026");
    }
}
