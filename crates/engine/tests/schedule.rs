//! Cron expressions and the slots of recurring runs.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use jiff::tz::TimeZone;
use jiff::{SignedDuration, civil};
use pipewright_engine::{Cron, Schedule, Timestamp, Trigger};
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
}

fn shown(time: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(time.0).unwrap().to_string()
}

#[test]
fn next_times_follow_the_expression() {
    let zone = TimeZone::UTC;
    for (cron, after, expected) in [
        // Seconds come first.
        ("0 * * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
        ("0 9 * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:09:00Z"),
        ("0 0 9 * * *", "2026-01-01T09:00:00Z", "2026-01-02T09:00:00Z"),
        ("0 0 9 * * mon-FRI", "2026-01-02T10:00:00Z", "2026-01-05T09:00:00Z"),
        ("*/20 * * * * ?", "2026-01-01T00:00:41.5Z", "2026-01-01T00:01:00Z"),
        ("5/15 * * * * *", "2026-01-01T00:00:21Z", "2026-01-01T00:00:35Z"),
        ("0 30 1,13 * * *", "2026-01-01T02:00:00Z", "2026-01-01T13:30:00Z"),
        ("0 0 0 31 * *", "2026-02-01T00:00:00Z", "2026-03-31T00:00:00Z"),
        ("0 0 0 29 feb *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        // Without a star either day field is enough, with one (or a step of one) both must match.
        ("0 0 0 13 * fri", "2026-01-09T01:00:00Z", "2026-01-13T00:00:00Z"),
        ("0 0 0 */2 * sun", "2026-01-01T00:00:00Z", "2026-01-11T00:00:00Z"),
        ("@yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
        ("@hourly", "2026-01-01T00:59:59.999999Z", "2026-01-01T01:00:00Z"),
        ("@every 1h30m", "2026-01-01T00:10:00Z", "2026-01-01T01:40:00Z"),
        ("@every 300ms", "2026-01-01T00:10:00Z", "2026-01-01T00:10:01Z"),
        ("0 0 0 1 1 *", "1969-06-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ] {
        let found = Cron::parse(cron).unwrap().next(at(after), &zone).map(shown);
        assert_eq!(found.as_deref(), Some(expected), "{cron} after {after}");
    }
    assert_eq!(Cron::parse("0 0 0 30 2 *").unwrap().next(at("2026-01-01T00:00:00Z"), &zone), None);
}

#[test]
fn wrong_expressions_say_what_is_wrong() {
    for (cron, expected) in [
        ("* * * *", "found 4"),
        ("", "found 0"),
        ("60 * * * * *", "`60` does not name seconds (0 to 59)"),
        ("0 0 0 * * 7", "`7` does not name days of the week (0 to 6)"),
        ("0 0 0 0 * *", "days of the month (1 to 31)"),
        ("0 0 5-3 * * *", "5 comes after 3"),
        ("*/0 * * * * *", "above 0"),
        ("0 0 0 L * *", "`L`"),
        ("@fortnightly", "@weekly"),
        ("@every soon", "`soon` is no duration"),
        (", * * * * *", "no seconds"),
    ] {
        let message = Cron::parse(cron).unwrap_err().to_string();
        assert!(message.contains(expected), "{cron}: {message}");
    }
}

#[test]
fn clocks_that_are_changed_skip_and_repeat() {
    // Forward at 02:00 on 8 March, back at 02:00 on 1 November.
    let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
    let times = |cron: &str, after: &str| -> Vec<String> {
        let cron = Cron::parse(cron).unwrap();
        let next = |time: Timestamp| cron.next(time, &zone);
        std::iter::successors(next(at(after)), |time| next(*time)).take(3).map(shown).collect()
    };
    assert_eq!(
        times("0 30 2 * * *", "2026-03-07T00:00:00Z"),
        ["2026-03-07T07:30:00Z", "2026-03-09T06:30:00Z", "2026-03-10T06:30:00Z"]
    );
    assert_eq!(
        times("0 30 1 * * *", "2026-11-01T00:00:00Z"),
        ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", "2026-11-02T06:30:00Z"]
    );
}

/// What is to be expected of a schedule: trigger, start, end, without catch-up, last slot, now, next slot.
type Case = (&'static str, &'static str, &'static str, bool, &'static str, &'static str, &'static str);

#[test]
fn slots_follow_the_schedule() {
    let day = |time: &str| at(&format!("2026-01-01T{time}Z"));
    let maybe = |time: &str| (!time.is_empty()).then(|| day(time));
    // Created at 10:00.
    let cases: &[Case] = &[
        ("0 * * * * *", "", "", false, "", "10:00:30", "10:01:00"),
        ("0 * * * * *", "11:00:00", "", false, "", "10:00:30", "11:01:00"),
        ("0 * * * * *", "09:00:00", "", false, "", "10:00:30", "09:01:00"),
        ("0 * * * * *", "", "", false, "10:05:00", "10:30:00", "10:06:00"),
        ("0 * * * * *", "", "", true, "10:05:00", "10:30:30", "10:30:00"),
        ("0 * * * * *", "", "", true, "10:05:00", "10:30:00", "10:30:00"),
        ("0 * * * * *", "", "", true, "10:05:00", "10:05:30", "10:06:00"),
        ("0 * * * * *", "", "10:10:00", true, "10:05:00", "10:30:00", "10:10:00"),
        ("0 * * * * *", "", "10:10:00", false, "10:10:00", "10:30:00", ""),
        ("@every 7m", "", "", true, "10:05:00", "11:00:00", "10:54:00"),
        ("60", "", "", false, "", "10:00:30", "10:01:00"),
        ("60", "10:30:00", "", false, "", "10:00:30", "10:30:00"),
        ("60", "09:30:00", "", false, "", "10:00:30", "09:31:00"),
        ("60", "", "", false, "10:05:00", "10:30:00", "10:06:00"),
        ("60", "", "", true, "10:05:00", "10:30:30", "10:30:30"),
        ("60", "", "", true, "10:05:00", "10:06:30", "10:06:00"),
        ("60", "", "10:20:00", true, "10:05:00", "10:30:30", "10:20:00"),
        ("60", "", "10:20:00", false, "10:20:00", "10:30:30", ""),
        ("60", "", "10:20:00", true, "10:20:00", "10:30:30", ""),
        ("0 * * * * *", "", "10:10:00", true, "10:10:00", "10:30:00", ""),
        ("once", "", "", false, "", "10:00:00", "10:00:00"),
        ("once", "", "", false, "10:00:00", "10:30:00", ""),
    ];
    for case @ (trigger, start, end, no_catchup, last, now, expected) in cases {
        let trigger = match (*trigger, trigger.parse()) {
            ("once", _) => Trigger::Once,
            (_, Ok(seconds)) => Trigger::Periodic { seconds },
            (cron, Err(_)) => Trigger::Cron(Cron::parse(cron).unwrap()),
        };
        let schedule = Schedule {
            trigger,
            start: maybe(start),
            end: maybe(end),
            no_catchup: *no_catchup,
            zone: None,
            created_at: day("10:00:00"),
        };
        let found = schedule.next(maybe(last), day(now), &TimeZone::UTC);
        assert_eq!(found.map(shown), maybe(expected).map(shown), "{case:?}");
    }
}

#[test]
fn a_zone_of_its_own_wins() {
    let schedule = Schedule {
        trigger: Trigger::Cron(Cron::parse("0 0 3 * * *").unwrap()),
        start: None,
        end: None,
        no_catchup: false,
        zone: Some(TimeZone::fixed(jiff::tz::offset(2))),
        created_at: at("2026-01-01T00:00:00Z"),
    };
    let next = schedule.next(None, at("2026-01-01T00:00:00Z"), &TimeZone::UTC);
    assert_eq!(next.map(shown).unwrap(), "2026-01-01T01:00:00Z");
}

#[test]
fn a_long_rest_is_over_at_once() {
    let schedule = Schedule {
        trigger: Trigger::Cron(Cron::parse("* * * * * *").unwrap()),
        start: None,
        end: None,
        no_catchup: true,
        zone: None,
        created_at: at("2000-01-01T00:00:00Z"),
    };
    let now = at("2026-01-01T00:00:00.5Z");
    assert_eq!(schedule.next(None, now, &TimeZone::UTC).map(shown).unwrap(), "2026-01-01T00:00:00Z");
}

proptest! {
    /// Against looking at each second in turn.
    #[test]
    fn next_is_the_first_match(
        second in "[0-5]?[0-9]|\\*|\\*/[1-9]|[0-9]-[2-5][0-9]/7",
        minute in "[0-5]?[0-9]|\\*|\\*/[1-9][0-9]?|1,2,5[0-9]",
        hour in "1?[0-9]|\\?|2/5",
        start in 0_i64..2_000_000_000,
    ) {
        let cron = Cron::parse(&format!("{second} {minute} {hour} * * *")).unwrap();
        let found = cron.next(Timestamp(start * 1_000_000), &TimeZone::UTC).unwrap().0 / 1_000_000;
        let is_match = |at: i64| {
            let time = civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0)
                .checked_add(SignedDuration::from_secs(at))
                .unwrap();
            matches(&second, time.second(), 59) && matches(&minute, time.minute(), 59) && matches(&hour, time.hour(), 23)
        };
        prop_assert!(is_match(found));
        prop_assert!(found > start);
        prop_assert!((start + 1..found).rev().take(7200).all(|at| !is_match(at)));
    }
}

/// A field of the simple kind, read the obvious way.
fn matches(field: &str, value: i8, most: i8) -> bool {
    field.split(',').any(|part| {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (least, most) = match range.split_once('-') {
            Some((least, most)) => (least.parse().unwrap(), most.parse().unwrap()),
            None if range == "*" || range == "?" => (0, most),
            None if step.is_some() => (range.parse().unwrap(), most),
            None => (range.parse().unwrap(), range.parse().unwrap()),
        };
        let step: i8 = step.map_or(1, |step| step.parse().unwrap());
        (least..=most).contains(&value) && (value - least) % step == 0
    })
}
