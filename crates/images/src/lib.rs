//! Container images on disk, without any engine: names, archives and layouts, registries, unpacked roots.
//!
//! An image is imported from a layout or an archive, or pulled from a registry, and unpacked into a folder that
//! can be the root of a task. Running it is somebody else's business. Everything that comes in is hostile:
//! no entry of a layer reaches anything outside of the folder it is unpacked into, and nothing is taken whose
//! digest is another one than promised.

mod credentials;
mod error;
mod layer;
mod manifest;
mod reference;
mod registry;
mod source;
mod store;
mod user;
mod zstd;

pub use credentials::Credentials;
pub use error::Error;
pub use reference::Reference;
pub use registry::{Progress, pull};
pub use store::{Image, Store, Unpacked};
pub use user::{Identity, identity};
