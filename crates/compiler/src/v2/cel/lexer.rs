//! Text to tokens.

use super::{CelError, Quotes};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Name(String),
    Integer(u64),
    Unsigned(u64),
    Double(f64),
    Text(String),
    /// An operator or bracket
    Sign(&'static str),
    End,
}

/// A token and the character it begins at.
pub(super) type Placed = (Token, usize);

const SIGNS: &[&str] = &[
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", "?", ":", ".", ",", "(", ")",
    "[", "]", "{", "}",
];

pub(super) fn tokens(text: &str, quotes: Quotes) -> Result<Vec<Placed>, CelError> {
    let mut lexer = Lexer { text: text.chars().collect(), at: 0, quotes };
    let mut tokens = Vec::new();
    loop {
        lexer.blank();
        let start = lexer.at;
        let token = lexer.token()?;
        let end = token == Token::End;
        tokens.push((token, start));
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer {
    text: Vec<char>,
    at: usize,
    quotes: Quotes,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.text.get(self.at + ahead).copied()
    }

    fn blank(&mut self) {
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some(c), _) if c.is_ascii_whitespace() => self.at += 1,
                (Some('/'), Some('/')) => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    fn token(&mut self) -> Result<Token, CelError> {
        let Some(first) = self.peek(0) else { return Ok(Token::End) };
        if let Some(prefix) = self.string_prefix() {
            return self.string(prefix);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            return Ok(Token::Name(self.run(|c| c.is_ascii_alphanumeric() || c == '_')));
        }
        if first.is_ascii_digit() || (first == '.' && self.peek(1).is_some_and(|c| c.is_ascii_digit())) {
            return self.number();
        }
        for sign in SIGNS {
            if sign.chars().enumerate().all(|(index, c)| self.peek(index) == Some(c)) {
                self.at += sign.len();
                return Ok(Token::Sign(sign));
            }
        }
        let hint = match first {
            '=' => Some("write `==` to compare".to_owned()),
            '&' => Some("write `&&`".to_owned()),
            '|' => Some("write `||`".to_owned()),
            _ => None,
        };
        Err(CelError::new(self.at, format!("`{first}` is not expected here")).with_hint(hint))
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek(0).is_some_and(&belongs) {
            self.at += 1;
        }
        self.text[start..self.at].iter().collect()
    }

    fn number(&mut self) -> Result<Token, CelError> {
        let start = self.at;
        let wrong = |what: &str| CelError::new(start, what.to_owned());
        if self.peek(0) == Some('0') && matches!(self.peek(1), Some('x' | 'X')) {
            self.at += 2;
            let digits = self.run(|c| c.is_ascii_hexdigit());
            let number = u64::from_str_radix(&digits, 16)
                .map_err(|_| wrong("this number does not fit into 64 bits"))?;
            return Ok(self.unsigned_suffix(number));
        }
        let mut text = self.run(|c| c.is_ascii_digit());
        let mut is_double = false;
        if self.peek(0) == Some('.') && self.peek(1).is_some_and(|c| c.is_ascii_digit()) {
            is_double = true;
            self.at += 1;
            text = format!("{text}.{}", self.run(|c| c.is_ascii_digit()));
        }
        if matches!(self.peek(0), Some('e' | 'E')) {
            let signed = usize::from(matches!(self.peek(1), Some('+' | '-')));
            if self.peek(1 + signed).is_some_and(|c| c.is_ascii_digit()) {
                is_double = true;
                text.push('e');
                if signed == 1 {
                    text.extend(self.peek(1));
                }
                self.at += 1 + signed;
                text.push_str(&self.run(|c| c.is_ascii_digit()));
            }
        }
        if is_double {
            let text = if text.starts_with('.') { format!("0{text}") } else { text };
            return match text.parse::<f64>() {
                Ok(double) if double.is_finite() => Ok(Token::Double(double)),
                _ => Err(wrong("this number is too large")),
            };
        }
        let number = text.parse().map_err(|_| wrong("this number does not fit into 64 bits"))?;
        Ok(self.unsigned_suffix(number))
    }

    fn unsigned_suffix(&mut self, number: u64) -> Token {
        if matches!(self.peek(0), Some('u' | 'U')) {
            self.at += 1;
            return Token::Unsigned(number);
        }
        Token::Integer(number)
    }

    /// Returns the length of the letters before a quote, when a string begins here.
    fn string_prefix(&self) -> Option<usize> {
        (0..=2).find(|length| {
            matches!(self.peek(*length), Some('"' | '\''))
                && (0..*length).all(|at| matches!(self.peek(at), Some('r' | 'R' | 'b' | 'B')))
        })
    }

    fn string(&mut self, prefix: usize) -> Result<Token, CelError> {
        let start = self.at;
        let letters: Vec<char> = (0..prefix).filter_map(|at| self.peek(at)).collect();
        if letters.iter().any(|c| matches!(c, 'b' | 'B')) {
            return Err(CelError::new(start, "bytes are no value of a pipeline")
                .with_hint(Some("leave out the `b` before the quote".to_owned())));
        }
        let raw = !letters.is_empty();
        self.at += prefix;
        let quote = self.text[self.at];
        let triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        let width = if triple { 3 } else { 1 };
        self.at += width;
        let mut text = String::new();
        loop {
            let Some(next) = self.peek(0).filter(|c| triple || *c != '\n') else {
                return Err(CelError::new(start, "this text is not closed")
                    .with_hint(Some(format!("close it with `{quote}`"))));
            };
            let is_inside = self.quotes == Quotes::MayBeText
                && (quote, width) == ('\'', 1)
                && self.peek(1).is_some_and(char::is_alphanumeric);
            if !is_inside && (0..width).all(|ahead| self.peek(ahead) == Some(quote)) {
                self.at += width;
                return Ok(Token::Text(text));
            }
            if next == '\\' && !raw {
                text.push(self.escape()?);
            } else {
                text.push(next);
                self.at += 1;
            }
        }
    }

    fn escape(&mut self) -> Result<char, CelError> {
        let start = self.at;
        let wrong = || CelError::new(start, "this escape sequence is not known");
        let letter = self.peek(1).ok_or_else(wrong)?;
        self.at += 2;
        let (digits, radix) = match letter {
            'n' => return Ok('\n'),
            'r' => return Ok('\r'),
            't' => return Ok('\t'),
            'a' => return Ok('\u{7}'),
            'b' => return Ok('\u{8}'),
            'f' => return Ok('\u{c}'),
            'v' => return Ok('\u{b}'),
            '\\' | '?' | '"' | '\'' | '`' => return Ok(letter),
            'x' | 'X' => (2, 16),
            'u' => (4, 16),
            'U' => (8, 16),
            '0'..='3' => {
                self.at -= 1;
                (3, 8)
            }
            _ => return Err(wrong()),
        };
        let mut code = 0_u32;
        for _ in 0..digits {
            let digit = self.peek(0).and_then(|c| c.to_digit(radix)).ok_or_else(wrong)?;
            code = code.checked_mul(radix).and_then(|code| code.checked_add(digit)).ok_or_else(wrong)?;
            self.at += 1;
        }
        char::from_u32(code).ok_or_else(wrong)
    }
}
