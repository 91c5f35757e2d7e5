//! One test for every way in which tasks are run: processes, unpacked images, containers of each engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::query_parameters::{ImportImageOptions, ListContainersOptions, ListVolumesOptions};
use bollard::{API_DEFAULT_VERSION, Docker};
use futures::StreamExt;
use pipewright_engine::{AttemptEnd, FailureReason, Launch, RunId};
use pipewright_executor::container::{self, ContainerExecutor, Network};
use pipewright_executor::process::{self, Isolation, ProcessExecutor};
use pipewright_executor::{Executor, Observations, Registry, contract};
use pipewright_images::Store;

pub fn launcher() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().join("examples/launcher")
}

/// Lists the sockets of engines to test with.
pub fn engines() -> Vec<PathBuf> {
    let named = std::env::var("PIPEWRIGHT_TEST_ENGINES").unwrap_or_default();
    let found: Vec<PathBuf> = named.split(',').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
    if found.is_empty() {
        eprintln!(
            "skipped: PIPEWRIGHT_TEST_ENGINES names no engine; `cargo xtask test containers` starts some"
        );
    }
    found
}

/// Gives an engine the small image under these names.
pub async fn load(docker: &Docker, archive: &Path) {
    for (user, names) in [("", vec!["busybox:latest", "team/tool:1"]), ("app", vec!["team/app:1"])] {
        super::archive(archive, &names, user);
        let bytes = fs::read(archive).unwrap();
        let mut loading =
            docker.import_image(ImportImageOptions::default(), bollard::body_full(bytes.into()), None);
        while let Some(step) = loading.next().await {
            step.unwrap();
        }
    }
}

pub async fn connect(socket: &Path) -> Docker {
    let docker = Docker::connect_with_unix(socket.to_str().unwrap(), 120, API_DEFAULT_VERSION).unwrap();
    docker.negotiate_version().await.unwrap()
}

/// A way in which tasks are run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    Process,
    Unpacked,
    Engine(PathBuf),
}

impl Kind {
    /// Lists all that this machine has.
    pub fn all() -> Vec<Self> {
        let mut kinds = Vec::new();
        let home = tempfile::tempdir().unwrap();
        match process::obstacle(&launcher(), home.path()).unwrap() {
            None => kinds.extend([Self::Process, Self::Unpacked]),
            Some(why) => eprintln!("skipped: {why}"),
        }
        kinds.extend(engines().into_iter().map(Self::Engine));
        kinds
    }
}

/// A home folder and who runs tasks for it.
pub struct World {
    pub home: tempfile::TempDir,
    pub executor: Box<dyn Executor>,
    pub observations: Observations,
    pub kind: Kind,
    objects: Registry,
    reserve: u64,
    count: u32,
}

/// How an attempt ended, and what it wrote.
pub struct End {
    pub end: AttemptEnd,
    pub log: String,
    pub folder: PathBuf,
}

impl End {
    pub fn failure(&self) -> (FailureReason, &str, Option<i32>) {
        match &self.end {
            AttemptEnd::Failed { failure, .. } => (failure.reason, &failure.message, failure.exit_code),
            AttemptEnd::Succeeded { .. } => panic!("the attempt succeeded: {}", self.log),
        }
    }

    pub fn assert_succeeded(&self) {
        if let AttemptEnd::Failed { failure, .. } = &self.end {
            panic!("{} ({:?})\n{}", failure.message, failure.hint, self.log);
        }
    }

    /// Returns what the task wrote, or why it failed.
    pub fn outcome(&self) -> Result<&str, String> {
        match &self.end {
            AttemptEnd::Succeeded { .. } => Ok(self.log.trim()),
            AttemptEnd::Failed { failure, .. } => {
                let hint = failure.hint.clone().unwrap_or_default();
                Err(format!("{} ({hint}) {}", failure.message, self.log))
            }
        }
    }

    /// Returns what another command of the pod wrote.
    pub fn said(&self, companion: &str) -> String {
        written(&self.folder.join("companions").join(companion).join("log"))
    }
}

fn written(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().filter(|line| !line.starts_with("pipewright: ")).collect::<Vec<_>>().join("\n")
}

impl World {
    pub async fn new(kind: &Kind, objects: impl Fn(&Path) -> Registry) -> Self {
        Self::in_home(kind, tempfile::tempdir().unwrap(), objects).await
    }

    pub async fn in_home(kind: &Kind, home: tempfile::TempDir, objects: impl Fn(&Path) -> Registry) -> Self {
        Self::with_reserve(kind, home, objects, 0).await
    }

    /// Makes one that keeps that much of its disk free.
    pub async fn with_reserve(
        kind: &Kind,
        home: tempfile::TempDir,
        objects: impl Fn(&Path) -> Registry,
        reserve: u64,
    ) -> Self {
        let objects = objects(home.path());
        let archive = home.path().join("image.tar");
        match kind {
            Kind::Process => {}
            Kind::Unpacked => {
                super::archive(&archive, &["busybox:latest", "team/tool:1"], "");
                Store::new(home.path().join("images")).import(&archive, None).unwrap();
            }
            Kind::Engine(socket) => load(&connect(socket).await, &archive).await,
        }
        let (executor, observations) = start(kind, home.path(), &objects, reserve).await;
        Self { home, executor, observations, kind: kind.clone(), objects, reserve, count: 0 }
    }

    /// Has another server take over, as after a crash of the first: nothing of that is used any more.
    pub async fn restart(&mut self) {
        let (executor, observations) = start(&self.kind, self.home.path(), &self.objects, self.reserve).await;
        let old = std::mem::replace(&mut self.executor, executor);
        drop(std::mem::replace(&mut self.observations, observations));
        drop(old);
    }

    /// Makes a request of its own name.
    pub fn launch(&mut self, command: &[&str]) -> Launch {
        self.count += 1;
        let mut launch = contract::launch_of(&format!("task-{}", self.count), command);
        // Worlds share an engine.
        let name = self.home.path().file_name().unwrap().to_string_lossy().into_owned();
        launch.attempt.run = RunId(format!("run{}", name.replace('.', "-")));
        launch
    }

    pub async fn run(&mut self, launch: Launch) -> End {
        self.executor.launch(launch.clone()).await;
        self.end(&launch).await
    }

    pub async fn end(&mut self, launch: &Launch) -> End {
        let end = contract::end_of(&mut self.observations, &launch.attempt).await;
        let log = process::log_path(self.home.path(), &launch.attempt);
        End { end, log: written(&log), folder: log.parent().unwrap().to_owned() }
    }

    /// Checks that the engine has nothing of this world any more; removing takes a moment.
    pub async fn assert_nothing_is_left(&self) {
        let Kind::Engine(socket) = &self.kind else { return };
        let docker = connect(socket).await;
        for _ in 0..100 {
            if self.left(&docker).await.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(self.left(&docker).await, Vec::<String>::new());
    }

    async fn left(&self, docker: &Docker) -> Vec<String> {
        let label = format!("pipewright.home={}", self.home.path().display());
        let filters = Some([("label".to_owned(), vec![label])].into_iter().collect());
        let options = ListContainersOptions { all: true, filters: filters.clone(), ..Default::default() };
        let containers = match docker.list_containers(Some(options)).await {
            Ok(found) => found,
            // Podman calls one `stopped` that is just ending, which is no state that Docker has.
            Err(error) => return vec![error.to_string()],
        };
        let volumes = docker.list_volumes(Some(ListVolumesOptions { filters })).await.unwrap();
        let volumes = volumes.volumes.unwrap_or_default().into_iter().map(|volume| volume.name);
        containers.into_iter().map(|one| one.names.unwrap_or_default().join(",")).chain(volumes).collect()
    }
}

async fn start(
    kind: &Kind,
    home: &Path,
    objects: &Registry,
    disk_reserve_bytes: u64,
) -> (Box<dyn Executor>, Observations) {
    let grace = Duration::from_millis(500);
    match kind {
        Kind::Process | Kind::Unpacked => {
            let (isolation, objects) = (Isolation::On, objects.clone());
            let options = process::Options {
                isolation,
                grace,
                objects,
                disk_reserve_bytes,
                ..process::Options::new(home, launcher())
            };
            let (executor, observations) = ProcessExecutor::start(options).unwrap();
            (Box::new(executor), observations)
        }
        Kind::Engine(socket) => {
            let options = container::Options {
                socket: Some(socket.clone()),
                network: Network::None,
                grace,
                objects: objects.clone(),
                disk_reserve_bytes,
                ..container::Options::new(home, launcher())
            };
            let (executor, observations) = ContainerExecutor::start(options).await.unwrap();
            (Box::new(executor), observations)
        }
    }
}
