//! Who a container runs as: the user that an image or a task names, looked up in the image's own files.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, open, openat2};

use crate::error::Error;

/// Longest file of users that is read.
const LIMIT: u64 = 4 << 20;

/// Numbers of a user and its groups, and its home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
    /// Further groups.
    pub groups: Vec<u32>,
    pub home: Option<String>,
}

/// Looks up `user`, `user:group`, by name or number, in an unpacked image. Nothing stands for root.
pub fn identity(root: &Path, user: &str) -> Result<Identity, Error> {
    let unknown = || Error::User { user: user.to_owned() };
    let folder = open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .or_else(|_| openat2(CWD, root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), ResolveFlags::empty()))
        .map_err(|error| Error::Io { what: "open", path: root.to_owned(), source: error.into() })?;
    let (passwd, groups) = (read(&folder, "etc/passwd"), read(&folder, "etc/group"));
    let (name, group) = match user.split_once(':') {
        Some((name, group)) => (name, Some(group).filter(|group| !group.is_empty())),
        None => (user, None),
    };
    let name = if name.is_empty() { "0" } else { name };
    let rows = || passwd.lines().map(|line| line.split(':').collect::<Vec<_>>()).filter(|row| row.len() >= 6);
    let number = name.parse::<u32>().ok();
    let row = rows().find(|row| row[0] == name || (number.is_some() && row[2].parse().ok() == number));
    let uid = match (&row, number) {
        (_, Some(uid)) => uid,
        (Some(row), None) => row[2].parse().map_err(|_| unknown())?,
        (None, None) => return Err(unknown()),
    };
    let own_group = row.as_ref().and_then(|row| row[3].parse().ok()).unwrap_or(0);
    let gid = match group {
        None => own_group,
        Some(text) => match text.parse() {
            Ok(gid) => gid,
            Err(_) => {
                let mut rows = groups.lines().map(|line| line.split(':').collect::<Vec<_>>());
                let row = rows.find(|row| row.len() >= 3 && row[0] == text).ok_or_else(unknown)?;
                row[2].parse().map_err(|_| unknown())?
            }
        },
    };
    let login = row.as_ref().map(|row| row[0]);
    let is_member =
        |members: &str| login.is_some_and(|login| members.split(',').any(|member| member == login));
    let further = groups.lines().filter_map(|line| {
        let row: Vec<&str> = line.split(':').collect();
        (row.len() >= 4 && group.is_none() && is_member(row[3])).then(|| row[2].parse().ok()).flatten()
    });
    let groups = further.filter(|found| *found != gid).collect();
    let home = row.map(|row| row[5].to_owned()).filter(|home| !home.is_empty());
    Ok(Identity { uid, gid, groups, home })
}

/// Reads a file of the image; its links lead nowhere outside.
fn read(root: &OwnedFd, path: &str) -> String {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let how = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let mut text = String::new();
    if let Ok(file) = openat2(root, path, flags, Mode::empty(), how) {
        let _ = File::from(file).take(LIMIT).read_to_string(&mut text);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop at once")]
    use super::*;

    fn check(root: &Path, user: &str, expected: Option<(u32, u32, &[u32])>) {
        let found = identity(root, user).ok();
        let found = found.as_ref().map(|found| (found.uid, found.gid, &*found.groups));
        assert_eq!(found, expected, "{user}");
    }

    #[test]
    fn users_are_looked_up_in_the_image() {
        let root = tempfile::tempdir().unwrap();
        check(root.path(), "", Some((0, 0, &[])));
        check(root.path(), "12:13", Some((12, 13, &[])));
        check(root.path(), "app", None);
        std::fs::create_dir(root.path().join("etc")).unwrap();
        let passwd = "root:x:0:0::/root:/bin/sh\napp:x:1000:100:App:/home/app:/bin/sh\n";
        std::fs::write(root.path().join("etc/passwd"), passwd).unwrap();
        std::fs::write(root.path().join("etc/group"), "users:x:100:\nvideo:x:44:app,other\n").unwrap();
        check(root.path(), "app", Some((1000, 100, &[44])));
        check(root.path(), "1000", Some((1000, 100, &[44])));
        check(root.path(), "app:video", Some((1000, 44, &[])));
        check(root.path(), "app:wheel", None);
        check(root.path(), "77", Some((77, 0, &[])));
        assert_eq!(identity(root.path(), "app").unwrap().home.as_deref(), Some("/home/app"));
        // A link that leaves the image leads back into it.
        std::fs::remove_file(root.path().join("etc/passwd")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("etc/passwd")).unwrap();
        check(root.path(), "daemon", None);
    }
}
