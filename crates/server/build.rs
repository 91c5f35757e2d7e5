//! Puts the built web pages (`ui/dist`, made by `cargo xtask ui`) into the binary, compressed as they are.
//!
//! Without them a plain build goes on, and serves a page that says so; the release profile refuses.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let crate_folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let dist = crate_folder.join("../../ui/dist");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = BTreeMap::new();
    if dist.join("index.html").exists() {
        collect(&dist, &dist, &mut files)?;
    }
    if files.is_empty() && profile(&out) == Some("release") {
        println!("cargo::error=a release has web pages in it: run `cargo xtask ui` first");
    }
    let kept = out.join("ui");
    if kept.exists() {
        fs::remove_dir_all(&kept)?;
    }
    fs::write(out.join("ui_files.rs"), table(&files, &kept)?)
}

/// Returns the profile's name: `PROFILE` says `release` for every profile that inherits from it.
fn profile(out: &Path) -> Option<&str> {
    // target/<profile>/build/<package>-<hash>/out
    out.ancestors().nth(3)?.file_name()?.to_str()
}

/// Finds all files, by their path below the folder.
fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else {
            let name =
                path.strip_prefix(root).expect("it was found below").to_string_lossy().replace('\\', "/");
            files.insert(name, path.canonicalize()?);
        }
    }
    Ok(())
}

/// Writes the table that `ui.rs` includes. Of a file that has compressed forms, only these are kept. They are
/// copied: the pages may be built again while the compiler still reads.
fn table(files: &BTreeMap<String, PathBuf>, kept: &Path) -> io::Result<String> {
    let mut text = String::from("&[\n");
    for (name, path) in files {
        if name.ends_with(".br") || name.ends_with(".gz") {
            continue;
        }
        let bytes = fs::read(path)?;
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let (brotli, gzip) = (files.get(&format!("{name}.br")), files.get(&format!("{name}.gz")));
        let plain = if gzip.is_none() { Some(path) } else { None };
        writeln!(
            text,
            "    File {{ path: {name:?}, tag: \"\\\"{:016x}\\\"\", plain: {}, brotli: {}, gzip: {} }},",
            hasher.finish(),
            included(plain, kept)?,
            included(brotli, kept)?,
            included(gzip, kept)?,
        )
        .expect("text grows");
    }
    text.push(']');
    Ok(text)
}

fn included(path: Option<&PathBuf>, kept: &Path) -> io::Result<String> {
    let Some(path) = path else { return Ok("None".to_owned()) };
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    let copy = kept.join(folder).join(path.file_name().unwrap_or_default());
    fs::create_dir_all(kept.join(folder))?;
    fs::copy(path, &copy)?;
    Ok(format!("Some(include_bytes!({:?}))", copy.display().to_string()))
}
