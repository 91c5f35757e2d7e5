//! What an exit report means to the engine.

use pipewright_engine::{AttemptEnd, Failure, FailureReason};
use pipewright_plan::{BrokenLimit, CompanionEnd, ExitReport, ExitStatus, Usage};

/// Turns a report into an attempt's end; `killed` says that somebody asked it to stop.
pub(crate) fn end_of(mut report: ExitReport, killed: bool) -> AttemptEnd {
    let left = report.left.take();
    match verdict(report, killed) {
        AttemptEnd::Failed { failure, usage, .. } if failure.reason != FailureReason::Cancelled => {
            AttemptEnd::Failed { failure, usage, published: left }
        }
        end => end,
    }
}

fn verdict(report: ExitReport, killed: bool) -> AttemptEnd {
    let usage = report.usage;
    let code = match &report.status {
        ExitStatus::Exited { code } => Some(*code),
        ExitStatus::Signaled { .. } | ExitStatus::NotStarted { .. } => None,
    };
    if killed && report.published.is_none() {
        return failed(FailureReason::Cancelled, "attempt was stopped".to_owned(), None, code, usage);
    }
    if let Some(CompanionEnd { name, status }) = &report.companion
        && (code == Some(0) || *status == report.status)
    {
        let what = match status {
            ExitStatus::Exited { code } => format!("Error (exit code {code})"),
            ExitStatus::Signaled { signal } => {
                format!("Error (exit code {}){}", 128 + signal, signal_name(*signal))
            }
            ExitStatus::NotStarted { message } => message.clone(),
        };
        let hint = Some(format!("what it said is in companions/{name}/log of the attempt's folder"));
        return failed(FailureReason::ExitCode, format!("{name}: {what}"), hint, None, usage);
    }
    match report.broken_limit {
        Some(BrokenLimit::Memory { bytes }) if report.published.is_none() => {
            let message = format!("memory ran out: the task may use {}", in_words(bytes));
            let hint = Some("raise its memory limit, or have it use less".to_owned());
            return failed(FailureReason::OutOfMemory, message, hint, code, usage);
        }
        Some(BrokenLimit::Log { bytes }) => {
            let message = format!("command was stopped: its log grew beyond {}", in_words(bytes));
            let hint = Some("have it write less, or raise `log_limit` in pipewright.toml".to_owned());
            return failed(FailureReason::Signal, message, hint, code, usage);
        }
        Some(BrokenLimit::Disk { bytes }) => {
            let message = format!("command was stopped: its files grew beyond {}", in_words(bytes));
            let hint = Some("have it write less, or raise `disk_limit` in pipewright.toml".to_owned());
            return failed(FailureReason::Signal, message, hint, code, usage);
        }
        Some(BrokenLimit::DiskReserve { bytes, free }) => {
            let message = format!(
                "command was stopped: it had written {}, and only {} of the disk were left",
                in_words(bytes),
                in_words(free)
            );
            let hint =
                Some("make room, have it write less, or lower `disk_reserve` in pipewright.toml".to_owned());
            return failed(FailureReason::Signal, message, hint, code, usage);
        }
        Some(BrokenLimit::Memory { .. }) | None => {}
    }
    match report.status {
        ExitStatus::Exited { code: 0 } => match (report.published, report.publish_error) {
            (Some(published), _) => AttemptEnd::Succeeded { published, usage },
            (None, message) => {
                let message = message.unwrap_or_else(|| "outputs were not published".to_owned());
                failed(FailureReason::Output, message, None, code, usage)
            }
        },
        ExitStatus::Exited { code: number } => {
            let message = format!("command ended with exit code {number}");
            failed(FailureReason::ExitCode, message, hint_of_code(number), code, usage)
        }
        ExitStatus::Signaled { signal } => {
            let message = format!("command was ended by signal {signal}{}", signal_name(signal));
            let hint =
                (signal == 9).then(|| "the kernel ends processes this way when memory runs out".to_owned());
            // As a container shows it.
            failed(FailureReason::Signal, message, hint, Some(128 + signal), usage)
        }
        ExitStatus::NotStarted { message } => failed(FailureReason::NotStarted, message, None, None, usage),
    }
}

/// Makes the end of an attempt that left no report.
pub(crate) fn end_without_report(reason: FailureReason, message: String, hint: Option<String>) -> AttemptEnd {
    failed(reason, message, hint, None, Usage::default())
}

/// Makes the end of an attempt whose supervisor vanished.
pub(crate) fn lost() -> AttemptEnd {
    end_without_report(
        FailureReason::Lost,
        "nobody knows how the attempt ended: the machine was restarted, or the process beside it was killed"
            .to_owned(),
        None,
    )
}

/// Makes the end of an attempt whose container was stopped by somebody else.
pub(crate) fn stopped_by_engine() -> AttemptEnd {
    end_without_report(
        FailureReason::Lost,
        "the container was stopped, and not by pipewright: its engine was restarted, or somebody stopped it"
            .to_owned(),
        None,
    )
}

/// Makes the end of an attempt that was stopped before it ran.
pub(crate) fn cancelled() -> AttemptEnd {
    end_without_report(FailureReason::Cancelled, "attempt was stopped before it started".to_owned(), None)
}

fn failed(
    reason: FailureReason,
    message: String,
    hint: Option<String>,
    exit_code: Option<i32>,
    usage: Usage,
) -> AttemptEnd {
    AttemptEnd::Failed { failure: Failure { reason, message, hint, exit_code }, usage, published: None }
}

fn hint_of_code(code: i32) -> Option<String> {
    let hint = match code {
        126 => "126 usually means that a program was found but may not be executed",
        127 => "127 usually means that a shell did not find a program",
        137 => "137 usually means that memory ran out",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn in_words(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{bytes} bytes"),
        1_048_576..1_073_741_824 => format!("{:.0} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        libc::SIGKILL => " (SIGKILL)",
        libc::SIGSEGV => " (SIGSEGV)",
        libc::SIGABRT => " (SIGABRT)",
        libc::SIGTERM => " (SIGTERM)",
        libc::SIGINT => " (SIGINT)",
        libc::SIGBUS => " (SIGBUS)",
        libc::SIGILL => " (SIGILL)",
        libc::SIGFPE => " (SIGFPE)",
        _ => "",
    }
}
