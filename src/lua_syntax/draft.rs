//! A chunk that is being rewritten: what stands in the place of its names, and what they mean to
//! the session.

use super::locals::{ConstantAssigned, LAST, Locals, PREFIX, Rewritten, TABLE};
use super::tokens::{Token, TokenKind, code};
use std::ops::Range;

/// A chunk that is being rewritten, by its tokens.
pub(super) struct Draft<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    session: &'a mut Locals,
    edits: Vec<(Range<usize>, String)>,
    assigned: Option<ConstantAssigned>,
    rewritten: Rewritten,
}

impl<'a> Draft<'a> {
    pub(super) fn new(source: &'a str, session: &'a mut Locals) -> Self {
        let rewritten = Rewritten::default();
        Self {
            source,
            tokens: code(source),
            session,
            edits: Vec::new(),
            assigned: None,
            rewritten,
        }
    }

    /// A token's text; none behind the last.
    pub(super) fn text(&self, at: usize) -> &'a str {
        self.tokens
            .get(at)
            .map_or("", |token| token.text(self.source))
    }

    /// What a token is; none behind the last.
    pub(super) fn kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// Takes tokens out.
    pub(super) fn remove(&mut self, first: usize, last: usize) {
        self.edits.push((
            self.tokens[first].range.start..self.tokens[last].range.end,
            String::new(),
        ));
    }

    /// Puts a text behind a token.
    pub(super) fn insert_behind(&mut self, at: usize, text: String) {
        let end = self.tokens[at].range.end;
        self.edits.push((end..end, text));
    }

    /// Makes a name a variable of the session from here on; its key.
    pub(super) fn declare(&mut self, at: usize, constant: bool) -> String {
        let name = self.text(at);
        let key = if name == LAST {
            LAST.to_owned()
        } else {
            let (key, before) = self.session.declare(name, constant);
            self.rewritten.replaced.push((name.to_owned(), before));
            self.rewritten.declared.push((name.to_owned(), key.clone()));
            key
        };
        self.edits
            .push((self.tokens[at].range.clone(), format!("{TABLE}.{key}")));
        key
    }

    /// A name that is read or set, and that no block inside the chunk has declared.
    pub(super) fn refer(&mut self, at: usize, is_in_function: bool) {
        let name = self.text(at);
        self.rewritten.uses_last |= name == LAST;
        let key = if name == LAST {
            Some(LAST)
        } else {
            self.session.refer(name, is_in_function)
        };
        if let Some(key) = key {
            self.edits
                .push((self.tokens[at].range.clone(), format!("{TABLE}.{key}")));
        }
    }

    /// A name that is assigned to, and that no block inside the chunk has declared.
    pub(super) fn assign(&mut self, at: usize) {
        let name = self.text(at);
        if self.assigned.is_none() && self.session.is_constant(name) {
            let line = self.source[..self.tokens[at].range.start]
                .matches('\n')
                .count()
                + 1;
            self.assigned = Some(ConstantAssigned {
                name: name.to_owned(),
                line,
            });
        }
    }

    /// The chunk can end by a `return` of its own.
    pub(super) fn returns(&mut self) {
        self.rewritten.returns = true;
    }

    /// The rewritten chunk, and the first constant that it assigns to.
    pub(super) fn finish(self) -> (Rewritten, Option<ConstantAssigned>) {
        let Self {
            source,
            tokens,
            mut edits,
            mut rewritten,
            assigned,
            ..
        } = self;
        edits.sort_by_key(|(range, _)| range.start);
        let mut text = PREFIX.to_owned();
        let mut from = 0;
        for (range, replacement) in &edits {
            text.push_str(&source[from..range.start]);
            text.push_str(replacement);
            from = range.end;
        }
        text.push_str(&source[from..]);
        // Before the first token and behind the last nothing was changed.
        let code_end = |token: &Token| {
            if token.text(source) == ";" {
                token.range.start
            } else {
                token.range.end
            }
        };
        let behind = source.len() - tokens.last().map_or(0, code_end);
        let start = PREFIX.len()
            + tokens
                .first()
                .map_or(source.len(), |token| token.range.start);
        rewritten.expression = start..(text.len() - behind).max(start);
        rewritten.text = text;
        (rewritten, assigned)
    }
}
