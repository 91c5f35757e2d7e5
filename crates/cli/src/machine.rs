//! What a server is told of the machine that its tasks run on: how full it is, and what `doctor` finds.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use pipewright_controller::{Need, Queue};
use pipewright_engine::AttemptId;
use pipewright_server::{AmountView, FindingView, Machine, MachineView, QueueView};

use crate::args::{Doctor, Executor, Format, Home};
use crate::commands::doctor;
use crate::settings::Settings;

/// How long findings hold: to look again costs some programs' starts.
const FRESH: Duration = Duration::from_secs(300);

/// This machine.
pub(crate) struct ThisMachine {
    queue: Queue,
    executor: Executor,
    home: PathBuf,
    doctor: Doctor,
    findings: Mutex<Option<(Instant, Vec<FindingView>)>>,
}

impl ThisMachine {
    pub(crate) fn new(queue: Queue, settings: &Settings) -> Self {
        let home = settings.home.clone();
        let doctor = Doctor {
            home: Home { home: Some(home.clone()) },
            images: settings.images.clone(),
            output: Format::Json,
        };
        Self { queue, executor: settings.executor, home, doctor, findings: Mutex::default() }
    }

    fn findings(&self) -> Vec<FindingView> {
        let mut kept = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, findings)) = kept.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return findings.clone();
        }
        let findings = doctor::of_machine(&self.doctor, &self.home);
        *kept = Some((Instant::now(), findings.clone()));
        findings
    }
}

fn of(need: Need) -> AmountView {
    AmountView {
        cpus: need.cpu_millis as f64 / 1000.0,
        memory_bytes: need.memory_bytes,
        gpus: need.gpus as u64,
    }
}

impl Machine for ThisMachine {
    fn look(&self) -> MachineView {
        let load = self.queue.load();
        let all = Need {
            cpu_millis: load.capacity.cpu_millis,
            memory_bytes: load.capacity.memory_bytes,
            gpus: load.capacity.gpus.len(),
        };
        MachineView {
            executor: self.executor.choice().word().to_owned(),
            capacity: of(all),
            free: of(load.free),
            most_attempts: load.capacity.attempts as u64,
            running_attempts: load.running as u64,
            waiting_attempts: load.waiting as u64,
            findings: self.findings(),
        }
    }

    fn queued(&self, attempt: &AttemptId) -> Option<QueueView> {
        let queued = self.queue.of(attempt)?;
        Some(QueueView {
            position: queued.position as u64,
            waiting: queued.load.waiting as u64,
            needs: of(queued.needs),
            free: of(queued.load.free),
            running_attempts: queued.load.running as u64,
            most_attempts: queued.load.capacity.attempts as u64,
        })
    }
}
