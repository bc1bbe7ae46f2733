//! From words to a tree: `*` and `/` bind closer than `+` and `-`, equal ones from left to right.

use std::fmt;

use super::token::{Placed, Token, tokens};
use super::{FormulaError, MAX_DEPTH, MAX_INPUTS, Mistake, wrong};
use crate::domain::{exact::Exact, similar};

/// A formula that was read without mistakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    /// As its author wrote it.
    pub text: String,
    pub tree: Expression,
    /// The names it depends on, in the order of their first use.
    pub inputs: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    Number(Exact),
    Input { name: String, position: usize },
    Negative { of: Box<Expression>, position: usize },
    Operation { operator: Operator, left: Box<Expression>, right: Box<Expression>, position: usize },
    Call { function: Function, arguments: Vec<Expression>, position: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Min,
    Max,
}

impl Function {
    const ALL: [Function; 2] = [Function::Min, Function::Max];

    pub fn name(self) -> &'static str {
        match self {
            Function::Min => "min",
            Function::Max => "max",
        }
    }

    fn named(name: &str) -> Option<Function> {
        Function::ALL.into_iter().find(|function| function.name() == name)
    }
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    /// The first mistake and its place.
    pub fn parse(text: &str) -> Result<Formula, FormulaError> {
        let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0, inputs: Vec::new() };
        if parser.tokens.is_empty() {
            return Err(wrong(1, Mistake::Empty));
        }
        let tree = parser.sum()?;
        match parser.take() {
            None => Ok(Formula { text: text.trim().to_owned(), tree, inputs: parser.inputs }),
            Some(Placed { token: Token::Close, position }) => Err(wrong(position, Mistake::NotOpened)),
            Some(Placed { token, position }) => Err(wrong(position, Mistake::Operator(token.to_string()))),
        }
    }
}

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
    inputs: Vec<String>,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|placed| &placed.token)
    }

    fn take(&mut self) -> Option<Placed> {
        let placed = self.tokens.get(self.next).cloned();
        self.next = self.next.saturating_add(1);
        placed
    }

    /// Takes the next word if it is one of `operators`.
    fn operator(&mut self, operators: &[(Token, Operator)]) -> Option<(Operator, usize)> {
        let next = self.peek()?;
        let (_, operator) = operators.iter().find(|(token, _)| token == next)?;
        self.take().map(|placed| (*operator, placed.position))
    }

    fn sum(&mut self) -> Result<Expression, FormulaError> {
        let mut left = self.product()?;
        while let Some((operator, position)) =
            self.operator(&[(Token::Plus, Operator::Add), (Token::Minus, Operator::Subtract)])
        {
            let (before, right) = (Box::new(left), Box::new(self.product()?));
            left = Expression::Operation { operator, left: before, right, position };
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Expression, FormulaError> {
        let mut left = self.value()?;
        while let Some((operator, position)) =
            self.operator(&[(Token::Times, Operator::Multiply), (Token::Divide, Operator::Divide)])
        {
            let (before, right) = (Box::new(left), Box::new(self.value()?));
            left = Expression::Operation { operator, left: before, right, position };
        }
        Ok(left)
    }

    fn value(&mut self) -> Result<Expression, FormulaError> {
        let end = self.tokens.last().map_or(1, |last| last.position.saturating_add(1));
        let Some(Placed { token, position }) = self.take() else {
            return Err(wrong(end, Mistake::Value(None)));
        };
        self.depth = self.depth.saturating_add(1);
        if self.depth > MAX_DEPTH {
            return Err(wrong(position, Mistake::TooDeep));
        }
        let value = match token {
            Token::Number(number) => Ok(Expression::Number(number)),
            Token::Minus => Ok(Expression::Negative { of: Box::new(self.value()?), position }),
            Token::Open => self.sum().and_then(|inner| self.close(position).map(|()| inner)),
            Token::Name(name) if self.peek() == Some(&Token::Open) => self.call(&name, position),
            Token::Name(name) => self.input(name, position),
            Token::Plus | Token::Times | Token::Divide | Token::Close | Token::Comma => {
                Err(wrong(position, Mistake::Value(Some(token.to_string()))))
            }
        };
        self.depth = self.depth.saturating_sub(1);
        value
    }

    fn input(&mut self, name: String, position: usize) -> Result<Expression, FormulaError> {
        if let Some(function) = Function::named(&name) {
            return Err(wrong(position, Mistake::FunctionWithoutArguments(function.name())));
        }
        if !self.inputs.contains(&name) {
            self.inputs.push(name.clone());
        }
        if self.inputs.len() > MAX_INPUTS {
            return Err(wrong(position, Mistake::TooManyInputs));
        }
        Ok(Expression::Input { name, position })
    }

    fn call(&mut self, name: &str, position: usize) -> Result<Expression, FormulaError> {
        let function = Function::named(name).ok_or_else(|| {
            let suggestion = similar::nearest(name, Function::ALL.map(Function::name));
            wrong(position, Mistake::UnknownFunction { name: name.to_owned(), suggestion })
        })?;
        let opened = self.take().map_or(position, |open| open.position);
        let mut arguments = vec![self.sum()?];
        while self.peek() == Some(&Token::Comma) {
            self.next = self.next.saturating_add(1);
            arguments.push(self.sum()?);
        }
        self.close(opened)?;
        if arguments.len() < 2 {
            return Err(wrong(position, Mistake::TooFewArguments(function.name())));
        }
        Ok(Expression::Call { function, arguments, position })
    }

    fn close(&mut self, opened: usize) -> Result<(), FormulaError> {
        match self.take() {
            Some(Placed { token: Token::Close, position: _ }) => Ok(()),
            None | Some(Placed { token: Token::Comma, position: _ }) => {
                Err(wrong(opened, Mistake::NotClosed))
            }
            Some(Placed { token, position }) => Err(wrong(position, Mistake::Operator(token.to_string()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_is_named_with_its_place() {
        for (text, said) in [
            ("", "character 1: the formula is empty; write for example max(0.500, rent*0.10)"),
            ("max(0.500, rent*0.10", "character 4: the parenthesis opened here is not closed; add `)`"),
            ("(1+2", "character 1: the parenthesis opened here is not closed; add `)`"),
            ("rent)", "character 5: there is no `(` for this `)`"),
            ("rent*", "character 6: a number, a name or `(` is expected here, but the formula ends"),
            ("2 * / 3", "character 5: a number, a name or `(` is expected here, not `/`"),
            ("2 rent", "character 3: an operator (+ - * /) is expected before `rent`"),
            ("(2 rent)", "character 4: an operator (+ - * /) is expected before `rent`"),
            (
                "maxx(1, rent)",
                "character 1: `maxx` is not a function, did you mean max; there are min and max",
            ),
            ("sqrt(rent)", "character 1: `sqrt` is not a function; there are min and max"),
            ("min + 1", "character 1: `min` is a function; write min(a, b)"),
            ("max(rent)", "character 1: `max` takes at least two values, like max(a, b)"),
            (
                "rent ^ 2",
                "character 6: `^` is not part of a formula; use digits, names, + - * / ( ) and commas",
            ),
        ] {
            assert_eq!(Formula::parse(text).unwrap_err().to_string(), said, "{text}");
        }
    }

    #[test]
    fn limits_hold() {
        let mistake = |text: &str| Formula::parse(text).unwrap_err().mistake;
        assert_eq!(mistake(&"1+".repeat(200)), Mistake::TooLong);
        assert_eq!(mistake(&"(".repeat(100)), Mistake::TooDeep);
        assert_eq!(mistake(&"-".repeat(100)), Mistake::TooDeep);
        assert_eq!(mistake("1.2.3"), Mistake::Number);
        assert_eq!(mistake(".5"), Mistake::Number);
        assert_eq!(mistake("5."), Mistake::Number);
        assert_eq!(mistake("0.1234567"), Mistake::Number);
        assert_eq!(mistake("1234567890123"), Mistake::Number);
        assert_eq!(mistake(&"n".repeat(33)), Mistake::NameTooLong);
        assert_eq!(mistake("a+b+c+d+e+f+g+h+i"), Mistake::TooManyInputs);
        assert!(Formula::parse(&format!("{}1{}", "(".repeat(31), ")".repeat(31))).is_ok());
    }
}
