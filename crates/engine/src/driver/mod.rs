//! What the field calls the driver, as functions: inputs are resolved, outputs provisioned, results named.

mod artifacts;
mod claims;
mod convert;
mod eval;
mod eval_calls;
mod fingerprint;
mod items;
mod library;
mod locks;
mod operand;
mod order;
mod outputs;
mod pod;
mod provision;
mod quantity;
mod resolve;
mod resource;
mod suspend;
mod tags;
mod task_config;

use sha2::{Digest, Sha256};

pub use claims::run_claims;
pub(crate) use eval::{Environment, evaluate};
pub use fingerprint::MAX_AGE;
pub(crate) use fingerprint::fingerprint;
pub use items::written_items;
pub(crate) use items::{items_of, iteration_inputs};
pub(crate) use locks::lock_claims;
pub(crate) use order::order;
pub(crate) use outputs::{collect, computed, dag_outcome, left_outcome, published_outcome};
pub(crate) use provision::{image_of, import_request};
pub(crate) use resolve::{defaults_of, is_ready, is_triggered, resolve, root_inputs};
pub(crate) use suspend::supply;
pub(crate) use suspend::wait_until;
pub use suspend::{Awaited, awaited, check_resume};
pub(crate) use tags::{Asking, drop_helpers, is_error};

use crate::event::{Failure, FailureReason};

/// Returns text in the shape of a UUID that is a function of `name` alone.
pub(crate) fn uuid_of(name: &str) -> String {
    let digest = hex::encode(&Sha256::digest(name.as_bytes())[..16]);
    format!("{}-{}-{}-{}-{}", &digest[..8], &digest[8..12], &digest[12..16], &digest[16..20], &digest[20..])
}

/// Makes the failure of something that could not be resolved.
pub(crate) fn unresolved(message: impl Into<String>) -> Failure {
    Failure { reason: FailureReason::Resolve, message: message.into(), hint: None, exit_code: None }
}
