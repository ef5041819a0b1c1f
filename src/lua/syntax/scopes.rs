//! The scopes of a chunk: which names are a session's, and what stands in their place.
//!
//! Lua's own compiler judges the text afterwards; this parser only follows its scopes. It keeps the lines as they are, so that
//! errors name the right one.

use super::locals::{CLOSE, LAST, Locals, PREFIX, Problem, Rewritten, Slot, TABLE, VALUES};
use super::{Token, TokenKind};
use std::ops::Range;

/// Deeper nesting is refused, as Lua does at 200.
const DEEPEST: usize = 250;

/// A parser of one chunk that rewrites it for a session.
pub(super) struct Parser<'a> {
    source: &'a str,
    tokens: &'a [Token],
    at: usize,
    session: &'a mut Locals,
    /// Names of blocks inside the chunk, innermost last; the first is the chunk's own.
    scopes: Vec<Vec<&'a str>>,
    functions: usize,
    depth: usize,
    edits: Vec<(Range<usize>, String)>,
    declared: Vec<(String, String)>,
    replaced: Vec<(String, Option<Slot>)>,
    uses_last: bool,
}

pub(super) type Parsed<T = ()> = Result<T, Problem>;

/// What an expression that can be assigned to is.
enum Target<'a> {
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
    pub(super) fn new(source: &'a str, tokens: &'a [Token], session: &'a mut Locals) -> Self {
        Self {
            source,
            tokens,
            at: 0,
            session,
            scopes: vec![Vec::new()],
            functions: 0,
            depth: 0,
            edits: Vec::new(),
            declared: Vec::new(),
            replaced: Vec::new(),
            uses_last: false,
        }
    }

    pub(super) fn expression_chunk(mut self) -> Parsed<Rewritten> {
        let parsed = self.expressions().and_then(|()| {
            if self.take(";") {
                self.replace(self.at - 1, "");
            }
            if self.at == self.tokens.len() { Ok(()) } else { Err(Problem::Syntax) }
        });
        self.finish(parsed, true)
    }

    pub(super) fn chunk(mut self) -> Parsed<Rewritten> {
        let mut parsed = self.block();
        if parsed.is_ok() && self.at < self.tokens.len() {
            parsed = Err(Problem::Syntax);
        }
        self.finish(parsed, false)
    }

    fn finish(mut self, parsed: Parsed, is_expression: bool) -> Parsed<Rewritten> {
        if let Err(problem) = parsed {
            self.session.restore(&self.replaced);
            return Err(problem);
        }
        self.edits.sort_by_key(|(range, _)| range.start);
        let opening = if is_expression { format!("return {VALUES}(") } else { String::new() };
        let mut text = format!("{PREFIX}{opening}");
        let mut from = 0;
        for (range, replacement) in &self.edits {
            text.push_str(&self.source[from..range.start]);
            text.push_str(replacement);
            from = range.end;
        }
        text.push_str(&self.source[from..]);
        if is_expression {
            // A comment at the end must not swallow the bracket.
            text.push_str("\n)");
        }
        let Self { declared, replaced, uses_last, .. } = self;
        Ok(Rewritten { text, is_expression, is_statement: !is_expression, uses_last, declared, replaced })
    }

    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).map(|token| token.text(self.source))
    }

    fn kind(&self) -> Option<TokenKind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    /// What is missing at the end can still come; anything else in its place is wrong.
    fn wrong<T>(&self) -> Parsed<T> {
        match self.kind() {
            None | Some(TokenKind::OpenText) => Err(Problem::Incomplete),
            Some(_) => Err(Problem::Syntax),
        }
    }

    fn take(&mut self, text: &str) -> bool {
        let is_there = self.peek() == Some(text) && self.kind() != Some(TokenKind::Text);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, text: &str) -> Parsed {
        if self.take(text) { Ok(()) } else { self.wrong() }
    }

    /// The index of a name's token.
    fn name(&mut self) -> Parsed<usize> {
        if self.kind() != Some(TokenKind::Name) {
            return self.wrong();
        }
        self.at += 1;
        Ok(self.at - 1)
    }

    fn text_of(&self, token: usize) -> &'a str {
        self.tokens[token].text(self.source)
    }

    fn replace(&mut self, token: usize, text: impl Into<String>) {
        self.edits.push((self.tokens[token].range.clone(), text.into()));
    }

    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= DEEPEST {
            return Err(Problem::Syntax);
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// A block with names of its own.
    fn scope<T>(&mut self, names: Vec<&'a str>, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.scopes.push(names);
        let parsed = self.nested(parse);
        self.scopes.pop();
        parsed
    }

    fn is_inside(&self, name: &str) -> bool {
        self.scopes.iter().any(|names| names.contains(&name))
    }

    /// The session's variable that a name means here.
    fn resolve(&mut self, name: &str) -> Option<String> {
        if self.is_inside(name) {
            return None;
        }
        if name == LAST {
            self.uses_last = true;
            return Some(LAST.to_owned());
        }
        let inside_function = self.functions > 0;
        let slot = self.session.slots.get_mut(name)?;
        slot.captured |= inside_function;
        Some(slot.key.clone())
    }

    fn reference(&mut self, token: usize) {
        if let Some(key) = self.resolve(self.text_of(token)) {
            self.replace(token, format!("{TABLE}.{key}"));
        }
    }

    fn guard_constant(&self, name: &str, token: usize) -> Parsed {
        let is_constant = self.session.slots.get(name).is_some_and(|slot| slot.constant);
        if is_constant && !self.is_inside(name) {
            let line = self.source[..self.tokens[token].range.start].matches('\n').count() + 1;
            return Err(Problem::Constant { name: name.to_owned(), line });
        }
        Ok(())
    }

    fn declare(&mut self, name: &'a str, constant: bool) -> String {
        if name == LAST {
            return LAST.to_owned();
        }
        let before = self.session.slots.get(name).cloned();
        let key = self.session.declare(name, constant);
        self.replaced.push((name.to_owned(), before));
        self.declared.push((name.to_owned(), key.clone()));
        key
    }

    fn is_top_level(&self) -> bool {
        self.scopes.len() == 1
    }

    fn block(&mut self) -> Parsed {
        loop {
            match self.peek() {
                None | Some("end" | "else" | "elseif" | "until") => return Ok(()),
                Some("return") => {
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

    fn function_body(&mut self, is_method: bool) -> Parsed {
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

    fn expressions(&mut self) -> Parsed {
        loop {
            self.expression()?;
            if !self.take(",") {
                return Ok(());
            }
        }
    }

    fn expression(&mut self) -> Parsed {
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

    fn suffixed(&mut self) -> Parsed<Target<'a>> {
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
