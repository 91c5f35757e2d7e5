//! Words, numbers, texts and signs of an expression.

use pipewright_plan::Value;

use super::Wrong;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(Value),
    Text(String),
    Word(String),
    Sign(&'static str),
}

impl Token {
    pub fn show(&self) -> String {
        match self {
            Self::Number(value) => value.to_string(),
            Self::Text(text) => format!("{text:?}"),
            Self::Word(word) => word.clone(),
            Self::Sign(sign) => (*sign).to_owned(),
        }
    }
}

/// A token and the character, counted from 1, at which it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexed {
    pub token: Token,
    pub at: usize,
}

/// Longest first, so that none hides another.
const SIGNS: &[&str] = &[
    "?.", "??", "..", "**", "==", "!=", "<=", ">=", "&&", "||", "?", ":", "(", ")", "[", "]", "{", "}", ",",
    ".", "<", ">", "+", "-", "*", "/", "%", "^", "!", "|", "#",
];

pub(super) fn lex(text: &str) -> Result<Vec<Lexed>, Wrong> {
    let letters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let start = at;
        let token = match letter {
            _ if letter.is_whitespace() => {
                at += 1;
                continue;
            }
            '\'' | '"' => quoted(&letters, &mut at)?,
            '`' => raw(&letters, &mut at)?,
            '0'..='9' => number(&letters, &mut at)?,
            _ if letter.is_alphabetic() || letter == '_' || letter == '$' => {
                let is_part = |letter: &&char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
                let word: String = letters[at..].iter().take_while(is_part).collect();
                at += word.chars().count();
                Token::Word(word)
            }
            _ => {
                let follows =
                    |sign: &&&str| sign.chars().enumerate().all(|(n, c)| letters.get(at + n) == Some(&c));
                let Some(sign) = SIGNS.iter().find(follows) else {
                    return Err(Wrong::new(format!(
                        "the character `{letter}` (the {}. of the expression) has no meaning here",
                        at + 1
                    )));
                };
                at += sign.len();
                Token::Sign(sign)
            }
        };
        tokens.push(Lexed { token, at: start + 1 });
    }
    Ok(tokens)
}

fn quoted(letters: &[char], at: &mut usize) -> Result<Token, Wrong> {
    let quote = letters[*at];
    let mut text = String::new();
    *at += 1;
    while let Some(&letter) = letters.get(*at) {
        *at += 1;
        match letter {
            _ if letter == quote => return Ok(Token::Text(text)),
            '\\' => {
                let escaped = letters.get(*at).copied();
                *at += 1;
                text.push(match escaped {
                    Some('n') => '\n',
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some('u') => {
                        let digits: String = letters.iter().skip(*at).take(4).collect();
                        *at += 4;
                        let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4);
                        code.and_then(char::from_u32)
                            .ok_or_else(|| Wrong::new(format!("`\\u{digits}` is no character")))?
                    }
                    Some(other @ ('\\' | '\'' | '"' | '/' | '`')) => other,
                    other => {
                        let shown = other.map(String::from).unwrap_or_default();
                        return Err(Wrong::new(format!("`\\{shown}` is no escape")));
                    }
                });
            }
            letter => text.push(letter),
        }
    }
    Err(Wrong::new("a quote is not closed"))
}

fn raw(letters: &[char], at: &mut usize) -> Result<Token, Wrong> {
    let text: String = letters[*at + 1..].iter().take_while(|letter| **letter != '`').collect();
    *at += text.chars().count() + 2;
    if *at > letters.len() {
        return Err(Wrong::new("a quote is not closed"));
    }
    Ok(Token::Text(text))
}

fn number(letters: &[char], at: &mut usize) -> Result<Token, Wrong> {
    let start = *at;
    let take = |at: &mut usize, is_part: fn(char) -> bool| {
        while letters.get(*at).is_some_and(|letter| is_part(*letter)) {
            *at += 1;
        }
    };
    let radix = match (letters[start], letters.get(start + 1)) {
        ('0', Some('x' | 'X')) => Some(16),
        ('0', Some('b' | 'B')) => Some(2),
        ('0', Some('o' | 'O')) => Some(8),
        _ => None,
    };
    if let Some(radix) = radix {
        *at += 2;
        take(at, |letter| letter.is_ascii_hexdigit() || letter == '_');
        let digits: String = letters[start + 2..*at].iter().filter(|letter| **letter != '_').collect();
        let found = i64::from_str_radix(&digits, radix);
        return found
            .map(|found| Token::Number(Value::from(found)))
            .map_err(|_| Wrong::new("a number is wrong"));
    }
    let is_digit = |letter: char| letter.is_ascii_digit() || letter == '_';
    take(at, is_digit);
    // Two points make a range.
    if letters.get(*at) == Some(&'.') && letters.get(*at + 1).is_some_and(char::is_ascii_digit) {
        *at += 1;
        take(at, is_digit);
    }
    let signed = usize::from(matches!(letters.get(*at + 1), Some('+' | '-')));
    if matches!(letters.get(*at), Some('e' | 'E'))
        && letters.get(*at + 1 + signed).is_some_and(char::is_ascii_digit)
    {
        *at += 1 + signed;
        take(at, is_digit);
    }
    let digits: String = letters[start..*at].iter().filter(|letter| **letter != '_').collect();
    if let Ok(whole) = digits.parse::<i64>() {
        return Ok(Token::Number(Value::from(whole)));
    }
    let double = digits.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    double.map(|number| Token::Number(Value::Number(number))).ok_or_else(|| Wrong::new("a number is wrong"))
}
