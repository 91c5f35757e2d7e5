//! What an attempt used of the machine over time: `runs/{id}/tasks/{key}/usage`.

use axum::Json;
use axum::extract::State;
use pipewright_plan::{USAGE_SAMPLES, UsageSample};
use pipewright_store::engine::{AttemptId, RunId, TaskKey};
use serde::Serialize;
use tokio::io::AsyncReadExt;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::Error;
use crate::extract::{Segments, Words};
use crate::logs::attempt_of;
use crate::reach::NO_LINK;

/// Use of the machine over time.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UsageOverTime {
    pub attempt: u32,
    /// The attempt has ended: there will be no more.
    pub complete: bool,
    /// From one point to the next, about; 0 without points.
    pub interval_seconds: f64,
    /// Seconds since the command was started, CPUs in use since the point before, bytes of resident memory (the
    /// most since then). At most 600.
    pub points: Vec<(f64, f64, u64)>,
}

pub(super) async fn usage(
    State(app): State<App>,
    Segments((run, key)): Segments<(String, String)>,
    words: Words,
) -> Result<Json<UsageOverTime>, Error> {
    let (attempt, complete) = attempt_of(&app, RunId(run), TaskKey(key), &words).await?;
    let samples = read(&app, &attempt)
        .await
        .map_err(|error| Error::internal("failed to read the samples of an attempt", error))?;
    Ok(Json(over_time(attempt.number, complete, &samples)))
}

/// Tells whether there is at least one sample.
pub(super) async fn has_samples(app: &App, attempt: &AttemptId) -> bool {
    let found = tokio::fs::metadata(app.logs.usage_path(attempt)).await;
    found.is_ok_and(|found| found.len() >= UsageSample::BYTES as u64)
}

async fn read(app: &App, attempt: &AttemptId) -> std::io::Result<Vec<UsageSample>> {
    let file = match tokio::fs::OpenOptions::new()
        .read(true)
        .custom_flags(NO_LINK)
        .open(app.logs.usage_path(attempt))
        .await
    {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut bytes = Vec::new();
    file.take((USAGE_SAMPLES * UsageSample::BYTES) as u64).read_to_end(&mut bytes).await?;
    Ok(UsageSample::decode(&bytes))
}

fn over_time(attempt: u32, complete: bool, samples: &[UsageSample]) -> UsageOverTime {
    let mut before = UsageSample::default();
    let mut points = Vec::with_capacity(samples.len());
    for sample in samples {
        let passed = sample.at_us.saturating_sub(before.at_us).max(1);
        let cpu = sample.cpu_us.saturating_sub(before.cpu_us) as f64 / passed as f64;
        points.push((sample.at_us as f64 / 1e6, (cpu * 1e3).round() / 1e3, sample.memory_bytes));
        before = *sample;
    }
    let mut pauses: Vec<u64> =
        samples.windows(2).map(|pair| pair[1].at_us.saturating_sub(pair[0].at_us)).collect();
    pauses.sort_unstable();
    let middle = pauses.get(pauses.len() / 2).copied().or(samples.first().map(|first| first.at_us));
    UsageOverTime { attempt, complete, interval_seconds: middle.unwrap_or(0) as f64 / 1e6, points }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_between_points() {
        let sample = |at_us, cpu_us, memory_bytes| UsageSample { at_us, cpu_us, memory_bytes };
        let samples = [
            sample(1_000_000, 500_000, 10),
            sample(3_000_000, 4_500_000, 20),
            sample(4_000_000, 4_500_000, 0),
        ];
        let view = over_time(0, true, &samples);
        assert_eq!(view.points, [(1.0, 0.5, 10), (3.0, 2.0, 20), (4.0, 0.0, 0)]);
        assert!((view.interval_seconds - 2.0).abs() < 1e-9, "{}", view.interval_seconds);
        assert!(over_time(0, false, &[]).points.is_empty());
    }
}
