//! What names, keys and quantities may look like. Source: Kubernetes, object names and resource quantities.

use crate::error::Error;

/// Tells whether text is a DNS subdomain, as most objects are named.
pub(crate) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|label| is_label_of(label, 253))
}

/// Tells whether text is a DNS label, as namespaces are named.
pub(crate) fn is_label(text: &str) -> bool {
    is_label_of(text, 63)
}

fn is_label_of(text: &str, longest: usize) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(is_inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Tells whether text can be a key of a secret or config map.
pub(crate) fn is_key(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=253).contains(&text.len()) && text.bytes().all(is_inner) && text != "." && !text.starts_with("..")
}

/// Tells whether text is a quantity such as `10Gi`, `500M`, `1e9` or `0.5`.
pub(crate) fn is_quantity(text: &str) -> bool {
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let is_number = number.bytes().any(|byte| byte.is_ascii_digit()) && number.matches('.').count() <= 1;
    let is_exponent = || {
        let digits =
            suffix.strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['-', '+']).unwrap_or(rest));
        digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
    };
    const SUFFIXES: [&str; 16] =
        ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    is_number && (SUFFIXES.contains(&suffix) || is_exponent())
}

/// Refuses a namespace that is none.
pub(crate) fn check_namespace(namespace: &str) -> Result<(), Error> {
    if is_label(namespace) {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "namespace `{namespace}` is invalid: lower case letters, digits and `-`, at most 63 characters"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_kubernetes_has_them() {
        let check = |is: fn(&str) -> bool, good: &[&str], bad: &[&str]| {
            for text in good {
                assert!(is(text), "{text}");
            }
            for text in bad {
                assert!(!is(text), "{text}");
            }
        };
        let long = "a".repeat(254);
        check(
            is_subdomain,
            &["a", "a-b", "1.b", "my-claim.v1", &long[1..]],
            &["", "A", "a_b", "-a", "a-", ".", "..", "a..b", "a/b", "a.-b", "a b", &long],
        );
        check(is_label, &["default", "a-1", &long[..63]], &["a.b", "", "..", &long[..64]]);
        check(
            is_key,
            &["a", "A.b_c-d", ".hidden", "tls.crt"],
            &["", ".", "..", "..data", "a/b", "a b", &long],
        );
        check(
            is_quantity,
            &["1", "10Gi", "500M", "1e9", "1.5Ti", "0.5", "1E3", "12e-3", "+1"],
            &["", "Gi", "ten", "1.1.1", "-1", "1gi", "1e", "1 Gi", "."],
        );
    }
}
