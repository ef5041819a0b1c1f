//! The scopes of a chunk: which names are a session's, and what stands in their place.
//!
//! Lua's own compiler judges the text afterwards; this parser only follows its scopes. It keeps the lines as they are, so that
//! errors name the right one.

mod expressions;
mod statements;

use super::locals::{LAST, Locals, PREFIX, Problem, Rewritten, Slot, TABLE, VALUES};
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
    returns: bool,
}

pub(super) type Parsed<T = ()> = Result<T, Problem>;

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
            returns: false,
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
        let mut text = PREFIX.to_owned();
        if is_expression {
            text = format!("{text}return {VALUES}(");
            // Before a comment, which would swallow it, and on the expression's own line, which Lua's errors name.
            let end = self.tokens.last().map_or(0, |last| last.range.end);
            self.edits.push((end..end, ")".to_owned()));
        }
        self.edits.sort_by_key(|(range, _)| range.start);
        let mut from = 0;
        for (range, replacement) in &self.edits {
            text.push_str(&self.source[from..range.start]);
            text.push_str(replacement);
            from = range.end;
        }
        text.push_str(&self.source[from..]);
        let Self { declared, replaced, uses_last, returns, .. } = self;
        Ok(Rewritten { text, is_expression, is_statement: !is_expression, uses_last, returns, declared, replaced })
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
}
