//! What a task waits for: `dependencies`, `depends` expressions, the group before, and what goes on in spite of
//! failures.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use pipewright_plan::{Expr, Function, Value};

use super::dag::Member;
use super::hook;
use super::source::suggestion;
use crate::decode::{Context, Text};
use crate::v1::workflow::DagTask;

/// What one task waits for.
#[derive(Debug, Default)]
pub(super) struct Order {
    pub upstream: BTreeSet<String>,
    /// Absent: each must have succeeded or been skipped.
    pub ready: Option<Expr>,
}

/// Words of a `depends` expression and the facts of a task that they ask for.
const WORDS: &[(&str, &[&str])] = &[
    ("Succeeded", &["succeeded"]),
    ("Failed", &["failed"]),
    ("Errored", &["errored"]),
    ("Skipped", &["skipped"]),
    ("Omitted", &["omitted"]),
    ("AnySucceeded", &["any_succeeded"]),
    ("AllFailed", &["all_failed"]),
];

/// Runs a step at a path of the document.
pub(super) fn within<R>(path: &[String], cx: &mut Context, step: impl FnOnce(&mut Context) -> R) -> R {
    match path.split_first() {
        None => step(cx),
        Some((first, rest)) => cx.within(first.as_str(), |cx| within(rest, cx, step)),
    }
}

/// Tells whether some failure of the task does not stand in the way of others.
pub(super) fn continues(task: &DagTask) -> bool {
    task.continue_on.as_ref().is_some_and(|on| on.failed.unwrap_or_default() || on.error.unwrap_or_default())
}

/// Works out what every task waits for.
pub(super) fn all<'w>(members: &IndexMap<&'w str, Member<'w>>, cx: &mut Context) -> BTreeMap<&'w str, Order> {
    members
        .iter()
        .map(|(name, member)| (*name, within(&member.path, cx, |cx| one(members, member, cx))))
        .collect()
}

fn one(members: &IndexMap<&str, Member<'_>>, member: &Member<'_>, cx: &mut Context) -> Order {
    if let Some(depends) = &member.spec.depends {
        return cx.within("depends", |cx| expression(members, depends, cx));
    }
    let mut order = Order::default();
    order.upstream.extend(member.before.iter().map(|name| (*name).to_owned()));
    cx.within("dependencies", |cx| {
        for name in &member.spec.dependencies {
            if members.contains_key(name.value.as_str()) {
                order.upstream.insert(name.value.clone());
            } else {
                unknown(members, &name.value, name, cx);
            }
        }
    });
    let goes_on = |name: &String| {
        members.get(name.as_str()).is_some_and(|member| continues(member.spec) || hook::has_any(member.spec))
    };
    if order.upstream.iter().any(goes_on) {
        order.ready = usual_of(members, &order.upstream);
    }
    order
}

fn unknown(members: &IndexMap<&str, Member<'_>>, name: &str, at: &Text, cx: &mut Context) {
    let hint = suggestion(name, members.keys().copied());
    cx.error("unknown-task", at.span, format!("there is no task `{name}` here")).hint(hint);
}

/// Each of them as it usually must have ended.
pub(super) fn usual_of(members: &IndexMap<&str, Member<'_>>, upstream: &BTreeSet<String>) -> Option<Expr> {
    let own = upstream.iter().filter(|name| members.contains_key(name.as_str()));
    own.map(|name| usual(members, name)).reduce(|left, right| call(Function::And, vec![left, right]))
}

/// Success, a skip, or a failure that the task itself declares harmless.
fn usual(members: &IndexMap<&str, Member<'_>>, name: &str) -> Expr {
    let mut facts = vec!["succeeded", "skipped"];
    if let Some(on) = members.get(name).and_then(|member| member.spec.continue_on.as_ref()) {
        facts.extend(on.failed.unwrap_or_default().then_some("failed"));
        facts.extend(on.error.unwrap_or_default().then_some("errored"));
    }
    any_of(name, &facts)
}

pub(super) fn any_of(name: &str, facts: &[&str]) -> Expr {
    let one = |fact: &&str| {
        let upstream = Box::new(Expr::Variable { name: "upstream".to_owned() });
        let index = Box::new(Expr::Literal { value: Value::from(name) });
        let task = Box::new(Expr::Index { operand: upstream, index });
        Expr::Select { operand: task, field: (*fact).to_owned() }
    };
    let all = facts.iter().map(one);
    all.reduce(|left, right| call(Function::Or, vec![left, right]))
        .unwrap_or(Expr::Literal { value: Value::Bool(false) })
}

fn call(function: Function, arguments: Vec<Expr>) -> Expr {
    Expr::Call { function, arguments }
}

/// Reads a `depends` expression: task names, `.Word`, `!`, `&&`, `||` and parentheses.
fn expression(members: &IndexMap<&str, Member<'_>>, text: &Text, cx: &mut Context) -> Order {
    let mut order = Order::default();
    let tokens = tokens(&text.value);
    let mut parser = Parser { members, tokens: &tokens, at: 0, upstream: &mut order.upstream };
    let read = parser.either(0).and_then(|expr| match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some(token) => Err((format!("`{token}` is not expected here"), None)),
    });
    match read {
        Ok(expr) => order.ready = Some(expr),
        Err((message, hint)) => {
            let found = cx.error("wrong-expression", text.span, message);
            found.hint = hint;
        }
    }
    order
}

fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let sign = ["&&", "||", "!", "(", ")"].iter().find(|sign| rest.starts_with(**sign));
        let length = match sign {
            Some(sign) => sign.len(),
            None => {
                let ends = |c: char| c.is_whitespace() || "&|!()".contains(c);
                rest.find(ends).unwrap_or(rest.len()).max(rest.chars().next().map_or(1, char::len_utf8))
            }
        };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

type Wrong = (String, Option<String>);

/// Deepest nesting of parentheses.
const DEEPEST: usize = 60;

struct Parser<'a, 'w> {
    members: &'a IndexMap<&'w str, Member<'w>>,
    tokens: &'a [String],
    at: usize,
    upstream: &'a mut BTreeSet<String>,
}

impl Parser<'_, '_> {
    fn takes(&mut self, sign: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| token == sign);
        self.at += usize::from(found);
        found
    }

    fn either(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let mut left = self.both(depth)?;
        while self.takes("||") {
            let right = self.both(depth)?;
            left = call(Function::Or, vec![left, right]);
        }
        Ok(left)
    }

    fn both(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let mut left = self.single(depth)?;
        while self.takes("&&") {
            let right = self.single(depth)?;
            left = call(Function::And, vec![left, right]);
        }
        Ok(left)
    }

    fn single(&mut self, depth: usize) -> Result<Expr, Wrong> {
        if depth > DEEPEST {
            return Err(("the expression is nested too deeply".to_owned(), None));
        }
        if self.takes("!") {
            return Ok(call(Function::Not, vec![self.single(depth + 1)?]));
        }
        if self.takes("(") {
            let inner = self.either(depth + 1)?;
            return if self.takes(")") { Ok(inner) } else { Err(("a `(` is not closed".to_owned(), None)) };
        }
        let Some(token) = self.tokens.get(self.at) else {
            return Err(("the expression ends where a task should be".to_owned(), None));
        };
        self.at += 1;
        let (name, word) = match token.rsplit_once('.') {
            Some((name, word)) => (name, Some(word)),
            None => (token.as_str(), None),
        };
        if !self.members.contains_key(name) {
            let hint = suggestion(name, self.members.keys().copied());
            return Err((format!("there is no task `{name}` here"), Some(hint)));
        }
        self.upstream.insert(name.to_owned());
        let Some(word) = word else { return Ok(usual(self.members, name)) };
        match WORDS.iter().find(|(known, _)| *known == word) {
            Some((_, facts)) => Ok(any_of(name, facts)),
            None if word == "Daemoned" => {
                Err(("`Daemoned` is not supported: this release runs no daemons".to_owned(), None))
            }
            None => {
                let hint = suggestion(word, WORDS.iter().map(|(known, _)| *known));
                Err((format!("`{word}` is no end of a task"), Some(hint)))
            }
        }
    }
}
