//! Whose a container's report is: an engine that was killed may forget that it started a container, and start it
//! again.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use pipewright_plan::REPORT_BEGUN;
use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;

/// What a container's end looks like when its command never ran.
pub(crate) const NOT_STARTED: u8 = 125;

/// A report that this process has, for as long as it lives.
pub(crate) struct Claim {
    file: File,
}

impl Claim {
    /// Takes it, or says on stderr why nothing is run here, and with what this process ends. The report is another's
    /// then: nothing may be written there.
    pub(crate) fn begin(report: &Path) -> Result<Self, ExitCode> {
        let why = match Self::take(report) {
            Ok(Some(claim)) => return Ok(claim),
            Ok(None) => "this container was started before".to_owned(),
            Err(error) => format!("failed to take the report: {error}"),
        };
        eprintln!("pipewright launcher: {why}");
        Err(ExitCode::from(NOT_STARTED))
    }

    /// Takes it once nobody else holds it; `None` when somebody has had it before.
    fn take(report: &Path) -> io::Result<Option<Self>> {
        let mut file = OpenOptions::new().append(true).open(report)?;
        retry_on_intr(|| flock(&file, FlockOperation::LockExclusive))?;
        if file.metadata()?.len() > 0 {
            return Ok(None);
        }
        file.write_all(REPORT_BEGUN)?;
        Ok(Some(Self { file }))
    }

    /// Tells whether somebody has asked for an end in the report itself.
    pub(crate) fn is_called_off(&self) -> bool {
        self.file.metadata().is_ok_and(|facts| facts.len() > REPORT_BEGUN.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_taken_once() {
        let report = tempfile::NamedTempFile::new().unwrap();
        let claim = Claim::take(report.path()).unwrap().unwrap();
        assert!(!claim.is_called_off());
        OpenOptions::new().append(true).open(report.path()).unwrap().write_all(REPORT_BEGUN).unwrap();
        assert!(claim.is_called_off());
        drop(claim);
        assert!(Claim::take(report.path()).unwrap().is_none());
        assert!(Claim::take(&report.path().join("none")).is_err());
    }
}
