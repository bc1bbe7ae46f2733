//! The words of a formula and where they stand.

use std::fmt;

use super::{FormulaError, MAX_DECIMALS, MAX_LENGTH, MAX_NAME, MAX_WHOLE_DIGITS, Mistake, wrong};
use crate::domain::exact::Exact;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    Number(Exact),
    Name(String),
    Plus,
    Minus,
    Times,
    Divide,
    Open,
    Close,
    Comma,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Number(number) => number.fmt(f),
            Token::Name(name) => f.write_str(name),
            Token::Plus => f.write_str("+"),
            Token::Minus => f.write_str("-"),
            Token::Times => f.write_str("*"),
            Token::Divide => f.write_str("/"),
            Token::Open => f.write_str("("),
            Token::Close => f.write_str(")"),
            Token::Comma => f.write_str(","),
        }
    }
}

/// A word and its first character's place, from 1.
#[derive(Clone, Debug)]
pub struct Placed {
    pub token: Token,
    pub position: usize,
}

pub fn tokens(text: &str) -> Result<Vec<Placed>, FormulaError> {
    if text.chars().count() > MAX_LENGTH {
        return Err(wrong(MAX_LENGTH.saturating_add(1), Mistake::TooLong));
    }
    let mut found = Vec::new();
    let mut rest = text.chars().zip(1_usize..).peekable();
    while let Some((first, position)) = rest.next() {
        if first.is_whitespace() {
            continue;
        }
        let mut word = String::from(first);
        let token = if first.is_ascii_digit() || first == '.' {
            while let Some((c, _)) = rest.next_if(|(c, _)| c.is_ascii_digit() || *c == '.') {
                word.push(c);
            }
            Token::Number(number(&word).ok_or_else(|| wrong(position, Mistake::Number))?)
        } else if first.is_ascii_lowercase() {
            while let Some((c, _)) = rest.next_if(|(c, _)| is_in_name(*c)) {
                word.push(c);
            }
            if word.len() > MAX_NAME {
                return Err(wrong(position, Mistake::NameTooLong));
            }
            Token::Name(word)
        } else {
            sign(first).ok_or_else(|| wrong(position, Mistake::Character(first)))?
        };
        found.push(Placed { token, position });
    }
    Ok(found)
}

fn is_in_name(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'
}

fn sign(c: char) -> Option<Token> {
    let known = [
        ('+', Token::Plus),
        ('-', Token::Minus),
        ('*', Token::Times),
        ('/', Token::Divide),
        ('(', Token::Open),
        (')', Token::Close),
        (',', Token::Comma),
    ];
    known.into_iter().find_map(|(sign, token)| (sign == c).then_some(token))
}

fn number(word: &str) -> Option<Exact> {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, "0"));
    let fits = (1..=MAX_WHOLE_DIGITS).contains(&whole.len()) && (1..=MAX_DECIMALS).contains(&fraction.len());
    if !fits {
        return None;
    }
    // A second point is in `fraction`, which then is no number.
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Exact::decimal(digits, u32::try_from(fraction.len()).ok()?)
}
