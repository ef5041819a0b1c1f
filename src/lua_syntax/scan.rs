//! The scopes of a chunk, followed token by token: which names are a session's.
//!
//! This is no parser. It knows where blocks, brackets and statements begin and end, and what it
//! cannot make sense of it leaves as it is: Lua's compiler refuses that. It keeps the lines, so
//! that errors name the right one.

use super::draft::Draft;
use super::locals::{CLOSE, ConstantAssigned, Locals, PREFIX, Rewritten, TABLE};
use super::tokens::TokenKind;
use std::mem;

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
    /// A `local` whose names count once its statement has ended: its values see what the names
    /// meant before.
    declaration: Option<Declaration>,
    /// Names by themselves that the statement assigns to, if a `=` comes.
    targets: Vec<usize>,
}

/// `local a, b <const> = …`, by tokens.
struct Declaration {
    keyword: usize,
    /// Each name with its attribute.
    names: Vec<(usize, Option<usize>)>,
    /// The last token before the `=`.
    last: usize,
    has_values: bool,
}

struct Scan<'a> {
    draft: Draft<'a>,
    /// The next token.
    at: usize,
    before: Before,
    /// The chunk's own block is the first.
    open: Vec<Open<'a>>,
    /// Names that mean something else than the session's here, as blocks inside the chunk have
    /// declared them.
    hidden: Vec<&'a str>,
    functions: usize,
}

impl<'a> Scan<'a> {
    fn new(source: &'a str, session: &'a mut Locals) -> Self {
        let open = vec![Open::Block(Block::default())];
        Self {
            draft: Draft::new(source, session),
            at: 0,
            before: Before::Statement,
            open,
            hidden: Vec::new(),
            functions: 0,
        }
    }

    fn run(mut self) -> (Rewritten, Option<ConstantAssigned>) {
        while let Some(kind) = self.draft.kind(self.at) {
            self.step(kind);
        }
        // A statement that lacks an operand has not ended, and what would stand behind it would
        // hide that.
        if self.before != Before::Operator {
            self.end_statement(self.at);
        }
        self.draft.finish()
    }

    fn step(&mut self, kind: TokenKind) {
        let at = self.at;
        if self.ends_statement(at, kind) {
            self.end_statement(at);
        }
        self.at += 1;
        match kind {
            TokenKind::Name => self.name(at),
            TokenKind::Keyword => self.keyword(at),
            TokenKind::Symbol => self.symbol(at),
            TokenKind::Text if self.before == Before::Callable => {}
            _ => self.before = Before::Value,
        }
    }

    /// Whether the statement before a token, if there is one, has ended there.
    fn ends_statement(&self, at: usize, kind: TokenKind) -> bool {
        match self.draft.text(at) {
            ";" | "end" | "else" | "elseif" | "until" => true,
            "and" | "or" | "in" => false,
            "(" => self.before == Before::Value,
            text => {
                let can_begin =
                    text == "::" || matches!(kind, TokenKind::Name | TokenKind::Keyword);
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
                self.declare(&declaration, next);
            }
            self.before = Before::Statement;
            if !is_until || !self.leave() {
                return;
            }
        }
    }

    fn name(&mut self, at: usize) {
        let next = self.draft.text(at + 1);
        let is_first =
            self.before == Before::Statement || (at > 0 && self.draft.text(at - 1) == ",");
        match self.open.last_mut() {
            // The key of a field.
            Some(Open::Bracket { is_table: true, .. }) if next == "=" => {}
            Some(Open::Block(block)) if is_first && matches!(next, "=" | ",") => {
                block.targets.push(at);
                self.refer(at);
            }
            _ => self.refer(at),
        }
        self.before = Before::Callable;
    }

    fn refer(&mut self, at: usize) {
        if !self.hidden.contains(&self.draft.text(at)) {
            self.draft.refer(at, self.functions > 0);
        }
    }

    fn assign(&mut self, at: usize) {
        if !self.hidden.contains(&self.draft.text(at)) {
            self.draft.assign(at);
        }
    }

    fn keyword(&mut self, at: usize) {
        self.before = match self.draft.text(at) {
            "local" if self.before == Before::Statement => return self.local(at),
            "function" => return self.function(),
            "then" | "repeat" => return self.enter(Block::default(), Vec::new()),
            "do" => {
                let names = self.block().map(|block| mem::take(&mut block.loop_names));
                return self.enter(Block::default(), names.unwrap_or_default());
            }
            "end" => {
                self.leave();
                return;
            }
            "else" => {
                self.leave();
                return self.enter(Block::default(), Vec::new());
            }
            "elseif" => {
                self.leave();
                Before::Operator
            }
            "until" => {
                if let Some(block) = self.block() {
                    block.is_until = true;
                }
                Before::Operator
            }
            "for" => {
                let names = self.take_names();
                if let Some(block) = self.block() {
                    block.loop_names = names;
                }
                Before::Operator
            }
            "return" => {
                if self.functions == 0 {
                    self.draft.returns();
                }
                Before::Operator
            }
            "goto" if self.take_name() => Before::Statement,
            "break" => Before::Statement,
            "nil" | "true" | "false" => Before::Value,
            _ => Before::Operator,
        };
    }

    fn symbol(&mut self, at: usize) {
        self.before = match self.draft.text(at) {
            text @ ("(" | "[" | "{") => {
                let is_table = text == "{";
                let closed = if is_table && self.before != Before::Callable {
                    Before::Value
                } else {
                    Before::Callable
                };
                self.open.push(Open::Bracket { is_table, closed });
                Before::Operator
            }
            ")" | "]" | "}" => match self
                .open
                .pop_if(|open| matches!(open, Open::Bracket { .. }))
            {
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
                    self.assign(target);
                }
                Before::Operator
            }
            _ => Before::Operator,
        };
    }

    /// What follows `function`, to the beginning of its body.
    fn function(&mut self) {
        let name = self.at;
        let mut is_method = false;
        let is_value = !self.take_name();
        if !is_value {
            if !matches!(self.draft.text(self.at), "." | ":") {
                self.assign(name);
            }
            self.refer(name);
            while self.take(".") {
                self.take_name();
            }
            is_method = self.take(":") && self.take_name();
        }
        self.parameters(is_value, is_method.then_some("self"));
    }

    fn parameters(&mut self, is_value: bool, itself: Option<&'a str>) {
        let mut names: Vec<&str> = itself.into_iter().collect();
        if self.take("(") {
            names.extend(self.take_names());
            self.take(")");
        }
        self.functions += 1;
        self.enter(
            Block {
                is_function: true,
                is_value,
                ..Block::default()
            },
            names,
        );
    }

    /// What follows `local`, to its values or to the beginning of its function's body.
    fn local(&mut self, keyword: usize) {
        if self.take("function") {
            let name = self.at;
            // Lua knows no `local function a.b()`.
            let is_whole = self.take_name() && self.draft.text(self.at) == "(";
            if is_whole && self.is_top_level() {
                self.draft.remove(keyword, keyword);
                self.draft.declare(name, false);
            } else if is_whole {
                self.hidden.push(self.draft.text(name));
            }
            return self.parameters(false, None);
        }
        self.before = Before::Operator;
        if let Some(names) = self.take_declared() {
            let last = self.at - 1;
            let has_values = self.take("=");
            self.before = if has_values {
                Before::Operator
            } else {
                Before::Value
            };
            if let Some(block) = self.block() {
                block.declaration = Some(Declaration {
                    keyword,
                    names,
                    last,
                    has_values,
                });
            }
        }
    }

    /// The names of a `local` with their attributes; none where they are not as Lua wants them.
    fn take_declared(&mut self) -> Option<Vec<(usize, Option<usize>)>> {
        let mut names = Vec::new();
        loop {
            let name = self.at;
            if !self.take_name() {
                return None;
            }
            let attribute = self.take("<").then_some(self.at);
            if attribute.is_some()
                && !((self.take("const") || self.take("close")) && self.take(">"))
            {
                return None;
            }
            names.push((name, attribute));
            if !self.take(",") {
                return Some(names);
            }
        }
    }

    /// The names of a `local` count from the token `next` on.
    fn declare(&mut self, declaration: &Declaration, next: usize) {
        let Declaration {
            keyword,
            names,
            last,
            has_values,
        } = declaration;
        // The environment of the rest of the chunk is no variable that a later line could see.
        let is_environment = names
            .iter()
            .any(|(name, _)| self.draft.text(*name) == "_ENV");
        if !self.is_top_level() || is_environment {
            self.hidden
                .extend(names.iter().map(|(name, _)| self.draft.text(*name)));
            return;
        }
        self.draft.remove(*keyword, *keyword);
        let mut closed = None;
        for (name, attribute) in names {
            let key = self.draft.declare(*name, attribute.is_some());
            if let Some(attribute) = attribute {
                self.draft.remove(attribute - 1, attribute + 1);
                if self.draft.text(*attribute) == "close" {
                    closed = Some(key);
                }
            }
        }
        if !has_values {
            self.draft.insert_behind(*last, " = nil;".to_owned());
        }
        if let Some(key) = closed {
            self.draft
                .insert_behind(next - 1, format!("; {CLOSE}({TABLE}.{key});"));
        }
    }

    fn enter(&mut self, block: Block<'a>, names: Vec<&'a str>) {
        self.open.push(Open::Block(Block {
            hidden: self.hidden.len(),
            ..block
        }));
        self.hidden.extend(names);
        self.before = Before::Statement;
    }

    /// Closes a block; false where none is open but the chunk's.
    fn leave(&mut self) -> bool {
        if self.is_top_level() {
            return false;
        }
        let Some(Open::Block(block)) = self.open.pop_if(|open| matches!(open, Open::Block(_)))
        else {
            return false;
        };
        self.hidden.truncate(block.hidden);
        self.functions -= usize::from(block.is_function);
        self.before = if block.is_value {
            Before::Value
        } else {
            Before::Statement
        };
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

    fn take(&mut self, text: &str) -> bool {
        let is_there = self.draft.text(self.at) == text;
        self.at += usize::from(is_there);
        is_there
    }

    fn take_name(&mut self) -> bool {
        let is_there = self.draft.kind(self.at) == Some(TokenKind::Name);
        self.at += usize::from(is_there);
        is_there
    }

    /// Names between commas, as parameters and loops have them.
    fn take_names(&mut self) -> Vec<&'a str> {
        let mut names = Vec::new();
        loop {
            let name = self.at;
            if self.take_name() {
                names.push(self.draft.text(name));
            }
            if !self.take(",") {
                self.take("...");
                return names;
            }
        }
    }
}
