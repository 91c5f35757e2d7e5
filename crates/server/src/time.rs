//! Instants as the API and the macros of parameters write them.

use engine::Timestamp;
use jiff::tz::TimeZone;
use pipewright_store::engine;

/// Writes an instant as RFC 3339 in whole seconds, UTC.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    match jiff::Timestamp::from_second(at.0.div_euclid(1_000_000)) {
        Ok(instant) => instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => crate::v2beta1::types::EPOCH.to_owned(),
    }
}

/// Returns the present instant.
pub(crate) fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_microsecond())
}

/// Returns the instant as a civil time in UTC.
pub(crate) fn civil(at: Timestamp) -> jiff::Zoned {
    jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC)
}
