//! `pipewright user` and `pipewright token`: what is in the access file. A running server sees it at once.

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use pipewright_server::access::{
    AccessFile, EVERYWHERE, Grants, SHORTEST_PASSWORD, Token, User, digest, hash_password, new_token,
};
use serde_json::{Value, json};

use crate::access::FILE;
use crate::args::Format;
use crate::args_access::{self, Granted};
use crate::output::table;
use crate::result::print_json;
use crate::settings::home_folder;
use crate::source::BadInput;

pub(crate) fn users(command: &args_access::User) -> Result<u8> {
    use args_access::User as Command;
    match command {
        Command::Add { name, roles, no_password, file } => {
            let path = path(file)?;
            if AccessFile::read(&path).map_err(bad)?.user(name).is_some() {
                return Err(bad(format!("there is a user `{name}` already; see `pipewright user roles`")));
            }
            let password = if *no_password { None } else { Some(hashed(name)?) };
            let user = User { name: name.clone(), password, roles: grants(roles) };
            edit(&path, move |file| {
                file.users.push(user);
                Ok(())
            })?;
            told(file.output, json!({"user": name, "roles": grants(roles)}), &format!("user {name} added"))
        }
        Command::List { file } => list_users(file),
        Command::Password { name, file } => {
            let path = path(file)?;
            edit(&path, |file| find(file, name).map(drop))?;
            let hash = hashed(name)?;
            edit(&path, |file| {
                find(file, name)?.password = Some(hash);
                Ok(())
            })?;
            told(file.output, json!({"user": name}), &format!("user {name} has a new password"))
        }
        Command::Roles { name, roles, file } => {
            edit(&path(file)?, |file| {
                find(file, name)?.roles = grants(roles);
                Ok(())
            })?;
            told(file.output, json!({"user": name, "roles": grants(roles)}), &format!("user {name} changed"))
        }
        Command::Remove { name, file } => {
            edit(&path(file)?, |file| {
                find(file, name)?;
                file.users.retain(|user| user.name != *name);
                file.tokens.retain(|token| token.user != *name);
                Ok(())
            })?;
            told(file.output, json!({"user": name}), &format!("user {name} removed"))
        }
    }
}

pub(crate) fn tokens(command: &args_access::Token) -> Result<u8> {
    use args_access::Token as Command;
    match command {
        Command::Create { name, user, roles, days, file } => {
            let text = new_token().context("cannot make a token")?;
            let now = jiff::Timestamp::now();
            let end = days.map(|days| now + jiff::SignedDuration::from_hours(24 * i64::from(days)));
            let token = Token {
                name: name.clone(),
                user: user.clone().unwrap_or_else(|| name.clone()),
                sha256: digest(&text.0),
                roles: (!roles.is_empty()).then(|| grants(roles)),
                created_at: Some(whole_seconds(now)),
                expires_at: end.map(whole_seconds),
            };
            edit(&path(file)?, |file| {
                if file.tokens.iter().any(|known| known.name == token.name) {
                    return Err(format!("there is a token `{name}` already; revoke it first"));
                }
                if token.roles.is_none() && file.user(&token.user).is_none() {
                    let user = &token.user;
                    return Err(format!("there is no user `{user}`; name one by --user, or give --role"));
                }
                file.tokens.push(token);
                Ok(())
            })?;
            match file.output {
                Format::Json => print_json(&json!({"name": name, "token": text.0}))?,
                _ => {
                    eprintln!("token {name}; it is not shown again:");
                    writeln!(std::io::stdout(), "{}", text.0)?;
                }
            }
            Ok(0)
        }
        Command::List { file } => list_tokens(file),
        Command::Revoke { name, file } => {
            edit(&path(file)?, |file| {
                let before = file.tokens.len();
                file.tokens.retain(|token| token.name != *name);
                if file.tokens.len() == before { Err(format!("there is no token `{name}`")) } else { Ok(()) }
            })?;
            told(file.output, json!({"name": name}), &format!("token {name} revoked"))
        }
    }
}

fn bad(message: String) -> anyhow::Error {
    BadInput(message).into()
}

fn path(file: &args_access::AccessFile) -> Result<PathBuf> {
    if let Some(path) = &file.file {
        return Ok(path.clone());
    }
    let home = home_folder(&file.home)?;
    std::fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
    Ok(home.join(FILE))
}

fn edit(path: &std::path::Path, change: impl FnOnce(&mut AccessFile) -> Result<(), String>) -> Result<()> {
    AccessFile::edit(path, change).map_err(bad)
}

fn find<'a>(file: &'a mut AccessFile, name: &str) -> Result<&'a mut User, String> {
    let found = file.users.iter_mut().find(|user| user.name == name);
    found.ok_or_else(|| format!("there is no user `{name}`; `pipewright user list` shows who there is"))
}

fn grants(roles: &[Granted]) -> Grants {
    let pairs = roles
        .iter()
        .map(|granted| (granted.namespace.clone().unwrap_or_else(|| EVERYWHERE.to_owned()), granted.role));
    Grants(pairs.collect())
}

fn whole_seconds(at: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn told(output: Format, document: Value, talk: &str) -> Result<u8> {
    match output {
        Format::Json => print_json(&document)?,
        _ => writeln!(std::io::stdout(), "{talk}")?,
    }
    Ok(0)
}

/// Asks for a password on the terminal, or takes the first line of stdin.
fn hashed(name: &str) -> Result<String> {
    let password = if std::io::stdin().is_terminal() {
        let first = crate::terminal::ask_secret(&format!("Password of {name}: "))?;
        if crate::terminal::ask_secret("Again: ")? != first {
            return Err(bad("the two passwords differ".to_owned()));
        }
        first
    } else {
        let mut text = String::new();
        std::io::stdin().take(1 << 16).read_to_string(&mut text).context("cannot read the password")?;
        text.lines().next().unwrap_or_default().to_owned()
    };
    if password.is_empty() {
        return Err(bad(format!(
            "there is no password on stdin; give one of at least {SHORTEST_PASSWORD} characters, or --no-password"
        )));
    }
    hash_password(&password).map_err(bad)
}

fn shown(grants: &Grants) -> String {
    let words = grants.0.iter().map(|(namespace, role)| match namespace.as_str() {
        EVERYWHERE => role.to_string(),
        namespace => format!("{namespace}={role}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

fn list_users(file: &args_access::AccessFile) -> Result<u8> {
    let found = AccessFile::read(&path(file)?).map_err(|message| anyhow!(message))?;
    match file.output {
        Format::Json => {
            let users = found.users.iter().map(|user| {
                json!({"name": user.name, "roles": user.roles, "has_password": user.password.is_some()})
            });
            print_json(&json!({"users": users.collect::<Vec<_>>()}))?;
        }
        _ => {
            let mut rows = vec![["NAME", "PASSWORD", "ROLES"].map(str::to_owned).to_vec()];
            rows.extend(found.users.iter().map(|user| {
                let password = if user.password.is_some() { "yes" } else { "no" };
                vec![user.name.clone(), password.to_owned(), shown(&user.roles)]
            }));
            std::io::stdout().write_all(table(&rows).as_bytes())?;
        }
    }
    Ok(0)
}

fn list_tokens(file: &args_access::AccessFile) -> Result<u8> {
    let found = AccessFile::read(&path(file)?).map_err(|message| anyhow!(message))?;
    let time = |at: Option<jiff::Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    match file.output {
        Format::Json => {
            let tokens = found.tokens.iter().map(|token| {
                json!({
                    "name": token.name, "user": token.user, "roles": token.roles,
                    "created_at": token.created_at, "expires_at": token.expires_at,
                })
            });
            print_json(&json!({"tokens": tokens.collect::<Vec<_>>()}))?;
        }
        _ => {
            let mut rows = vec![["NAME", "USER", "EXPIRES", "ROLES"].map(str::to_owned).to_vec()];
            rows.extend(found.tokens.iter().map(|token| {
                let roles = token.roles.as_ref().map_or_else(|| "its user's".to_owned(), shown);
                vec![token.name.clone(), token.user.clone(), time(token.expires_at), roles]
            }));
            std::io::stdout().write_all(table(&rows).as_bytes())?;
        }
    }
    Ok(0)
}
