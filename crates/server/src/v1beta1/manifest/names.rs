//! How a workflow's nodes are called and numbered. Source: v1 semantics 2.3 and 2.7.

pub(super) use pipewright_store::engine::{item_name, node_id};

/// Returns a node's name without that of the node around it and without its group of steps.
pub(super) fn display_name<'n>(name: &'n str, around: Option<&str>) -> &'n str {
    let inner = around.and_then(|around| name.strip_prefix(around)).unwrap_or(name);
    let step = inner.strip_prefix('[').and_then(|rest| Some(rest.split_once("].")?.1));
    step.or_else(|| inner.strip_prefix('.')).unwrap_or(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_are_relative() {
        assert_eq!(display_name("w.a(0:x).b", Some("w.a(0:x)")), "b");
        assert_eq!(display_name("w.a(0:x)", Some("w")), "a(0:x)");
        assert_eq!(display_name("w[0].b", Some("w")), "b");
        assert_eq!(display_name("w[0]", Some("w")), "[0]");
        assert_eq!(display_name("w", None), "w");
    }
}
