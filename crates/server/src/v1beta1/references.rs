//! Resource references: how v1 messages say to which experiment, pipeline or version something belongs.

use super::types::{ResourceKey, ResourceReference, ResourceType};
use crate::error::Error;

/// Makes a reference to an owner.
pub(super) fn owner(resource_type: ResourceType, id: &str, name: &str) -> ResourceReference {
    reference((resource_type, "OWNER"), id, name)
}

/// Makes a reference to what something was created from.
pub(super) fn creator(resource_type: ResourceType, id: &str, name: &str) -> ResourceReference {
    reference((resource_type, "CREATOR"), id, name)
}

fn reference((resource_type, relationship): (ResourceType, &str), id: &str, name: &str) -> ResourceReference {
    ResourceReference {
        key: Some(ResourceKey { resource_type, id: id.to_owned() }),
        name: name.to_owned(),
        relationship: relationship.to_owned(),
    }
}

/// Returns the id that the references give for a type, if any.
///
/// Errors: `Invalid` for two different ones, or for a reference to nothing.
pub(super) fn find(references: &[ResourceReference], wanted: ResourceType) -> Result<Option<String>, Error> {
    let mut found: Option<String> = None;
    let keys = references.iter().filter_map(|reference| reference.key.as_ref());
    for key in keys.filter(|key| key.resource_type == wanted && !key.id.is_empty()) {
        if found.as_ref().is_some_and(|found| *found != key.id) {
            return Err(Error::Invalid(format!(
                "resource_references name more than one resource of the type {wanted:?}"
            )));
        }
        found = Some(key.id.clone());
    }
    Ok(found)
}
