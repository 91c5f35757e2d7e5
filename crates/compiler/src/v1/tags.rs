//! `{{…}}` tags: a text split into what stands as written and what each tag asks for.
//!
//! Which tags can be answered where is the lowering's business. Source: v1 semantics 2.2.

/// A stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(String),
    Tag(Tag),
}

/// What a tag asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tag {
    /// `inputs.parameters.x`
    InputParameter(String),
    /// `inputs.artifacts.x.path`
    InputArtifactPath(String),
    /// `inputs.artifacts.x`
    InputArtifact(String),
    /// `outputs.parameters.x.path`
    OutputParameterPath(String),
    /// `outputs.artifacts.x.path`
    OutputArtifactPath(String),
    /// `tasks.t.outputs.parameters.x`
    TaskParameter { task: String, name: String },
    /// `tasks.t.outputs.artifacts.x`
    TaskArtifact { task: String, name: String },
    /// `inputs.parameters`, all of them
    InputParameters,
    /// `tasks.t.outputs.result`
    TaskResult { task: String },
    /// `tasks.t.` and anything else
    TaskFact { task: String, fact: String },
    /// `item`
    Item,
    /// `item.k`
    ItemField(String),
    /// `workflow.parameters.x`
    RunParameter(String),
    /// Another tag that speaks of the run: `workflow.name`
    Run(String),
    /// A tag that speaks of the attempt or of its place: `pod.name`, `retries`, `node.name`
    Attempt(String),
    /// `=` and an expression
    Expression(String),
    /// Looks like one of ours and is none
    Unknown(String),
}

impl Tag {
    /// Spells the tag as it stands between the braces.
    pub fn name(&self) -> String {
        match self {
            Self::InputParameter(name) => format!("inputs.parameters.{name}"),
            Self::InputArtifactPath(name) => format!("inputs.artifacts.{name}.path"),
            Self::InputArtifact(name) => format!("inputs.artifacts.{name}"),
            Self::OutputParameterPath(name) => format!("outputs.parameters.{name}.path"),
            Self::OutputArtifactPath(name) => format!("outputs.artifacts.{name}.path"),
            Self::TaskParameter { task, name } => format!("tasks.{task}.outputs.parameters.{name}"),
            Self::TaskArtifact { task, name } => format!("tasks.{task}.outputs.artifacts.{name}"),
            Self::InputParameters => "inputs.parameters".to_owned(),
            Self::TaskResult { task } => format!("tasks.{task}.outputs.result"),
            Self::TaskFact { task, fact } => format!("tasks.{task}.{fact}"),
            Self::Item => "item".to_owned(),
            Self::ItemField(key) => format!("item.{key}"),
            Self::RunParameter(name) => format!("workflow.parameters.{name}"),
            Self::Run(name) | Self::Attempt(name) | Self::Unknown(name) => name.clone(),
            Self::Expression(text) => format!("={text}"),
        }
    }
}

/// Splits a text; what only looks like a tag (another tool's braces) stays literal.
pub(super) fn split(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        literal.push_str(before);
        let Some(end) = from.find("}}") else {
            rest = from;
            break;
        };
        match read(from[2..end].trim()) {
            Some(tag) => {
                if !literal.is_empty() {
                    pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Tag(tag));
                rest = &from[end + 2..];
            }
            None => {
                // As upstream reads it: the first closing braces end what the first opening ones begin.
                literal.push_str(&from[..end + 2]);
                rest = &from[end + 2..];
            }
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

/// Reads what stands between the braces; `None` when it is nothing of ours.
fn read(inner: &str) -> Option<Tag> {
    if let Some(expression) = inner.strip_prefix('=') {
        return Some(Tag::Expression(expression.to_owned()));
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-/ ".contains(c);
    if inner.is_empty() || !inner.chars().all(is_name) {
        return None;
    }
    let unknown = || Some(Tag::Unknown(inner.to_owned()));
    let (head, rest) = inner.split_once('.').unwrap_or((inner, ""));
    match head {
        "inputs" if rest == "parameters" => Some(Tag::InputParameters),
        "inputs" => match rest.split_once('.') {
            Some(("parameters", name)) => Some(Tag::InputParameter(name.to_owned())),
            Some(("artifacts", name)) => Some(match name.strip_suffix(".path") {
                Some(name) => Tag::InputArtifactPath(name.to_owned()),
                None => Tag::InputArtifact(name.to_owned()),
            }),
            _ => unknown(),
        },
        "outputs" => {
            let path = rest.strip_suffix(".path").and_then(|rest| rest.split_once('.'));
            match path {
                Some(("parameters", name)) => Some(Tag::OutputParameterPath(name.to_owned())),
                Some(("artifacts", name)) => Some(Tag::OutputArtifactPath(name.to_owned())),
                _ => unknown(),
            }
        }
        "tasks" | "steps" => Some(task_tag(head, rest)),
        "item" if rest.is_empty() && !inner.contains('.') => Some(Tag::Item),
        "item" => Some(Tag::ItemField(rest.to_owned())),
        "workflow" => Some(match rest.strip_prefix("parameters.") {
            Some(name) if name != "json" => Tag::RunParameter(name.to_owned()),
            _ if rest.is_empty() => return unknown(),
            _ => Tag::Run(inner.to_owned()),
        }),
        "pod" | "node" | "lastRetry" if !rest.is_empty() => Some(Tag::Attempt(inner.to_owned())),
        "retries" if !inner.contains('.') => Some(Tag::Attempt(inner.to_owned())),
        _ => None,
    }
}

fn task_tag(head: &str, rest: &str) -> Tag {
    if rest == "name" {
        return Tag::Attempt(format!("{head}.name"));
    }
    let Some((task, fact)) = rest.split_once('.') else { return Tag::Unknown(format!("{head}.{rest}")) };
    let task = task.to_owned();
    if let Some(name) = fact.strip_prefix("outputs.parameters.") {
        return Tag::TaskParameter { task, name: name.to_owned() };
    }
    if let Some(name) = fact.strip_prefix("outputs.artifacts.") {
        return Tag::TaskArtifact { task, name: name.to_owned() };
    }
    if fact == "outputs.result" {
        return Tag::TaskResult { task };
    }
    Tag::TaskFact { task, fact: fact.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[Piece]) {
        assert_eq!(split(text), expected, "{text}");
    }

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.to_owned())
    }

    #[test]
    fn texts_are_split() {
        let input = |name: &str| Piece::Tag(Tag::InputParameter(name.to_owned()));
        check("", &[]);
        check("plain {x} }}", &[literal("plain {x} }}")]);
        check("{{inputs.parameters.a-b}}", &[input("a-b")]);
        check("a{{ inputs.parameters.x }}b", &[literal("a"), input("x"), literal("b")]);
        check("{{ user.name }} {{#if x}}", &[literal("{{ user.name }} {{#if x}}")]);
        check("{{{inputs.parameters.x}}}", &[literal("{{{inputs.parameters.x}}}")]);
        check("{{open", &[literal("{{open")]);
        check("{{item}}{{item.k}}", &[Piece::Tag(Tag::Item), Piece::Tag(Tag::ItemField("k".to_owned()))]);
        check("{{pod.name}}", &[Piece::Tag(Tag::Attempt("pod.name".to_owned()))]);
        check("{{workflow.parameters.x}}", &[Piece::Tag(Tag::RunParameter("x".to_owned()))]);
        check("{{workflow.parameters}}", &[Piece::Tag(Tag::Run("workflow.parameters".to_owned()))]);
        check("{{inputs.x}}", &[Piece::Tag(Tag::Unknown("inputs.x".to_owned()))]);
        check("{{=1+1}}", &[Piece::Tag(Tag::Expression("1+1".to_owned()))]);
        let produced = Tag::TaskParameter { task: "flip".to_owned(), name: "flip-Output".to_owned() };
        check("{{tasks.flip.outputs.parameters.flip-Output}}", &[Piece::Tag(produced)]);
    }
}
