//! Bytes of artifacts in storage: where a URI points to, and folders and files of the local store.
//!
//! Types, metadata and lineage of artifacts are rows elsewhere. Object stores are known by name only: their
//! bytes cannot be reached yet.

mod local;
mod uri;

pub use local::{
    Entry, Error, Kind, Summary, copy, copy_into, link_out_of, list, make_read_only, place, remove_tree,
    set_mode, summarize,
};
pub use uri::{Location, local_file};
