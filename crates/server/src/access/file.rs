//! The access file: who there is, with which roles, and the hashes of their passwords and tokens.
//!
//! It is plain TOML that people may write, and that `pipewright user` and `pipewright token` change. A running
//! server reads it again when it has changed. Secrets are in it as hashes only; it is for its owner's eyes all
//! the same (mode 0600).

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::retry_on_intr;
use serde::{Deserialize, Serialize};

use super::role::{EVERYWHERE, Grants};
use super::secret;

/// Everything in the file; every part may be missing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessFile {
    /// What everybody has who is known by an identity provider or a trusted header.
    #[serde(skip_serializing_if = "Grants::is_empty")]
    pub default_roles: Grants,
    #[serde(rename = "user", skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<User>,
    #[serde(rename = "group", skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    #[serde(rename = "token", skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<Token>,
}

/// Somebody with roles. Without a password they come by a token, an identity provider or a trusted header.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub name: String,
    /// Argon2, as a PHC string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    #[serde(default)]
    pub roles: Grants,
}

/// Roles of all whom the identity provider names members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: String,
    pub roles: Grants,
}

/// A random text that stands for a user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// What it is named by in lists and in the audit log.
    pub name: String,
    /// Whose it is. When there is such a user, it can do no more than they can.
    pub user: String,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// The most that it may do; without, what its user may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Grants>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<jiff::Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<jiff::Timestamp>,
}

impl Token {
    /// Returns whether its time is over.
    pub fn is_expired(&self, now: jiff::Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

impl AccessFile {
    /// Reads the file; one that is not there is empty.
    ///
    /// Errors: a message that names the file and the place.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        };
        let file: Self = toml::from_str(&text)
            .map_err(|error| format!("{} is no access file: {error}", path.display()))?;
        file.check().map_err(|what| format!("{} is no access file: {what}", path.display()))?;
        Ok(file)
    }

    /// Changes the file: reads it, lets `change` have it, writes it whole or not at all. Others wait meanwhile.
    pub fn edit<T>(path: &Path, change: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        let cannot = |what: &str, error: std::io::Error| format!("cannot {what} {}: {error}", path.display());
        let lock = beside(path, "lock");
        let held = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&lock);
        let held = held.map_err(|error| cannot("lock", error))?;
        retry_on_intr(|| flock(&held, FlockOperation::LockExclusive))
            .map_err(|error| cannot("lock", error.into()))?;
        let mut file = Self::read(path)?;
        let result = change(&mut file)?;
        file.check()?;
        let text =
            toml::to_string(&file).map_err(|error| format!("cannot write the access file: {error}"))?;
        write_private(path, text.as_bytes()).map_err(|error| cannot("write", error))?;
        Ok(result)
    }

    /// Returns the user of this name.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// Returns the token whose text this is, unless its time is over.
    pub fn token(&self, text: &str, now: jiff::Timestamp) -> Option<&Token> {
        let digest = secret::digest(text);
        self.tokens.iter().find(|token| token.sha256 == digest && !token.is_expired(now))
    }

    /// Returns what a token may do.
    pub fn token_grants(&self, token: &Token) -> Grants {
        match (self.user(&token.user), &token.roles) {
            (Some(user), Some(limit)) => user.roles.limited_to(limit),
            (Some(user), None) => user.roles.clone(),
            (None, roles) => roles.clone().unwrap_or_default(),
        }
    }

    /// Returns what somebody may do whom a provider vouches for.
    pub fn grants_of(&self, name: &str, groups: &[String]) -> Grants {
        let mut grants = self.default_roles.clone();
        for group in self.groups.iter().filter(|group| groups.contains(&group.name)) {
            grants.add(&group.roles);
        }
        if let Some(user) = self.user(name) {
            grants.add(&user.roles);
        }
        grants
    }

    /// Returns whether somebody can come in by what is in the file alone.
    pub fn lets_somebody_in(&self) -> bool {
        !self.tokens.is_empty() || self.has_passwords()
    }

    /// Returns the namespaces for which somebody has a role of its own.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        let of_users = self.users.iter().map(|user| &user.roles);
        let of_groups = self.groups.iter().map(|group| &group.roles);
        let of_tokens = self.tokens.iter().filter_map(|token| token.roles.as_ref());
        let all = of_users.chain(of_groups).chain(of_tokens).chain([&self.default_roles]);
        let names = all.flat_map(|roles| roles.0.keys()).map(String::as_str);
        names.filter(|name| *name != EVERYWHERE).collect()
    }

    /// Returns whether somebody can log in.
    pub fn has_passwords(&self) -> bool {
        self.users.iter().any(|user| user.password.is_some())
    }

    fn check(&self) -> Result<(), String> {
        let mut names: Vec<_> = self.users.iter().map(|user| user.name.as_str()).collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            if pair[0] == pair[1] {
                return Err(format!("user `{}` is there twice", pair[0]));
            }
        }
        if let Some(name) = names.iter().find(|name| !is_name(name)) {
            return Err(format!("`{name}` is no name of a user: 1 to 128 visible characters without blanks"));
        }
        for user in &self.users {
            if user.password.as_ref().is_some_and(|hash| !hash.starts_with("$argon2")) {
                return Err(format!(
                    "the password of user `{}` is no Argon2 hash; set it by `pipewright user password {}`",
                    user.name, user.name
                ));
            }
        }
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match self.tokens.iter().find(|token| !is_hash(&token.sha256)) {
            Some(token) => Err(format!("sha256 of token `{}` is not 64 hexadecimal digits", token.name)),
            None => Ok(()),
        }
    }
}

fn is_name(name: &str) -> bool {
    let fine = |letter: char| !letter.is_control() && !letter.is_whitespace();
    !name.is_empty() && name.chars().count() <= 128 && name.chars().all(fine)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let fresh = beside(path, "new");
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&fresh)?;
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::role::Role;
    use super::*;

    const TEXT: &str = r#"
default_roles = {"*" = "viewer"}
user = [
  {name = "ada", roles = {"*" = "editor", "team-a" = "admin"}},
  {name = "bob", password = "$argon2id$x"},
]
group = [{name = "ml", roles = {"team-b" = "editor"}}]
token = [{name = "ci", user = "ada", sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  roles = {"team-a" = "viewer"}, expires_at = "2030-01-01T00:00:00Z"}]
"#;

    #[test]
    fn grants_come_from_all_that_names_somebody() {
        let file: AccessFile = toml::from_str(TEXT).unwrap();
        let now: jiff::Timestamp = "2029-01-01T00:00:00Z".parse().unwrap();
        let token = file.token("abc", now).unwrap();
        assert_eq!(file.token_grants(token).role_in("team-a"), Some(Role::Viewer));
        assert_eq!(file.token_grants(token).role_in("team-b"), None);
        assert_eq!(file.token("abd", now), None);
        assert_eq!(file.token("abc", "2030-01-01T00:00:00Z".parse().unwrap()), None);
        let roles =
            |name: &str, groups: &[String], namespace| file.grants_of(name, groups).role_in(namespace);
        assert_eq!(roles("stranger", &[], "team-b"), Some(Role::Viewer));
        assert_eq!(roles("stranger", &["ml".to_owned()], "team-b"), Some(Role::Editor));
        assert_eq!(roles("ada", &[], "team-a"), Some(Role::Admin));
        assert_eq!(file.namespaces(), ["team-a", "team-b"].into());
    }

    #[test]
    fn mistakes_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.toml");
        let hash = "0".repeat(64);
        for (text, part) in [
            ("user = [{name = 'a b'}]".to_owned(), "`a b` is no name"),
            ("user = [{name = 'a'}, {name = 'a'}]".to_owned(), "`a` is there twice"),
            ("user = [{name = 'a', password = 'clear'}]".to_owned(), "pipewright user password a"),
            ("user = [{name = 'a', roles = {x = 'root'}}]".to_owned(), "unknown variant `root`"),
            ("usr = []".to_owned(), "unknown field `usr`"),
            ("token = [{name = 't', user = 'a', sha256 = 'x'}]".to_owned(), "not 64 hexadecimal"),
            (format!("token = [{{name = 't', user = 'a', sha256 = '{hash}'}}]"), ""),
        ] {
            std::fs::write(&path, &text).unwrap();
            match AccessFile::read(&path) {
                Err(error) => assert!(!part.is_empty() && error.contains(part), "{text}: {error}"),
                Ok(_) => assert_eq!(part, "", "{text}"),
            }
        }
    }

    #[test]
    fn edits_are_private_and_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.toml");
        let add = |name: &str| {
            let user =
                User { name: name.to_owned(), password: None, roles: Grants::everywhere(Role::Editor) };
            AccessFile::edit(&path, |file| {
                file.users.push(user);
                Ok(())
            })
        };
        add("ada").unwrap();
        assert!(add("ada").unwrap_err().contains("twice"));
        std::thread::scope(|scope| {
            for number in 0..8 {
                scope.spawn(move || add(&format!("u{number}")).unwrap());
            }
        });
        let read = AccessFile::read(&path).unwrap();
        assert_eq!(read.users.len(), 9);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(toml::from_str::<AccessFile>(&toml::to_string(&read).unwrap()).unwrap(), read);
    }
}
