//! Tokens to the expression tree, by precedence climbing.

use pipewright_plan::{Expr, Function, Macro};
use serde_json::Value;

use super::lexer::{Placed, Token};
use super::{CelError, DEEPEST, functions};
use crate::suggest;

/// Words that CEL keeps for itself.
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Binary operators with how strongly they bind.
const BINARY: &[(&str, u8, Function)] = &[
    ("||", 1, Function::Or),
    ("&&", 2, Function::And),
    ("==", 3, Function::Equal),
    ("!=", 3, Function::NotEqual),
    ("<", 3, Function::Less),
    ("<=", 3, Function::LessOrEqual),
    (">", 3, Function::Greater),
    (">=", 3, Function::GreaterOrEqual),
    ("in", 3, Function::In),
    ("+", 4, Function::Add),
    ("-", 4, Function::Subtract),
    ("*", 5, Function::Multiply),
    ("/", 5, Function::Divide),
    ("%", 5, Function::Modulo),
];

pub(super) struct Parser<'t> {
    tokens: &'t [Placed],
    next: usize,
    depth: usize,
    variables: &'t [&'t str],
    /// Variables of the comprehensions around
    bound: Vec<String>,
}

impl<'t> Parser<'t> {
    pub fn new(tokens: &'t [Placed], variables: &'t [&'t str]) -> Self {
        Self { tokens, next: 0, depth: 0, variables, bound: Vec::new() }
    }

    /// Reads the one expression that the tokens are.
    pub fn whole(mut self) -> Result<Expr, CelError> {
        if *self.peek() == Token::End {
            return Err(CelError::new(0, "the expression is empty"));
        }
        let expr = self.expression()?;
        if *self.peek() == Token::End { Ok(expr) } else { Err(self.unexpected("the end of the expression")) }
    }

    fn peek(&self) -> &'t Token {
        &self.tokens[self.next].0
    }

    fn at(&self) -> usize {
        self.tokens[self.next].1
    }

    fn advance(&mut self) -> &'t Token {
        let token = self.peek();
        // The last token is `End`, which is never passed.
        self.next = (self.next + 1).min(self.tokens.len() - 1);
        token
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(next) if *next == sign);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), CelError> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected(&format!("`{sign}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> CelError {
        let found = match self.peek() {
            Token::Name(name) => format!("`{name}`"),
            Token::Integer(number) | Token::Unsigned(number) => format!("the number {number}"),
            Token::Double(number) => format!("the number {number}"),
            Token::Text(_) => "a text".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end of the expression".to_owned(),
        };
        CelError::new(self.at(), format!("expected {wanted}, found {found}"))
    }

    fn deeper<R>(&mut self, step: impl FnOnce(&mut Self) -> Result<R, CelError>) -> Result<R, CelError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(CelError::new(
                self.at(),
                format!("the expression is nested more than {DEEPEST} levels deep"),
            ));
        }
        let result = step(self);
        self.depth -= 1;
        result
    }

    fn expression(&mut self) -> Result<Expr, CelError> {
        self.deeper(|parser| {
            let condition = parser.binary(1)?;
            if !parser.take("?") {
                return Ok(condition);
            }
            let then = parser.binary(1)?;
            parser.expect(":")?;
            let otherwise = parser.expression()?;
            Ok(call(Function::Conditional, vec![condition, then, otherwise]))
        })
    }

    fn operator(&self, least: u8) -> Option<(u8, Function)> {
        let text = match self.peek() {
            Token::Sign(sign) => *sign,
            Token::Name(name) if name == "in" => "in",
            _ => return None,
        };
        let found = BINARY.iter().find(|(sign, strength, _)| *sign == text && *strength >= least);
        found.map(|(_, strength, function)| (*strength, *function))
    }

    fn binary(&mut self, least: u8) -> Result<Expr, CelError> {
        let mut left = self.unary()?;
        while let Some((strength, function)) = self.operator(least) {
            self.advance();
            let right = self.binary(strength + 1)?;
            if !matches!(function, Function::And | Function::Or) {
                left = call(function, vec![left, right]);
                continue;
            }
            // Long chains become balanced trees: both operators are associative, errors included.
            let mut sides = vec![left, right];
            while self.operator(strength).is_some_and(|(_, next)| next == function) {
                self.advance();
                sides.push(self.binary(strength + 1)?);
            }
            left = balanced(function, sides);
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, CelError> {
        if self.take("!") {
            return self.deeper(|parser| Ok(call(Function::Not, vec![parser.unary()?])));
        }
        if !self.take("-") {
            return self.member();
        }
        if let Token::Integer(number) = self.peek() {
            // The smallest integer has no positive twin.
            let at = self.at();
            let number = 0_i64.checked_sub_unsigned(*number);
            let number = number.ok_or_else(|| CelError::new(at, "this number does not fit into 64 bits"))?;
            self.advance();
            return self.suffixes(literal(Value::from(number)));
        }
        if let Token::Double(number) = self.peek() {
            self.advance();
            return self.suffixes(literal(Value::from(-*number)));
        }
        self.deeper(|parser| Ok(call(Function::Negate, vec![parser.unary()?])))
    }

    fn member(&mut self) -> Result<Expr, CelError> {
        let primary = self.primary()?;
        self.suffixes(primary)
    }

    fn suffixes(&mut self, mut operand: Expr) -> Result<Expr, CelError> {
        loop {
            if self.take("[") {
                let index = self.expression()?;
                self.expect("]")?;
                operand = Expr::Index { operand: Box::new(operand), index: Box::new(index) };
            } else if self.take(".") {
                let at = self.at();
                let Token::Name(field) = self.peek() else { return Err(self.unexpected("a name")) };
                self.advance();
                operand = if self.take("(") {
                    self.method(operand, field, at)?
                } else {
                    Expr::Select { operand: Box::new(operand), field: field.clone() }
                };
            } else {
                return Ok(operand);
            }
        }
    }

    fn method(&mut self, receiver: Expr, name: &str, at: usize) -> Result<Expr, CelError> {
        if let Some(fold) = functions::comprehension(name) {
            return self.fold(fold, receiver, name);
        }
        let arguments = self.list(")")?;
        functions::call(name, at, Some(receiver), arguments)
    }

    fn fold(&mut self, fold: Macro, range: Expr, name: &str) -> Result<Expr, CelError> {
        let Token::Name(variable) = self.peek() else {
            return Err(self.unexpected(&format!("the variable of `{name}`")));
        };
        self.advance();
        self.expect(",")?;
        self.bound.push(variable.clone());
        let body = self.expression();
        let second = match &body {
            Ok(_) if fold == Macro::Map && self.take(",") => Some(self.expression()),
            _ => None,
        };
        self.bound.pop();
        let (body, transform) = match second {
            // `map` with three arguments filters first.
            Some(transform) => (body?, Some(Box::new(transform?))),
            None => (body?, None),
        };
        self.expect(")")?;
        Ok(Expr::Fold {
            fold,
            range: Box::new(range),
            variable: variable.clone(),
            body: Box::new(body),
            transform,
        })
    }

    /// Reads expressions between commas up to the closing bracket.
    fn list(&mut self, close: &str) -> Result<Vec<Expr>, CelError> {
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(self.expression()?);
            if !self.take(",") {
                self.expect(close)?;
                break;
            }
        }
        Ok(items)
    }

    fn primary(&mut self) -> Result<Expr, CelError> {
        let at = self.at();
        match self.peek() {
            Token::Integer(number) => {
                let number = i64::try_from(*number)
                    .map_err(|_| CelError::new(at, "this number does not fit into 64 bits"))?;
                self.advance();
                Ok(literal(Value::from(number)))
            }
            Token::Unsigned(number) => {
                self.advance();
                Ok(literal(Value::from(*number)))
            }
            Token::Double(number) => {
                self.advance();
                Ok(literal(Value::from(*number)))
            }
            Token::Text(text) => {
                self.advance();
                Ok(literal(Value::from(text.clone())))
            }
            Token::Sign("(") => {
                self.advance();
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            Token::Sign("[") => {
                self.advance();
                Ok(Expr::List { items: self.list("]")? })
            }
            Token::Sign("{") => {
                self.advance();
                self.map()
            }
            Token::Sign(".") => {
                // A leading dot names the outermost scope, which is the only one.
                self.advance();
                let Token::Name(name) = self.peek() else { return Err(self.unexpected("a name")) };
                self.name(name)
            }
            Token::Name(name) => self.name(name),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn map(&mut self) -> Result<Expr, CelError> {
        let mut entries = Vec::new();
        while !self.take("}") {
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
            if !self.take(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Expr::Map { entries })
    }

    fn name(&mut self, name: &str) -> Result<Expr, CelError> {
        let at = self.at();
        self.advance();
        match name {
            "true" => return Ok(literal(Value::Bool(true))),
            "false" => return Ok(literal(Value::Bool(false))),
            "null" => return Ok(literal(Value::Null)),
            _ if RESERVED.contains(&name) || name == "in" => {
                return Err(CelError::new(at, format!("`{name}` is a reserved word")));
            }
            _ => {}
        }
        if self.take("(") {
            if name == "has" {
                return self.has();
            }
            let arguments = self.list(")")?;
            return functions::call(name, at, None, arguments);
        }
        if self.variables.contains(&name) || self.bound.iter().any(|bound| bound == name) {
            return Ok(Expr::Variable { name: name.to_owned() });
        }
        let hint = match name {
            "True" => Some("write `true`".to_owned()),
            "False" => Some("write `false`".to_owned()),
            "None" => Some("write `null`".to_owned()),
            "and" | "or" | "not" => Some("write `&&`, `||` or `!`".to_owned()),
            _ => suggest::did_you_mean(name, self.variables.iter().copied())
                .or_else(|| Some(format!("known here: {}", self.variables.join(", ")))),
        };
        Err(CelError::new(at, format!("nothing is called `{name}`")).with_hint(hint))
    }

    fn has(&mut self) -> Result<Expr, CelError> {
        let at = self.at();
        let argument = self.expression()?;
        self.expect(")")?;
        match argument {
            Expr::Select { operand, field } => Ok(Expr::Has { operand, field }),
            _ => Err(CelError::new(at, "`has` asks for a field, as in `has(a.b)`")),
        }
    }
}

fn literal(value: Value) -> Expr {
    Expr::Literal { value }
}

fn call(function: Function, arguments: Vec<Expr>) -> Expr {
    Expr::Call { function, arguments }
}

fn balanced(function: Function, mut sides: Vec<Expr>) -> Expr {
    while sides.len() > 1 {
        let mut pairs = Vec::with_capacity(sides.len() / 2 + 1);
        let mut rest = sides.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                Some(right) => call(function, vec![left, right]),
                None => left,
            });
        }
        sides = pairs;
    }
    sides.pop().unwrap_or_else(|| literal(Value::Null))
}
