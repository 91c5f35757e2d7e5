//! What every v1 list takes from its query: page, order and filter as in v2, the owner by a resource key.

use pipewright_store::ListQuery;

use super::types::ResourceType;
use crate::error::Error;
use crate::extract::Words;
use crate::v2beta1::lists::list_query;

/// Reads a list's arguments and the resource whose rows are wanted. A namespace is passed over: a single-user
/// server ignores it.
pub(super) fn owned_list(
    words: &Words,
    key: &str,
) -> Result<(ListQuery, Option<(ResourceType, String)>), Error> {
    let query = list_query(words)?;
    let kind = words.get(&format!("{key}.type")).unwrap_or_default();
    let resource_type = ResourceType::parse(kind)
        .ok_or_else(|| Error::Invalid(format!("{key}.type: `{kind}` is no type of a resource")))?;
    let id = words.text(&format!("{key}.id"));
    let owner = id
        .map(|id| (resource_type, id))
        .filter(|(kind, _)| !matches!(kind, ResourceType::UnknownResourceType | ResourceType::Namespace));
    Ok((query, owner))
}
