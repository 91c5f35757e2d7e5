//! Holds every place that refuses something of a v1 file against `conformance/invalid`: there must be a document
//! that is refused just there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::panic::Location;
use std::path::{Path, PathBuf};

/// A file of this folder, and a line.
type Site = (String, u32);

thread_local! {
    static VISITED: RefCell<BTreeSet<Site>> = const { RefCell::new(BTreeSet::new()) };
}

/// What in the source refuses something.
const CALLS: &[&str] = &["cx.error(", "unsupported("];

/// Lines that no document reaches, by what stands in them, and why.
const OUT_OF_REACH: &[(&str, &str)] = &[
    ("fn unsupported(", "is the function itself"),
    ("cx.error(\"unsupported\", span, message).hint(hint)", "is what the function records"),
];

/// Notes that something was refused from here.
pub(crate) fn visit(from: &Location<'_>) {
    let Some((_, file)) = from.file().split_once("src/v1/") else { return };
    VISITED.with_borrow_mut(|visited| visited.insert((file.to_owned(), from.line())));
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the source is part of the repository") {
        let path = entry.expect("an entry of the source").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.file_name().is_some_and(|name| name != "sites.rs" && name != "tests.rs") {
            found.push(path);
        }
    }
}

/// Lists the places in the source, with the text of their lines.
fn places() -> BTreeMap<Site, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/v1");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let mut found = BTreeMap::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("the source is text");
        let name = file.strip_prefix(&folder).expect("it was found there").display().to_string();
        let tested = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for (line, number) in tested.lines().zip(1..) {
            let is_out = |out: &str| line.contains(out);
            if CALLS.iter().any(|call| line.contains(call))
                && !OUT_OF_REACH.iter().any(|(out, _)| is_out(out))
            {
                found.insert((name.clone(), number), line.trim().to_owned());
            }
        }
    }
    found
}

#[test]
fn every_refusal_has_a_document() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/invalid");
    for entry in fs::read_dir(folder).expect("the repository has it") {
        let path = entry.expect("an entry of the folder").path();
        let refused = crate::compile(&fs::read(&path).expect("a file"));
        assert!(refused.is_err(), "{} is accepted", path.display());
    }
    let visited = VISITED.take();
    let places = places();
    assert!(places.len() > 90, "the places were not found in the source: {places:#?}");
    let missing: Vec<String> = places
        .iter()
        .filter(|(site, _)| !visited.contains(*site))
        .map(|((file, line), text)| format!("{file}:{line}: {text}"))
        .collect();
    assert!(missing.is_empty(), "no document in conformance/invalid is refused at\n{}", missing.join("\n"));
}
