//! When a recurring run fires: its next slot, from the slots that it has had.
//!
//! Pure: who fires, counts runs and remembers slots is the controller's. Source: the field's scheduled workflow
//! controller; a slot is named by its time, so firing one twice can be told.

use jiff::tz::TimeZone;

use crate::cron::Cron;
use crate::id::Timestamp;

/// What makes a recurring run fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    Cron(Cron),
    Periodic {
        /// At least 1.
        seconds: u32,
    },
    /// Once, when it is created.
    Once,
}

/// The rule of one recurring run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub trigger: Trigger,
    /// No slot before this.
    pub start: Option<Timestamp>,
    /// No slot after this.
    pub end: Option<Timestamp>,
    /// Of slots that were missed, only the last is had.
    pub no_catchup: bool,
    /// Its own zone, instead of everybody's.
    pub zone: Option<TimeZone>,
    pub created_at: Timestamp,
}

impl Schedule {
    /// Returns the slot that comes next after the `last` one that was had. One that is not after `now` is due.
    ///
    /// The first slot of a periodic schedule is its start, if that was still to come when it was created, else
    /// one interval after its start or creation.
    pub fn next(&self, last: Option<Timestamp>, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let next = match &self.trigger {
            Trigger::Once => Some(self.created_at).filter(|_| last.is_none()),
            Trigger::Cron(cron) => {
                self.next_cron(cron, self.base(last), now, self.zone.as_ref().unwrap_or(zone))
            }
            Trigger::Periodic { seconds } => self.next_periodic(last, now, *seconds),
        };
        next.filter(|next| self.end.is_none_or(|end| *next <= end))
    }

    /// Lists the slots that follow, as far as can be said now.
    pub fn upcoming(
        &self,
        last: Option<Timestamp>,
        now: Timestamp,
        zone: &TimeZone,
    ) -> impl Iterator<Item = Timestamp> {
        std::iter::successors(self.next(last, now, zone), move |slot| self.next(Some(*slot), now, zone))
    }

    fn base(&self, last: Option<Timestamp>) -> Timestamp {
        let base = last.or(self.start).unwrap_or(self.created_at);
        self.start.map_or(base, |start| base.max(start))
    }

    fn next_cron(&self, cron: &Cron, base: Timestamp, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let first = cron.next(base, zone)?;
        if !self.no_catchup || first >= now {
            return Some(first);
        }
        let horizon = self.end.map_or(now, |end| end.min(now));
        if let Some(seconds) = cron.interval() {
            let interval = seconds.saturating_mul(1_000_000);
            let missed = (horizon.0 - first.0).max(0) / interval;
            return Some(Timestamp(first.0 + missed * interval));
        }
        // Not from slot to slot: after a year of rest, a schedule of each second has missed 31 million.
        let mut span = 1_000_000;
        let mut from = Timestamp(horizon.0.saturating_sub(span));
        loop {
            if from <= first {
                from = first;
            }
            let mut found = (from == first).then_some(first);
            let mut at = from;
            while let Some(slot) = cron.next(at, zone).filter(|slot| *slot <= horizon) {
                found = Some(slot);
                at = slot;
            }
            if found.is_some() {
                return found;
            }
            span = span.saturating_mul(4);
            from = Timestamp(horizon.0.saturating_sub(span));
        }
    }

    fn next_periodic(&self, last: Option<Timestamp>, now: Timestamp, seconds: u32) -> Option<Timestamp> {
        let interval = i64::from(seconds.max(1)).checked_mul(1_000_000)?;
        let is_first_at_start = last.is_none() && self.start.is_some_and(|start| start > self.created_at);
        let base = self.base(last);
        let next = if is_first_at_start { base } else { Timestamp(base.0.checked_add(interval)?) };
        if self.end.is_some_and(|end| end < next) {
            return None;
        }
        let is_late = next.0.checked_add(interval).is_some_and(|after| now.0 >= after);
        if self.no_catchup && is_late {
            return Some(self.end.map_or(now, |end| end.min(now)));
        }
        Some(next)
    }
}
