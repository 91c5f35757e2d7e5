//! Text to plan: reads a pipeline file and says all that is wrong with it at once.
//!
//! The door is [`compile`]. This room is pure: it reads no files, has no clock and runs nothing.

mod arguments;
mod compile;
mod decode;
mod detect;
mod diagnostic;
mod suggest;
mod v1;
mod v2;
mod yaml;

pub use arguments::{ArgumentMistake, complete_arguments, parse_argument, parse_arguments};
pub use compile::{Checked, Compiled, check, check_with, compile, compile_cron, compile_json, compile_with};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use v1::{Library, Schedule, staleness};
