//! Chooses between processes and containers, task by task.
//!
//! A plain Python image and what the user maps or has taken in run as processes; other images are containers where
//! an engine answers. What was launched one way is asked for the same way ever after.

use std::path::{Path, PathBuf};

use futures::future::BoxFuture;
use pipewright_engine::{AttemptEnd, AttemptId, ExecutorChoice, Failure, FailureReason, Launch, Observation};
use pipewright_plan::Usage;
use tokio::sync::mpsc;

use crate::container::ContainerExecutor;
use crate::process::{Fitness, Kind, ProcessExecutor, log_path};
use crate::seam::{Executor, ImageState, LogSource, OBSERVATIONS_CAPACITY, Observations};

/// Runs each task one way or the other. A clone is another handle of the same executor.
#[derive(Clone)]
pub struct Chooser {
    choice: ExecutorChoice,
    home: PathBuf,
    process: ProcessExecutor,
    container: Option<ContainerExecutor>,
}

impl Chooser {
    /// Joins both. Must be called inside a tokio runtime.
    pub fn new(
        choice: ExecutorChoice,
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

    /// Tells whether there is an engine for containers.
    pub fn has_containers(&self) -> bool {
        self.container.is_some()
    }

    /// Says where a new task of this image belongs; what its run wishes comes before what is usual here, and what
    /// the user says of the image before both.
    fn way_of(&self, image: &str, wish: Option<ExecutorChoice>) -> Way<'_> {
        let choice = wish.unwrap_or(self.choice);
        let is_container = match (choice, self.process.fitness(image)) {
            (_, Fitness::Asked(kind)) => kind == Kind::Container,
            (ExecutorChoice::Container, _) => true,
            (ExecutorChoice::Process, _) | (ExecutorChoice::Auto, Fitness::Mapped | Fitness::Python) => false,
            // Where no engine answers they are processes, or refused.
            (ExecutorChoice::Auto, Fitness::Machine | Fitness::Unfit) => self.container.is_some(),
        };
        match &self.container {
            Some(container) if is_container => Way::Container(container),
            None if is_container => Way::Nowhere,
            _ => Way::Process,
        }
    }

    /// Tells that an attempt cannot run for want of an engine, in a task of its own: whoever launches may be the one
    /// who is told.
    fn refuse(&self, attempt: AttemptId, reason: FailureReason, message: String) -> BoxFuture<'_, ()> {
        let hint = "start Docker or Podman and then Pipewright, or name its socket by --container-socket";
        let failure = Failure { reason, message, hint: Some(hint.to_owned()), exit_code: None };
        let end = AttemptEnd::Failed { failure, usage: Usage::default(), published: None };
        let process = self.process.clone();
        Box::pin(async move {
            tokio::spawn(async move { process.tell_end(&attempt, end).await });
        })
    }

    /// Returns who runs an attempt that was launched before.
    fn owner(&self, attempt: &AttemptId) -> &dyn Executor {
        match &self.container {
            Some(container) if ContainerExecutor::owns(&self.home, attempt) => container,
            _ => &self.process,
        }
    }

    /// Waits until what attempts leave in an engine is removed, those whose end was told.
    pub async fn tidy(&self) {
        if let Some(container) = &self.container {
            container.tidy().await;
        }
    }
}

/// Where a task belongs.
enum Way<'a> {
    Process,
    Container(&'a ContainerExecutor),
    /// It is to be a container, and there is no engine.
    Nowhere,
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
            if self.container.is_none() && ContainerExecutor::owns(&self.home, &launch.attempt) {
                let message = "it is a container, and its engine does not answer".to_owned();
                return self.refuse(launch.attempt, FailureReason::Lost, message);
            }
            return self.owner(&launch.attempt).launch(launch);
        }
        match self.way_of(&launch.image, launch.executor) {
            Way::Container(container) => container.launch(launch),
            Way::Process => self.process.launch(launch),
            Way::Nowhere => {
                let message =
                    format!("image `{}` is to run in a container, and no engine answers", launch.image);
                self.refuse(launch.attempt, FailureReason::NotStarted, message)
            }
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

    fn image(&self, image: &str, wish: Option<ExecutorChoice>) -> BoxFuture<'_, ImageState> {
        match self.way_of(image, wish) {
            Way::Container(container) => container.image(image, wish),
            Way::Process => self.process.image(image, wish),
            Way::Nowhere => Box::pin(async { ImageState::Unknown }),
        }
    }
}

impl LogSource for Chooser {
    fn log_path(&self, attempt: &AttemptId) -> PathBuf {
        log_path(&self.home, attempt)
    }
}
