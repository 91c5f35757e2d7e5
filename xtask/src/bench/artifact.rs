//! A large artifact handed to three consumers: what it costs on disk.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Bench, mebibytes};
use crate::ir::{self, Pipeline};
use crate::served::{self, Served};

const SIZE: u64 = 1 << 30;
const CONSUMERS: u32 = 3;
/// Logs, journal and folders beside the artifact itself.
const SLACK: u64 = 50_000_000;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let home = bench.folder.join("artifact");
    let served = Served::start(&bench.binary, &home, &[])?;
    let id = served.submit("artifact", &pipeline())?;
    let run = served.wait(&id, Duration::from_secs(300))?;
    served::must_succeed(&run)?;
    let used = disk_usage(&home)?;
    let figures = [mebibytes(used), mebibytes(SIZE), mebibytes(SIZE + SLACK)];
    bench.row(format!("disk used by 1 GiB handed to {CONSUMERS} consumers"), figures, used <= SIZE + SLACK);
    Ok(())
}

fn pipeline() -> Value {
    let dataset = json!({ "artifactType": { "schemaTitle": "system.Dataset", "schemaVersion": "0.0.1" } });
    let produce = format!("head -c {SIZE} /dev/zero | tr '\\0' x > \"$0\"");
    let mut pipeline = Pipeline::new("large-artifact");
    pipeline.container(
        "produce",
        json!({ "image": "busybox", "command": ["sh", "-c", produce, "{{$.outputs.artifacts['data'].path}}"] }),
        json!({ "outputDefinitions": { "artifacts": { "data": dataset } } }),
    );
    let consume = format!("test \"$(stat -L -c %s \"$0\")\" = {SIZE} && tail -c 1 \"$0\"");
    pipeline.container(
        "consume",
        json!({ "image": "busybox", "command": ["sh", "-c", consume, "{{$.inputs.artifacts['data'].path}}"] }),
        json!({ "inputDefinitions": { "artifacts": { "data": dataset } } }),
    );
    pipeline.task("produce", ir::task("produce", "produce", json!({})));
    for index in 0..CONSUMERS {
        let name = format!("consume-{index}");
        let source =
            json!({ "taskOutputArtifact": { "producerTask": "produce", "outputArtifactKey": "data" } });
        let inputs = json!({ "inputs": { "artifacts": { "data": source } }, "dependentTasks": ["produce"] });
        pipeline.task(&name, ir::task(&name, "consume", inputs));
    }
    pipeline.build()
}

fn disk_usage(folder: &Path) -> Result<u64> {
    let mut used = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let facts = entry.path().symlink_metadata()?;
        used += facts.blocks() * 512;
        if facts.is_dir() {
            used += disk_usage(&entry.path())?;
        }
    }
    Ok(used)
}
