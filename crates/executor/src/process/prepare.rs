//! Makes what an attempt's processes run in, and works out what the launcher is told of them.

use std::path::Path;

use pipewright_engine::{CompanionLaunch, Failure, FailureReason, Launch};
use pipewright_plan::{Filling, LaunchCompanion};

use super::executor::Shared;
use super::places;
use super::pod;
use super::request::{self, Surroundings};
use super::teller::Teller;
use crate::pod_defaults;

impl Shared {
    /// Makes what an attempt runs in, and what the other commands of its pod do.
    pub(super) async fn surround(
        &self,
        launch: &mut Launch,
        folder: &Path,
        teller: &Teller,
    ) -> Result<Surroundings, Failure> {
        if let Some(objects) = self.options.objects.get() {
            let all = objects.pod_defaults(&launch.namespace).await.map_err(|why| Failure {
                reason: FailureReason::NotStarted,
                message: format!("failed to look up PodDefaults: {why}"),
                hint: None,
                exit_code: None,
            })?;
            pod_defaults::apply(launch, &all)?;
        }
        self.surrounder.add_pod_defaults(launch);
        let mut around = self.surrounder.surround(launch, folder, teller).await?;
        around.env.extend(request::gpu_variables(launch));
        let mut around = self.bring(launch, around).await?;
        for companion in std::mem::take(&mut launch.companions) {
            let CompanionLaunch { name, role, launch } = companion;
            let folder = folder.join("companions").join(&name);
            let named =
                |failure: Failure| Failure { message: format!("{name}: {}", failure.message), ..failure };
            let mut own = self.surrounder.surround(&launch, &folder, teller).await.map_err(named)?;
            own.env.extend(request::gpu_variables(&launch));
            let own = self.bring(&launch, own).await.map_err(named)?;
            let spec = request::spec_of(launch, &folder, own, &self.common);
            around.companions.push(LaunchCompanion { name, role, spec });
        }
        pod::share(&mut around.brought.volumes, &mut around.companions);
        Ok(around)
    }

    /// Adds what the task's pod brings, if anything.
    async fn bring(&self, launch: &Launch, mut around: Surroundings) -> Result<Surroundings, Failure> {
        if let Some(path) = &launch.container.working_directory {
            let filling = Filling {
                executor_input: &launch.executor_input,
                defaults: &launch.defaults,
                job: &launch.job,
            };
            around.working_directory = Some(filling.text(path).into());
        }
        if launch.pod.is_empty() && launch.container.places.is_empty() {
            return Ok(around);
        }
        around.brought = pod::bring(launch, &self.options.objects).await?;
        let image = match (&around.root_filesystem, &around.image_root) {
            (Some(_), _) => places::Image::Whole,
            (None, Some(root)) => places::Image::Folder(root),
            (None, None) => places::Image::None,
        };
        let placed = places::place(launch, &around.brought.volumes, image)?;
        let needs_view = !placed.places.is_empty();
        around.brought.volumes.extend(placed.volumes);
        around.files.extend(placed.files);
        around.places = placed.places;
        let obstacle = self.state().obstacle.clone();
        match (around.brought.volumes.first(), obstacle) {
            (None, Some(why)) if needs_view => Err(Failure {
                reason: FailureReason::NotStarted,
                message: format!(
                    "the task leaves its outputs at paths of its own, and tasks get no view of their own here: {why}"
                ),
                hint: Some("`pipewright doctor` says how to allow it".to_owned()),
                exit_code: None,
            }),
            (Some(volume), Some(why)) => Err(Failure {
                reason: FailureReason::NotStarted,
                message: format!(
                    "the task needs a volume at {}, and tasks get no view of their own here: {why}",
                    volume.target.display()
                ),
                hint: Some("`pipewright doctor` says how to allow it".to_owned()),
                exit_code: None,
            }),
            _ => Ok(around),
        }
    }
}
