//! The grammar, by precedence; functions and their number of arguments are checked here.

use pipewright_plan::{Expr, Function, Macro, Value, library};

use super::lexer::{Lexed, Token};
use super::{Variables, Wrong, path};
use crate::suggest;

/// Deepest nesting.
const DEEPEST: usize = 60;

/// The item of the innermost closure.
const ITEM: &str = "#";

/// Binary operators: sign, precedence, whether the right one of two is computed first.
const BINARY: &[(&str, u16, bool)] = &[
    ("|", 0, false),
    ("or", 10, false),
    ("||", 10, false),
    ("and", 15, false),
    ("&&", 15, false),
    ("==", 20, false),
    ("!=", 20, false),
    ("<", 20, false),
    (">", 20, false),
    (">=", 20, false),
    ("<=", 20, false),
    ("in", 20, false),
    ("matches", 20, false),
    ("contains", 20, false),
    ("startsWith", 20, false),
    ("endsWith", 20, false),
    ("..", 25, false),
    ("+", 30, false),
    ("-", 30, false),
    ("*", 60, false),
    ("/", 60, false),
    ("%", 60, false),
    ("**", 100, true),
    ("^", 100, true),
    ("??", 500, false),
];

/// Functions over a list with a condition or a computation for each item.
const CLOSURES: &[(&str, Macro)] = &[
    ("all", Macro::All),
    ("any", Macro::Exists),
    ("none", Macro::Exists),
    ("one", Macro::ExistsOne),
    ("filter", Macro::Filter),
    ("find", Macro::Filter),
    ("count", Macro::Filter),
    ("map", Macro::Map),
];

pub(super) fn parse(tokens: &[Lexed], variables: &mut Variables<'_>) -> Result<Expr, Wrong> {
    let mut parser = Parser { tokens, at: 0, closures: 0, depth: 0, variables };
    let expr = parser.expression(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(expr),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'a, 'v> {
    tokens: &'a [Lexed],
    at: usize,
    /// How many closures are around.
    closures: usize,
    depth: usize,
    variables: &'a mut Variables<'v>,
}

impl Parser<'_, '_> {
    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|lexed| &lexed.token)
    }

    fn is_sign(&self, ahead: usize, sign: &str) -> bool {
        matches!(self.peek(ahead), Some(Token::Sign(found)) if *found == sign)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = match self.peek(0) {
            Some(Token::Sign(found)) => *found == sign,
            Some(Token::Word(word)) => word == sign,
            _ => false,
        };
        self.at += usize::from(found);
        found
    }

    fn wants(&mut self, sign: &str) -> Result<(), Wrong> {
        if self.takes(sign) {
            return Ok(());
        }
        let found = self.unexpected();
        Err(Wrong::new(format!("`{sign}` is missing: {}", found.message)))
    }

    fn unexpected(&self) -> Wrong {
        match self.tokens.get(self.at) {
            Some(lexed) => Wrong::new(format!(
                "`{}` (the {}. character of the expression) is not expected here",
                lexed.token.show(),
                lexed.at
            )),
            None => Wrong::new("the expression ends too early"),
        }
    }

    fn expression(&mut self, least: u16) -> Result<Expr, Wrong> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Wrong::new("the expression is nested too deeply"));
        }
        let mut left = self.unary()?;
        while let Some((operator, precedence, is_right, is_negated)) = self.operator(least) {
            self.at += 1 + usize::from(is_negated);
            if operator == "|" {
                left = self.pipe(left)?;
                continue;
            }
            let right = self.expression(if is_right { precedence } else { precedence + 1 })?;
            left = binary(operator, left, right);
            if is_negated {
                left = call(Function::Not, vec![left]);
            }
        }
        if least == 0 {
            left = self.ternary(left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// The operator that comes next, when it binds tightly enough: `not in` and its like count as one.
    fn operator(&self, least: u16) -> Option<(&'static str, u16, bool, bool)> {
        let is_negated = matches!(self.peek(0), Some(Token::Word(word)) if word == "not");
        let word = match self.peek(usize::from(is_negated))? {
            Token::Sign(sign) if !is_negated => *sign,
            Token::Word(word) => word.as_str(),
            _ => return None,
        };
        let (sign, precedence, is_right) = BINARY.iter().find(|(sign, ..)| *sign == word)?;
        let can_be_negated = *precedence == 20;
        (*precedence >= least && (!is_negated || can_be_negated)).then_some((
            *sign,
            *precedence,
            *is_right,
            is_negated,
        ))
    }

    fn ternary(&mut self, condition: Expr) -> Result<Expr, Wrong> {
        if !self.takes("?") {
            return Ok(condition);
        }
        if self.takes(":") {
            let otherwise = self.expression(0)?;
            return Ok(conditional(condition.clone(), condition, otherwise));
        }
        let then = self.expression(0)?;
        self.wants(":")?;
        let otherwise = self.expression(0)?;
        Ok(conditional(condition, then, otherwise))
    }

    fn unary(&mut self) -> Result<Expr, Wrong> {
        for (sign, precedence, function) in [
            ("not", 50, Some(Function::Not)),
            ("!", 50, Some(Function::Not)),
            ("-", 90, Some(Function::Negate)),
            ("+", 90, None),
        ] {
            if self.takes(sign) {
                let operand = self.expression(precedence)?;
                return Ok(match function {
                    Some(function) => call(function, vec![operand]),
                    None => operand,
                });
            }
        }
        let primary = self.primary()?;
        self.postfix(primary)
    }

    fn primary(&mut self) -> Result<Expr, Wrong> {
        let Some(token) = self.peek(0).cloned() else { return Err(self.unexpected()) };
        match token {
            Token::Number(value) => {
                self.at += 1;
                Ok(Expr::Literal { value })
            }
            Token::Text(text) => {
                self.at += 1;
                Ok(Expr::Literal { value: Value::from(text) })
            }
            Token::Word(word) => self.word(&word),
            Token::Sign("(") => {
                self.at += 1;
                let inner = self.expression(0)?;
                self.wants(")")?;
                Ok(inner)
            }
            Token::Sign("[") => {
                self.at += 1;
                Ok(Expr::List { items: self.list("]")? })
            }
            Token::Sign("{") => self.map(),
            Token::Sign("#") if self.closures > 0 => {
                self.at += 1;
                Ok(item())
            }
            // `.name` is `#.name`: what follows reads the name.
            Token::Sign(".") if self.closures > 0 => Ok(item()),
            Token::Sign(_) => Err(self.unexpected()),
        }
    }

    /// Expressions with commas between them, up to the closing sign.
    fn list(&mut self, end: &str) -> Result<Vec<Expr>, Wrong> {
        let mut items = Vec::new();
        while !self.takes(end) {
            if !items.is_empty() {
                self.wants(",")?;
                if self.takes(end) {
                    break;
                }
            }
            items.push(self.expression(0)?);
        }
        Ok(items)
    }

    fn map(&mut self) -> Result<Expr, Wrong> {
        self.wants("{")?;
        let mut entries = Vec::new();
        while !self.takes("}") {
            if !entries.is_empty() {
                self.wants(",")?;
                if self.takes("}") {
                    break;
                }
            }
            let key = match self.peek(0).cloned() {
                Some(Token::Word(word) | Token::Text(word)) => {
                    self.at += 1;
                    Expr::Literal { value: Value::from(word) }
                }
                Some(Token::Number(number)) => {
                    self.at += 1;
                    Expr::Literal { value: Value::from(number.to_string()) }
                }
                Some(Token::Sign("(")) => {
                    self.at += 1;
                    let key = self.expression(0)?;
                    self.wants(")")?;
                    key
                }
                _ => return Err(self.unexpected()),
            };
            self.wants(":")?;
            entries.push((key, self.expression(0)?));
        }
        Ok(Expr::Map { entries })
    }

    fn word(&mut self, word: &str) -> Result<Expr, Wrong> {
        let constant = match word {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "nil" => Some(Value::Null),
            _ => None,
        };
        if let Some(value) = constant {
            self.at += 1;
            return Ok(Expr::Literal { value });
        }
        if word == "let" {
            return Err(Wrong::new("`let` is not supported in expressions"));
        }
        if let Some(name) = self.function_name() {
            return self.function(&name, None);
        }
        let names = self.names();
        let Some((tag, taken)) = path::tag(&names) else {
            return Err(Wrong {
                message: format!("there is no variable `{}`", names.join(".")),
                hint: Some("texts stand in quotes; variables begin with `inputs`, `tasks`, `steps`, `workflow`, `item`".to_owned()),
            });
        };
        let mut expr = (self.variables)(&tag)?;
        for name in &names[taken..] {
            expr = named("field", vec![expr, Expr::Literal { value: Value::from(name.as_str()) }]);
        }
        Ok(expr)
    }

    /// Takes `name(` or `sprig.name(`.
    fn function_name(&mut self) -> Option<String> {
        let Token::Word(first) = self.peek(0)?.clone() else { return None };
        if self.is_sign(1, "(") {
            self.at += 2;
            return Some(first);
        }
        match (first.as_str(), self.is_sign(1, "."), self.peek(2), self.is_sign(3, "(")) {
            ("sprig", true, Some(Token::Word(name)), true) => {
                let name = format!("sprig.{name}");
                self.at += 4;
                Some(name)
            }
            _ => None,
        }
    }

    /// Reads the rest of a call after its `(`; a pipe gives the first argument.
    fn function(&mut self, name: &str, piped: Option<Expr>) -> Result<Expr, Wrong> {
        if let Some((_, fold)) = CLOSURES.iter().find(|(known, _)| *known == name) {
            return self.closure(name, *fold, piped);
        }
        let mut arguments: Vec<Expr> = piped.into_iter().collect();
        arguments.extend(self.list(")")?);
        let Some((fewest, most)) = library::arity(name) else {
            let known = library::names().chain(CLOSURES.iter().map(|(name, _)| *name));
            let hint = suggest::did_you_mean(name, known);
            let message = format!("the function `{name}` is not supported");
            return Err(Wrong {
                message,
                hint: hint.or_else(|| Some("docs/guide/workflows.md lists what is".to_owned())),
            });
        };
        if arguments.len() < fewest || arguments.len() > most {
            let wanted = if fewest == most { fewest.to_string() } else { format!("at least {fewest}") };
            let message = format!("`{name}` wants {wanted} arguments and is given {}", arguments.len());
            return Err(Wrong::new(message));
        }
        Ok(named(name, arguments))
    }

    fn closure(&mut self, name: &str, fold: Macro, piped: Option<Expr>) -> Result<Expr, Wrong> {
        let range = match piped {
            Some(piped) => piped,
            None => {
                let range = self.expression(0)?;
                self.wants(",")?;
                range
            }
        };
        let in_braces = self.takes("{");
        self.closures += 1;
        let body = self.expression(0);
        self.closures -= 1;
        let body = Box::new(body?);
        if in_braces {
            self.wants("}")?;
        }
        self.wants(")")?;
        let (range, variable) = (Box::new(range), ITEM.to_owned());
        let folded = Expr::Fold { fold, range, variable, body, transform: None };
        Ok(match name {
            "none" => call(Function::Not, vec![folded]),
            "find" => named("first", vec![folded]),
            "count" => named("len", vec![folded]),
            _ => folded,
        })
    }

    fn pipe(&mut self, left: Expr) -> Result<Expr, Wrong> {
        match self.function_name() {
            Some(name) => {
                let call = self.function(&name, Some(left))?;
                self.postfix(call)
            }
            None => Err(self.unexpected()),
        }
    }

    /// Takes `a.b["c"]` as far as the names are written out.
    fn names(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        if let Some(Token::Word(first)) = self.peek(0).cloned() {
            names.push(first);
            self.at += 1;
        }
        loop {
            match (self.peek(0), self.peek(1), self.is_sign(2, "]")) {
                (Some(Token::Sign("." | "?.")), Some(Token::Word(word)), _) => {
                    names.push(word.clone());
                    self.at += 2;
                }
                (Some(Token::Sign("[")), Some(Token::Text(text)), true) => {
                    names.push(text.clone());
                    self.at += 3;
                }
                _ => return names,
            }
        }
    }

    fn postfix(&mut self, mut operand: Expr) -> Result<Expr, Wrong> {
        loop {
            if self.is_sign(0, ".") || self.is_sign(0, "?.") {
                let function = if self.is_sign(0, ".") { "field" } else { "field?" };
                self.at += 1;
                let Some(Token::Word(word)) = self.peek(0).cloned() else { return Err(self.unexpected()) };
                self.at += 1;
                operand = named(function, vec![operand, Expr::Literal { value: Value::from(word) }]);
            } else if self.takes("[") {
                operand = self.index(operand)?;
            } else {
                return Ok(operand);
            }
        }
    }

    fn index(&mut self, operand: Expr) -> Result<Expr, Wrong> {
        let nothing = || Expr::Literal { value: Value::Null };
        if self.takes(":") {
            let to = if self.is_sign(0, "]") { nothing() } else { self.expression(0)? };
            self.wants("]")?;
            return Ok(named("part", vec![operand, nothing(), to]));
        }
        let from = self.expression(0)?;
        if self.takes(":") {
            let to = if self.is_sign(0, "]") { nothing() } else { self.expression(0)? };
            self.wants("]")?;
            return Ok(named("part", vec![operand, from, to]));
        }
        self.wants("]")?;
        Ok(named("field", vec![operand, from]))
    }
}

fn binary(operator: &str, left: Expr, right: Expr) -> Expr {
    let truth = |value: bool| Expr::Literal { value: Value::Bool(value) };
    let function = match operator {
        // Both sides must be booleans, and the left one decides first.
        "or" | "||" => return conditional(left, truth(true), conditional(right, truth(true), truth(false))),
        "and" | "&&" => {
            return conditional(left, conditional(right, truth(true), truth(false)), truth(false));
        }
        "??" => return named("coalesce", vec![left, right]),
        ".." => return named("range", vec![left, right]),
        "/" => return named("quotient", vec![left, right]),
        "==" => Function::Equal,
        "!=" => Function::NotEqual,
        "<" => Function::Less,
        "<=" => Function::LessOrEqual,
        ">" => Function::Greater,
        ">=" => Function::GreaterOrEqual,
        "in" => Function::In,
        "matches" => Function::Matches,
        "contains" => Function::Contains,
        "startsWith" => Function::StartsWith,
        "endsWith" => Function::EndsWith,
        "+" => Function::Add,
        "-" => Function::Subtract,
        "*" => Function::Multiply,
        "%" => Function::Modulo,
        _ => Function::Power,
    };
    call(function, vec![left, right])
}

fn item() -> Expr {
    Expr::Variable { name: ITEM.to_owned() }
}

fn call(function: Function, arguments: Vec<Expr>) -> Expr {
    Expr::Call { function, arguments }
}

fn named(name: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Named { name: name.to_owned(), arguments }
}

fn conditional(condition: Expr, then: Expr, otherwise: Expr) -> Expr {
    call(Function::Conditional, vec![condition, then, otherwise])
}
