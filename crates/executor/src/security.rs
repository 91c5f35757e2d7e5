//! What a task's security context says, of pods and containers, in the document's own words.

use pipewright_plan::{TaskPlatform, Value};

/// Returns `user` or `user:group` when the context names one.
pub(crate) fn user_of(platform: &TaskPlatform) -> Option<String> {
    let user = number(platform, "runAsUser")?;
    Some(match number(platform, "runAsGroup") {
        Some(group) => format!("{user}:{group}"),
        None => user.to_string(),
    })
}

/// Returns a setting of the context.
pub(crate) fn setting<'p>(platform: &'p TaskPlatform, name: &str) -> Option<&'p Value> {
    platform.placement.get("securityContext")?.get(name)
}

fn number(platform: &TaskPlatform, name: &str) -> Option<u64> {
    let value = setting(platform, name)?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).or_else(|| {
        let number = value.as_f64()?;
        (number >= 0.0 && number.fract() == 0.0).then_some(number as u64)
    })
}
