//! `pipewright context add|use|list|remove`, `pipewright login` and `pipewright whoami`.

use std::io::{IsTerminal, Read, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::args::Format;
use crate::args_api::{ContextCommand, Login, Whoami};
use crate::client::Client;
use crate::contexts::{Context, Contexts, known, server_of};
use crate::output::table;
use crate::result::print_json;
use crate::source::BadInput;
use crate::terminal::ask_secret;

pub(crate) fn contexts(command: &ContextCommand) -> Result<u8> {
    let mut contexts = Contexts::read()?;
    match command {
        ContextCommand::Add { name, server, namespace, token_stdin, ca, select } => {
            Client::check(server)?;
            let token = if *token_stdin { Some(secret("Token: ")?) } else { None };
            let ca = ca.as_ref().map(std::path::absolute).transpose()?;
            let (name, server, namespace) = (name.clone(), server.clone(), namespace.clone());
            let fresh = Context { name: name.clone(), server, namespace, token, session: None, ca };
            contexts.all.retain(|context| context.name != name);
            let server = fresh.server.clone();
            contexts.all.push(fresh);
            contexts.all.sort_by(|one, other| one.name.cmp(&other.name));
            if *select || contexts.current.is_none() {
                contexts.current = Some(name.clone());
            }
            contexts.write()?;
            writeln!(std::io::stdout(), "context {name} added: {server}")?;
        }
        ContextCommand::Use { name } => {
            let server = contexts.find(name)?.server.clone();
            contexts.current = Some(name.clone());
            contexts.write()?;
            writeln!(std::io::stdout(), "using context {name}: {server}")?;
        }
        ContextCommand::Remove { name } => {
            contexts.find(name)?;
            contexts.all.retain(|context| context.name != *name);
            contexts.current = contexts.current.take().filter(|current| current != name);
            contexts.write()?;
            writeln!(std::io::stdout(), "context {name} removed")?;
        }
        ContextCommand::List { output } => list(&contexts, *output)?,
    }
    Ok(0)
}

fn list(contexts: &Contexts, output: Format) -> Result<()> {
    let shows = |context: &Context| match (&context.token, &context.session) {
        (Some(_), _) => "token",
        (None, Some(_)) => "login",
        (None, None) => "nothing",
    };
    let is_current = |context: &Context| contexts.current.as_ref() == Some(&context.name);
    if output == Format::Json {
        let all = contexts.all.iter().map(|context| {
            json!({
                "name": context.name, "server": context.server, "namespace": context.namespace,
                "shows": shows(context),
                "current": is_current(context),
            })
        });
        return print_json(&json!({"contexts": all.collect::<Vec<_>>()}));
    }
    let mut rows = vec![["", "NAME", "SERVER", "NAMESPACE", "SHOWS"].map(str::to_owned).to_vec()];
    rows.extend(contexts.all.iter().map(|context| {
        let mark = if is_current(context) { "*" } else { "" };
        let namespace = context.namespace.as_deref().unwrap_or_default();
        [mark, &context.name, &context.server, namespace, shows(context)].map(str::to_owned).to_vec()
    }));
    std::io::stdout().write_all(table(&rows).as_bytes())?;
    Ok(())
}

/// Asks on the terminal, or takes the first line of stdin.
fn secret(question: &str) -> Result<String> {
    let text = if std::io::stdin().is_terminal() {
        ask_secret(question)?
    } else {
        let mut text = String::new();
        std::io::stdin().take(1 << 16).read_to_string(&mut text)?;
        text.lines().next().unwrap_or_default().trim().to_owned()
    };
    if text.is_empty() {
        return Err(BadInput("nothing was given on stdin".to_owned()).into());
    }
    Ok(text)
}

pub(crate) async fn login(args: &Login) -> Result<u8> {
    let mut contexts = Contexts::read()?;
    let server = match (&args.server, contexts.current()) {
        (Some(server), _) => server.clone(),
        (None, Some(context)) => context.server.clone(),
        (None, None) => return Err(BadInput("name the server by --server URL".to_owned()).into()),
    };
    Client::check(&server)?;
    let ca: Option<PathBuf> = match &args.ca {
        Some(path) => Some(std::path::absolute(path)?),
        None => known(&server)?.and_then(|context| context.ca),
    };
    let name = match contexts.all.iter().find(|context| context.server == server) {
        Some(context) => context.name.clone(),
        None => server.split("://").nth(1).unwrap_or(&server).trim_end_matches('/').to_owned(),
    };
    let namespace = known(&server)?.and_then(|context| context.namespace);
    let mut context = Context { name: name.clone(), server, namespace, token: None, session: None, ca };
    match &args.user {
        None => context.token = Some(secret("Token: ")?),
        Some(user) => {
            let password = secret(&format!("Password of {user}: "))?;
            let client = Client::of(&context)?;
            context.session = Some(client.log_in(user, &password).await?);
        }
    }
    let who = Client::of(&context)?.get("/apis/pipewright/v1/whoami").await?;
    let user = who["user"].as_str().filter(|_| who["authenticated"] == true);
    let Some(user) = user else { bail!("the server does not know this token") };
    eprintln!("logged in as {user}; context {name} is in use");
    contexts.all.retain(|other| other.name != name);
    contexts.all.push(context);
    contexts.current = Some(name);
    contexts.write()?;
    Ok(0)
}

pub(crate) async fn whoami(args: &Whoami) -> Result<u8> {
    let server = server_of(&args.place)?.context("no server is named: give --server, or `context use`")?;
    let who = Client::new(&server)?.get("/apis/pipewright/v1/whoami").await?;
    if args.place.output == Format::Json {
        print_json(&who)?;
        return Ok(0);
    }
    let roles = who["roles"].as_object().cloned().unwrap_or_default();
    let word = |(name, role): (&String, &Value)| {
        let role = role.as_str().unwrap_or_default();
        if name == "*" { role.to_owned() } else { format!("{name}={role}") }
    };
    let roles: Vec<String> = roles.iter().map(word).collect();
    let user = who["user"].as_str().unwrap_or("nobody");
    let rows = [("USER", user.to_owned()), ("ROLES", roles.join(", ")), ("SERVER", server)];
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    std::io::stdout().write_all(table(&rows).as_bytes())?;
    Ok(0)
}
