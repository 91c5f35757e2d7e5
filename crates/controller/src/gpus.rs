//! Which GPUs an attempt gets, and how that is said and read again.

use pipewright_engine::{Failure, FailureReason, Launch};
use pipewright_plan::CompanionRole;

/// Before the names of GPUs in what is told of an attempt's place.
const MARK: &str = ", GPUs ";

/// Refuses what this machine never has.
pub(crate) fn check(launch: &Launch, known: &[String]) -> Result<(), Failure> {
    let Some((kind, count)) = &launch.resources.accelerator else { return Ok(()) };
    let has = match known.len() {
        0 => "this machine has none".to_owned(),
        number => format!("this machine has {number}"),
    };
    if *count as usize <= known.len() {
        return Ok(());
    }
    Err(Failure {
        reason: FailureReason::Refused,
        message: format!("the task asks for {count} GPUs ({kind}), and {has}"),
        hint: Some("run it where they are, ask for fewer, or say `gpus` in pipewright.toml".to_owned()),
        exit_code: None,
    })
}

/// Hands out what an attempt was granted to the containers of its pod.
pub(crate) fn hand_out(launch: &mut Launch, known: &[String], granted: Vec<String>) {
    if known.is_empty() {
        return;
    }
    let asked =
        |launch: &Launch| launch.resources.accelerator.as_ref().map_or(0, |(_, count)| *count as usize);
    let mut rest = granted.clone();
    for companion in &mut launch.companions {
        let count = asked(&companion.launch).min(granted.len());
        companion.launch.gpus = Some(match companion.role {
            CompanionRole::Before => granted[..count].to_vec(),
            CompanionRole::Beside => rest.split_off(rest.len().saturating_sub(count)),
        });
    }
    launch.gpus = Some(rest);
}

/// Says with a place which GPUs are used there.
pub(crate) fn with_gpus(place: String, gpus: &[String]) -> String {
    if gpus.is_empty() { place } else { format!("{place}{MARK}{}", gpus.join("+")) }
}

/// Reads them again.
pub(crate) fn of_place(place: Option<&str>) -> Vec<String> {
    let names = place.and_then(|place| place.split_once(MARK)).map(|(_, names)| names);
    names.into_iter().flat_map(|names| names.split('+')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_say_which_gpus_are_used() {
        let gpus = ["0".to_owned(), "GPU-1f".to_owned()];
        for (gpus, expected) in [(&gpus[..], "process 1, GPUs 0+GPU-1f"), (&[], "process 1")] {
            let place = with_gpus("process 1".to_owned(), gpus);
            assert_eq!(place, expected);
            assert_eq!(of_place(Some(&place)), gpus);
        }
        assert_eq!(of_place(None), Vec::<String>::new());
    }
}
