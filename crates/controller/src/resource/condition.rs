//! Conditions on an object, in the syntax of label selectors over dotted paths: `status.succeeded > 0, kind==Job`.
//! All parts must hold. Source: v1 semantics 2.8.

use pipewright_plan::Value;

use super::path::path_of_fields;

/// Tells whether an object fulfils a condition.
///
/// Errors: a condition that is not understood.
pub(crate) fn holds(condition: &str, object: &Value) -> Result<bool, String> {
    let mut all = true;
    for part in parts(condition) {
        all &=
            one(part.trim(), object).ok_or_else(|| format!("condition `{condition}` is not understood"))?;
    }
    Ok(all)
}

/// Splits at commas outside of parentheses.
fn parts(condition: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth) = (Vec::new(), 0, 0);
    for (at, c) in condition.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&condition[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&condition[start..]);
    found.into_iter().filter(|part| !part.trim().is_empty()).collect()
}

fn one(part: &str, object: &Value) -> Option<bool> {
    for (word, wanted) in [(" notin ", false), (" in ", true)] {
        if let Some((path, list)) = part.split_once(word) {
            let list = list.trim().strip_prefix('(')?.strip_suffix(')')?;
            let found = find(path, object)?;
            let is_in = found.is_some_and(|found| list.split(',').any(|item| item.trim() == found));
            return Some(is_in == wanted);
        }
    }
    for operator in ["!=", "==", "=", ">", "<"] {
        if let Some((path, wanted)) = part.split_once(operator) {
            let (found, wanted) = (find(path, object)?, wanted.trim());
            return match operator {
                "!=" => Some(found.as_deref() != Some(wanted)),
                "==" | "=" => Some(found.as_deref() == Some(wanted)),
                _ => {
                    let limit: i64 = wanted.parse().ok()?;
                    let number: Option<i64> = found.and_then(|found| found.parse().ok());
                    Some(
                        number.is_some_and(
                            |number| if operator == ">" { number > limit } else { number < limit },
                        ),
                    )
                }
            };
        }
    }
    match part.strip_prefix('!') {
        Some(path) => Some(find(path, object)?.is_none()),
        None => Some(find(part, object)?.is_some()),
    }
}

/// Returns the text at a path; the outer `None` means that it is no path.
#[allow(clippy::option_option, reason = "no path and no value are two things")]
fn find(path: &str, object: &Value) -> Option<Option<String>> {
    let path = path.trim().trim_start_matches("{.").trim_end_matches('}');
    let names = path_of_fields(path);
    if names.is_empty() || path.contains(char::is_whitespace) {
        return None;
    }
    let mut at = object;
    for name in &names {
        let (field, index) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
            Some((field, index)) => (field, Some(index.parse::<usize>().ok()?)),
            None => (name.as_str(), None),
        };
        let next = at.get(field).or_else(|| at.get(field.parse::<usize>().ok()?));
        let next = match index {
            Some(index) => next.and_then(|next| next.get(index)),
            None => next,
        };
        match next {
            Some(next) => at = next,
            None => return Some(None),
        }
    }
    Some(Some(pipewright_plan::text_form(at)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_are_judged() {
        let object = json!({
            "kind": "Job",
            "status": {"succeeded": 2, "ready": true, "phase": "Done", "list": [{"type": "A"}]},
        });
        for (condition, expected) in [
            ("status.succeeded > 0", Ok(true)),
            ("status.succeeded > 2", Ok(false)),
            ("status.succeeded < 3, kind == Job", Ok(true)),
            ("status.phase = Done, status.failed > 0", Ok(false)),
            ("status.readyToUse == true", Ok(false)),
            ("status.ready == true", Ok(true)),
            ("status.phase != Done", Ok(false)),
            ("status.none != Done", Ok(true)),
            ("status.phase in (Failed, Done)", Ok(true)),
            ("status.phase notin (Failed, Done)", Ok(false)),
            ("status.phase", Ok(true)),
            ("!status.phase", Ok(false)),
            ("status.list[0].type == A", Ok(true)),
            ("status.list.0.type == A", Ok(true)),
            ("", Ok(true)),
            ("status.succeeded > many", Err(())),
            ("what is this", Err(())),
            ("== 1", Err(())),
        ] {
            assert_eq!(holds(condition, &object).map_err(drop), expected, "{condition}");
        }
    }
}
