//! Makes an attempt's container: its image, what its launcher is told, its description.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bollard::errors::Error as EngineError;
use bollard::query_parameters::{CreateContainerOptions, InspectContainerOptions, StartContainerOptions};
use pipewright_engine::{Failure, Launch};
use pipewright_plan::{Filling, Word};

use super::body::{self, Parts};
use super::executor::Shared;
use super::image::{self, Facts, reason, refused};
use super::layout::{STARTED, make_folder, output_folders, prepare};
use crate::process::request::{self, Surroundings};
use crate::process::{places, pod};

impl Shared {
    /// Makes and starts the container; returns where the attempt runs.
    pub(super) async fn create(&self, launch: &Launch, folder: &Path) -> Result<String, Failure> {
        let teller = self.teller(&launch.attempt);
        let failed =
            |error: io::Error| refused(format!("failed to prepare {}: {error}", folder.display()), None);
        make_folder(folder).map_err(failed)?;
        let facts = image::ensure(&self.docker, launch, &self.options.objects, &teller).await?;
        let around = self.surroundings(launch, &facts).await?;
        let notes = around.notes.clone();
        let spec = request::spec_of(launch.clone(), folder, around, &self.common);
        let outputs = output_folders(&spec);
        prepare(folder, &spec, &outputs, &notes).map_err(failed)?;
        let parts = Parts {
            launch,
            spec: &spec,
            facts: &facts,
            engine: &self.facts,
            options: &self.options,
            program: &self.program,
            outputs: &outputs,
        };
        let body = body::body(&parts)?;
        let name = body::name_of(&launch.attempt);
        let options =
            CreateContainerOptions { name: Some(name.clone()), ..CreateContainerOptions::default() };
        match self.docker.create_container(Some(options), body).await {
            Ok(_) => {}
            // It was made before, and is started below unless it runs.
            Err(EngineError::DockerResponseServerError { status_code: 409, .. }) => {
                self.check_owner(&name).await?
            }
            Err(error) => {
                return Err(refused(format!("failed to make the container: {}", reason(&error)), None));
            }
        }
        match self.docker.start_container(&name, None::<StartContainerOptions>).await {
            Ok(()) | Err(EngineError::DockerResponseServerError { status_code: 304, .. }) => {}
            Err(error) => {
                self.remove(&launch.attempt).await;
                return Err(refused(format!("failed to start the container: {}", reason(&error)), None));
            }
        }
        fs::write(folder.join(STARTED), b"").map_err(failed)?;
        Ok(format!("container {name}, image {}, {}", launch.image, facts.digest))
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
        let mut around = Surroundings {
            env: facts.env.clone(),
            working_directory: facts.working_directory.clone().or_else(|| Some(PathBuf::from("/"))),
            // Whatever it sees is the image's.
            root_filesystem: Some(PathBuf::from("/")),
            home: Some(if is_root(&facts.user) { "/root".to_owned() } else { "/".to_owned() }),
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
        around.brought = pod::bring(launch, &self.options.objects).await?;
        let placed = places::place(launch, &around.brought.volumes, places::Image::Whole)?;
        around.brought.volumes.extend(placed.volumes);
        around.files.extend(placed.files);
        around.places = placed.places;
        Ok(around)
    }
}

fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), None | Some("" | "0" | "root"))
}
