//! Tasks that run in a whole image: which files, user, variables and command it gives them.
//!
//! The rules are those of Kubernetes: a task's command replaces the image's entry point, and with it its command;
//! arguments alone go to the entry point. A folder that holds a system is used where it is.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use pipewright_engine::{Failure, FailureReason, Launch};
use pipewright_images::{Image, Store, Unpacked};
use pipewright_plan::LaunchUser;

use super::images::Stand;
use super::request::{NamedImage, Surroundings};
use super::surroundings::words_of;
use super::teller::Teller;
use crate::seam::ImageState;

/// What archives and layouts have become; they are looked at again when they have changed.
#[derive(Default)]
pub(super) struct Whole {
    known: Mutex<BTreeMap<PathBuf, (SystemTime, String)>>,
}

impl Whole {
    /// Finds the image of a file or folder, taken in when that is needed.
    pub(super) async fn get(
        &self,
        store: &Store,
        source: Option<&Path>,
        name: &str,
        teller: &Teller,
    ) -> Result<Unpacked, Failure> {
        let failed = |message: String| refused(FailureReason::NotStarted, message, None);
        let path = source.ok_or_else(|| failed(format!("image `{name}` is nowhere")))?.to_owned();
        if is_system(&path) {
            return Ok(Unpacked { image: plain(&path), root: path });
        }
        let changed = changed_at(&path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
        if let Some(digest) = self.digest(&path, changed)
            && let Ok(Some(found)) = store.find(&format!("image@{digest}"))
        {
            return Ok(found);
        }
        teller.note(format!("unpacking image {name} from {}", path.display())).await;
        let (store, wanted, from) = (store.clone(), name.to_owned(), path.clone());
        let imported = tokio::task::spawn_blocking(move || {
            store.import(&from, Some(&wanted))?;
            store.find(&wanted)
        });
        let found = imported.await.map_err(|error| failed(error.to_string()))?;
        let found = found.map_err(|error| {
            refused(FailureReason::NotStarted, error.to_string(), error.hint().map(str::to_owned))
        })?;
        let found = found.ok_or_else(|| failed(format!("image `{name}` is gone")))?;
        let known = (changed, found.image.digest.clone());
        self.known.lock().expect("no code panics while it holds the lock").insert(path, known);
        Ok(found)
    }

    /// Says what is known of an image before it runs.
    pub(super) fn state(&self, source: &Path) -> ImageState {
        // What a folder holds is not looked at, as with `root`.
        if is_system(source) {
            return ImageState::Named;
        }
        let digest = changed_at(source).ok().and_then(|changed| self.digest(source, changed));
        digest.map_or(ImageState::Unknown, ImageState::Digest)
    }

    fn digest(&self, path: &Path, changed: SystemTime) -> Option<String> {
        let known = self.known.lock().expect("no code panics while it holds the lock");
        known.get(path).filter(|(of, _)| *of == changed).map(|(_, digest)| digest.clone())
    }
}

fn changed_at(path: &Path) -> io::Result<SystemTime> {
    let path = if path.is_dir() { path.join("index.json") } else { path.to_owned() };
    fs::metadata(path)?.modified()
}

/// A folder that is no layout and no unpacked archive is a system.
fn is_system(path: &Path) -> bool {
    path.is_dir() && !path.join("index.json").exists() && !path.join("manifest.json").exists()
}

fn plain(path: &Path) -> Image {
    Image {
        digest: path.display().to_string(),
        user: String::new(),
        env: Vec::new(),
        entrypoint: Vec::new(),
        cmd: Vec::new(),
        working_directory: None,
        bytes: 0,
        imported_at: 0,
    }
}

/// Makes the surroundings of a task in an image. `environments` is where settings of `pip` are written.
pub(super) fn surround(
    launch: &Launch,
    mut stand: Stand,
    whole: &Unpacked,
    environments: &Path,
) -> Result<Surroundings, Failure> {
    let image = &whole.image;
    if stand.entrypoint.is_empty() && stand.cmd.is_empty() {
        stand.entrypoint.clone_from(&image.entrypoint);
        stand.cmd.clone_from(&image.cmd);
    }
    let words = words_of(launch, &stand);
    if words.is_empty() {
        let message = format!(
            "the task has no command, and image {} has neither entry point nor command",
            launch.image
        );
        return Err(refused(FailureReason::NotStarted, message, Some("give the task a command".to_owned())));
    }
    let mut env = image.env.clone();
    let pip = stand.pip.variables(environments);
    env.extend(pip.unwrap_or_default().into_iter().filter(|(_, value)| !value.starts_with('/')));
    env.extend(stand.env.iter().cloned());
    let asked = crate::security::user_of(&launch.container.platform).or(stand.user);
    let user = asked.unwrap_or_else(|| image.user.clone());
    let identity = pipewright_images::identity(&whole.root, &user).map_err(|error| {
        let hint = "say `user` in images.toml, or have the image know its user".to_owned();
        refused(FailureReason::NotStarted, format!("image {}: {error}", launch.image), Some(hint))
    })?;
    // Without root's rights there is nobody else to become.
    let can_change = rustix::process::geteuid().is_root();
    let home = identity.home.clone().unwrap_or_else(|| "/".to_owned());
    let mut notes = Vec::new();
    if !can_change && identity.uid != rustix::process::geteuid().as_raw() {
        notes.push(format!(
            "the image's user is {}, but the task runs as the user who started pipewright",
            identity.uid
        ));
    }
    Ok(Surroundings {
        words: launch.container.command.is_empty().then_some(words),
        env,
        working_directory: stand
            .working_directory
            .or_else(|| image.working_directory.clone())
            .or_else(|| Some(PathBuf::from("/"))),
        path: stand.path,
        root_filesystem: Some(whole.root.clone()),
        user: can_change.then_some(LaunchUser {
            uid: identity.uid,
            gid: identity.gid,
            groups: identity.groups,
        }),
        home: Some(home),
        image: Some(NamedImage { name: launch.image.clone(), digest: image.digest.clone() }),
        notes,
        ..Surroundings::default()
    })
}

fn refused(reason: FailureReason, message: String, hint: Option<String>) -> Failure {
    Failure { reason, message, hint, exit_code: None }
}
