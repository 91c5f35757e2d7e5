//! Locks of workflows and templates.

use serde_json::Value;

use crate::decode::{Spanned, Text, messages};

messages! {
    /// The locks that are held while something runs.
    Synchronization {
        mutex: Option<MutexSpec> = "mutex",
        mutexes: Vec<MutexSpec> = "mutexes",
        semaphore: Option<SemaphoreSpec> = "semaphore",
        semaphores: Vec<SemaphoreSpec> = "semaphores",
    };

    /// A lock that one may hold at once.
    MutexSpec {
        name: Option<Text> = "name",
        namespace: Option<Text> = "namespace",
        database: Option<Spanned<bool>> = "database",
    };

    /// A lock that some may hold at once.
    SemaphoreSpec {
        config_map_key_ref: Option<SizeSpec> = "configMapKeyRef",
        namespace: Option<Text> = "namespace",
        database: Option<Spanned<Value>> = "database",
    } one of "configMapKeyRef" | "database";

    /// Where the size of a semaphore is.
    SizeSpec {
        name: Option<Text> = "name",
        key: Option<Text> = "key",
        optional: Option<bool> = "optional",
    };
}
