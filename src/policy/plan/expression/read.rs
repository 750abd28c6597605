//! A text as an [`Expression`], or where it is none.

use super::{Broken, Comparison, Expression, Join, Literal};

/// How deeply parentheses may be nested.
const DEEPEST: usize = 64;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Text(String),
    Number(f64),
    Sign(char),
}

impl Expression {
    pub(in crate::policy::plan) fn read(text: &str) -> Result<Self, Broken> {
        let tokens = tokens(text)?;
        if tokens.is_empty() {
            return Ok(Self::Always);
        }
        let mut reader = Reader { tokens: tokens.into_iter().peekable() };
        let expression = reader.expression(0)?;
        match reader.tokens.next() {
            None => Ok(expression),
            Some(token) => Err(broken(Some(token))),
        }
    }
}

struct Reader {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
}

impl Reader {
    fn expression(&mut self, depth: usize) -> Result<Expression, Broken> {
        let first = self.single(depth)?;
        let mut rest = Vec::new();
        while let Some(Token::Sign(sign @ ('&' | '|'))) = self.tokens.peek() {
            let join = if *sign == '&' { Join::And } else { Join::Or };
            self.tokens.next();
            rest.push((join, self.single(depth)?));
        }
        Ok(if rest.is_empty() { first } else { Expression::Chain(Box::new(first), rest) })
    }

    fn single(&mut self, depth: usize) -> Result<Expression, Broken> {
        if depth > DEEPEST {
            return Err(Broken("more parentheses than anybody writes".to_owned()));
        }
        match self.tokens.next() {
            Some(Token::Sign('!')) => Ok(Expression::Not(Box::new(self.single(depth + 1)?))),
            Some(Token::Sign('(')) => {
                let inside = self.expression(depth + 1)?;
                match self.tokens.next() {
                    Some(Token::Sign(')')) => Ok(inside),
                    other => Err(broken(other)),
                }
            }
            Some(Token::Text(name)) => self.comparison(name),
            other => Err(broken(other)),
        }
    }

    fn comparison(&mut self, name: String) -> Result<Expression, Broken> {
        let how = match self.tokens.next() {
            Some(Token::Sign('=')) => Comparison::Same,
            Some(Token::Sign('>')) => Comparison::More,
            Some(Token::Sign('<')) => Comparison::Less,
            Some(Token::Sign(first @ ('!' | '@'))) => match (first, self.tokens.next()) {
                ('!', Some(Token::Sign('='))) => Comparison::Other,
                ('@', Some(Token::Sign('>'))) => Comparison::Contains,
                (_, other) => return Err(broken(other)),
            },
            other => return Err(broken(other)),
        };
        let with = match self.tokens.next() {
            Some(Token::Text(text)) => Literal::Text(text),
            Some(Token::Number(number)) => Literal::Number(number),
            other @ (Some(Token::Sign(_)) | None) => return Err(broken(other)),
        };
        Ok(Expression::Compare { name, how, with })
    }
}

fn broken(token: Option<Token>) -> Broken {
    Broken(match token {
        Some(Token::Text(text)) => text.chars().take(40).collect(),
        Some(Token::Number(number)) => number.to_string(),
        Some(Token::Sign(sign)) => sign.to_string(),
        None => "its end".to_owned(),
    })
}

fn tokens(text: &str) -> Result<Vec<Token>, Broken> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
        let (token, length) = if "&|!=><@()".contains(first) {
            (Token::Sign(first), 1)
        } else if first == '"' {
            let end = rest.get(1..).and_then(|rest| rest.find('"'));
            let end = end.ok_or_else(|| Broken(rest.chars().take(40).collect()))?;
            (Token::Text(rest.get(1..=end).unwrap_or_default().to_owned()), end + 2)
        } else if word(first) {
            let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
            let word = rest.get(..end).unwrap_or_default();
            let number = word.starts_with(|c: char| c.is_ascii_digit() || c == '-');
            match word.parse().ok().filter(|_| number) {
                Some(number) => (Token::Number(number), end),
                None => (Token::Text(word.to_owned()), end),
            }
        } else {
            return Err(Broken(rest.chars().take(40).collect()));
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}
