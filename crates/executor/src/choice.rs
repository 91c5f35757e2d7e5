//! Chooses between processes and containers, task by task.
//!
//! A plain Python image and what the user maps or has taken in run as processes; other images are containers where
//! an engine answers. What was launched one way is asked for the same way ever after.

use std::path::{Path, PathBuf};

use futures::future::BoxFuture;
use pipewright_engine::{AttemptId, Launch, Observation};
use tokio::sync::mpsc;

use crate::container::ContainerExecutor;
use crate::process::{Fitness, Kind, ProcessExecutor, log_path};
use crate::seam::{Executor, ImageState, LogSource, OBSERVATIONS_CAPACITY, Observations};

/// How tasks are to be run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    /// Containers where an engine answers and the image is no plain Python image, processes otherwise.
    #[default]
    Auto,
    Process,
    Container,
}

/// Runs each task one way or the other. A clone is another handle of the same executor.
#[derive(Clone)]
pub struct Chooser {
    choice: Choice,
    home: PathBuf,
    process: ProcessExecutor,
    container: Option<ContainerExecutor>,
}

impl Chooser {
    /// Joins both. Must be called inside a tokio runtime.
    pub fn new(
        choice: Choice,
        home: &Path,
        (process, from_processes): (ProcessExecutor, Observations),
        container: Option<(ContainerExecutor, Observations)>,
    ) -> (Self, Observations) {
        let (container, from_containers) = container.unzip();
        let observations = match from_containers {
            None => from_processes,
            Some(from_containers) => {
                let (sender, receiver) = mpsc::channel(OBSERVATIONS_CAPACITY);
                tokio::spawn(pass_on(from_processes, sender.clone()));
                tokio::spawn(pass_on(from_containers, sender));
                receiver
            }
        };
        (Self { choice, home: home.to_owned(), process, container }, observations)
    }

    /// Returns the executor of containers when a new task of this image belongs there.
    fn container_for(&self, image: &str) -> Option<&ContainerExecutor> {
        let container = self.container.as_ref()?;
        let is_container = match (self.choice, self.process.fitness(image)) {
            (_, Fitness::Asked(kind)) => kind == Kind::Container,
            (Choice::Container, _) => true,
            (Choice::Process, _) | (Choice::Auto, Fitness::Mapped | Fitness::Python) => false,
            (Choice::Auto, Fitness::Machine | Fitness::Unfit) => true,
        };
        is_container.then_some(container)
    }

    /// Returns who runs an attempt that was launched before.
    fn owner(&self, attempt: &AttemptId) -> &dyn Executor {
        match &self.container {
            Some(container) if ContainerExecutor::owns(&self.home, attempt) => container,
            _ => &self.process,
        }
    }
}

async fn pass_on(mut from: Observations, to: mpsc::Sender<Observation>) {
    while let Some(observation) = from.recv().await {
        if to.send(observation).await.is_err() {
            return;
        }
    }
}

impl Executor for Chooser {
    fn launch(&self, launch: Launch) -> BoxFuture<'_, ()> {
        let was_launched = log_path(&self.home, &launch.attempt).parent().is_some_and(Path::exists);
        if was_launched {
            return self.owner(&launch.attempt).launch(launch);
        }
        match self.container_for(&launch.image) {
            Some(container) => container.launch(launch),
            None => self.process.launch(launch),
        }
    }

    fn kill(&self, attempt: AttemptId) -> BoxFuture<'_, ()> {
        if let Some(container) = &self.container
            && (container.is_in_flight(&attempt) || ContainerExecutor::owns(&self.home, &attempt))
        {
            return container.kill(attempt);
        }
        self.process.kill(attempt)
    }

    fn forget(&self, attempt: AttemptId) -> BoxFuture<'_, ()> {
        self.owner(&attempt).forget(attempt)
    }

    fn image(&self, image: &str) -> BoxFuture<'_, ImageState> {
        match self.container_for(image) {
            Some(container) => container.image(image),
            None => self.process.image(image),
        }
    }
}

impl LogSource for Chooser {
    fn log_path(&self, attempt: &AttemptId) -> PathBuf {
        log_path(&self.home, attempt)
    }
}
