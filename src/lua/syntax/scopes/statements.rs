//! Statements: where names begin and end.

use super::expressions::Target;
use super::{Parsed, Parser};
use crate::lua::syntax::TokenKind;
use crate::lua::syntax::locals::{CLOSE, Problem, TABLE};

impl<'a> Parser<'a> {
    pub(super) fn block(&mut self) -> Parsed {
        loop {
            match self.peek() {
                None | Some("end" | "else" | "elseif" | "until") => return Ok(()),
                Some("return") => {
                    self.returns |= self.functions == 0;
                    self.at += 1;
                    if !matches!(self.peek(), None | Some("end" | "else" | "elseif" | "until" | ";")) {
                        self.expressions()?;
                    }
                    self.take(";");
                    return Ok(());
                }
                Some(_) => self.nested(Self::statement)?,
            }
        }
    }

    fn statement(&mut self) -> Parsed {
        if self.kind() == Some(TokenKind::Text) {
            return Err(Problem::Syntax);
        }
        let first = self.peek().unwrap_or_default();
        match first {
            ";" | "break" => {
                self.at += 1;
                Ok(())
            }
            "::" => {
                self.at += 1;
                self.name()?;
                self.expect("::")
            }
            "goto" => {
                self.at += 1;
                self.name().map(|_| ())
            }
            "do" => {
                self.at += 1;
                self.scope(Vec::new(), Self::block)?;
                self.expect("end")
            }
            "while" => {
                self.at += 1;
                self.expression()?;
                self.expect("do")?;
                self.scope(Vec::new(), Self::block)?;
                self.expect("end")
            }
            "repeat" => {
                self.at += 1;
                // The condition sees the block's locals.
                self.scope(Vec::new(), |parser| {
                    parser.block()?;
                    parser.expect("until")?;
                    parser.expression()
                })
            }
            "if" => self.conditional(),
            "for" => self.loop_over(),
            "function" => self.function_statement(),
            "local" => self.local(),
            _ => self.assignment_or_call(),
        }
    }

    fn conditional(&mut self) -> Parsed {
        loop {
            self.at += 1;
            self.expression()?;
            self.expect("then")?;
            self.scope(Vec::new(), Self::block)?;
            if self.peek() != Some("elseif") {
                break;
            }
        }
        if self.take("else") {
            self.scope(Vec::new(), Self::block)?;
        }
        self.expect("end")
    }

    fn loop_over(&mut self) -> Parsed {
        self.at += 1;
        let first = self.name()?;
        let mut names = vec![self.text_of(first)];
        if self.take("=") {
            self.expressions()?;
        } else {
            while self.take(",") {
                let name = self.name()?;
                names.push(self.text_of(name));
            }
            self.expect("in")?;
            self.expressions()?;
        }
        self.expect("do")?;
        self.scope(names, Self::block)?;
        self.expect("end")
    }

    fn function_statement(&mut self) -> Parsed {
        self.at += 1;
        let name = self.name()?;
        let is_bare = !matches!(self.peek(), Some("." | ":"));
        if is_bare {
            self.guard_constant(self.text_of(name), name)?;
        }
        self.reference(name);
        while self.take(".") {
            self.name()?;
        }
        let is_method = self.take(":");
        if is_method {
            self.name()?;
        }
        self.function_body(is_method)
    }

    pub(super) fn function_body(&mut self, is_method: bool) -> Parsed {
        let mut names = if is_method { vec!["self"] } else { Vec::new() };
        self.expect("(")?;
        if !self.take(")") {
            loop {
                if !self.take("...") {
                    let name = self.name()?;
                    names.push(self.text_of(name));
                }
                if !self.take(",") {
                    break;
                }
            }
            self.expect(")")?;
        }
        self.functions += 1;
        let parsed = self.scope(names, Self::block);
        self.functions -= 1;
        parsed?;
        self.expect("end")
    }

    fn local(&mut self) -> Parsed {
        let keyword = self.at;
        self.at += 1;
        if self.take("function") {
            let name = self.name()?;
            let text = self.text_of(name);
            if self.is_top_level() {
                let key = self.declare(text, false);
                self.replace(keyword, "");
                self.replace(name, format!("{TABLE}.{key}"));
            } else {
                self.declare_inside(text);
            }
            return self.function_body(false);
        }
        let (mut names, mut closed) = (Vec::new(), None);
        loop {
            let name = self.name()?;
            let attribute = if self.take("<") {
                let attribute = self.name()?;
                self.expect(">")?;
                if !matches!(self.text_of(attribute), "const" | "close") {
                    return Err(Problem::Syntax);
                }
                Some(attribute)
            } else {
                None
            };
            names.push((name, attribute));
            if !self.take(",") {
                break;
            }
        }
        let is_given = self.take("=");
        if is_given {
            self.expressions()?;
        }
        // The environment of the rest of the chunk is no variable that a later line could see.
        let is_environment = names.iter().any(|(name, _)| self.text_of(*name) == "_ENV");
        if !self.is_top_level() || is_environment {
            for (name, _) in names {
                self.declare_inside(self.text_of(name));
            }
            return Ok(());
        }
        let last_name = names.last().map_or(keyword, |(name, attribute)| attribute.map_or(*name, |attribute| attribute + 1));
        self.replace(keyword, "");
        for (name, attribute) in names {
            let key = self.declare(self.text_of(name), attribute.is_some());
            self.replace(name, format!("{TABLE}.{key}"));
            if let Some(attribute) = attribute {
                let sign = self.tokens[attribute - 1].range.start..self.tokens[attribute + 1].range.end;
                self.edits.push((sign, String::new()));
                if self.text_of(attribute) == "close" {
                    closed = Some(key);
                }
            }
        }
        let end = self.tokens[self.at - 1].range.end;
        if !is_given {
            let end = self.tokens[last_name].range.end;
            self.edits.push((end..end, " = nil;".to_owned()));
        }
        if let Some(key) = closed {
            self.edits.push((end..end, format!("; {CLOSE}({TABLE}.{key});")));
        }
        Ok(())
    }

    fn declare_inside(&mut self, name: &'a str) {
        if let Some(names) = self.scopes.last_mut() {
            names.push(name);
        }
    }

    fn assignment_or_call(&mut self) -> Parsed {
        let mut target = self.suffixed()?;
        let mut is_assignment = false;
        loop {
            if self.peek() == Some(",") || self.peek() == Some("=") {
                match target {
                    Target::Name(name, token) => self.guard_constant(name, token)?,
                    Target::Field => {}
                    Target::Call | Target::Other => return Err(Problem::Syntax),
                }
            }
            if self.take(",") {
                is_assignment = true;
                target = self.suffixed()?;
            } else if self.take("=") {
                return self.expressions();
            } else if is_assignment || !matches!(target, Target::Call) {
                // A bare value at the end is no statement that more lines are likely to make one.
                return Err(if is_assignment && self.at == self.tokens.len() { Problem::Incomplete } else { Problem::Syntax });
            } else {
                return Ok(());
            }
        }
    }
}
