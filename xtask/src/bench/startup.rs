//! How soon a server answers on an existing home, and what it holds while idle.

use std::time::Duration;

use anyhow::Result;

use super::{Bench, mebibytes, millis};
use crate::ir;
use crate::served::Served;

const READY_LIMIT: Duration = Duration::from_millis(100);
const IDLE_LIMIT: u64 = 40_000_000;
const STARTS: usize = 5;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let home = bench.folder.join("startup");
    let served = Served::start(&bench.binary, &home, &[])?;
    super::tasks::run_once(&served, &ir::chain("seed", ir::true_container(), 20))?;
    drop(served);

    let mut starts = Vec::new();
    let mut idle = 0;
    for _ in 0..STARTS {
        let served = Served::start(&bench.binary, &home, &[])?;
        starts.push(served.ready_after);
        std::thread::sleep(Duration::from_millis(500));
        idle = idle.max(served.memory_bytes("VmRSS")?);
    }
    starts.sort();
    let median = starts[STARTS / 2];
    let figures = [millis(median), "-".to_owned(), millis(READY_LIMIT)];
    bench.row("first answer after start, median", figures, median <= READY_LIMIT);
    let figures = [mebibytes(idle), "-".to_owned(), mebibytes(IDLE_LIMIT)];
    bench.row("memory of an idle server", figures, idle <= IDLE_LIMIT);
    Ok(())
}
