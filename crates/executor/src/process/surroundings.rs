//! Decides what stands for a task's image, and has it made where it is not there yet.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use pipewright_engine::{Failure, FailureReason, Launch};
use pipewright_plan::{LaunchFile, Word};

use super::bootstrap::{self, Bootstrap, Install, Program};
use super::images::{Images, Kind, Stand};
use super::interpreter::{Interpreter, Interpreters};
use super::names;
use super::older_sdk;
use super::python_env::{Environments, Wanted};
use super::request::Surroundings;
use super::teller::Teller;
use super::whole::{self, Whole};
use crate::seam::ImageState;

/// File that a component's source is written to, in the attempt's folder.
const SOURCE_FILE: &str = "program/ephemeral_component.py";
/// The same of a component made with kfp 1, which is a program of its own.
const SCRIPT_FILE: &str = "program/component.py";
/// How many (run, image) pairs are remembered as told.
const TOLD_LIMIT: usize = 4096;

/// Makes surroundings.
pub(super) struct Surrounder {
    images: Images,
    interpreters: Interpreters,
    environments: Arc<Environments>,
    whole: Whole,
    /// What each run has been told about its images.
    told: Mutex<BTreeSet<(String, String)>>,
}

/// How well an image can be run without containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fitness {
    /// The user says how.
    Asked(Kind),
    /// The user says what it is, or has taken it in.
    Mapped,
    /// A Python of the machine stands for it.
    Python,
    /// The machine's own programs stand for it.
    Machine,
    Unfit,
}

impl Surrounder {
    pub(super) fn new(home: &Path, images: Option<&Path>, any_image: bool) -> Self {
        Self {
            images: Images::new(home, images, any_image),
            interpreters: Interpreters::default(),
            environments: Arc::new(Environments::new(home)),
            whole: Whole::default(),
            told: Mutex::default(),
        }
    }

    /// Adds the secrets that tasks with its labels get; a mount of its own at the same path stays.
    pub(super) fn add_pod_defaults(&self, launch: &mut Launch) {
        if launch.pod.labels.is_empty() {
            return;
        }
        for mount in self.images.mounts_of(&launch.pod.labels) {
            if !launch.pod.volumes.iter().any(|own| own.path == mount.path) {
                launch.pod.volumes.push(mount);
            }
        }
    }

    /// Makes what one task needs; `teller` hears of everything that takes long or should be known.
    pub(super) async fn surround(
        &self,
        launch: &Launch,
        folder: &Path,
        teller: &Teller,
    ) -> Result<Surroundings, Failure> {
        let stand = self.images.stand(&launch.image).map_err(|refusal| Failure {
            reason: FailureReason::Refused,
            message: refusal.message,
            hint: refusal.hint,
            exit_code: None,
        })?;
        if stand.whole.is_some() || stand.source.is_some() {
            return self.surround_whole(launch, stand, teller).await;
        }
        let mut env = stand.pip.variables(self.environments.folder()).map_err(|error| unwritable(&error))?;
        env.extend(stand.env.iter().cloned());
        let mut around = Surroundings {
            env,
            working_directory: stand.working_directory.clone(),
            image_root: stand.root.clone(),
            path: stand.path.clone(),
            ..Surroundings::default()
        };
        let words = words_of(launch, &stand);
        if launch.container.command.is_empty() && !words.is_empty() {
            around.words = Some(words.clone());
        }
        let bootstrap = bootstrap::recognise(&words);
        let needs_kfp =
            bootstrap.as_ref().is_some_and(|found| matches!(found.program, Program::Function { .. }))
                || bootstrap::calls_executor(&words);
        let Some(version) = stand.python.as_ref().or(bootstrap.as_ref().map(|_| &None)) else {
            if !stand.is_mapped {
                self.tell(launch, "this machine's own programs stand for", &mut around, teller).await;
            }
            return Ok(around);
        };
        let Some(interpreter) = self.interpreters.find(version.as_deref(), needs_kfp).await else {
            if bootstrap.is_none() && !stand.is_mapped {
                self.tell(launch, "this machine's own programs stand for", &mut around, teller).await;
                return Ok(around);
            }
            return Err(no_interpreter(&launch.image));
        };
        if let Some(wanted) = version
            && interpreter.minor() != wanted
        {
            around.notes.push(format!(
                "image {} asks for Python {wanted}, which is not on this machine; Python {} runs instead",
                launch.image, interpreter.version
            ));
        }
        let stands_for = format!("Python {} of this machine stands for", interpreter.version);
        if !stand.is_mapped {
            self.tell(launch, &stands_for, &mut around, teller).await;
        }
        let wanted = wanted_of(&interpreter, &stand, bootstrap.as_ref(), needs_kfp, &mut around.notes);
        let python = match wanted {
            None => {
                let names = names::folder(self.environments.folder(), &interpreter);
                around.path.extend(names.map_err(|error| unwritable(&error))?);
                // Whatever the command installs goes to its private home folder.
                around.env.push(("PIP_BREAK_SYSTEM_PACKAGES".to_owned(), "1".to_owned()));
                interpreter.path.clone()
            }
            Some(wanted) => {
                let environment = self.environment(wanted, teller).await?;
                // Whatever it installs goes to a layer of its own.
                if stand.root.is_some() || bootstrap::mentions_pip(&words) {
                    around.layered.push(environment.clone());
                }
                environment.join("bin/python")
            }
        };
        around.shown.clone_from(&interpreter.prefixes);
        around.path.extend(python.parent().map(Path::to_owned));
        around.path.push(folder.join("work/.local/bin"));
        if let Some(bootstrap) = bootstrap {
            install_program(bootstrap, &python, folder, &mut around);
        }
        Ok(around)
    }

    /// Makes what a task needs that runs in a whole image.
    async fn surround_whole(
        &self,
        launch: &Launch,
        mut stand: Stand,
        teller: &Teller,
    ) -> Result<Surroundings, Failure> {
        let whole = match (stand.whole.take(), stand.source.take()) {
            (Some(whole), _) => whole,
            (None, source) => {
                self.whole.get(self.images.store(), source.as_deref(), &launch.image, teller).await?
            }
        };
        whole::surround(launch, stand, &whole, self.environments.folder())
    }

    /// Says what stands behind an image's name. May read the list of images.
    pub(super) fn image(&self, image: &str) -> ImageState {
        match self.images.stand(image) {
            Ok(Stand { whole: Some(whole), .. }) => ImageState::Digest(whole.image.digest),
            Ok(Stand { source: Some(source), .. }) => self.whole.state(&source),
            _ => ImageState::Named,
        }
    }

    /// Says whether a task of this image can be run here, and how the user wants it.
    pub(super) fn fitness(&self, image: &str) -> Fitness {
        match self.images.stand(image) {
            Ok(Stand { kind: Some(kind), .. }) => Fitness::Asked(kind),
            Ok(Stand { is_mapped: true, .. }) => Fitness::Mapped,
            Ok(Stand { python: Some(_), .. }) => Fitness::Python,
            Ok(_) => Fitness::Machine,
            Err(_) => Fitness::Unfit,
        }
    }

    async fn environment(&self, wanted: Wanted, teller: &Teller) -> Result<PathBuf, Failure> {
        if let Some(folder) = self.environments.ready(&wanted) {
            return Ok(folder);
        }
        self.environments.make(wanted, teller).await.map_err(|broken| Failure {
            reason: FailureReason::NotStarted,
            message: broken.message,
            hint: Some(broken.hint),
            exit_code: None,
        })
    }

    /// Says once in each run what stands for an image that nobody has mapped.
    async fn tell(&self, launch: &Launch, stands_for: &str, around: &mut Surroundings, teller: &Teller) {
        let is_new = {
            let mut told = self.told.lock().expect("no code panics while it holds the lock");
            if told.len() > TOLD_LIMIT {
                told.clear();
            }
            told.insert((launch.attempt.run.0.clone(), launch.image.clone()))
        };
        if is_new {
            let text = format!("image {} is not pulled: {stands_for} it", launch.image);
            around.notes.push(text.clone());
            teller.note(text).await;
        }
    }
}

/// Chooses the environment; `None` runs the interpreter as it is.
fn wanted_of(
    interpreter: &Interpreter,
    stand: &Stand,
    bootstrap: Option<&Bootstrap>,
    needs_kfp: bool,
    notes: &mut Vec<String>,
) -> Option<Wanted> {
    let mut installs = Vec::new();
    if !stand.requirements.is_empty() {
        installs.push(Install { requirements: stand.requirements.clone(), ..Install::default() });
    }
    let pip = stand.pip.clone();
    installs.extend(bootstrap.into_iter().flat_map(|bootstrap| bootstrap.installs.iter().cloned()));
    let has_kfp = installs.iter().flat_map(|install| &install.requirements).any(|name| brings_kfp(name));
    let mut system_packages = false;
    if needs_kfp && !has_kfp {
        if interpreter.has_kfp {
            if installs.is_empty() {
                return None;
            }
            system_packages = true;
        } else {
            notes.push(
                "the component expects kfp in its image; the newest kfp is installed instead".to_owned(),
            );
            let requirements = vec!["kfp".to_owned()];
            installs.push(Install { requirements, without_dependencies: true, ..Install::default() });
        }
    }
    if installs.is_empty() {
        return None;
    }
    Some(Wanted { interpreter: interpreter.clone(), installs, pip, system_packages })
}

/// Tells whether a requirement installs the SDK: by name, by file or from its repository.
fn brings_kfp(requirement: &str) -> bool {
    let name: String =
        requirement.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    name == "kfp" || requirement.contains("/kfp") || requirement.contains("kubeflow/pipelines")
}

fn install_program(bootstrap: Bootstrap, python: &Path, folder: &Path, around: &mut Surroundings) {
    match bootstrap.program {
        Program::Command { words } => around.words = Some(words),
        Program::Script { source, rest } => {
            let file = folder.join(SCRIPT_FILE);
            let mut words = vec![
                Word::literal(python.to_string_lossy()),
                Word::literal("-u"),
                Word::literal(file.to_string_lossy()),
            ];
            words.extend(rest);
            around.words = Some(words);
            around.files.push(LaunchFile { path: PathBuf::from(SCRIPT_FILE), content: source });
        }
        Program::Function { module, source, rest } => {
            let file = folder.join(SOURCE_FILE);
            let mut words = vec![
                Word::literal(python.to_string_lossy()),
                Word::literal("-m"),
                Word::literal(module),
                Word::literal("--component_module_path"),
                Word::literal(file.to_string_lossy()),
            ];
            words.extend(rest);
            around.words = Some(words);
            let content = older_sdk::completed(source, &bootstrap.installs);
            around.files.push(LaunchFile { path: PathBuf::from(SOURCE_FILE), content });
            around.env.push(("_KFP_RUNTIME".to_owned(), "true".to_owned()));
        }
    }
}

/// Returns the whole command; an image's own fills what the task leaves out, as containers do.
pub(super) fn words_of(launch: &Launch, stand: &Stand) -> Vec<Word> {
    let (command, args) = (&launch.container.command, &launch.container.args);
    let own: Vec<&String> = match (command.is_empty(), args.is_empty()) {
        (true, true) => stand.entrypoint.iter().chain(&stand.cmd).collect(),
        (true, false) => stand.entrypoint.iter().collect(),
        (false, _) => Vec::new(),
    };
    own.into_iter().map(Word::literal).chain(command.iter().chain(args).cloned()).collect()
}

fn unwritable(error: &io::Error) -> Failure {
    Failure {
        reason: FailureReason::NotStarted,
        message: format!("failed to write into the folder of environments: {error}"),
        hint: Some("check free space and permissions of the home folder".to_owned()),
        exit_code: None,
    }
}

fn no_interpreter(image: &str) -> Failure {
    Failure {
        reason: FailureReason::NotStarted,
        message: format!(
            "no Python interpreter of version 3.9 or newer was found to stand for image `{image}`"
        ),
        hint: Some(
            "install Python 3 (on Debian: `apt install python3 python3-venv`), or put it on PATH".to_owned(),
        ),
        exit_code: None,
    }
}
