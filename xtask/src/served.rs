//! A `pipewright serve` child on a free loopback port.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::http;

/// Longest wait for the first answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that runs until it is stopped, killed or dropped.
pub struct Served {
    child: Child,
    pub url: String,
    /// From the start of the process to its first answer.
    pub ready_after: Duration,
}

impl Served {
    /// Starts a server on this home and waits for its first answer. Its talk is appended to `<home>.log`.
    pub fn start(binary: &Path, home: &Path, extra: &[&str]) -> Result<Self> {
        Self::start_patiently(binary, home, extra, PATIENCE)
    }

    /// Starts one that may need longer for its first answer.
    pub fn start_patiently(binary: &Path, home: &Path, extra: &[&str], patience: Duration) -> Result<Self> {
        let port = free_port()?;
        let address = format!("127.0.0.1:{port}");
        let log = File::options().create(true).append(true).open(log_path(home))?;
        let started = Instant::now();
        let child = Command::new(binary)
            .args(["serve", "--listen", &address, "--home"])
            .arg(home)
            .args(extra)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut served = Self { child, url: format!("http://{address}"), ready_after: Duration::ZERO };
        while started.elapsed() < patience {
            if let Ok((200, _)) = http::exchange(&served.url, "GET", "/apis/v2beta1/healthz", None) {
                served.ready_after = started.elapsed();
                return Ok(served);
            }
            if let Some(status) = served.child.try_wait()? {
                bail!("the server left with {status}; see {}", log_path(home).display());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        bail!("the server did not answer within {patience:?}; see {}", log_path(home).display())
    }

    /// Creates a run from an IR document and returns its id.
    pub fn submit(&self, name: &str, spec: &Value) -> Result<String> {
        let body = json!({ "display_name": name, "pipeline_spec": spec });
        let run = http::call(&self.url, "POST", "/apis/v2beta1/runs", Some(&body))?;
        let id = run["run_id"].as_str().context("the created run has no run_id")?;
        Ok(id.to_owned())
    }

    /// Returns the run as the API gives it.
    pub fn run(&self, id: &str) -> Result<Value> {
        http::call(&self.url, "GET", &format!("/apis/v2beta1/runs/{id}"), None)
    }

    /// Waits for the end of the newest run and returns the run, without its tasks.
    pub fn wait(&self, id: &str, limit: Duration) -> Result<Value> {
        let started = Instant::now();
        // Whoever asks takes time from what is measured.
        let mut pause = Duration::from_millis(100);
        while started.elapsed() < limit {
            let asked = Instant::now();
            // A list leaves the tasks out: it costs the server little, however large the run.
            let path = "/apis/v2beta1/runs?page_size=1&sort_by=created_at%20desc";
            let page = http::call(&self.url, "GET", path, None)?;
            let run = &page["runs"][0];
            if run["run_id"] != id {
                bail!("the newest run is not {id}");
            }
            if is_over(run) {
                return Ok(run.clone());
            }
            pause = pause.max(asked.elapsed() * 20);
            std::thread::sleep(pause);
        }
        bail!("run {id} did not end within {limit:?}")
    }

    /// Returns how long the root of a run took, by the server's own clock.
    pub fn duration(&self, id: &str) -> Result<Duration> {
        let document = http::call(&self.url, "GET", &format!("/apis/pipewright/v1/runs/{id}"), None)?;
        let mut tasks = document["tasks"].as_array().into_iter().flatten();
        let root = tasks.find(|task| task["task_id"] == "root").context("the run has no root task")?;
        let seconds = root["duration_seconds"].as_f64().context("the root task has no duration")?;
        Ok(Duration::from_secs_f64(seconds))
    }

    /// Returns a line of `/proc/<pid>/status` in bytes, such as `VmHWM` or `VmRSS`.
    pub fn memory_bytes(&self, field: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with(field)).context("no such memory figure")?;
        let kib = line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok());
        Ok(kib.context("memory figure is no number")? * 1024)
    }

    /// Returns the number of the server's process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the server at once, as a crash would: tasks go on.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let patience = Instant::now();
        while patience.elapsed() < Duration::from_secs(5) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tells whether a run of the API has ended.
pub fn is_over(run: &Value) -> bool {
    matches!(run["state"].as_str(), Some("SUCCEEDED" | "FAILED" | "CANCELED" | "SKIPPED"))
}

/// Fails unless the run succeeded.
pub fn must_succeed(run: &Value) -> Result<()> {
    match run["state"].as_str() {
        Some("SUCCEEDED") => Ok(()),
        state => bail!("run ended {}: {}", state.unwrap_or("without a state"), run["error"]),
    }
}

fn log_path(home: &Path) -> PathBuf {
    home.with_extension("log")
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
