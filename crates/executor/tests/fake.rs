//! The scripted executor keeps the contract.

#![allow(clippy::unwrap_used, reason = "a test may stop at once")]

use pipewright_executor::{contract, fake::FakeExecutor};

#[tokio::test]
async fn fake_keeps_the_contract() {
    let (executor, mut observations) = FakeExecutor::start_with_commands();
    contract::check(&executor, &mut observations).await;
    assert_eq!(executor.launched().len(), 4, "each attempt started once");
    assert_eq!(executor.killed().len(), 2);
}
