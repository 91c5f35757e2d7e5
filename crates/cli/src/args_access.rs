//! The command line of the access file: users and tokens.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use pipewright_server::access::Role;

use crate::args::{Format, Home};
use crate::env;

/// Which access file.
#[derive(Debug, Clone, Args)]
pub(crate) struct AccessFile {
    #[command(flatten)]
    pub home: Home,
    /// Access file [default: access.toml of the home folder]
    #[arg(long = "access", env = env::ACCESS, value_name = "FILE", hide_env_values = true)]
    pub file: Option<PathBuf>,
    /// How to print on stdout
    #[arg(long, value_enum, default_value_t)]
    pub output: Format,
}

/// A role, in one namespace or in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Granted {
    pub namespace: Option<String>,
    pub role: Role,
}

pub(crate) fn granted(text: &str) -> Result<Granted, String> {
    match text.split_once('=') {
        Some((namespace, role)) => Ok(Granted { namespace: Some(namespace.to_owned()), role: role.parse()? }),
        None => Ok(Granted { namespace: None, role: text.parse()? }),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Make a user; asks for the password, or reads it from stdin
    #[command(after_help = "Examples:
  pipewright user add ada --role admin
  pipewright user add bob --role viewer --role team-a=editor < password.txt
  pipewright user add carol@example.org --role editor --no-password")]
    Add {
        name: String,
        /// Role, in all namespaces or in one: viewer, editor or admin; may be given several times
        #[arg(long = "role", value_name = "[NAMESPACE=]ROLE", value_parser = granted, required = true)]
        roles: Vec<Granted>,
        /// For somebody who comes by an identity provider, a trusted header or a token
        #[arg(long)]
        no_password: bool,
        #[command(flatten)]
        file: AccessFile,
    },
    /// List users
    #[command(after_help = "Example:
  pipewright user list --output json")]
    List {
        #[command(flatten)]
        file: AccessFile,
    },
    /// Give a user another password; ends their sessions
    #[command(after_help = "Example:
  pipewright user password ada")]
    Password {
        name: String,
        #[command(flatten)]
        file: AccessFile,
    },
    /// Give a user other roles
    #[command(after_help = "Example:
  pipewright user roles bob --role editor")]
    Roles {
        name: String,
        /// Role, in all namespaces or in one: viewer, editor or admin; may be given several times
        #[arg(long = "role", value_name = "[NAMESPACE=]ROLE", value_parser = granted, required = true)]
        roles: Vec<Granted>,
        #[command(flatten)]
        file: AccessFile,
    },
    /// Remove a user and their tokens; ends their sessions
    #[command(after_help = "Example:
  pipewright user remove bob")]
    Remove {
        name: String,
        #[command(flatten)]
        file: AccessFile,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token and print it, this once
    #[command(after_help = "Examples:
  pipewright token create ci --user ada --days 90
  pipewright token create robot --role editor")]
    Create {
        /// What it is named by in lists and in the audit log
        name: String,
        /// User whose it is [default: one of the token's own name, with the token's roles]
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// The most that it may do [default: all that its user may]
        #[arg(long = "role", value_name = "[NAMESPACE=]ROLE", value_parser = granted)]
        roles: Vec<Granted>,
        /// Days until it ends [default: never]
        #[arg(long, value_name = "N")]
        days: Option<u32>,
        #[command(flatten)]
        file: AccessFile,
    },
    /// List tokens; what they are cannot be shown any more
    #[command(after_help = "Example:
  pipewright token list")]
    List {
        #[command(flatten)]
        file: AccessFile,
    },
    /// Take a token back
    #[command(after_help = "Example:
  pipewright token revoke ci")]
    Revoke {
        name: String,
        #[command(flatten)]
        file: AccessFile,
    },
}
