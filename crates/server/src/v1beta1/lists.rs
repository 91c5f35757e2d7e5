//! What every v1 list takes from its query: page, order and filter as in v2, the owner by a resource key.

use pipewright_store::ListQuery;

use super::types::ResourceType;
use crate::error::Error;
use crate::extract::Words;
use crate::v2beta1::lists::list_query;

/// What a list asks for.
pub(super) struct Owned {
    pub(super) query: ListQuery,
    /// The resource whose rows are wanted.
    pub(super) owner: Option<(ResourceType, String)>,
    /// The namespace whose rows are wanted.
    pub(super) namespace: Option<String>,
}

/// Reads a list's arguments.
pub(super) fn owned_list(words: &Words, key: &str) -> Result<Owned, Error> {
    let query = list_query(words)?;
    let kind = words.get(&format!("{key}.type")).unwrap_or_default();
    let resource_type = ResourceType::parse(kind)
        .ok_or_else(|| Error::Invalid(format!("{key}.type: `{kind}` is no type of a resource")))?;
    let id = words.text(&format!("{key}.id"));
    let (owner, namespace) = match (resource_type, id) {
        (ResourceType::UnknownResourceType, _) | (_, None) => (None, None),
        (ResourceType::Namespace, id) => (None, id),
        (other, Some(id)) => (Some((other, id)), None),
    };
    Ok(Owned { query, owner, namespace })
}
