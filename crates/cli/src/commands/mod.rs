//! One module per command; each returns the exit code that `main` leaves with.

pub(crate) mod access;
pub(crate) mod api;
pub(crate) mod artifacts;
pub(crate) mod check;
pub(crate) mod completion;
pub(crate) mod contexts;
mod cron;
pub(crate) mod doctor;
pub(crate) mod images;
pub(crate) mod library;
pub(crate) mod objects;
pub(crate) mod registry;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod run_files;
pub(crate) mod runs;
