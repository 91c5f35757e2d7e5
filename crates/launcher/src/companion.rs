//! Commands of the same pod: what runs before an attempt's command, and what runs beside it.
//!
//! Each is a process that takes a view of its own and then becomes the command. Volumes of the attempt's own are
//! shared by name. An attempt without companions pays nothing for any of this.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::{Component, Path, PathBuf};

use pipewright_plan::{
    CompanionEnd, CompanionRole, ExecutorInput, ExitStatus, LaunchCompanion, LaunchSpec, VolumeContent,
};
use rustix::mount::{MountFlags, mount};

use crate::attempt::{self, Setting};
use crate::folder::Folder;
use crate::jail::Limits;
use crate::namespace::View;
use crate::sys::{self, Fork, Spawned};
use crate::wait::{self, Beside, End, Watched};
use crate::{command, volumes};

/// Why the attempt's command is not to run.
pub(crate) enum Obstacle {
    /// Nothing could be started.
    Message(String),
    /// A companion failed before it.
    Failed(CompanionEnd, End),
    /// Somebody asked the attempt to stop.
    Killed(End),
}

/// The companions that run beside the command.
#[derive(Default)]
pub(crate) struct Companions {
    pub(crate) beside: Beside,
    /// Those beside it by name.
    started: Vec<(Spawned, String)>,
    /// Of all of them.
    limits: Limits,
}

impl Companions {
    /// Runs those that come before to their ends, then starts those that run beside.
    pub(crate) fn start(
        &mut self,
        (spec, input): (&LaunchSpec, &ExecutorInput),
        folder: &Folder,
        setting: &Setting<'_>,
    ) -> Result<(), Obstacle> {
        let of_role = |role| spec.companions.iter().filter(move |companion| companion.role == role);
        for companion in of_role(CompanionRole::Before) {
            let spawned = self.launch(companion, input, folder, setting)?;
            let stopping = setting.stopping(spec);
            let watched =
                Watched { command: spawned.pid, stopping, log: None, usage: None, disk: None, claim: None };
            let mut end = wait::wait(&watched, &mut self.beside, || folder.mark_killed());
            end.status = spawned.status(end.status);
            let status = attempt::status(end.status);
            if end.killed {
                return Err(Obstacle::Killed(end));
            }
            if status != (ExitStatus::Exited { code: 0 }) {
                return Err(Obstacle::Failed(CompanionEnd { name: companion.name.clone(), status }, end));
            }
        }
        for companion in of_role(CompanionRole::Beside) {
            let spawned = self.launch(companion, input, folder, setting)?;
            self.beside.add(spawned.pid);
            self.started.push((spawned, companion.name.clone()));
        }
        Ok(())
    }

    fn launch(
        &mut self,
        companion: &LaunchCompanion,
        input: &ExecutorInput,
        folder: &Folder,
        setting: &Setting<'_>,
    ) -> Result<Spawned, Obstacle> {
        let (spawned, limits) = launch(companion, input, folder, setting).map_err(Obstacle::Message)?;
        self.limits.join(limits);
        Ok(spawned)
    }

    /// Removes what limited them, once all of them are gone.
    pub(crate) fn remove_limits(&self) {
        self.limits.remove();
    }

    /// Returns the first, in their order, that ended as it should not have.
    pub(crate) fn failed(&self) -> Option<CompanionEnd> {
        self.started.iter().find_map(|(spawned, name)| {
            let (_, status) = self.beside.ended.iter().find(|(ended, _)| *ended == spawned.pid)?;
            let status = attempt::status(spawned.status(*status));
            let is_fine = status.is_end_by_stopping();
            (!is_fine).then(|| CompanionEnd { name: name.clone(), status })
        })
    }
}

/// Mounts the memory that the attempt's commands share, before any of them copies this view.
pub(crate) fn share_memory(spec: &LaunchSpec, folder: &Folder, setting: &Setting<'_>) -> Result<(), String> {
    let specs = || spec.companions.iter().map(|companion| &companion.spec).chain([spec]);
    let mut seen: Vec<&str> = Vec::new();
    for volume in specs().flat_map(|spec| &spec.volumes) {
        let VolumeContent::Memory { name, size_bytes } = &volume.content else { continue };
        if seen.contains(&name.as_str()) || setting.isolation.is_none() {
            continue;
        }
        seen.push(name);
        let is_name = |part: Component<'_>| matches!(part, Component::Normal(_));
        if !Path::new(name).components().all(is_name) || Path::new(name).components().count() != 1 {
            return Err(format!("the volume `{name}` has no usable name"));
        }
        let place = volumes::place(folder.scratch(), name, None);
        let size = size_bytes.map_or_else(String::new, |size| format!(",size={size}"));
        let mounted = fs::create_dir_all(setting.host(&place)).and_then(|()| {
            let options = std::ffi::CString::new(format!("mode=0777{size}"))?;
            let flags = MountFlags::NOSUID | MountFlags::NODEV;
            Ok(mount("tmpfs", &place, "tmpfs", flags, Some(options.as_c_str()))?)
        });
        mounted.map_err(|error| format!("failed to make the volume `{name}`: {error}"))?;
    }
    Ok(())
}

/// Starts one, and returns its process.
fn launch(
    companion: &LaunchCompanion,
    main: &ExecutorInput,
    folder: &Folder,
    setting: &Setting<'_>,
) -> Result<(Spawned, Limits), String> {
    let name = &companion.name;
    let failed = |what: String| format!("{name}: {what}");
    let room = folder
        .room(name, setting.isolation.is_some())
        .map_err(|error| failed(format!("failed to prepare its folder: {error}")))?;
    room.write_files(&companion.spec).map_err(|error| failed(error.to_string()))?;
    let log = room.open_log(&companion.spec.notes).map_err(|error| failed(error.to_string()))?;
    let null = File::open("/dev/null").map_err(|error| failed(error.to_string()))?;
    let (mut reader, mut writer) = io::pipe().map_err(|error| failed(error.to_string()))?;
    let (status, tell_status) = io::pipe().map_err(|error| failed(error.to_string()))?;
    let parent = sys::own_id();
    let limits = match companion.spec.root_filesystem.as_ref().zip(setting.isolation) {
        Some((_, base)) => Limits::make(&companion.spec.limits, name, |path| base.host(path)),
        None => Limits::default(),
    };
    let jail = attempt::jail(&companion.spec, &limits);
    let is_apart = jail.is_some();
    let forked = if is_apart { sys::fork_apart() } else { sys::fork() };
    match forked.map_err(|error| failed(format!("failed to make a process: {error}")))? {
        Fork::Child => {
            drop((reader, status));
            let become_it = || -> Result<std::convert::Infallible, String> {
                let spec = &companion.spec;
                if let Some(base) = setting.isolation {
                    base.separate_again()?;
                }
                let readable = command::input_paths(main);
                let (extra_env, _) = attempt::enter(
                    spec,
                    &View {
                        folder: room.path(),
                        scratch: room.scratch(),
                        writable: &[],
                        readable: &readable,
                        mounts: &spec.mounts,
                        volumes: &spec.volumes,
                        image_root: spec.image_root.as_deref(),
                        layered: &spec.layered,
                        root_filesystem: spec.root_filesystem.as_deref(),
                        pool: folder.scratch(),
                        is_shared: true,
                    },
                    setting,
                )?;
                let streams = (null.as_fd(), log.as_fd(), log.as_fd());
                let prepared =
                    command::prepare(spec, &spec.executor_input, &extra_env, jail.clone(), streams)?;
                if prepared.jail.is_some() {
                    // The pipe for messages closes when it has started.
                    sys::be_first(&prepared, tell_status, |started| {
                        if let Err(error) = started {
                            let _ = writer.write_all(command::explain(error, &prepared).as_bytes());
                        }
                    });
                }
                Err(command::explain(&sys::exec(&prepared, parent), &prepared))
            };
            let Err(message) = become_it();
            let _ = writer.write_all(message.as_bytes());
            sys::exit_now(127)
        }
        Fork::Parent(pid) => {
            drop((writer, tell_status));
            let mut message = String::new();
            // The pipe closes when the command has taken over.
            let _ = reader.read_to_string(&mut message);
            if message.is_empty() {
                let spawned = if is_apart { Spawned::under(pid, status) } else { Spawned::plain(pid) };
                return Ok((spawned, limits));
            }
            sys::wait_for(pid);
            Err(failed(message))
        }
    }
}

/// Returns the folder of a companion in an attempt's own.
pub(crate) fn folder_of(attempt: &Path, name: &str) -> PathBuf {
    attempt.join("companions").join(name)
}
