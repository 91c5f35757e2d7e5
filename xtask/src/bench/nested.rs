//! Loops in loops with everything collected into one task: time per task must not grow with their number.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::tasks::run_once;
use super::{Bench, millis};
use crate::ir::{self, Pipeline};
use crate::served::Served;

/// Outer and inner iterations.
const SMALL: [u32; 2] = [10, 50];
const LARGE: [u32; 2] = [50, 100];
const RATIO: f64 = 1.3;
const REPEATS: usize = 3;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let served = Served::start(&bench.binary, &bench.folder.join("nested"), &[])?;
    let (small, large) = (pipeline(SMALL), pipeline(LARGE));
    run_once(&served, &small)?;
    let mut least = [Duration::MAX; 2];
    for _ in 0..REPEATS {
        least[0] = least[0].min(run_once(&served, &small)? / (SMALL[0] * SMALL[1]));
        least[1] = least[1].min(run_once(&served, &large)? / (LARGE[0] * LARGE[1]));
    }
    let ratio = least[1].as_secs_f64() / least[0].as_secs_f64();
    let [outer, inner] = LARGE;
    let what = format!(
        "{outer} x {inner} collected tasks, time per task over that of {} x {}, best of {REPEATS}",
        SMALL[0], SMALL[1]
    );
    bench.row(what, [format!("{ratio:.2}x"), millis(least[0]), format!("{RATIO}x")], ratio <= RATIO);
    Ok(())
}

fn pipeline([outer, inner]: [u32; 2]) -> Value {
    let item = json!({ "item": { "parameterType": "NUMBER_INTEGER" } });
    let one = json!({ "out": { "parameterType": "NUMBER_INTEGER" } });
    let list = json!({ "out": { "parameterType": "LIST" } });
    let handed = |from: &str| json!({ "valueFromParameter": { "producerSubtask": from, "outputParameterKey": "out" } });
    let mut pipeline = Pipeline::new("nested");
    let write = "echo 1 > \"$0\"";
    let file = "{{$.outputs.parameters['out'].output_file}}";
    pipeline.container(
        "leaf",
        json!({ "image": "busybox", "command": ["sh", "-c", write, file] }),
        json!({ "outputDefinitions": { "parameters": one } }),
    );
    pipeline.container(
        "sink",
        json!({ "image": "busybox", "command": ["sh", "-c", "test -n \"$0\"", "{{$.inputs.parameters['all']}}"] }),
        json!({ "inputDefinitions": { "parameters": { "all": { "parameterType": "LIST" } } } }),
    );
    let mut dag = |name: &str, task: (&str, Value), outputs: &Value| {
        let interface = json!({
            "inputDefinitions": { "parameters": item },
            "outputDefinitions": { "parameters": outputs },
        });
        let tasks = Map::from_iter([(task.0.to_owned(), task.1)]);
        pipeline.dag_with_outputs(name, tasks, interface, json!({ "parameters": { "out": handed(task.0) } }));
    };
    dag("inner", ("leaf", ir::task("leaf", "leaf", json!({}))), &one);
    dag("outer", ("each", ir::loop_task("each", "inner", inner)), &list);
    pipeline.task("each", ir::loop_task("each", "outer", outer));
    let all = json!({ "taskOutputParameter": { "producerTask": "each", "outputParameterKey": "out" } });
    let inputs = json!({ "inputs": { "parameters": { "all": all } }, "dependentTasks": ["each"] });
    pipeline.task("sink", ir::task("sink", "sink", inputs));
    pipeline.build()
}
