//! Conditions: the grammar of v1 `when` to the plan's expressions.
//!
//! Tags stay operands: what a value holds is read as one quoted or bare word, so that no value can bring
//! operators or quotes of its own; its backslashes escape as those that are written. Source: v1 semantics 2.5.

use pipewright_plan::{Expr, Function};
use serde_json::Value;

use super::tags::{Piece, Tag};

/// Why a condition cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub message: String,
    pub hint: Option<String>,
}

impl Wrong {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }
}

/// Makes the expression that yields the text of an operand with tags in it.
pub(super) type Operand<'a> = dyn FnMut(&[Piece]) -> Expr + 'a;

/// Reads a condition.
pub(super) fn parse(pieces: &[Piece], operand: &mut Operand<'_>) -> Result<Expr, Wrong> {
    let tokens = lex(pieces)?;
    let mut parser = Parser { tokens, at: 0, operand };
    let expr = parser.ternary(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some(Token::Bare(_) | Token::Quoted(_)) => Err(Wrong {
            message: "two operands stand side by side".to_owned(),
            hint: Some("put quotes around texts with blanks".to_owned()),
        }),
        Some(token) => Err(Wrong::new(format!("`{}` is not expected here", token.show()))),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Quoted(Vec<Piece>),
    Bare(Vec<Piece>),
    Sign(&'static str),
}

impl Token {
    fn show(&self) -> String {
        match self {
            Self::Sign(sign) => (*sign).to_owned(),
            Self::Quoted(pieces) | Self::Bare(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => text.clone(),
                    Piece::Tag(tag) => format!("{{{{{}}}}}", tag.name()),
                })
                .collect(),
        }
    }
}

/// Longest first, so that none hides another.
const SIGNS: &[&str] = &[
    "**", "&&", "||", "==", "!=", "<=", ">=", "=~", "!~", "<<", ">>", "??", "<", ">", "+", "-", "*", "/",
    "%", "!", "~", "&", "|", "^", "?", ":", "(", ")", ",",
];
/// One character of the text, or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unit {
    Letter(char),
    Tag(Tag),
}

fn units(pieces: &[Piece]) -> Vec<Unit> {
    let mut units = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Literal(text) => units.extend(text.chars().map(Unit::Letter)),
            Piece::Tag(tag) => units.push(Unit::Tag(tag.clone())),
        }
    }
    units
}

fn lex(pieces: &[Piece]) -> Result<Vec<Token>, Wrong> {
    let units = units(pieces);
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(unit) = units.get(at) {
        match unit {
            Unit::Letter(letter) if letter.is_whitespace() => at += 1,
            Unit::Letter('"' | '\'') => {
                let (found, next) = quoted(&units, at + 1)?;
                tokens.push(Token::Quoted(found));
                at = next;
            }
            Unit::Letter('[') => {
                let (found, next) = bracketed(&units, at + 1)?;
                tokens.push(Token::Quoted(found));
                at = next;
            }
            Unit::Letter(letter) if !letter.is_alphanumeric() && *letter != '_' && *letter != '.' => {
                let sign = SIGNS.iter().find(|sign| starts_with(&units[at..], sign));
                let Some(sign) = sign else {
                    return Err(Wrong::new(format!("the character `{letter}` has no meaning here")));
                };
                tokens.push(Token::Sign(sign));
                at += sign.chars().count();
            }
            Unit::Letter(_) | Unit::Tag(_) => {
                let (found, next) = bare(&units, at);
                tokens.push(Token::Bare(found));
                at = next;
            }
        }
    }
    Ok(tokens)
}

fn starts_with(units: &[Unit], sign: &str) -> bool {
    sign.chars().enumerate().all(|(index, letter)| units.get(index) == Some(&Unit::Letter(letter)))
}

/// Collects letters and tags into pieces.
#[derive(Default)]
struct Collected {
    pieces: Vec<Piece>,
}

impl Collected {
    fn letter(&mut self, letter: char) {
        match self.pieces.last_mut() {
            Some(Piece::Literal(text)) => text.push(letter),
            _ => self.pieces.push(Piece::Literal(letter.to_string())),
        }
    }

    fn unit(&mut self, unit: &Unit) {
        match unit {
            Unit::Letter(letter) => self.letter(*letter),
            Unit::Tag(tag) => self.pieces.push(Piece::Tag(tag.clone())),
        }
    }
}

/// Either quote closes; a backslash takes the next character as it is. Where tags are inside, backslashes are kept
/// until the values are there.
fn quoted(units: &[Unit], start: usize) -> Result<(Vec<Piece>, usize), Wrong> {
    let (mut read, mut written) = (Collected::default(), Collected::default());
    let mut at = start;
    while let Some(unit) = units.get(at) {
        at += 1;
        match unit {
            Unit::Letter('"' | '\'') => {
                let has_tags = units[start..at].iter().any(|unit| matches!(unit, Unit::Tag(_)));
                return Ok((if has_tags { written.pieces } else { read.pieces }, at));
            }
            Unit::Letter('\\') => {
                written.unit(unit);
                if let Some(next) = units.get(at) {
                    read.unit(next);
                    written.unit(next);
                }
                at += 1;
            }
            unit => {
                read.unit(unit);
                written.unit(unit);
            }
        }
    }
    Err(Wrong::new("a quote is not closed"))
}

fn bracketed(units: &[Unit], mut at: usize) -> Result<(Vec<Piece>, usize), Wrong> {
    let mut found = Collected::default();
    while let Some(unit) = units.get(at) {
        at += 1;
        match unit {
            Unit::Letter(']') => return Ok((found.pieces, at)),
            unit => found.unit(unit),
        }
    }
    Err(Wrong::new("a `[` is not closed"))
}

fn bare(units: &[Unit], mut at: usize) -> (Vec<Piece>, usize) {
    let mut found = Collected::default();
    while let Some(unit) = units.get(at) {
        match unit {
            Unit::Letter(letter) if !(letter.is_alphanumeric() || *letter == '_' || *letter == '.') => break,
            unit => found.unit(unit),
        }
        at += 1;
    }
    (found.pieces, at)
}

/// What computes an operator.
#[derive(Clone, Copy)]
enum Operator {
    Plain(Function),
    /// Of whole numbers, by its name in the library
    Bits(&'static str),
}

use Operator::{Bits, Plain};

/// Binary operators by level, loosest first.
const LEVELS: &[&[(&str, Operator)]] = &[
    &[
        ("==", Plain(Function::Equal)),
        ("!=", Plain(Function::NotEqual)),
        ("<=", Plain(Function::LessOrEqual)),
        (">=", Plain(Function::GreaterOrEqual)),
        ("<", Plain(Function::Less)),
        (">", Plain(Function::Greater)),
        ("=~", Plain(Function::Matches)),
        ("!~", Plain(Function::Matches)),
        ("in", Plain(Function::In)),
    ],
    &[("|", Bits("bitor")), ("&", Bits("bitand")), ("^", Bits("bitxor"))],
    &[("<<", Bits("bitshl")), (">>", Bits("bitshr"))],
    &[("+", Plain(Function::Append)), ("-", Plain(Function::Subtract))],
    &[("*", Plain(Function::Multiply)), ("/", Plain(Function::Divide)), ("%", Plain(Function::Remainder))],
    &[("**", Plain(Function::Power))],
];

/// Deepest nesting of parentheses and prefixes.
const DEEPEST: usize = 60;

struct Parser<'a, 'o> {
    tokens: Vec<Token>,
    at: usize,
    operand: &'a mut Operand<'o>,
}

impl Parser<'_, '_> {
    fn takes(&mut self, sign: &str) -> bool {
        let found = match self.tokens.get(self.at) {
            Some(Token::Sign(found)) => *found == sign,
            Some(Token::Bare(pieces)) => {
                sign == "in" && matches!(pieces.as_slice(), [Piece::Literal(text)] if text == "in")
            }
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn ternary(&mut self, depth: usize) -> Result<Expr, Wrong> {
        if depth > DEEPEST {
            return Err(Wrong::new("the condition is nested too deeply"));
        }
        let condition = self.either(depth)?;
        // No operand is ever nothing.
        if self.takes("??") {
            self.ternary(depth + 1)?;
            return Ok(condition);
        }
        if !self.takes("?") {
            return Ok(condition);
        }
        let then = self.ternary(depth + 1)?;
        if !self.takes(":") {
            return Err(Wrong::new("`?` has no `:`"));
        }
        let otherwise = self.ternary(depth + 1)?;
        Ok(conditional(condition, then, otherwise))
    }

    /// `||` and `&&`: the left side decides first, and both must be booleans.
    fn either(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let mut left = self.both(depth)?;
        while self.takes("||") {
            let right = self.both(depth)?;
            left = conditional(left, truth(true), conditional(right, truth(true), truth(false)));
        }
        Ok(left)
    }

    fn both(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let mut left = self.level(0, depth)?;
        while self.takes("&&") {
            let right = self.level(0, depth)?;
            left = conditional(left, conditional(right, truth(true), truth(false)), truth(false));
        }
        Ok(left)
    }

    fn level(&mut self, level: usize, depth: usize) -> Result<Expr, Wrong> {
        let Some(operators) = LEVELS.get(level) else { return self.prefix(depth) };
        let mut left = self.level(level + 1, depth)?;
        'more: loop {
            for (sign, operator) in *operators {
                if self.takes(sign) {
                    let right = self.level(level + 1, depth)?;
                    left = match operator {
                        Plain(function) => call(*function, vec![left, right]),
                        Bits(name) => named(name, vec![left, right]),
                    };
                    if *sign == "!~" {
                        left = call(Function::Not, vec![left]);
                    }
                    continue 'more;
                }
            }
            return Ok(left);
        }
    }

    fn prefix(&mut self, depth: usize) -> Result<Expr, Wrong> {
        if depth > DEEPEST {
            return Err(Wrong::new("the condition is nested too deeply"));
        }
        if self.takes("!") {
            let operand = self.prefix(depth + 1)?;
            return Ok(call(Function::Not, vec![operand]));
        }
        if self.takes("~") {
            let operand = self.prefix(depth + 1)?;
            return Ok(named("bitnot", vec![operand]));
        }
        if self.takes("-") {
            let operand = self.prefix(depth + 1)?;
            return Ok(call(Function::Negate, vec![operand]));
        }
        if self.takes("(") {
            return self.group(depth + 1);
        }
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        match token {
            Some(Token::Quoted(pieces)) => Ok(self.value(&pieces, Function::ReadQuoted)),
            Some(Token::Bare(pieces)) => Ok(self.value(&pieces, Function::ReadBare)),
            Some(Token::Sign(sign)) => Err(Wrong::new(format!("an operand is missing before `{sign}`"))),
            None => Err(Wrong::new("the condition ends where an operand should be")),
        }
    }

    /// A parenthesis, or a list when commas are in it.
    fn group(&mut self, depth: usize) -> Result<Expr, Wrong> {
        let mut items = vec![self.ternary(depth)?];
        let mut is_list = false;
        while self.takes(",") {
            is_list = true;
            items.push(self.ternary(depth)?);
        }
        if !self.takes(")") {
            return Err(Wrong::new("a `(` is not closed"));
        }
        match items.pop() {
            Some(only) if !is_list => Ok(only),
            last => {
                items.extend(last);
                Ok(Expr::List { items })
            }
        }
    }

    fn value(&mut self, pieces: &[Piece], reads: Function) -> Expr {
        let literal = match pieces {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text.as_str()),
            _ => None,
        };
        match (literal, reads) {
            (Some(text), Function::ReadQuoted) if !text.starts_with(|c: char| c.is_ascii_digit()) => {
                Expr::Literal { value: Value::from(text) }
            }
            (Some("true"), Function::ReadBare) => truth(true),
            (Some("false"), Function::ReadBare) => truth(false),
            (Some(text), reads) => call(reads, vec![Expr::Literal { value: Value::from(text) }]),
            (None, reads) => {
                let text = (self.operand)(pieces);
                call(reads, vec![text])
            }
        }
    }
}

fn call(function: Function, arguments: Vec<Expr>) -> Expr {
    Expr::Call { function, arguments }
}

fn named(name: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Named { name: name.to_owned(), arguments }
}

fn truth(value: bool) -> Expr {
    Expr::Literal { value: Value::Bool(value) }
}

fn conditional(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    call(Function::Conditional, vec![condition, then, otherwise])
}

#[cfg(test)]
mod tests {
    use super::super::tags::split;
    use super::*;

    /// Writes an expression shortly, operands by their text.
    fn show(expr: &Expr) -> String {
        match expr {
            Expr::Literal { value } => value.to_string(),
            Expr::Variable { name } => name.clone(),
            Expr::List { items } => items.iter().map(show).collect::<Vec<_>>().join(","),
            Expr::Named { name, arguments } => {
                let arguments: Vec<String> = arguments.iter().map(show).collect();
                format!("{name}({})", arguments.join(", "))
            }
            Expr::Call { function, arguments } => {
                let arguments: Vec<String> = arguments.iter().map(show).collect();
                format!("{function:?}({})", arguments.join(", "))
            }
            other => format!("{other:?}"),
        }
    }

    fn check(text: &str, expected: Result<&str, &str>) {
        let mut operand = |pieces: &[Piece]| Expr::Variable { name: Token::Bare(pieces.to_vec()).show() };
        let found = parse(&split(text), &mut operand);
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(show(found), expected, "{text}"),
            (Err(found), Err(words)) => {
                assert!(found.message.contains(words), "{text}: {}", found.message);
            }
            _ => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn conditions_are_read() {
        check("\"{{item}}\" == \"heads\"", Ok("Equal(ReadQuoted({{item}}), \"heads\")"));
        check("{{item}} > 2", Ok("Greater(ReadBare({{item}}), ReadBare(\"2\"))"));
        check("foo == 'foo'", Ok("Equal(ReadBare(\"foo\"), \"foo\")"));
        check("a{{item}} != 'x\\'y\"", Ok("NotEqual(ReadBare(a{{item}}), \"x'y\")"));
        check("\"C:\\dir\" == 'C:\\{{item}}'", Ok("Equal(\"C:dir\", ReadQuoted(C:\\{{item}}))"));
        check("true && !false", Ok("Conditional(true, Conditional(Not(false), true, false), false)"));
        check(
            "1 + 2 * 3 == 7 ",
            Ok("Equal(Append(ReadBare(\"1\"), Multiply(ReadBare(\"2\"), ReadBare(\"3\"))), ReadBare(\"7\"))"),
        );
        check(
            "6 & 3 | ~1 << 2 == 2",
            Ok(
                "Equal(bitor(bitand(ReadBare(\"6\"), ReadBare(\"3\")), bitshl(bitnot(ReadBare(\"1\")), ReadBare(\"2\"))), ReadBare(\"2\"))",
            ),
        );
        check("a ?? b", Ok("ReadBare(\"a\")"));
        check("x in (a, 'b')", Ok("In(ReadBare(\"x\"), ReadBare(\"a\"),\"b\")"));
        check("'abc' !~ 'b'", Ok("Not(Matches(\"abc\", \"b\"))"));
        check("[any text] == 'any text'", Ok("Equal(\"any text\", \"any text\")"));
        check("(true ? 'a' : 'b') == 'a'", Ok("Equal(Conditional(true, \"a\", \"b\"), \"a\")"));
        check("true ? 'a' : 'b'", Ok("Conditional(true, \"a\", \"b\")"));
        check("\"2020-01-01\" == x", Ok("Equal(ReadQuoted(\"2020-01-01\"), ReadBare(\"x\"))"));
    }

    #[test]
    fn mistakes_are_told() {
        check("'open", Err("not closed"));
        check("(a", Err("not closed"));
        check("a ==", Err("ends where an operand"));
        check("== a", Err("missing before `==`"));
        check("a b", Err("side by side"));
        check("a |", Err("ends where an operand"));
        check("a # b", Err("`#` has no meaning"));
        check("", Err("ends where an operand"));
        check("true ? 1", Err("no `:`"));
    }
}
