//! The first process around a command that has processes of its own.
//!
//! The kernel keeps from a first process every signal that it has no handler for, also its own. So the command is the
//! second: it can end itself by a signal as it could anywhere. The first reaps what the command leaves behind, passes
//! requests to stop on, tells the command's end and takes everything else with it.

use std::io::{self, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;

use super::{
    ChildSide, Fork, Jail, Prepared, Reaped, SpawnError, Spawned, enter_jail, exit_now, fork_apart, own_id,
    reap, spawn_here, wait_for, wait_signal,
};

/// Starts a command with a first process around it. It dies when this process dies.
pub(super) fn spawn(prepared: &Prepared) -> Result<Spawned, SpawnError> {
    let (mut reader, writer) = io::pipe().map_err(SpawnError::Fork)?;
    match fork_apart().map_err(SpawnError::Fork)? {
        Fork::Child => {
            drop(reader);
            let answer = writer.try_clone();
            be_first(prepared, writer, |started| {
                let (stage, errno) = started.err().map_or((0, 0), SpawnError::parts);
                let [a, b, c, d] = errno.to_ne_bytes();
                // Without an answer it counts as not started.
                let _ = answer.and_then(|mut answer| answer.write_all(&[stage, a, b, c, d]));
            })
        }
        Fork::Parent(pid) => {
            drop(writer);
            let mut answer = [0; 5];
            if let Err(error) = reader.read_exact(&mut answer) {
                wait_for(pid);
                return Err(SpawnError::Fork(error));
            }
            let [stage, errno @ ..] = answer;
            if stage == 0 {
                return Ok(Spawned::under(pid, reader));
            }
            wait_for(pid);
            Err(SpawnError::of(stage, i32::from_ne_bytes(errno)))
        }
    }
}

/// Starts the command and stays until it has ended, which `status` is told. `tell` learns how the start went. This
/// process was made by `fork_apart`; its signals are blocked, as those of its parent.
pub(crate) fn be_first(
    prepared: &Prepared,
    mut status: PipeWriter,
    tell: impl FnOnce(Result<(), &SpawnError>),
) -> ! {
    let jail = prepared.jail.clone().unwrap_or_default();
    let started = seclude(&jail).map_err(SpawnError::Jail).and_then(|()| {
        // It is apart already.
        spawn_here(ChildSide { jail: std::ptr::null(), ..ChildSide::of(prepared, own_id()) })
    });
    tell(started.as_ref().map(|_| ()));
    let Ok(command) = started else { exit_now(127) };
    close_others(status.as_raw_fd());
    loop {
        match reap() {
            Reaped::Child { pid, status: of_command, .. } if pid == command => {
                let _ = status.write_all(&of_command.to_ne_bytes());
                exit_now(if libc::WIFEXITED(of_command) { libc::WEXITSTATUS(of_command) } else { 127 });
            }
            Reaped::Child { .. } => {}
            Reaped::Childless => exit_now(127),
            Reaped::Running => {
                if let Some(signal) = wait_signal(None).map(|signal| signal.number)
                    && signal != libc::SIGCHLD
                {
                    // SAFETY: no preconditions.
                    unsafe {
                        libc::kill(-command, signal);
                        libc::kill(-command, libc::SIGCONT);
                    }
                }
            }
        }
    }
}

/// Keeps this process apart, as the command will be, and from the command.
fn seclude(jail: &Jail) -> io::Result<()> {
    // SAFETY: system calls only, on a jail that is alive.
    unsafe {
        libc::setpgid(0, 0);
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        if !enter_jail(jail) {
            return Err(io::Error::last_os_error());
        }
        // What this process knows of the machine is nobody's business in there.
        libc::prctl(libc::PR_SET_DUMPABLE, 0);
    }
    Ok(())
}

/// Closes everything but one descriptor: the machine's folders, the log, pipes that others wait for.
fn close_others(kept: i32) {
    let kept = kept.cast_unsigned();
    for (first, last) in [(0, kept.checked_sub(1)), (kept + 1, Some(u32::MAX))] {
        if let Some(last) = last {
            // SAFETY: nothing that is closed is used any more: this process ends by `_exit`.
            unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
        }
    }
}
