//! How a workflow's nodes are called and numbered. Source: v1 semantics 2.3 and 2.7.

pub(super) use pipewright_store::engine::{display_name, item_name, node_id};
