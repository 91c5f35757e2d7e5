//! Processes keep the contract, survive their server, and leave nothing behind.

use std::path::PathBuf;

use pipewright_executor::contract;
use pipewright_executor::process::{Isolation, Options, ProcessExecutor};

/// The stand-in for the product's binary; cargo builds examples before tests.
fn launcher() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().join("examples/launcher")
}

#[tokio::test]
async fn processes_keep_the_contract() {
    for isolation in [Isolation::Off, Isolation::Auto] {
        let home = tempfile::tempdir().unwrap();
        let options = Options { isolation, ..Options::new(home.path(), launcher()) };
        let (executor, mut observations) = ProcessExecutor::start(options).unwrap();
        contract::check(&executor, &mut observations).await;
    }
}
