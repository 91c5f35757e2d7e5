//! Makes a small image of this machine's own programs, in the form that `docker save` writes.
#![allow(clippy::unwrap_used, dead_code, reason = "a test may stop at once")]

pub mod kinds;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// Programs of the image.
const PROGRAMS: [&str; 24] = [
    "sh", "true", "false", "sleep", "cat", "echo", "ls", "id", "env", "ln", "mkdir", "rm", "dd", "yes",
    "touch", "head", "stat", "pwd", "find", "grep", "mv", "readlink", "df", "tr",
];

/// Settings of the image.
pub const ENV: &str = "GREETING=hello";

/// Writes an archive of an image with these names; its user is `app` (1000).
pub fn archive(path: &Path, names: &[&str], user: &str) {
    let layer = layer();
    let diff = format!("sha256:{}", hex::encode(Sha256::digest(&layer)));
    let config = serde_json::json!({
        "architecture": match std::env::consts::ARCH { "x86_64" => "amd64", "aarch64" => "arm64", other => other },
        "os": "linux",
        "config": {
            "User": user,
            "Env": ["PATH=/usr/bin:/bin", ENV],
            "Entrypoint": ["/bin/sh", "-c"],
            "Cmd": ["echo from the image in $PWD"],
            "WorkingDir": "/srv/app",
        },
        "rootfs": { "type": "layers", "diff_ids": [diff] },
    });
    let config = serde_json::to_vec(&config).unwrap();
    let config_name = format!("{}.json", hex::encode(Sha256::digest(&config)));
    let manifest = serde_json::json!([{ "Config": config_name, "RepoTags": names, "Layers": ["layer.tar"] }]);
    let mut builder = tar::Builder::new(fs::File::create(path).unwrap());
    add(&mut builder, &config_name, &config, 0o644);
    add(&mut builder, "layer.tar", &layer, 0o644);
    add(&mut builder, "manifest.json", &serde_json::to_vec(&manifest).unwrap(), 0o644);
    builder.finish().unwrap();
}

fn add<W: std::io::Write>(builder: &mut tar::Builder<W>, name: &str, content: &[u8], mode: u32) {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    builder.append_data(&mut header, name, content).unwrap();
}

/// Makes the files of the image.
pub fn layer() -> Vec<u8> {
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    let mut builder = tar::Builder::new(Vec::new());
    for folder in ["bin", "etc", "srv", "srv/app", "tmp"] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_mode(if folder == "tmp" { 0o1777 } else { 0o755 });
        header.set_size(0);
        builder.append_data(&mut header, folder, std::io::empty()).unwrap();
    }
    for program in PROGRAMS {
        let found =
            ["/usr/bin", "/bin"].iter().map(|folder| Path::new(folder).join(program)).find(|p| p.exists());
        let path = fs::canonicalize(found.unwrap()).unwrap();
        let output = Command::new("ldd").arg(&path).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        files.extend(text.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from));
        add(&mut builder, &format!("bin/{program}"), &fs::read(path).unwrap(), 0o755);
    }
    for file in files {
        add(&mut builder, file.to_str().unwrap().trim_start_matches('/'), &fs::read(&file).unwrap(), 0o755);
    }
    add(&mut builder, "etc/passwd", b"root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/srv/app:/bin/sh\n", 0o644);
    add(&mut builder, "etc/group", b"root:x:0:\napp:x:1000:\nextra:x:77:app\n", 0o644);
    builder.into_inner().unwrap()
}
