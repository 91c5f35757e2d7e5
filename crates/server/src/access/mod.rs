//! Who may talk to the server, and what each may do.
//!
//! On addresses of this machine alone nobody is asked by default: whoever reaches the server is its owner. On
//! any other address callers must be known, by a token, a login, an identity provider or a proxy in front. What
//! a route needs says one [`table`]; what somebody may do say the roles of [`file`].

mod cookie;
mod file;
mod guard;
mod header;
mod identity;
mod login;
mod oidc;
mod options;
mod origin;
mod permit;
mod role;
mod secret;
mod table;
mod throttle;
mod views;
#[cfg(test)]
mod walk;
#[cfg(test)]
mod walk_namespaces;

use std::net::{IpAddr, SocketAddr};

use crate::error::Error;

pub use file::{AccessFile, Group, Token, User, write_private};
pub(crate) use guard::{Caller, guard};
pub use header::{HeaderOptions, Network};
pub(crate) use identity::Access;
pub(crate) use login::routes;
pub use oidc::OidcOptions;
pub use options::{AccessOptions, Requirement};
pub(crate) use permit::Permit;
pub(crate) use role::Verb;
pub use role::{EVERYWHERE, Grants, Role};
pub use secret::{SHORTEST_PASSWORD, Secret, digest, hash_password, new_token};
pub(crate) use table::{LINES, Need};
pub(crate) use views::{AuditPage, Credentials, WhoAmI};

/// The other end of a connection; whoever accepts connections puts it into each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub address: IpAddr,
    /// The connection is encrypted.
    pub secure: bool,
}

/// Refuses addresses that other machines can reach, unless callers must be known and somebody can be.
///
/// Errors: `Precondition` with what to do instead.
pub fn check_listen(address: SocketAddr, options: &AccessOptions) -> Result<(), Error> {
    if options.requirement == Requirement::None {
        if address.ip().is_loopback() {
            return Ok(());
        }
        return Err(Error::Precondition(format!(
            "{address} can be reached from other machines, and whoever reaches this server can run programs \
             here: it does not listen there without authentication. Take `auth = \"none\"` out of the settings \
             and make a user by `pipewright user add NAME`, or listen on a loopback address \
             (127.0.0.1:{port}) and forward the port from the other machine, for instance \
             `ssh -L {port}:127.0.0.1:{port} HOST`",
            port = address.port()
        )));
    }
    let file = match &options.file {
        Some(path) => AccessFile::read(path).map_err(Error::Precondition)?,
        None => AccessFile::default(),
    };
    if options.oidc.is_some() || options.header.is_some() || file.lets_somebody_in() {
        return Ok(());
    }
    let (why, remedy) = if address.ip().is_loopback() {
        ("is set to ask who calls", "do without authentication on this address by `--auth none`".to_owned())
    } else {
        (
            "can be reached from other machines, so it must ask who calls",
            format!("listen on a loopback address (127.0.0.1:{})", address.port()),
        )
    };
    Err(Error::Precondition(format!(
        "{address} {why}, but nobody could come in. Make a user by `pipewright user add NAME \
         --role admin` or a token by `pipewright token create NAME --role admin`, name an identity provider or \
         a trusted header in the settings, or {remedy}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_addresses_need_somebody_who_can_come_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.toml");
        let none = AccessOptions::default();
        let nobody = AccessOptions {
            requirement: Requirement::Required,
            file: Some(path.clone()),
            ..AccessOptions::default()
        };
        let check = |address: &str, options: &AccessOptions, expected: Result<(), &str>| {
            let found = check_listen(address.parse().unwrap(), options).map_err(|error| error.to_string());
            match (&found, expected) {
                (Ok(()), Ok(())) => {}
                (Err(message), Err(part)) => assert!(message.contains(part), "{address}: {message}"),
                _ => panic!("{address}: {found:?} is not {expected:?}"),
            }
        };
        for address in ["127.0.0.1:8080", "127.1.2.3:0", "[::1]:8080"] {
            check(address, &none, Ok(()));
            check(address, &nobody, Err("--auth none"));
        }
        for address in ["0.0.0.0:8080", "[::]:8080", "192.168.1.2:80"] {
            check(address, &none, Err("ssh -L"));
            check(address, &none, Err("pipewright user add"));
            check(address, &nobody, Err("pipewright token create"));
        }
        AccessFile::edit(&path, |file| {
            let hash = hash_password("correct horse")?;
            file.users.push(User {
                name: "ada".to_owned(),
                password: Some(hash),
                roles: Grants::everywhere(Role::Admin),
            });
            Ok(())
        })
        .unwrap();
        check("0.0.0.0:8080", &nobody, Ok(()));
        std::fs::write(&path, "usr = 1").unwrap();
        check("0.0.0.0:8080", &nobody, Err("no access file"));
    }
}
