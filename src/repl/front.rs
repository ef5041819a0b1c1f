//! Where the session and its person meet: notes that do not disturb the typed line, and the question before a call in production.

use super::editor::Editor;
use super::terminal::Terminal;
use super::turn::{Turn, Turns};
use crate::gate::{Confirm, Question};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Lines of a call's parameters that a question shows at most.
const MOST_LINES: usize = 12;

/// Where the session and its person meet.
pub struct Front {
    pub(super) terminal: Arc<dyn Terminal>,
    pub(super) turns: Turns,
    pub(super) editor: OnceLock<Editor>,
    at_prompt: AtomicBool,
    is_interrupted: AtomicBool,
    /// Notes that wait for the next prompt.
    pending: Mutex<Vec<String>>,
}

impl Front {
    /// The front of a session on this terminal.
    pub fn new(terminal: Arc<dyn Terminal>) -> Arc<Self> {
        Arc::new(Self {
            terminal,
            turns: Turns::default(),
            editor: OnceLock::new(),
            at_prompt: AtomicBool::new(false),
            is_interrupted: AtomicBool::new(false),
            pending: Mutex::default(),
        })
    }

    /// Whose turn it is.
    pub fn turn(&self) -> Turn {
        self.turns.now()
    }

    /// Whether a line is being typed.
    pub fn is_at_prompt(&self) -> bool {
        self.at_prompt.load(Ordering::SeqCst)
    }

    /// A note: above the prompt where a line is being typed.
    pub fn say(&self, text: &str) {
        if !self.is_at_prompt() {
            self.terminal.say(text);
        } else if !self.editor.get().is_some_and(|editor| editor.print_above(text)) {
            self.pending.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
        }
    }

    pub(super) fn set_at_prompt(&self, at_prompt: bool) {
        self.at_prompt.store(at_prompt, Ordering::SeqCst);
        let pending = std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        for text in pending {
            self.terminal.say(&text);
        }
    }

    /// Says that Ctrl-C came, so that an answer that is typed after it counts for nothing.
    pub(super) fn set_interrupted(&self, is_interrupted: bool) {
        self.is_interrupted.store(is_interrupted, Ordering::SeqCst);
    }
}

impl Confirm for Front {
    fn confirm(&self, question: &Question) -> Result<(), String> {
        if self.turn() != Turn::Foreground {
            return Err("a line in the background cannot ask; run it in front".to_owned());
        }
        let Some(editor) = self.editor.get() else { return Err("there is nobody to ask".to_owned()) };
        let style = if self.terminal.has_color() { anstyle::AnsiColor::Red.on_default().bold() } else { anstyle::Style::new() };
        let Question { profile, action, effects, params } = question;
        self.terminal.say(&format!("{style}production{style:#}: {action} {} ({profile})", effects.join(" and ")));
        let shown = format!("{params:#}");
        for line in shown.lines().take(MOST_LINES) {
            self.terminal.say(&format!("  {line}"));
        }
        if shown.lines().count() > MOST_LINES {
            self.terminal.say("  …");
        }
        let is_confirmed = editor.ask(format!("Send it to {profile}? [y/N] "));
        if is_confirmed && !self.is_interrupted.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err("it was not confirmed".to_owned())
    }
}
