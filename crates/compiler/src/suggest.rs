//! Finds the name that was probably meant.

/// Names longer than this are not compared: the work grows with the product of the lengths.
const LONGEST: usize = 80;
/// Further candidates are not looked at, for the same reason.
const MOST_CANDIDATES: usize = 500;

/// Returns the candidate nearest to `wrong`, when it is near enough to be a slip.
pub(crate) fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = wrong.chars().count();
    let limit = match length {
        0..=2 => 1,
        3..=6 => 2,
        length => (length / 3).min(4),
    };
    // Separators do not count as edits, so that a few more characters may lie between.
    let reach = |candidate: &&str| candidate.chars().count().abs_diff(length) <= limit + 4;
    candidates
        .into_iter()
        .take(MOST_CANDIDATES)
        .filter(reach)
        .map(|candidate| (distance(wrong, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count().max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Returns "did you mean …" for the nearest candidate.
pub(crate) fn did_you_mean<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(wrong, candidates).map(|name| format!("did you mean `{name}`?"))
}

/// Counts the edits between two names, letter case and separators aside.
fn distance(left: &str, right: &str) -> usize {
    let fold = |text: &str| -> Vec<char> {
        text.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
    };
    let (left, right) = (fold(left), fold(right));
    if left.len() > LONGEST || right.len() > LONGEST {
        return usize::MAX;
    }
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for (row, a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, b) in right.iter().enumerate() {
            let replaced = previous[column] + usize::from(a != b);
            current.push(replaced.min(previous[column + 1] + 1).min(current[column] + 1));
        }
        previous = current;
    }
    previous[right.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_slips_only() {
        let names = ["dependentTasks", "inputs", "componentRef", "retryPolicy"];
        for (wrong, expected) in [
            ("dependantTasks", Some("dependentTasks")),
            ("input", Some("inputs")),
            ("component_ref", Some("componentRef")),
            ("retry", None),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(nearest(wrong, names), expected, "{wrong}");
        }
    }
}
