//! Locals that outlive their line: the top-level locals of a prompt's lines become fields of one table, name by name as Lua's scopes
//! would have it, so that later lines and the closures of earlier ones see the same variable.
//!
//! Lua's own compiler judges the text afterwards; this parser only follows its scopes. It keeps the lines as they are, so that
//! errors name the right one.

use super::{Token, TokenKind, tokens};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The name of the table that holds the locals. A chunk has it as a local of its own.
pub const TABLE: &str = "__session";
/// The function that gives its arguments back: what an expression gives passes through it, because Lua forgets the line of a call that
/// a chunk ends with.
pub const VALUES: &str = "__values";
/// The function that keeps a value to be closed at the session's end.
pub const CLOSE: &str = "__close_later";
/// The last result. It is declared once and for all: `local _, x = f()` leaves it the last result.
pub const LAST: &str = "_";

/// What every rewritten chunk begins with.
const PREFIX: &str = "local __session = __session; ";

/// Deeper nesting is refused, as Lua does at 200.
const DEEPEST: usize = 250;

/// The locals of a session: names that stand for fields of [`TABLE`].
#[derive(Debug, Default)]
pub struct Locals {
    slots: BTreeMap<String, Slot>,
    keys: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Slot {
    key: String,
    /// A closure has seen it: a new declaration of the name must be another variable.
    captured: bool,
    constant: bool,
}

/// Why a text is no chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// More lines can finish it.
    Incomplete,
    /// Lua's compiler says what is wrong.
    Syntax,
    /// A constant is assigned to, in this line.
    Constant {
        /// Its name.
        name: String,
        /// The line, from 1.
        line: usize,
    },
}

/// A chunk whose locals persist.
#[derive(Debug)]
pub struct Rewritten {
    /// What Lua compiles.
    pub text: String,
    /// Whether it is an expression.
    pub is_expression: bool,
    /// Whether it is a statement too, as a call is both.
    pub is_statement: bool,
    /// Whether it reads the last result.
    pub uses_last: bool,
    /// Names that it declares, with the keys of their slots.
    declared: Vec<(String, String)>,
    /// What its declarations replaced, latest last.
    replaced: Vec<(String, Option<Slot>)>,
}

impl Rewritten {
    /// How many locals it declares.
    pub fn declarations(&self) -> usize {
        self.declared.len()
    }
}

impl Locals {
    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.slots.keys().map(String::as_str)
    }

    /// The field of [`TABLE`] that a name stands for.
    pub fn key(&self, name: &str) -> Option<&str> {
        if name == LAST {
            return Some(LAST);
        }
        self.slots.get(name).map(|slot| slot.key.as_str())
    }

    /// A line as Lua compiles it: an expression where it is one, else statements. Its declarations count from now on.
    pub fn rewrite(&mut self, source: &str) -> Result<Rewritten, Problem> {
        let all: Vec<Token> = tokens(source).into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
        let expression = Parser::new(source, &all, self).expression_chunk();
        // What is an expression declares nothing, so reading it twice does no harm.
        let statements = Parser::new(source, &all, self).chunk();
        if let Ok(rewritten) = expression {
            return Ok(Rewritten { is_statement: statements.is_ok(), ..rewritten });
        }
        match (expression, statements) {
            (_, Ok(rewritten)) => Ok(rewritten),
            (Err(Problem::Incomplete), _) | (_, Err(Problem::Incomplete)) => Err(Problem::Incomplete),
            (_, Err(problem)) => Err(problem),
        }
    }

    /// Statements as a part of a script that has [`TABLE`] as a local of its own.
    pub fn rewrite_statements(&mut self, source: &str) -> Result<String, Problem> {
        let all: Vec<Token> = tokens(source).into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
        let rewritten = Parser::new(source, &all, self).chunk()?;
        Ok(rewritten.text[PREFIX.len()..].to_owned())
    }

    /// Takes back the declarations of a chunk that never ran.
    pub fn undo(&mut self, rewritten: &Rewritten) {
        self.restore(&rewritten.replaced);
    }

    /// After a chunk has failed: a name that it declared and never set means what it meant before.
    pub fn undo_unset(&mut self, rewritten: &Rewritten, is_set: impl Fn(&str) -> bool) {
        let unset: BTreeSet<&str> =
            rewritten.declared.iter().filter(|(_, key)| !is_set(key)).map(|(name, _)| name.as_str()).collect();
        let replaced: Vec<_> = rewritten.replaced.iter().filter(|(name, _)| unset.contains(name.as_str())).cloned().collect();
        self.restore(&replaced);
    }

    fn restore(&mut self, replaced: &[(String, Option<Slot>)]) {
        for (name, slot) in replaced.iter().rev() {
            match slot {
                Some(slot) => self.slots.insert(name.clone(), slot.clone()),
                None => self.slots.remove(name),
            };
        }
    }

    /// A slot for a new declaration: the name's own, unless a closure holds on to it.
    fn declare(&mut self, name: &str, constant: bool) -> String {
        let key = match self.slots.get(name) {
            Some(slot) if !slot.captured => slot.key.clone(),
            _ => self.fresh_key(name),
        };
        self.keys.insert(key.clone());
        self.slots.insert(name.to_owned(), Slot { key: key.clone(), captured: false, constant });
        key
    }

    fn fresh_key(&self, name: &str) -> String {
        let numbered = (2u64..).map(|number| format!("{name}_{number}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        candidates.find(|key| !self.keys.contains(key)).unwrap_or_default()
    }
}

struct Parser<'a> {
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

type Parsed<T = ()> = Result<T, Problem>;

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
    fn new(source: &'a str, tokens: &'a [Token], session: &'a mut Locals) -> Self {
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

    fn expression_chunk(mut self) -> Parsed<Rewritten> {
        let parsed = self.expressions().and_then(|()| {
            if self.take(";") {
                self.replace(self.at - 1, "");
            }
            if self.at == self.tokens.len() { Ok(()) } else { Err(Problem::Syntax) }
        });
        self.finish(parsed, true)
    }

    fn chunk(mut self) -> Parsed<Rewritten> {
        let parsed = self.block().and_then(|()| if self.at == self.tokens.len() { Ok(()) } else { Err(Problem::Syntax) });
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
            names.iter().for_each(|(name, _)| self.declare_inside(self.text_of(*name)));
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

#[cfg(test)]
mod tests {
    use super::{Locals, Problem};

    /// The lines as Lua compiles them, without the prefix.
    fn rewritten(lines: &[&str]) -> Vec<String> {
        let mut locals = Locals::default();
        lines.iter().map(|line| locals.rewrite(line).unwrap().text[super::PREFIX.len()..].to_owned()).collect()
    }

    #[test]
    fn locals_of_the_top_level_become_fields_and_others_stay() {
        assert_eq!(
            rewritten(&[
                "local x, y <const> = 1, { x = 2, [x] = x }",
                "do local x = x; print(x, a.x) end",
                "local function f(y) return x + y end",
                "function f.g:h() return self, f end",
                "local z\n(f or g)()",
                "for x = x, y do print(x) end print(x)",
                "repeat local y = 1 until y == x",
            ]),
            [
                " __session.x, __session.y  = 1, { x = 2, [x] = x }",
                "do local x = __session.x; print(x, a.x) end",
                " function __session.f(y) return __session.x + y end",
                "function __session.f.g:h() return self, __session.f end",
                " __session.z = nil;\n(__session.f or g)()",
                "for x = __session.x, __session.y do print(x) end print(__session.x)",
                "repeat local y = 1 until y == __session.x",
            ]
        );
    }

    #[test]
    fn a_closure_keeps_its_variable_when_the_name_is_declared_again() {
        let lines = rewritten(&["local x = 1", "local x = x", "f = function() return x end", "local x = 2", "x = 3"]);
        assert_eq!(lines[1], " __session.x = __session.x");
        assert_eq!(lines[3..], [" __session.x_2 = 2", "__session.x_2 = 3"]);
    }

    #[test]
    fn what_more_lines_can_finish_is_incomplete() {
        for text in [
            "for i = 1, 3 do",
            "x =",
            "f(",
            "{",
            "{ 1,",
            "function f(a",
            "if x then y() else",
            "s = [[a",
            "local x <",
            "a.",
            "a, b =",
            "return {",
            "1 +",
            "x = 'a\\",
            "while true",
            "--[[ a",
            "(1 + 2",
            "f {",
            "local function",
        ] {
            assert_eq!(Locals::default().rewrite(text).unwrap_err(), Problem::Incomplete, "{text}");
        }
        for text in ["end", "x y", "1 = 2", "for do", "x = )", "'a", "local 1", "f() = 1", "a.1", "x = 1 y"] {
            assert_eq!(Locals::default().rewrite(text).unwrap_err(), Problem::Syntax, "{text}");
        }
    }

    #[test]
    fn a_constant_stays_one() {
        let mut locals = Locals::default();
        locals.rewrite("local x <const> = 1").unwrap();
        assert_eq!(locals.rewrite("y = 1\nx = 2").unwrap_err(), Problem::Constant { name: "x".to_owned(), line: 2 });
        locals.rewrite("do local x; x = 2 end").unwrap();
        locals.rewrite("local x = 2").unwrap();
        locals.rewrite("x = 3").unwrap();
    }

    #[test]
    fn a_chunk_that_never_ran_declares_nothing() {
        let mut locals = Locals::default();
        let rewritten = locals.rewrite("local x = 1").unwrap();
        locals.undo(&rewritten);
        assert_eq!(locals.names().count(), 0);
    }

    #[test]
    fn a_failed_declaration_leaves_the_name_what_it_was() {
        let mut locals = Locals::default();
        locals.rewrite("local x = 1; f = function() return x end").unwrap();
        let failed = locals.rewrite("local x, y = g(), 1").unwrap();
        locals.undo_unset(&failed, |key| key == "y");
        assert_eq!((locals.key("x"), locals.key("y")), (Some("x"), Some("y")));
    }

    #[test]
    fn deep_nesting_is_refused_and_long_chains_are_not() {
        assert!(Locals::default().rewrite(&"(".repeat(100_000)).is_err());
        Locals::default().rewrite(&format!("x = {}1", "1 + ".repeat(100_000))).unwrap();
        Locals::default().rewrite(&"local a = 1\n".repeat(10_000)).unwrap();
    }
}
