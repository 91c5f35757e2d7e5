//! Fires recurring runs: makes a run of each slot that is due, in order, as many at once as allowed.
//!
//! It stands here and not in the controller because each slot compiles: the newest version of a pipeline is
//! taken when the slot comes. What was had is in the store, in the transaction of the run itself, so a restart
//! or a clock that jumps loses no slot and has none twice. Wakes at the next slot, when a recurring run
//! changes, and, while a slot waits for a place, when any run ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use pipewright_store::engine::{Schedule, Timestamp};
use pipewright_store::{Change, Firing, Kind, NewRecurringRun, RecurringRun, Store};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::app::Settings;
use crate::error::Error;
use crate::submit::{Source, Submission, compiled_arguments, submit};

/// Longest sleep before the clock is looked at again: it may have jumped.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// Slots of one recurring run in a row before the others have their turn.
const TURN: u32 = 16;
/// Longest part of a run's name that comes from the recurring run's.
const PREFIX: usize = 25;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Makes what the names of a recurring run's runs begin with: letters, digits and hyphens of its own name, and
/// a few random ones.
pub(crate) fn run_prefix(display_name: &str) -> String {
    let name = display_name.to_lowercase();
    let kept = name.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-');
    let kept: String = kept.take(PREFIX).collect();
    let suffix = uuid::Uuid::new_v4().simple().to_string();
    format!("{kept}{}", &suffix[..5])
}

/// Names the run of a slot.
fn run_name(prefix: &str, number: u64) -> String {
    let name = format!("{prefix}-{number}");
    // FNV-1a, 32 bits, as the field names them.
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{name}-{hash}")
}

/// Refuses what could never fire: a pipeline that is wrong or gone, arguments that do not fit.
pub(crate) async fn check(store: &Store, settings: &Settings, new: &NewRecurringRun) -> Result<(), Error> {
    let arguments = new.parameters.as_object().cloned().unwrap_or_default();
    let namespace = match new.experiment_id.as_str() {
        "" => String::new(),
        id => store.namespace_of(Kind::Experiment, id).await?,
    };
    let plan = compiled_arguments(store, &namespace, source(new), &arguments).await?;
    // A version that is chosen anew at each slot is looked at then.
    if new.pipeline_version_id.is_some() || !new.pipeline_spec.is_null() {
        settings.v1.check_run(&namespace, &plan)?;
    }
    Ok(())
}

/// Returns what a recurring run runs.
pub(crate) fn source(new: &NewRecurringRun) -> Source {
    match &new.pipeline_spec {
        serde_json::Value::Null => Source::Version {
            pipeline_id: new.pipeline_id.clone(),
            version_id: new.pipeline_version_id.clone(),
        },
        spec => Source::Spec(spec.clone()),
    }
}

/// Fires until told to stop.
pub async fn fire_recurring_runs(store: Store, settings: Settings, clock: Clock, stop: CancellationToken) {
    let mut changes = store.changes();
    let zone = settings.cron_zone.clone();
    let mut driver = Driver { store, settings, clock, zone, known: BTreeMap::new() };
    driver.load_all().await;
    loop {
        let is_done = driver.fire_due().await;
        let sleep = if is_done { driver.rest() } else { Duration::ZERO };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(sleep) => {}
            change = changes.recv() => match change {
                Ok(Change::RecurringRun(id)) => driver.load(&id).await,
                Ok(Change::Run(_)) => driver.unblock(),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => driver.load_all().await,
                Err(RecvError::Closed) => return,
            },
        }
    }
}

struct Driver {
    store: Store,
    settings: Settings,
    clock: Clock,
    zone: TimeZone,
    /// Those that are enabled, by id.
    known: BTreeMap<String, Known>,
}

struct Known {
    row: RecurringRun,
    schedule: Schedule,
    next: Option<Timestamp>,
    /// The slot waits for a run to end, or for the store.
    is_blocked: bool,
}

impl Driver {
    async fn load_all(&mut self) {
        match self.store.enabled_recurring_runs().await {
            Ok(ids) => {
                self.known.retain(|id, _| ids.contains(id));
                for id in ids {
                    self.load(&id).await;
                }
            }
            Err(error) => tracing::error!(%error, "cannot list recurring runs"),
        }
    }

    async fn load(&mut self, id: &str) {
        let row = match self.store.get_recurring_run(id).await {
            Ok(row) if row.new.enabled => row,
            Ok(_) | Err(pipewright_store::Error::NotFound { .. }) => {
                self.known.remove(id);
                return;
            }
            Err(error) => {
                tracing::error!(%error, recurring_run = id, "cannot read a recurring run");
                return;
            }
        };
        match row.new.trigger.schedule(row.new.no_catchup, row.created_at) {
            Ok(schedule) => {
                let next = schedule.next(row.last_slot, (self.clock)(), &self.zone);
                self.known.insert(id.to_owned(), Known { row, schedule, next, is_blocked: false });
            }
            Err(error) => {
                tracing::error!(%error, recurring_run = id, "a stored schedule cannot be read");
                self.known.remove(id);
            }
        }
    }

    fn unblock(&mut self) {
        for known in self.known.values_mut() {
            known.is_blocked = false;
        }
    }

    /// Returns how long nothing is due.
    fn rest(&self) -> Duration {
        let now = (self.clock)();
        let waiting = self.known.values().filter(|known| !known.is_blocked);
        let next = waiting.filter_map(|known| known.next).min();
        let left = next.map_or(i64::MAX, |next| next.0.saturating_sub(now.0));
        Duration::from_micros(u64::try_from(left).unwrap_or(0)).min(LONGEST_SLEEP)
    }

    /// Fires what is due; false when there is more to do.
    async fn fire_due(&mut self) -> bool {
        let now = (self.clock)();
        let is_due = |known: &Known| !known.is_blocked && known.next.is_some_and(|next| next <= now);
        let due: Vec<String> =
            self.known.iter().filter(|(_, known)| is_due(known)).map(|(id, _)| id.clone()).collect();
        let mut is_done = true;
        for id in due {
            let mut turns = 0;
            while self.fire_one(&id, now).await {
                turns += 1;
                if turns == TURN {
                    is_done = false;
                    break;
                }
            }
        }
        is_done
    }

    /// Fires the next slot of one recurring run if it is due; false when nothing was done.
    async fn fire_one(&mut self, id: &str, now: Timestamp) -> bool {
        let Some(known) = self.known.get_mut(id) else { return false };
        known.next = known.schedule.next(known.row.last_slot, now, &self.zone);
        let Some(slot) = known.next.filter(|next| *next <= now) else { return false };
        let active = self.store.active_runs_of(id).await;
        let is_free = active.as_ref().is_ok_and(|active| *active < u64::from(known.row.new.max_concurrency));
        if !is_free {
            known.is_blocked = true;
            return false;
        }
        let firing = Firing { recurring_run_id: id.to_owned(), number: known.row.fired + 1, slot };
        let result = submit(&self.store, &self.settings, submission(&known.row, &firing)).await;
        let settled = match result {
            Ok(run) => {
                tracing::info!(recurring_run = id, run_id = %run.id, slot = firing.number, "fired");
                Ok(())
            }
            // Somebody had this slot; the row says how far things are.
            Err(Error::Aborted(_) | Error::Exists(_)) => Ok(()),
            Err(error @ (Error::Unavailable(_) | Error::Internal { .. })) => Err(error),
            Err(error) => {
                tracing::error!(%error, recurring_run = id, slot = firing.number, "a slot makes no run");
                self.store.skip_slot(firing, error.to_string()).await.map_err(Error::from)
            }
        };
        match settled {
            Ok(()) | Err(Error::Aborted(_)) => {
                self.load(id).await;
                true
            }
            Err(error) => {
                tracing::error!(%error, recurring_run = id, "cannot fire; trying again");
                if let Some(known) = self.known.get_mut(id) {
                    known.is_blocked = true;
                }
                false
            }
        }
    }
}

fn submission(row: &RecurringRun, firing: &Firing) -> Submission {
    let new = &row.new;
    Submission {
        description: new.description.clone(),
        experiment_id: Some(new.experiment_id.clone()),
        arguments: new.parameters.as_object().cloned().unwrap_or_default(),
        pipeline_root: new.pipeline_root.clone(),
        service_account: new.service_account.clone(),
        plugins_input: new.plugins_input.clone(),
        firing: Some(firing.clone()),
        ..Submission::new(source(new), run_name(&new.run_prefix, firing.number))
    }
}
