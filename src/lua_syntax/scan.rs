//! The scopes of a chunk, followed token by token: which names are a session's, and what stands in their place.
//!
//! This is no parser. It knows where blocks, brackets and statements begin and end, and what it cannot make sense of it leaves as it
//! is: Lua's compiler refuses that. It keeps the lines, so that errors name the right one.

use super::locals::{CLOSE, ConstantAssigned, LAST, Locals, PREFIX, Rewritten, TABLE};
use super::tokens::{Token, TokenKind, code};
use std::mem;
use std::ops::Range;

impl Locals {
    /// A text as Lua compiles it. Its declarations count from now on.
    pub fn rewrite(&mut self, source: &str) -> Result<Rewritten, ConstantAssigned> {
        let (rewritten, assigned) = Scan::new(source, self).run();
        match assigned {
            None => Ok(rewritten),
            Some(assigned) => {
                self.undo(&rewritten);
                Err(assigned)
            }
        }
    }

    /// Statements as a part of a script that has [`TABLE`] as a local of its own.
    pub fn rewrite_statements(&mut self, source: &str) -> Result<String, ConstantAssigned> {
        Ok(self.rewrite(source)?.text[PREFIX.len()..].to_owned())
    }
}

impl Rewritten {
    /// A text without a session: nothing is declared before it, and its constants are left alone.
    pub fn alone(source: &str) -> Self {
        Scan::new(source, &mut Locals::default()).run().0
    }
}

/// What stands before a token, as far as it decides what the token can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// The end of a statement, or the beginning of a block.
    Statement,
    /// What an operand follows.
    Operator,
    /// A whole value. A bracket behind it begins a statement.
    Value,
    /// A whole value that brackets and strings behind it call or index.
    Callable,
}

/// What is open.
enum Open<'a> {
    Block(Block<'a>),
    /// Brackets; whether it is a table's, and what they are once they are closed.
    Bracket {
        is_table: bool,
        closed: Before,
    },
}

#[derive(Default)]
struct Block<'a> {
    /// How many names were hidden before it.
    hidden: usize,
    is_function: bool,
    /// Whether it is a value's: a function without a name.
    is_value: bool,
    /// `until` has come: the condition still sees the block's names.
    is_until: bool,
    /// The names of a `for`, which the block behind `do` will see.
    loop_names: Vec<&'a str>,
    /// A `local` whose names count once its statement has ended: its values see what the names meant before.
    declaration: Option<Declaration>,
    /// Names by themselves that the statement assigns to, if a `=` comes.
    targets: Vec<usize>,
}

/// `local a, b <const> = …`, by tokens.
struct Declaration {
    keyword: usize,
    /// Each name with its attribute.
    names: Vec<(usize, Option<usize>)>,
    /// The end of the names.
    end: usize,
    has_values: bool,
}

struct Scan<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    /// The next token.
    at: usize,
    before: Before,
    /// The chunk's own block is the first.
    open: Vec<Open<'a>>,
    /// Names that mean something else than the session's here, as blocks inside the chunk have declared them.
    hidden: Vec<&'a str>,
    functions: usize,
    session: &'a mut Locals,
    edits: Vec<(Range<usize>, String)>,
    assigned: Option<ConstantAssigned>,
    rewritten: Rewritten,
}

impl<'a> Scan<'a> {
    fn new(source: &'a str, session: &'a mut Locals) -> Self {
        Self {
            source,
            tokens: code(source),
            at: 0,
            before: Before::Statement,
            open: vec![Open::Block(Block::default())],
            hidden: Vec::new(),
            functions: 0,
            session,
            edits: Vec::new(),
            assigned: None,
            rewritten: Rewritten::default(),
        }
    }

    fn run(mut self) -> (Rewritten, Option<ConstantAssigned>) {
        while self.at < self.tokens.len() {
            self.step();
        }
        // A statement that lacks an operand has not ended, and what would stand behind it would hide that.
        if self.before != Before::Operator {
            self.end_statement(self.at);
        }
        self.finish()
    }

    fn step(&mut self) {
        let at = self.at;
        if self.ends_statement(at) {
            self.end_statement(at);
        }
        self.at += 1;
        match self.tokens[at].kind {
            TokenKind::Name => self.name(at),
            TokenKind::Keyword => self.keyword(at),
            TokenKind::Symbol => self.symbol(at),
            TokenKind::Text if self.before == Before::Callable => {}
            _ => self.before = Before::Value,
        }
    }

    /// Whether the statement before a token, if there is one, has ended there.
    fn ends_statement(&self, at: usize) -> bool {
        match self.text(at) {
            ";" | "end" | "else" | "elseif" | "until" => true,
            "and" | "or" | "in" => false,
            "(" => self.before == Before::Value,
            text => {
                let can_begin = text == "::" || matches!(self.tokens[at].kind, TokenKind::Name | TokenKind::Keyword);
                can_begin && matches!(self.before, Before::Value | Before::Callable)
            }
        }
    }

    /// Ends the statement before a token; between brackets there is none.
    fn end_statement(&mut self, next: usize) {
        while let Some(block) = self.block() {
            block.targets.clear();
            let (declaration, is_until) = (block.declaration.take(), block.is_until);
            if let Some(declaration) = declaration {
                self.declare_all(&declaration, next);
            }
            self.before = Before::Statement;
            if !is_until || !self.leave() {
                return;
            }
        }
    }

    fn keyword(&mut self, at: usize) {
        match self.text(at) {
            "local" if self.before == Before::Statement => self.local(at),
            "function" => self.function(),
            "for" => {
                let names = self.names();
                if let Some(block) = self.block() {
                    block.loop_names = names;
                }
                self.before = Before::Operator;
            }
            "do" => {
                let names = self.block().map(|block| mem::take(&mut block.loop_names));
                self.enter(Block::default(), names.unwrap_or_default());
            }
            "then" | "repeat" => self.enter(Block::default(), Vec::new()),
            "else" => {
                self.leave();
                self.enter(Block::default(), Vec::new());
            }
            "elseif" => {
                self.leave();
                self.before = Before::Operator;
            }
            "end" => {
                self.leave();
            }
            "until" => {
                if let Some(block) = self.block() {
                    block.is_until = true;
                }
                self.before = Before::Operator;
            }
            "goto" => self.before = if self.take_name() { Before::Statement } else { Before::Operator },
            "break" => self.before = Before::Statement,
            "return" => {
                self.rewritten.returns |= self.functions == 0;
                self.before = Before::Operator;
            }
            "nil" | "true" | "false" => self.before = Before::Value,
            _ => self.before = Before::Operator,
        }
    }

    fn symbol(&mut self, at: usize) {
        let before = self.before;
        self.before = match self.text(at) {
            text @ ("(" | "[" | "{") => {
                let is_table = text == "{";
                let closed = if is_table && before != Before::Callable { Before::Value } else { Before::Callable };
                self.open.push(Open::Bracket { is_table, closed });
                Before::Operator
            }
            ")" | "]" | "}" => match self.open.pop_if(|open| matches!(open, Open::Bracket { .. })) {
                Some(Open::Bracket { closed, .. }) => closed,
                _ => Before::Value,
            },
            "." | ":" if self.take_name() => Before::Callable,
            "::" if self.take_name() && self.take("::") => Before::Statement,
            ";" if self.block().is_some() => Before::Statement,
            "..." => Before::Value,
            "=" => {
                let targets = self.block().map(|block| mem::take(&mut block.targets));
                for target in targets.unwrap_or_default() {
                    self.guard_constant(target);
                }
                Before::Operator
            }
            _ => Before::Operator,
        };
    }

    fn name(&mut self, at: usize) {
        let next = self.text(at + 1);
        let stands_alone = self.before == Before::Statement || (at > 0 && self.text(at - 1) == ",");
        let is_key = match self.open.last_mut() {
            Some(Open::Bracket { is_table, .. }) => *is_table && next == "=",
            Some(Open::Block(block)) if stands_alone && matches!(next, "=" | ",") => {
                block.targets.push(at);
                false
            }
            _ => false,
        };
        if !is_key {
            self.refer(at);
        }
        self.before = Before::Callable;
    }

    /// What follows `function`, to the beginning of its body.
    fn function(&mut self) {
        let (name, mut is_method) = (self.at, false);
        let is_value = !self.take_name();
        if !is_value {
            if !matches!(self.text(self.at), "." | ":") {
                self.guard_constant(name);
            }
            self.refer(name);
            while self.take(".") {
                self.take_name();
            }
            is_method = self.take(":") && self.take_name();
        }
        self.function_body(is_value, is_method.then_some("self"));
    }

    fn function_body(&mut self, is_value: bool, itself: Option<&'a str>) {
        let mut names: Vec<&str> = itself.into_iter().collect();
        if self.take("(") {
            names.extend(self.names());
            self.take(")");
        }
        self.functions += 1;
        self.enter(Block { is_function: true, is_value, ..Block::default() }, names);
    }

    /// What follows `local`, to its values or to the beginning of its function's body.
    fn local(&mut self, keyword: usize) {
        if self.take("function") {
            let name = self.at;
            // Lua knows no `local function a.b()`.
            if self.take_name() && self.text(self.at) == "(" {
                self.declare_function(keyword, name);
            }
            return self.function_body(false, None);
        }
        self.before = Before::Operator;
        if let Some(names) = self.declared_names() {
            let end = self.tokens[self.at - 1].range.end;
            let has_values = self.take("=");
            self.before = if has_values { Before::Operator } else { Before::Value };
            if let Some(block) = self.block() {
                block.declaration = Some(Declaration { keyword, names, end, has_values });
            }
        }
    }

    /// The names of a `local` with their attributes; none where they are not as Lua wants them.
    fn declared_names(&mut self) -> Option<Vec<(usize, Option<usize>)>> {
        let mut names = Vec::new();
        loop {
            let name = self.at;
            if !self.take_name() {
                return None;
            }
            let attribute = self.take("<").then_some(self.at);
            if let Some(attribute) = attribute
                && !(matches!(self.text(attribute), "const" | "close") && self.take_name() && self.take(">"))
            {
                return None;
            }
            names.push((name, attribute));
            if !self.take(",") {
                return Some(names);
            }
        }
    }

    fn declare_all(&mut self, declaration: &Declaration, next: usize) {
        let Declaration { keyword, names, end, has_values } = declaration;
        // The environment of the rest of the chunk is no variable that a later line could see.
        let is_environment = names.iter().any(|(name, _)| self.text(*name) == "_ENV");
        if !self.is_top_level() || is_environment {
            self.hidden.extend(names.iter().map(|(name, _)| self.tokens[*name].text(self.source)));
            return;
        }
        self.replace(*keyword, String::new());
        let mut closed = None;
        for (name, attribute) in names {
            let key = self.declare(*name, attribute.is_some());
            if let Some(attribute) = attribute {
                let sign = self.tokens[attribute - 1].range.start..self.tokens[attribute + 1].range.end;
                self.edits.push((sign, String::new()));
                if self.text(*attribute) == "close" {
                    closed = Some(key);
                }
            }
        }
        if !has_values {
            self.edits.push((*end..*end, " = nil;".to_owned()));
        }
        if let Some(key) = closed {
            let end = self.tokens[next - 1].range.end;
            self.edits.push((end..end, format!("; {CLOSE}({TABLE}.{key});")));
        }
    }

    fn declare_function(&mut self, keyword: usize, name: usize) {
        if self.is_top_level() {
            self.replace(keyword, String::new());
            self.declare(name, false);
        } else {
            self.hidden.push(self.tokens[name].text(self.source));
        }
    }

    /// Makes a name the session's; its key.
    fn declare(&mut self, at: usize, constant: bool) -> String {
        let name = self.text(at);
        let key = if name == LAST {
            LAST.to_owned()
        } else {
            let (key, before) = self.session.declare(name, constant);
            self.rewritten.replaced.push((name.to_owned(), before));
            self.rewritten.declared.push((name.to_owned(), key.clone()));
            key
        };
        self.replace(at, format!("{TABLE}.{key}"));
        key
    }

    /// A name that is read or set: its variable may be the session's.
    fn refer(&mut self, at: usize) {
        let name = self.text(at);
        if self.hidden.contains(&name) {
            return;
        }
        self.rewritten.uses_last |= name == LAST;
        let key = if name == LAST { Some(LAST) } else { self.session.refer(name, self.functions > 0) };
        if let Some(replacement) = key.map(|key| format!("{TABLE}.{key}")) {
            self.replace(at, replacement);
        }
    }

    fn guard_constant(&mut self, at: usize) {
        let name = self.text(at);
        if self.assigned.is_none() && self.session.is_constant(name) && !self.hidden.contains(&name) {
            let line = self.source[..self.tokens[at].range.start].matches('\n').count() + 1;
            self.assigned = Some(ConstantAssigned { name: name.to_owned(), line });
        }
    }

    fn enter(&mut self, block: Block<'a>, names: Vec<&'a str>) {
        self.open.push(Open::Block(Block { hidden: self.hidden.len(), ..block }));
        self.hidden.extend(names);
        self.before = Before::Statement;
    }

    /// Closes a block; false where none is open but the chunk's.
    fn leave(&mut self) -> bool {
        if self.is_top_level() {
            return false;
        }
        let Some(Open::Block(block)) = self.open.pop_if(|open| matches!(open, Open::Block(_))) else { return false };
        self.hidden.truncate(block.hidden);
        self.functions -= usize::from(block.is_function);
        self.before = if block.is_value { Before::Value } else { Before::Statement };
        true
    }

    /// The block whose statement stands here; none between brackets.
    fn block(&mut self) -> Option<&mut Block<'a>> {
        match self.open.last_mut() {
            Some(Open::Block(block)) => Some(block),
            _ => None,
        }
    }

    fn is_top_level(&self) -> bool {
        self.open.len() == 1
    }

    /// A token's text; none behind the last.
    fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text(self.source))
    }

    fn take(&mut self, text: &str) -> bool {
        let is_there = self.text(self.at) == text;
        self.at += usize::from(is_there);
        is_there
    }

    fn take_name(&mut self) -> bool {
        let is_there = self.tokens.get(self.at).is_some_and(|token| token.kind == TokenKind::Name);
        self.at += usize::from(is_there);
        is_there
    }

    /// Names between commas, as parameters and loops have them.
    fn names(&mut self) -> Vec<&'a str> {
        let mut names = Vec::new();
        loop {
            let name = self.at;
            if self.take_name() {
                names.push(self.text(name));
            }
            if !self.take(",") {
                self.take("...");
                return names;
            }
        }
    }

    fn replace(&mut self, at: usize, text: String) {
        self.edits.push((self.tokens[at].range.clone(), text));
    }

    fn finish(self) -> (Rewritten, Option<ConstantAssigned>) {
        let Self { source, tokens, mut edits, mut rewritten, assigned, .. } = self;
        edits.sort_by_key(|(range, _)| range.start);
        let mut text = PREFIX.to_owned();
        let mut from = 0;
        for (range, replacement) in &edits {
            text.push_str(&source[from..range.start]);
            text.push_str(replacement);
            from = range.end;
        }
        text.push_str(&source[from..]);
        // Behind the last token and before the first nothing was changed.
        let code_end = |token: &Token| if token.text(source) == ";" { token.range.start } else { token.range.end };
        let behind = source.len() - tokens.last().map_or(0, code_end);
        let start = PREFIX.len() + tokens.first().map_or(source.len(), |token| token.range.start);
        rewritten.expression = start..(text.len() - behind).max(start);
        rewritten.text = text;
        (rewritten, assigned)
    }
}
