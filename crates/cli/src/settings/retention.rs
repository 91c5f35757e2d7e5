//! How long runs are kept: `[retention]` of `pipewright.toml`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::{Span, SpanRelativeTo};
use pipewright_controller::Retention;
use serde::Deserialize;

/// The keys of `[retention]`; absent, empty and zero keep runs for ever.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Keys {
    archive_after: Option<String>,
    delete_after: Option<String>,
}

impl Keys {
    pub(super) fn settled(&self) -> Result<Retention> {
        Ok(Retention {
            archive_after: time("archive_after", self.archive_after.as_deref())?,
            delete_after: time("delete_after", self.delete_after.as_deref())?,
        })
    }
}

/// Reads `720h`, `1h30m`, `30 days` or `P30D`; a day has 24 hours.
fn time(name: &str, text: Option<&str>) -> Result<Option<Duration>> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty() && *text != "0") else {
        return Ok(None);
    };
    let wrong = || format!("{name} of [retention] is `{text}`, which is no time, as 720h, 30d or P30D");
    let span: Span = text.parse().with_context(wrong)?;
    let span = span.to_duration(SpanRelativeTo::days_are_24_hours()).with_context(wrong)?;
    if span.is_negative() {
        bail!("{name} of [retention] is `{text}`, which is before a run's end");
    }
    Ok(Some(span.unsigned_abs()).filter(|span| !span.is_zero()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_words_of_many() {
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
        for (text, expected) in [
            ("720h", hours(720)),
            ("30d", hours(720)),
            ("30 days", hours(720)),
            ("P30D", hours(720)),
            ("PT12H", hours(12)),
            ("2w", hours(336)),
            ("1h30m", Some(Duration::from_secs(5400))),
            ("1.5h", Some(Duration::from_secs(5400))),
            ("90s", Some(Duration::from_secs(90))),
            ("", None),
            ("0", None),
            ("0s", None),
        ] {
            assert_eq!(time("archive_after", Some(text)).expect("a time"), expected, "{text}");
        }
        for text in ["30", "soon", "-1h", "1 month"] {
            let error = time("archive_after", Some(text)).expect_err(text);
            assert!(format!("{error:#}").contains("archive_after of [retention]"), "{error:#}");
        }
    }
}
