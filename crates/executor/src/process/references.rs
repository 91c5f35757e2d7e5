//! `$(NAME)` in commands, as Kubernetes fills it from a container's own variables.
//!
//! Only what the pipeline's author wrote is looked at: values that come in through placeholders are data. A
//! name that the task does not set stays as it is written, so `$(date)` is the shell's. `$$(NAME)` stands for
//! `$(NAME)`; any other `$$` stays, where Kubernetes would halve it.

use pipewright_plan::{TextPart, Word};

/// Fills references in words; `value` knows the task's own variables.
pub(super) fn fill<'v>(words: &mut [Word], value: &impl Fn(&str) -> Option<&'v str>) {
    for word in words {
        match word {
            Word::Text { text } => {
                for part in &mut text.parts {
                    if let TextPart::Literal { text } = part
                        && text.contains("$(")
                    {
                        *text = filled(text, value);
                    }
                }
            }
            Word::Concat { parts } => fill(parts, value),
            Word::IfPresent { then, otherwise, .. } => {
                fill(then, value);
                fill(otherwise, value);
            }
        }
    }
}

fn filled<'v>(text: &str, value: &impl Fn(&str) -> Option<&'v str>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$(") {
        rest = after;
        let known = after.split_once(')').and_then(|(name, after)| Some((name, value(name)?, after)));
        match (known, before.strip_suffix('$')) {
            (Some((name, _, after)), Some(before)) => {
                filled.extend([before, "$(", name, ")"]);
                rest = after;
            }
            (Some((_, value, after)), None) => {
                filled.extend([before, value]);
                rest = after;
            }
            (None, _) => filled.extend([before, "$("]),
        }
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_own_variables_are_filled() {
        let value = |name: &str| (name == "ONE").then_some("1$(ONE)");
        let cases = [
            ("$(ONE)", "1$(ONE)"),
            ("a$(ONE)b$(ONE)", "a1$(ONE)b1$(ONE)"),
            ("$$(ONE)", "$(ONE)"),
            ("echo $$ $(date) $(ONE", "echo $$ $(date) $(ONE"),
            ("$(date $(ONE))", "$(date 1$(ONE))"),
            ("$ONE", "$ONE"),
        ];
        for (text, expected) in cases {
            let mut words = [Word::Concat { parts: vec![Word::literal(text)] }];
            fill(&mut words, &value);
            assert_eq!(words, [Word::Concat { parts: vec![Word::literal(expected)] }], "{text}");
        }
    }
}
