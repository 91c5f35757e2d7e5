//! `pipewright image import|pull|list|remove`: images that tasks run in without a container engine.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use pipewright_images::{Credentials, Error, Image, Progress, Store};
use serde_json::{Value, json};

use crate::args::Format;
use crate::args_images::{self, Place};
use crate::output::table;
use crate::result;
use crate::settings::home_folder;

/// How often progress is told where it is no terminal.
const PAUSE: Duration = Duration::from_secs(5);

pub(crate) async fn run(command: &args_images::Image) -> Result<u8> {
    use args_images::Image;
    match command {
        Image::Import { path, name, place } => {
            let (store, path, name) = (store(place)?, path.clone(), name.clone());
            let import = move || store.import(&path, name.as_deref());
            let imported = tokio::task::spawn_blocking(import).await?.map_err(explained)?;
            show(&imported, place)
        }
        Image::Pull { name, place } => {
            let telling = Telling::default();
            let store = store(place)?;
            let credentials = Credentials::of_user();
            let pulled = pipewright_images::pull(&store, name, &credentials, &|at| telling.tell(&at)).await;
            telling.finish();
            let image = pulled.map_err(explained)?;
            let name = pipewright_images::Reference::parse(name).map_err(explained)?;
            show(&[(name.to_string(), image)], place)
        }
        Image::List { place } => show(&store(place)?.list().map_err(explained)?, place),
        Image::Remove { name, place } => {
            let removed = store(place)?.remove(name).map_err(explained)?;
            match place.output {
                Format::Json => result::print_json(&document(name, &removed))?,
                Format::Text => anstream::eprintln!("removed {name}"),
            }
            Ok(0)
        }
    }
}

fn store(place: &Place) -> Result<Store> {
    Ok(Store::new(home_folder(&place.home)?.join("images")))
}

fn explained(error: Error) -> anyhow::Error {
    match error.hint() {
        Some(hint) => anyhow!("{error}\n  hint: {hint}"),
        None => anyhow!("{error}"),
    }
}

fn show(images: &[(String, Image)], place: &Place) -> Result<u8> {
    match place.output {
        Format::Json => {
            let list: Vec<Value> = images.iter().map(|(name, image)| document(name, image)).collect();
            result::print_json(&json!({ "images": list }))?;
        }
        Format::Text => {
            let row = |(name, image): &(String, Image)| {
                let digest = image.digest.trim_start_matches("sha256:");
                vec![name.clone(), digest[..digest.len().min(12)].to_owned(), megabytes(image.bytes)]
            };
            let head = ["IMAGE", "DIGEST", "SIZE"].map(str::to_owned).to_vec();
            let rows: Vec<Vec<String>> = std::iter::once(head).chain(images.iter().map(row)).collect();
            std::io::stdout().write_all(table(&rows).as_bytes())?;
        }
    }
    Ok(0)
}

fn document(name: &str, image: &Image) -> Value {
    json!({
        "name": name,
        "digest": image.digest,
        "bytes": image.bytes,
        "user": image.user,
        "entrypoint": image.entrypoint,
        "cmd": image.cmd,
        "working_directory": image.working_directory,
    })
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// Tells how far a pull is, on stderr.
#[derive(Default)]
struct Telling {
    layers: Mutex<(usize, Option<Instant>)>,
}

impl Telling {
    fn tell(&self, at: &Progress) {
        let mut layers = self.layers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let text = match at {
            Progress::Layers { count } => {
                layers.0 = *count;
                format!("{count} layers")
            }
            Progress::Bytes { layer, bytes } => {
                let pause = if std::io::stderr().is_terminal() { Duration::from_millis(100) } else { PAUSE };
                if layers.1.is_some_and(|last| last.elapsed() < pause) {
                    return;
                }
                layers.1 = Some(Instant::now());
                format!("layer {layer} of {}: {}", layers.0, megabytes(*bytes))
            }
            Progress::Unpacking => "unpacking".to_owned(),
        };
        if std::io::stderr().is_terminal() {
            anstream::eprint!("\r\x1b[2K{text}");
        } else {
            anstream::eprintln!("{text}");
        }
    }

    fn finish(&self) {
        if std::io::stderr().is_terminal() {
            anstream::eprint!("\r\x1b[2K");
        }
    }
}
