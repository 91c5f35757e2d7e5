//! Finds the pipeline file in what was uploaded: plain text, or an archive with one inside.
//!
//! Nothing is written to disk and never more than the limits below is unpacked, so names in archives and
//! archives that grow without end do no harm.

use std::io::{Cursor, Read};

use flate2::read::GzDecoder;

use crate::error::Error;

/// The largest pipeline file, packed or not.
pub(crate) const FILE_LIMIT: u64 = 32 << 20;
/// The most that is unpacked while looking for it.
const UNPACK_LIMIT: u64 = 256 << 20;
/// The most entries that are looked at.
const ENTRY_LIMIT: usize = 10_000;

/// Returns the pipeline file's bytes.
///
/// Shape: `.yaml`, `.yml` and `.json` are taken as they are; otherwise the first bytes tell a zip (`PK`) from a
/// gzipped tar, where `pipeline.yaml` is preferred to the first file, which must be YAML then.
/// Errors: `Invalid` for anything else, or when a limit is passed.
pub fn pipeline_file(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    let lower = name.to_ascii_lowercase();
    if [".yaml", ".yml", ".json"].iter().any(|ending| lower.ends_with(ending)) {
        return Ok(bytes);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return from_zip(name, bytes);
    }
    if bytes.starts_with(b"\x1f\x8b") {
        return from_tar(name, &bytes);
    }
    Err(Error::Invalid(format!(
        "`{name}` is not a pipeline file: expected .yaml, .yml, .json, .zip or .tar.gz"
    )))
}

fn is_yaml(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.ends_with(".yaml") || lower.ends_with(".yml")
}

fn is_preferred(name: &str) -> bool {
    name == "pipeline.yaml" || name == "./pipeline.yaml"
}

fn check_first(archive: &str, first: Option<&str>) -> Result<(), Error> {
    match first {
        Some(entry) if is_yaml(entry) => Ok(()),
        Some(entry) => Err(Error::Invalid(format!(
            "`{archive}` has no pipeline.yaml, and its first file `{entry}` is not YAML"
        ))),
        None => Err(Error::Invalid(format!("`{archive}` holds no file"))),
    }
}

fn broken(archive: &str, error: impl std::fmt::Display) -> Error {
    Error::Invalid(format!("`{archive}` cannot be unpacked: {error}"))
}

fn read_file(archive: &str, source: impl Read) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    source.take(FILE_LIMIT + 1).read_to_end(&mut content).map_err(|error| broken(archive, error))?;
    if content.len() as u64 > FILE_LIMIT {
        return Err(Error::Invalid(format!("the pipeline file in `{archive}` is larger than 32 MiB")));
    }
    Ok(content)
}

fn from_zip(name: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(name, error))?;
    if zip.len() > ENTRY_LIMIT {
        return Err(broken(name, "too many entries"));
    }
    let mut chosen: Option<(usize, String)> = None;
    for index in 0..zip.len() {
        let entry = zip.by_index_raw(index).map_err(|error| broken(name, error))?;
        if entry.is_dir() {
            continue;
        }
        let path = entry.name().map_err(|error| broken(name, error))?.into_owned();
        if is_preferred(&path) {
            chosen = Some((index, path));
            break;
        }
        chosen.get_or_insert((index, path));
    }
    check_first(name, chosen.as_ref().map(|(_, entry)| entry.as_str()))?;
    let (index, _) = chosen.expect("checked above to be there");
    let entry = zip.by_index(index).map_err(|error| broken(name, error))?;
    read_file(name, entry)
}

fn from_tar(name: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut tar = tar::Archive::new(GzDecoder::new(bytes).take(UNPACK_LIMIT));
    let mut first: Option<(String, Vec<u8>)> = None;
    for (count, entry) in tar.entries().map_err(|error| broken(name, error))?.enumerate() {
        let entry = entry.map_err(|error| broken(name, error))?;
        if count >= ENTRY_LIMIT {
            return Err(broken(name, "too many entries"));
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(|error| broken(name, error))?.to_string_lossy().into_owned();
        if is_preferred(&path) {
            return read_file(name, entry);
        }
        if first.is_none() {
            // Only YAML is worth keeping; of anything else the name is enough for the message.
            let content = if is_yaml(&path) { read_file(name, entry)? } else { Vec::new() };
            first = Some((path, content));
        }
    }
    check_first(name, first.as_ref().map(|(entry, _)| entry.as_str()))?;
    Ok(first.expect("checked above to be there").1)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn targz(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar =
            tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (name, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            tar.append_data(&mut header, name, *content).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn check(name: &str, bytes: Vec<u8>, expected: Result<&str, &str>) {
        match (pipeline_file(name, bytes), expected) {
            (Ok(content), Ok(text)) => assert_eq!(String::from_utf8_lossy(&content), text, "{name}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{name}: {error}"),
            (found, _) => panic!("{name}: {found:?}"),
        }
    }

    #[test]
    fn the_pipeline_file_is_found() {
        check("a.yaml", b"x".to_vec(), Ok("x"));
        check("A.YML", b"x".to_vec(), Ok("x"));
        check("a.json", b"{}".to_vec(), Ok("{}"));
        for pack in [targz, zip] {
            check("a.bin", pack(&[("b.yaml", b"b"), ("c.yaml", b"c")]), Ok("b"));
            check("a.bin", pack(&[("b.txt", b"b"), ("pipeline.yaml", b"p")]), Ok("p"));
            check("a.bin", pack(&[("b.txt", b"b"), ("c.yaml", b"c")]), Err("`b.txt` is not YAML"));
            check("a.bin", pack(&[]), Err(""));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        check("a.txt", b"x: 1".to_vec(), Err("expected .yaml"));
        check("a.zip", b"PK\x03\x04 broken".to_vec(), Err("cannot be unpacked"));
        check("a.tar.gz", b"\x1f\x8b broken".to_vec(), Err("cannot be unpacked"));
        let cut = targz(&[("b.yaml", &[b'x'; 100_000])]);
        check("a.tar.gz", cut[..cut.len() / 2].to_vec(), Err("cannot be unpacked"));
    }

    #[test]
    fn archives_that_grow_are_refused() {
        let large = vec![b' '; FILE_LIMIT as usize + 1];
        for pack in [targz, zip] {
            check("a.bin", pack(&[("pipeline.yaml", &large)]), Err("larger than 32 MiB"));
        }
    }
}
