//! What the web pages cost in a browser: the script `ui/e2e/bench.mjs` measures, here its figures become rows.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Bench;
use crate::ui;

#[derive(Deserialize)]
struct Figure {
    what: String,
    measured: String,
    floor: String,
    limit: String,
    holds: bool,
}

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    for line in ui::figures(&bench.binary)?.lines() {
        let figure: Figure = serde_json::from_str(line)
            .with_context(|| format!("the script said `{line}`, which is no figure"))?;
        bench.row(figure.what, [figure.measured, figure.floor, figure.limit], figure.holds);
    }
    Ok(())
}
