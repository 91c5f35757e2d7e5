//! Makes an attempt's containers: their images, what their launchers are told, their descriptions.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bollard::errors::Error as EngineError;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{CreateContainerOptions, InspectContainerOptions, StartContainerOptions};
use pipewright_engine::{CompanionLaunch, Failure, Launch};
use pipewright_plan::{Filling, LaunchSpec, Word};

use super::body::{self, Parts};
use super::claim::{self, Claim};
use super::executor::Shared;
use super::image::{self, Facts, reason, refused};
use super::layout::{self, Layout, REPORT, STARTED};
use super::pod::{self, Member, Pod, SharedMemory};
use crate::process::request::{self, Surroundings};
use crate::process::{self, places};

/// A container that is about to be made.
struct Draft {
    launch: Launch,
    facts: Facts,
    spec: LaunchSpec,
    outputs: Vec<PathBuf>,
}

/// Where an attempt runs.
pub(super) struct Place {
    /// For people.
    pub(super) shown: String,
    /// Of the image.
    pub(super) digest: String,
}

/// All containers of an attempt that are about to be made.
pub(super) struct Drafts {
    folder: PathBuf,
    main: Draft,
    others: Vec<(Member, Draft)>,
    memory: BTreeMap<String, SharedMemory>,
    pub(super) pod: Pod,
}

impl Shared {
    /// Works out what an attempt's containers are, and sees to their images.
    pub(super) async fn draft_all(&self, mut launch: Launch, folder: PathBuf) -> Result<Drafts, Failure> {
        layout::make_folder(&folder).map_err(|error| unprepared(&folder, &error))?;
        let companions = std::mem::take(&mut launch.companions);
        let mut main = self.draft(launch, &folder).await?;
        let mut others: Vec<(Member, Draft)> = Vec::new();
        for CompanionLaunch { name, role, launch } in companions {
            let named =
                |failure: Failure| Failure { message: format!("{name}: {}", failure.message), ..failure };
            let own = layout::folder_of_member(&folder, &name);
            let draft = self.draft(launch, &own).await.map_err(named)?;
            others.push((Member { name, role }, draft));
        }
        let mut specs: Vec<&mut LaunchSpec> = vec![&mut main.spec];
        specs.extend(others.iter_mut().map(|(_, draft)| &mut draft.spec));
        let memory = pod::share_memory(&mut specs, &main.launch.attempt);
        let pod = Pod {
            members: others.iter().map(|(member, _)| member.clone()).collect(),
            volumes: memory.values().map(|shared| shared.name.clone()).collect(),
        };
        Ok(Drafts { folder, main, others, memory, pod })
    }

    /// Makes all containers of an attempt and starts the first; returns where the attempt runs.
    pub(super) async fn make_all(&self, drafts: Drafts) -> Result<Place, Failure> {
        let Drafts { folder, main, others, memory, pod } = drafts;
        let attempt = main.launch.attempt.clone();
        let failed = |error: io::Error| unprepared(&folder, &error);
        pod.write(&folder).map_err(failed)?;
        let pool = folder.join(layout::SCRATCH).join("volumes");
        for draft in std::iter::once(&main).chain(others.iter().map(|(_, draft)| draft)) {
            let user = body::user_of(&draft.launch, &draft.facts);
            let layout = Layout {
                spec: &draft.spec,
                outputs: &draft.outputs,
                pool: &pool,
                room: &self.room,
                is_root: body::is_root(&user),
            };
            layout::prepare(&layout).map_err(failed)?;
        }
        if pod.has_holder() {
            layout::prepare_holder(&folder).map_err(failed)?;
        }
        self.make_volumes(&attempt, memory.values()).await?;
        let holder = pod.has_holder().then(|| pod::holder_of(&attempt));
        let name = body::name_of(&attempt);
        let mut bodies = Vec::new();
        let members = others.iter().map(|(member, draft)| (pod::container_of(&attempt, member), draft));
        for (name, draft) in std::iter::once((name.clone(), &main)).chain(members) {
            let parts = Parts {
                launch: &draft.launch,
                spec: &draft.spec,
                facts: &draft.facts,
                engine: &self.facts,
                options: &self.options,
                program: &self.program,
                room: &self.room,
                outputs: &draft.outputs,
                pool: &pool,
                inputs: &main.spec.executor_input,
                holder: holder.as_deref(),
                memory: &memory,
            };
            if let Some(holder) = holder.as_ref().filter(|_| bodies.is_empty()) {
                bodies.push((holder.clone(), body::holder(&parts)));
            }
            bodies.push((name, body::body(&parts)?));
        }
        for (name, body) in bodies {
            self.make(&name, body).await?;
        }
        let first = holder.as_ref().unwrap_or(&name);
        match self.docker.start_container(first, None::<StartContainerOptions>).await {
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 304, .. }) => {}
            // It was started before, and the engine has forgotten.
            Err(EngineError::DockerResponseServerError { .. })
                if holder.is_none() && claim::close(&folder.join(REPORT)) != Claim::Open => {}
            Err(error) => {
                return Err(refused(format!("failed to start the container: {}", reason(&error)), None));
            }
        }
        fs::write(folder.join(STARTED), b"").map_err(failed)?;
        let digest = main.facts.digest;
        Ok(Place { shown: format!("container {name}, image {}, {digest}", main.launch.image), digest })
    }

    /// Sees to an image, and works out what its launcher is told.
    async fn draft(&self, launch: Launch, folder: &Path) -> Result<Draft, Failure> {
        let teller = self.teller(&launch.attempt);
        let facts = image::ensure(&self.docker, &launch, &self.options.objects, &teller).await?;
        let around = self.surroundings(&launch, &facts).await?;
        let spec = request::spec_of(launch.clone(), folder, around, &self.common);
        let outputs = layout::output_folders(&spec);
        Ok(Draft { launch, facts, spec, outputs })
    }

    async fn make(&self, name: &str, body: ContainerCreateBody) -> Result<(), Failure> {
        let options =
            CreateContainerOptions { name: Some(name.to_owned()), ..CreateContainerOptions::default() };
        match self.docker.create_container(Some(options), body).await {
            Ok(_) => Ok(()),
            // It was made before, and is started unless it runs.
            Err(EngineError::DockerResponseServerError { status_code: 409, .. }) => {
                self.check_owner(name).await
            }
            Err(error) => Err(refused(format!("failed to make the container: {}", reason(&error)), None)),
        }
    }

    /// Fails when a container of that name is not ours.
    async fn check_owner(&self, name: &str) -> Result<(), Failure> {
        let found = self.docker.inspect_container(name, None::<InspectContainerOptions>).await;
        let labels = found.ok().and_then(|found| found.config?.labels).unwrap_or_default();
        if labels.get(body::HOME).is_some_and(|home| Path::new(home) == self.options.home) {
            return Ok(());
        }
        let hint = format!("remove it if nobody needs it: docker rm -f {name}");
        Err(refused(format!("there is a container {name} of another home folder"), Some(hint)))
    }

    /// Works out what the launcher is told of the image and the pod.
    async fn surroundings(&self, launch: &Launch, facts: &Facts) -> Result<Surroundings, Failure> {
        let user = body::user_of(launch, facts);
        let mut around = Surroundings {
            env: facts.env.clone(),
            working_directory: facts.working_directory.clone().or_else(|| Some(PathBuf::from("/"))),
            // Whatever it sees is the image's.
            root_filesystem: Some(PathBuf::from("/")),
            home: Some(if body::is_root(&user) { "/root".to_owned() } else { "/".to_owned() }),
            ..Surroundings::default()
        };
        let container = &launch.container;
        if container.command.is_empty() {
            let own: Vec<&String> = match container.args.is_empty() {
                true => facts.entrypoint.iter().chain(&facts.cmd).collect(),
                false => facts.entrypoint.iter().collect(),
            };
            let words: Vec<Word> =
                own.into_iter().map(Word::literal).chain(container.args.iter().cloned()).collect();
            if words.is_empty() {
                let message = format!(
                    "the task has no command, and image {} has neither entry point nor command",
                    launch.image
                );
                return Err(refused(message, Some("give the task a command".to_owned())));
            }
            around.words = Some(words);
        }
        if let Some(path) = &container.working_directory {
            let (executor_input, defaults, job) = (&launch.executor_input, &launch.defaults, &launch.job);
            around.working_directory = Some(Filling { executor_input, defaults, job }.text(path).into());
        }
        around.brought = process::pod::bring(launch, &self.options.objects).await?;
        let placed = places::place(launch, &around.brought.volumes, places::Image::Whole)?;
        around.brought.volumes.extend(placed.volumes);
        around.files.extend(placed.files);
        around.places = placed.places;
        Ok(around)
    }
}

fn unprepared(folder: &Path, error: &io::Error) -> Failure {
    refused(format!("failed to prepare {}: {error}", folder.display()), None)
}
