//! The launcher as containers see it: the program itself, with the libraries that it was linked against.
//!
//! An image may have another C library or none. So the program is started by the dynamic loader of this machine,
//! which is told to look for libraries in a folder that only they are in. A static program needs neither.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::options::Error;

/// Where everything of ours is seen in a container.
pub(super) const FOLDER: &str = "/pipewright";

/// What to mount, and how to start it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// Files of this machine by the place where a container sees them.
    pub(super) files: Vec<(PathBuf, String)>,
    pub(super) command: Vec<String>,
}

impl Program {
    /// Finds out what a program is linked against. The dynamic loader lists it instead of running the program.
    pub(super) fn find(program: &Path) -> Result<Self, Error> {
        let failed = |why: String| Error::Program { program: program.to_owned(), why };
        let output = Command::new(program)
            .arg("launcher")
            .env("LD_TRACE_LOADED_OBJECTS", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .map_err(|error| failed(error.to_string()))?;
        let listing = String::from_utf8_lossy(&output.stdout).into_owned();
        Self::of(program, &listing).map_err(failed)
    }

    fn of(program: &Path, listing: &str) -> Result<Self, String> {
        let own = format!("{FOLDER}/launcher");
        let mut files = vec![(program.to_owned(), own.clone())];
        let mut loader = None;
        for line in listing.lines() {
            if line.contains("not found") {
                return Err(format!("a library is missing: {}", line.trim()));
            }
            // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, or the loader's path alone
            let Some(path) = line.split_whitespace().find(|word| word.starts_with('/')) else { continue };
            let name = match line.split_once("=>") {
                Some((name, _)) => name.trim(),
                None => path,
            };
            let name = name.rsplit('/').next().unwrap_or(name).to_owned();
            let place = format!("{FOLDER}/lib/{name}");
            if name.starts_with("ld-") {
                loader = Some(place.clone());
            }
            files.push((PathBuf::from(path), place));
        }
        let command = match loader {
            Some(loader) => vec![loader, "--library-path".to_owned(), format!("{FOLDER}/lib"), own],
            None if files.len() == 1 => vec![own],
            None => return Err("its dynamic loader is not known".to_owned()),
        };
        Ok(Self { files, command })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_taken_along() {
        let listing = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibgcc_s.so.1 => /lib/x86_64-linux-gnu/libgcc_s.so.1 (0x00007f)\n\
                       \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f)\n";
        let found =
            Program::of(Path::new("/x/pipewright"), listing).map(|found| (found.files.len(), found.command));
        let command = [
            "/pipewright/lib/ld-linux-x86-64.so.2",
            "--library-path",
            "/pipewright/lib",
            "/pipewright/launcher",
        ];
        assert_eq!(found, Ok((4, command.map(str::to_owned).to_vec())));
        let alone = Program::of(Path::new("/x/pipewright"), "").map(|found| found.command);
        assert_eq!(alone, Ok(vec!["/pipewright/launcher".to_owned()]));
        assert!(Program::of(Path::new("/x"), "\tlibx.so => not found\n").is_err());
    }
}
