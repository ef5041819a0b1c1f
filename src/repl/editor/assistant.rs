//! What rustyline asks for while a line is typed: candidates, the hint, colors, and whether Enter
//! ends the line.

use super::complete::complete;
use super::highlight::{highlight, is_at_bracket};
use super::hint::hint;
use super::list::{ListEntry, ListPager, build_list};
use super::remote::Remote;
use crate::lua::judge::{Judgement, judge};
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

/// A longer text, as a terminal without bracketed paste types it in, is not drawn anew at every
/// key.
const LONGEST: usize = 4 * 1024;

/// What rustyline asks for while a line is typed.
pub(super) struct Assistant {
    knowledge: Remote,
    /// The prompt's width.
    prompt_width: Cell<usize>,
    is_empty: Cell<bool>,
    /// What is typed before and behind the cursor, unless it is long.
    typed: RefCell<(String, String)>,
    /// The line is entered and drawn for the last time.
    is_done: Cell<bool>,
    /// The last hint and its line: a redraw asks again.
    last_hint: RefCell<(String, Option<String>)>,
    list: Arc<ListPager>,
}

impl Assistant {
    pub(super) fn new(knowledge: Remote, list: Arc<ListPager>) -> Self {
        Self {
            knowledge,
            prompt_width: Cell::new(0),
            is_empty: Cell::new(true),
            typed: RefCell::default(),
            is_done: Cell::new(false),
            last_hint: RefCell::default(),
            list,
        }
    }

    /// A line begins behind a prompt of this width.
    pub(super) fn begin(&self, prompt: usize, is_empty: bool) {
        self.prompt_width.set(prompt);
        self.is_empty.set(is_empty);
        self.typed.take();
        self.is_done.set(false);
    }

    /// Whether nothing is typed.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty.get()
    }

    /// What is typed before and behind the cursor; nothing where that is long.
    pub(super) fn typed(&self) -> (String, String) {
        self.typed.borrow().clone()
    }
}

impl Helper for Assistant {}

impl Completer for Assistant {
    type Candidate = ListEntry;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<ListEntry>)> {
        let (start, found) = complete(&line[..pos], &self.knowledge);
        let (rows, columns) = size();
        let entries = build_list(found, columns);
        self.list.begins(&entries, rows, columns);
        Ok((start, entries))
    }
}

/// Rows and columns of the terminal.
fn size() -> (usize, usize) {
    let size = console::Term::stdout().size_checked();
    size.map_or((24, 80), |(rows, columns)| {
        (usize::from(rows).max(2), usize::from(columns).max(20))
    })
}

/// A hint that is only looked at: no key puts it into the line.
pub(super) struct Shared(String);

impl Hint for Shared {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for Assistant {
    type Hint = Shared;

    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<Shared> {
        self.is_empty.set(line.is_empty());
        *self.typed.borrow_mut() = if line.len() > LONGEST {
            Default::default()
        } else {
            (line[..pos].to_owned(), line[pos..].to_owned())
        };
        if pos < line.len() || line.is_empty() || line.len() > LONGEST {
            return None;
        }
        if self.last_hint.borrow().0 != line {
            let (_, columns) = size();
            let own = line.rsplit('\n').next().unwrap_or_default();
            let prompt = if own.len() == line.len() {
                self.prompt_width.get()
            } else {
                0
            };
            let taken = (prompt + console::measure_text_width(own)) % columns;
            let found = hint(line, columns.saturating_sub(taken + 1), &self.knowledge);
            *self.last_hint.borrow_mut() = (line.to_owned(), found);
        }
        self.last_hint.borrow().1.clone().map(Shared)
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, pos: usize) -> Cow<'l, str> {
        Cow::Owned(highlight(line, Some(pos).filter(|_| !self.is_done.get())))
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(format!("\u{1b}[2m{hint}\u{1b}[0m"))
    }

    fn highlight_char(&self, line: &str, pos: usize, kind: CmdKind) -> bool {
        self.is_done.set(kind == CmdKind::ForcedRefresh);
        if line.len() > LONGEST {
            return false;
        }
        match kind {
            CmdKind::MoveCursor => {
                is_at_bracket(line, pos)
                    || is_at_bracket(line, pos.saturating_sub(1))
                    || is_at_bracket(line, pos + 1)
            }
            CmdKind::Other | CmdKind::ForcedRefresh => true,
        }
    }
}

impl Validator for Assistant {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        let line = input.strip_prefix('&').unwrap_or(input);
        let is_incomplete = !line.starts_with([':', '?']) && judge(line) == Judgement::Incomplete;
        // An empty line behind an unfinished one ends it: the error names what is missing.
        let goes_on = is_incomplete && !input.ends_with("\n\n");
        Ok(if goes_on {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}
