//! JSON paths: `$.a['b'][0]`, slices, wildcards and descents.

use pipewright_plan::Value;

/// What a step of a path does.
enum Step {
    Key(String),
    At(i64),
    Part(Option<i64>, Option<i64>),
    All,
    /// The values below, at any depth.
    Below,
}

/// Finds what a path names: one value, or a list when a step may find several.
pub(super) fn query(document: &Value, path: &str) -> Result<Value, String> {
    let steps = steps(path)?;
    let is_list = steps.iter().any(|step| matches!(step, Step::All | Step::Below | Step::Part(..)));
    let mut found = vec![document];
    for step in &steps {
        found = found.into_iter().flat_map(|value| follow(value, step)).collect();
    }
    if is_list {
        return Ok(found.into_iter().cloned().collect());
    }
    found.first().map(|value| (*value).clone()).ok_or_else(|| format!("nothing is at `{path}`"))
}

fn follow<'v>(value: &'v Value, step: &Step) -> Vec<&'v Value> {
    match (step, value) {
        (Step::Key(key), Value::Object(fields)) => fields.get(key).into_iter().collect(),
        (Step::At(at), Value::Array(items)) => {
            place(*at, items.len()).and_then(|at| items.get(at)).into_iter().collect()
        }
        (Step::Part(from, to), Value::Array(items)) => {
            let from = from.map_or(0, |from| place(from, items.len()).unwrap_or(0));
            let to = to.map_or(items.len(), |to| place(to, items.len()).unwrap_or(0).min(items.len()));
            items.get(from..to.max(from)).into_iter().flatten().collect()
        }
        (Step::All, Value::Array(items)) => items.iter().collect(),
        (Step::All, Value::Object(fields)) => fields.values().collect(),
        (Step::Below, value) => {
            let mut all = vec![value];
            let inner: Vec<&Value> = match value {
                Value::Array(items) => items.iter().collect(),
                Value::Object(fields) => fields.values().collect(),
                _ => Vec::new(),
            };
            all.extend(inner.into_iter().flat_map(|value| follow(value, &Step::Below)));
            all
        }
        _ => Vec::new(),
    }
}

fn place(at: i64, length: usize) -> Option<usize> {
    usize::try_from(if at < 0 { i64::try_from(length).ok()? + at } else { at }).ok()
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let wrong = || format!("`{path}` is no path that is understood");
    let mut rest = path.trim().strip_prefix('$').ok_or_else(wrong)?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            steps.push(Step::Below);
            if after.starts_with('[') {
                rest = after;
            } else {
                rest = word(after, &mut steps).ok_or_else(wrong)?;
            }
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = word(after, &mut steps).ok_or_else(wrong)?;
        } else if let Some(after) = rest.strip_prefix('[') {
            let quote = after.chars().next().filter(|c| matches!(c, '\'' | '"'));
            let end = match quote {
                Some(quote) => after[1..].find(quote).map(|at| at + 2),
                None => after.find(']'),
            };
            let (inner, after) = after.split_at(end.ok_or_else(wrong)?);
            rest = after.strip_prefix(']').ok_or_else(wrong)?;
            steps.push(match quote {
                Some(_) => Step::Key(inner[1..inner.len() - 1].to_owned()),
                None => bracketed(inner.trim()).ok_or_else(wrong)?,
            });
        } else {
            return Err(wrong());
        }
    }
    Ok(steps)
}

fn word<'p>(text: &'p str, steps: &mut Vec<Step>) -> Option<&'p str> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    match name {
        "" => return None,
        "*" => steps.push(Step::All),
        name => steps.push(Step::Key(name.to_owned())),
    }
    Some(rest)
}

fn bracketed(inner: &str) -> Option<Step> {
    if inner == "*" {
        return Some(Step::All);
    }
    let number = |text: &str| match text.trim() {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    };
    match inner.split_once(':') {
        Some((from, to)) => Some(Step::Part(number(from)?, number(to)?)),
        None => inner.parse().ok().map(Step::At),
    }
}
