//! What a session shows: at once, above the line that is being typed, or once the terminal is given
//! back by what has borrowed it.

use super::running::Running;
use super::terminal::Terminal;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Text that waits, in bytes; who writes more waits too, as at any terminal that is slow.
const MOST_WAITING: usize = 1024 * 1024;
/// A line that has not ended yet is held back up to so many bytes.
const LONGEST_OPEN_LINE: usize = 64 * 1024;

/// Prints above the line that is being typed; false where that cannot be done. It may block until
/// the line's thread looks.
pub(super) type Printer = Box<dyn FnMut(String) -> bool + Send>;

/// Who has the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holder {
    /// The session: what is shown appears at once.
    Session,
    /// The line that is being typed.
    Line,
    /// A pager, an editor or a question.
    Other,
}

enum Text {
    /// What a script writes to standard output.
    Written(String),
    Note(String),
}

struct State {
    holder: Holder,
    waiting: Vec<Text>,
    /// Bytes that wait.
    size: usize,
    printer: Option<Printer>,
    /// Whether a thread prints above the line.
    is_printing: bool,
    /// The beginnings of lines that have not ended yet.
    open_lines: BTreeMap<u64, String>,
    /// Whether the cursor stands behind a line that has not ended.
    is_mid_line: bool,
}

/// What a session shows.
pub(super) struct Output {
    terminal: Arc<dyn Terminal>,
    state: Mutex<State>,
    changed: Condvar,
}

impl Output {
    pub(super) fn new(terminal: Arc<dyn Terminal>) -> Arc<Self> {
        let state = State {
            holder: Holder::Session,
            waiting: Vec::new(),
            size: 0,
            printer: None,
            is_printing: false,
            open_lines: BTreeMap::new(),
            is_mid_line: false,
        };
        Arc::new(Self {
            terminal,
            state: Mutex::new(state),
            changed: Condvar::new(),
        })
    }

    /// Without a printer, as on a dumb terminal, text waits until the line is entered.
    pub(super) fn print_above_with(&self, printer: Printer) {
        self.lock().printer = Some(printer);
    }

    /// What a script writes, line by line: the beginning of a line is held back, because progress
    /// or a prompt would overwrite it. False where it has no reader any more.
    pub(super) fn write(self: &Arc<Self>, running: Running, text: &str) -> bool {
        let mut state = self.lock();
        let open = state.open_lines.entry(running.number()).or_default();
        open.push_str(text);
        let whole = match open.rfind('\n') {
            _ if open.len() > LONGEST_OPEN_LINE => open.len(),
            Some(end) => end + 1,
            None => return true,
        };
        let lines: String = open.drain(..whole).collect();
        self.show(state, Text::Written(lines))
    }

    /// Shows the beginning of a line too. Behind the prompt there is no place for it.
    pub(super) fn flush(self: &Arc<Self>, running: Running) -> bool {
        if running != Running::Foreground {
            return true;
        }
        let mut state = self.lock();
        match state.open_lines.remove(&running.number()) {
            Some(open) if !open.is_empty() => self.show(state, Text::Written(open)),
            _ => true,
        }
    }

    /// Notes that a line or a job has ended: so has the line of text that it began.
    pub(super) fn end(self: &Arc<Self>, running: Running) {
        let mut state = self.lock();
        if let Some(open) = state
            .open_lines
            .remove(&running.number())
            .filter(|open| !open.is_empty())
        {
            self.show(state, Text::Written(open + "\n"));
        }
    }

    /// A note of the session's own: a line, or several.
    pub(super) fn note(self: &Arc<Self>, text: &str) {
        self.show(self.lock(), Text::Note(text.to_owned()));
    }

    /// Hands the terminal over: what is shown from now on waits.
    pub(super) fn lend(&self, holder: Holder) {
        let mut state = self.lock();
        if state.is_mid_line {
            state.is_mid_line = false;
            self.terminal.write("\n");
        }
        self.terminal.hide_progress(true);
        state.holder = holder;
        self.changed.notify_all();
    }

    /// Takes the terminal back, and shows what has waited.
    pub(super) fn take_back(&self) {
        let mut state = self.lock();
        for text in std::mem::take(&mut state.waiting) {
            self.show_now(&mut state, &text);
        }
        state.size = 0;
        state.holder = Holder::Session;
        self.terminal.hide_progress(false);
        self.changed.notify_all();
    }

    /// Who has the terminal.
    pub(super) fn holder(&self) -> Holder {
        self.lock().holder
    }

    fn show(self: &Arc<Self>, mut state: MutexGuard<'_, State>, text: Text) -> bool {
        let is_full =
            |state: &mut State| state.holder != Holder::Session && state.size >= MOST_WAITING;
        state = self
            .changed
            .wait_while(state, is_full)
            .unwrap_or_else(PoisonError::into_inner);
        if state.holder == Holder::Session {
            return self.show_now(&mut state, &text);
        }
        state.size += match &text {
            Text::Written(text) | Text::Note(text) => text.len(),
        };
        state.waiting.push(text);
        if state.printer.is_some() || state.is_printing {
            self.start_printing(&mut state);
            self.changed.notify_all();
        }
        true
    }

    fn show_now(&self, state: &mut State, text: &Text) -> bool {
        match text {
            Text::Written(text) => {
                state.is_mid_line = !text.ends_with('\n');
                self.terminal.write(text)
            }
            Text::Note(text) => {
                self.terminal.note(text);
                true
            }
        }
    }

    /// The printer blocks while the line's thread looks elsewhere, at a list of candidates say, and
    /// once the line is entered until the next one: the session's thread must not wait for that.
    fn start_printing(self: &Arc<Self>, state: &mut State) {
        let Some(mut printer) = state.printer.take() else {
            return;
        };
        state.is_printing = true;
        let output = Arc::clone(self);
        thread::spawn(move || {
            while printer(output.next_above()) {}
            output.lock().is_printing = false;
        });
    }

    /// All that waits, once there is something and a line is being typed.
    fn next_above(&self) -> String {
        let has_nothing =
            |state: &mut State| state.holder != Holder::Line || state.waiting.is_empty();
        let mut state = self
            .changed
            .wait_while(self.lock(), has_nothing)
            .unwrap_or_else(PoisonError::into_inner);
        state.size = 0;
        let texts = std::mem::take(&mut state.waiting)
            .into_iter()
            .map(|text| match text {
                Text::Written(text) if text.ends_with('\n') => text,
                Text::Written(text) => text + "\n",
                Text::Note(text) => self.terminal.redact(&text) + "\n",
            });
        let text = texts.collect();
        self.changed.notify_all();
        text
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
