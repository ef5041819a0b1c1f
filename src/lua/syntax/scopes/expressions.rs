//! Expressions: where names are read.

use super::{Parsed, Parser};
use crate::lua::syntax::TokenKind;
use crate::lua::syntax::locals::Problem;

/// What an expression that can be assigned to is.
pub(super) enum Target<'a> {
    /// A bare name.
    Name(&'a str, usize),
    /// A field.
    Field,
    /// A call, which can stand alone.
    Call,
    /// Anything in parentheses.
    Other,
}

impl<'a> Parser<'a> {
    pub(super) fn expressions(&mut self) -> Parsed {
        loop {
            self.expression()?;
            if !self.take(",") {
                return Ok(());
            }
        }
    }

    pub(super) fn expression(&mut self) -> Parsed {
        self.nested(|parser| {
            loop {
                while parser.kind() != Some(TokenKind::Text) && matches!(parser.peek(), Some("not" | "-" | "#" | "~")) {
                    parser.at += 1;
                }
                parser.operand()?;
                if !parser.takes_operator() {
                    return Ok(());
                }
            }
        })
    }

    fn takes_operator(&mut self) -> bool {
        const OPERATORS: &[&str] =
            &["+", "-", "*", "/", "//", "%", "^", "..", "==", "~=", "<", "<=", ">", ">=", "and", "or", "&", "|", "~", "<<", ">>"];
        let is_operator = matches!(self.kind(), Some(TokenKind::Symbol | TokenKind::Keyword))
            && self.peek().is_some_and(|text| OPERATORS.contains(&text));
        self.at += usize::from(is_operator);
        is_operator
    }

    fn operand(&mut self) -> Parsed {
        match (self.kind(), self.peek()) {
            (Some(TokenKind::Number | TokenKind::Text), _) | (_, Some("nil" | "true" | "false" | "...")) => {
                self.at += 1;
                Ok(())
            }
            (Some(TokenKind::Symbol), Some("{")) => self.table(),
            (_, Some("function")) => {
                self.at += 1;
                self.function_body(false)
            }
            _ => self.suffixed().map(|_| ()),
        }
    }

    pub(super) fn suffixed(&mut self) -> Parsed<Target<'a>> {
        let mut target = if self.kind() == Some(TokenKind::Name) {
            self.at += 1;
            self.reference(self.at - 1);
            Target::Name(self.text_of(self.at - 1), self.at - 1)
        } else if self.take("(") {
            self.expression()?;
            self.expect(")")?;
            Target::Other
        } else {
            return self.wrong();
        };
        loop {
            target = match (self.kind(), self.peek()) {
                (Some(TokenKind::Symbol), Some(".")) => {
                    self.at += 1;
                    self.name()?;
                    Target::Field
                }
                (Some(TokenKind::Symbol), Some("[")) => {
                    self.at += 1;
                    self.expression()?;
                    self.expect("]")?;
                    Target::Field
                }
                (Some(TokenKind::Symbol), Some(":")) => {
                    self.at += 1;
                    self.name()?;
                    if !self.arguments()? {
                        return self.wrong();
                    }
                    Target::Call
                }
                _ if self.arguments()? => Target::Call,
                _ => return Ok(target),
            };
        }
    }

    /// The arguments of a call, where some stand here.
    fn arguments(&mut self) -> Parsed<bool> {
        match (self.kind(), self.peek()) {
            (Some(TokenKind::Text), _) => self.at += 1,
            (Some(TokenKind::OpenText), _) => return Err(Problem::Incomplete),
            (Some(TokenKind::Symbol), Some("{")) => self.table()?,
            (Some(TokenKind::Symbol), Some("(")) => {
                self.at += 1;
                if !self.take(")") {
                    self.expressions()?;
                    self.expect(")")?;
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn table(&mut self) -> Parsed {
        self.nested(|parser| {
            parser.at += 1;
            loop {
                if parser.take("}") {
                    return Ok(());
                }
                let next = parser.tokens.get(parser.at + 1);
                let is_named = parser.kind() == Some(TokenKind::Name)
                    && next.is_some_and(|next| next.kind == TokenKind::Symbol && next.text(parser.source) == "=");
                if is_named {
                    parser.at += 2;
                } else if parser.kind() == Some(TokenKind::Symbol) && parser.take("[") {
                    parser.expression()?;
                    parser.expect("]")?;
                    parser.expect("=")?;
                }
                parser.expression()?;
                if !(parser.take(",") || parser.take(";")) {
                    return parser.expect("}");
                }
            }
        })
    }
}
