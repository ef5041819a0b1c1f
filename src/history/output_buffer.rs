//! A run's output on its way into the store. Of a run that prints without end the first and the
//! last lines are kept, here and in the store, so a disk that is slow lets nothing grow and loses no
//! line that would have been kept; and however many wait, they are one request, behind which no
//! call, decision or end waits for long.

use super::connection::{Kind, Queue, Work};
use super::error::StoreError;
use super::output::Line;
use super::store::Store;
use super::times::millis;
use cumulua_core::clock::real_now;
use cumulua_core::secret::Redactor;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Lines that one request writes at most.
const PART: usize = 250;

/// The same where they are waited for.
const FLUSHED: usize = 40 * PART;

/// Numbers a run's lines and decides which of them to forget. Clones are the same run's.
#[derive(Clone)]
pub struct OutputBuffer {
    run: Arc<str>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Where they go, once the run has its row.
    queue: Option<Arc<Queue>>,
    /// How many lines there were.
    count: u64,
    /// How many of them are the first ones, which are kept, and how long these are.
    head: u64,
    head_bytes: usize,
    /// The last lines, wherever they are: their numbers and sizes.
    tail: VecDeque<(u64, usize)>,
    tail_bytes: usize,
    /// First lines that are still to be written, and last ones.
    waiting_head: VecDeque<Numbered>,
    waiting_tail: VecDeque<Numbered>,
    /// Lines of the store that are to be forgotten.
    forgotten: Forgotten,
    /// What is being written, in that order.
    taken: Vec<Numbered>,
    taken_forgotten: Forgotten,
    /// Whether a request that writes them is queued.
    is_due: bool,
}

type Numbered = (u64, Line);

/// Numbers from the first to the last.
type Forgotten = Option<(u64, u64)>;

/// Both, of which the second comes after the first.
fn joined(earlier: Forgotten, later: Forgotten) -> Forgotten {
    match (earlier, later) {
        (Some((first, _)), Some((_, last))) => Some((first, last)),
        (earlier, later) => earlier.or(later),
    }
}

impl State {
    /// Forgets a line of the last ones: one that waits is never written.
    fn forget(&mut self, number: u64) {
        if self
            .waiting_tail
            .front()
            .is_some_and(|(first, _)| *first == number)
        {
            self.waiting_tail.pop_front();
        } else {
            let first = self.forgotten.map_or(number, |(first, _)| first);
            self.forgotten = Some((first, number));
        }
    }

    fn has_more(&self) -> bool {
        !(self.waiting_head.is_empty() && self.waiting_tail.is_empty())
    }

    /// Takes what is to be written next, so many lines at most.
    fn take(&mut self, most: usize) {
        self.taken_forgotten = joined(self.taken_forgotten, self.forgotten.take());
        while self.taken.len() < most
            && let Some(line) = self
                .waiting_head
                .pop_front()
                .or_else(|| self.waiting_tail.pop_front())
        {
            self.taken.push(line);
        }
    }

    /// Takes back what could not be written.
    fn take_back(&mut self) {
        for line in std::mem::take(&mut self.taken).into_iter().rev() {
            if line.0 <= self.head {
                self.waiting_head.push_front(line);
            } else {
                self.waiting_tail.push_front(line);
            }
        }
        self.forgotten = joined(self.taken_forgotten.take(), self.forgotten);
    }
}

impl OutputBuffer {
    /// What is kept of a run's first lines, in bytes.
    pub const HEAD: usize = 256 * 1024;
    /// What is kept of its last lines, in bytes.
    pub const TAIL: usize = 768 * 1024;
    /// A longer line is cut, in bytes.
    pub const LONGEST_LINE: usize = 16 * 1024;

    /// The output of a run that the store does not have yet.
    pub fn new(run: &str) -> Self {
        Self {
            run: run.into(),
            state: Arc::default(),
        }
    }

    /// The same of a run that it has.
    pub fn of(store: &Store, run: &str) -> Self {
        let buffer = Self::new(run);
        buffer.attach(store);
        buffer
    }

    /// Notes that the store has the run: lines are written from now on.
    pub fn attach(&self, store: &Store) {
        let mut state = self.lock();
        state.queue = Some(Arc::clone(&store.queue));
        self.become_due(&mut state);
    }

    /// Takes a line, which is written within moments.
    pub fn add(&self, mut line: Line) {
        line.text = cut(line.text);
        let mut state = self.lock();
        state.count += 1;
        let (number, bytes) = (state.count, line.text.len() + 1);
        if state.tail.is_empty() && state.head_bytes + bytes <= Self::HEAD {
            state.head_bytes += bytes;
            state.head = number;
            state.waiting_head.push_back((number, line));
        } else {
            state.waiting_tail.push_back((number, line));
            state.tail.push_back((number, bytes));
            state.tail_bytes += bytes;
            while state.tail_bytes > Self::TAIL
                && let Some((number, bytes)) = state.tail.pop_front()
            {
                state.tail_bytes -= bytes;
                state.forget(number);
            }
        }
        self.become_due(&mut state);
    }

    /// Replaces texts, of what waits and of what is in the store, without waiting for that.
    pub fn redact(
        &self,
        redact: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        let State {
            waiting_head,
            waiting_tail,
            ..
        } = &mut *state;
        for (_, line) in waiting_head.iter_mut().chain(waiting_tail) {
            line.text = redact(&line.text);
        }
        let Some(queue) = state.queue.clone() else {
            return Ok(());
        };
        drop(state);
        let run = Arc::clone(&self.run);
        let job = Work::Statements(Box::new(move |connection| {
            Box::pin(redact_written(connection, run, redact))
        }));
        queue.push(Kind::Write, job, None)
    }

    /// Waits until all lines that were taken are written, for so long at most. They are written in
    /// parts, so that of very many those that were in time stay.
    pub fn flush(&self, limit: Duration) -> Result<(), StoreError> {
        let Some(queue) = self.lock().queue.clone() else {
            return Ok(());
        };
        let began = real_now();
        loop {
            let (give, take) = std::sync::mpsc::channel();
            self.write(&queue, FLUSHED, move |written| drop(give.send(written)))?;
            let left = limit.saturating_sub(real_now() - began);
            take.recv_timeout(left).map_err(|_| queue.slow(limit))??;
            if !self.lock().has_more() {
                return Ok(());
            }
        }
    }

    /// Writes all lines that are not written for certain into another store that has the run. Those on
    /// their way to their own store may stand in both, with the same numbers.
    pub(super) fn write_beside(&self, beside: &Store, limit: Duration) -> Result<(), StoreError> {
        let state = self.lock();
        let waiting = state.waiting_head.iter().chain(&state.waiting_tail);
        let lines: Vec<_> = state.taken.iter().chain(waiting).cloned().collect();
        drop(state);
        let run = Arc::clone(&self.run);
        beside.ask(
            Kind::Write,
            move |connection| Box::pin(async move { write(connection, &run, lines, None).await }),
            Some(limit),
        )
    }

    fn become_due(&self, state: &mut State) {
        let Some(queue) = state.queue.clone() else {
            return;
        };
        if !state.is_due {
            // Where the queue is full, the next line tries again.
            let next = self.clone();
            state.is_due = self.write(&queue, PART, move |_| next.go_on()).is_ok();
        }
    }

    /// Writes what is left, after others.
    fn go_on(&self) {
        let mut state = self.lock();
        state.is_due = false;
        if state.has_more() {
            self.become_due(&mut state);
        }
    }

    /// Asks the store to write so many lines at most.
    fn write(
        &self,
        queue: &Queue,
        most: usize,
        settled: impl FnOnce(Result<(), StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let (taking, ending) = (self.clone(), self.clone());
        let job = Work::Statements(Box::new(move |connection| {
            Box::pin(async move {
                let (lines, forgotten) = taking.take(most);
                write(connection, &taking.run, lines, forgotten).await
            })
        }));
        let settle = move |written: Result<(), StoreError>| {
            ending.settle(written.is_ok());
            settled(written);
        };
        queue.push(Kind::Gather, job, Some(Box::new(settle)))
    }

    fn take(&self, most: usize) -> (Vec<Numbered>, Forgotten) {
        let mut state = self.lock();
        // A request that came before and failed has taken its lines back.
        state.take(most);
        (state.taken.clone(), state.taken_forgotten)
    }

    /// Notes that what was taken is written, or must be written again.
    fn settle(&self, is_written: bool) {
        let mut state = self.lock();
        if is_written {
            state.taken.clear();
            state.taken_forgotten = None;
        } else {
            state.take_back();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes lines, and removes those that are to be forgotten.
async fn write(
    connection: &mut SqliteConnection,
    run: &str,
    lines: Vec<Numbered>,
    forgotten: Forgotten,
) -> Result<(), sqlx::Error> {
    // A pruned run's process may still print.
    let known: i64 = sqlx::query_scalar("SELECT count(*) FROM runs WHERE id = ?")
        .bind(run)
        .fetch_one(&mut *connection)
        .await?;
    let lines = if known > 0 { lines } else { Vec::new() };
    for part in lines.chunks(PART) {
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT OR IGNORE INTO output (run_id, number, at, stream, line) ",
        );
        insert.push_values(part, |mut row, (number, line)| {
            row.push_bind(run)
                .push_bind(number.cast_signed())
                .push_bind(millis(line.at))
                .push_bind(line.stream.as_str())
                .push_bind(line.text.as_str());
        });
        insert.build().execute(&mut *connection).await?;
    }
    if let Some((first, last)) = forgotten {
        let query = sqlx::query("DELETE FROM output WHERE run_id = ? AND number BETWEEN ? AND ?");
        query
            .bind(run)
            .bind(first.cast_signed())
            .bind(last.cast_signed())
            .execute(connection)
            .await?;
    }
    Ok(())
}

async fn redact_written(
    connection: &mut SqliteConnection,
    run: Arc<str>,
    redact: impl Fn(&str) -> String,
) -> Result<(), sqlx::Error> {
    let query =
        sqlx::query_as::<_, (i64, String)>("SELECT number, line FROM output WHERE run_id = ?");
    for (number, line) in query.bind(&*run).fetch_all(&mut *connection).await? {
        let redacted = redact(&line);
        if redacted != line {
            let query = sqlx::query("UPDATE output SET line = ? WHERE run_id = ? AND number = ?");
            query
                .bind(redacted)
                .bind(&*run)
                .bind(number)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// A line that is not too long, and how much was cut off.
fn cut(mut text: String) -> String {
    if text.len() <= OutputBuffer::LONGEST_LINE {
        return text;
    }
    let end = Redactor::cut(text.as_bytes(), OutputBuffer::LONGEST_LINE);
    let rest = text.len() - end;
    text.truncate(end);
    text + &format!("… ({rest} bytes more)")
}

#[cfg(test)]
mod tests {
    use super::OutputBuffer;
    use crate::history::{Line, Store, Stream};
    use std::sync::mpsc;
    use std::time::Duration;

    const RUN: &str = "INSERT INTO runs (id, name, kind, args, version, started_at, state) VALUES ('r', '', 'run', '[]', '', 0, 'running')";

    fn line(text: &str) -> Line {
        Line {
            at: jiff::Timestamp::UNIX_EPOCH,
            stream: Stream::Out,
            text: text.to_owned(),
        }
    }

    fn store(folder: &tempfile::TempDir) -> Store {
        let store = Store::open(folder.path().join("runs.db"));
        store
            .write(|connection| {
                Box::pin(async move { sqlx::query(RUN).execute(connection).await.map(drop) })
            })
            .unwrap();
        store
    }

    fn numbers(store: &Store) -> Vec<u64> {
        let rows = store.output("r", 0, u32::MAX).unwrap();
        rows.into_iter().map(|row| row.number).collect()
    }

    const LINE: usize = 1024;

    fn kept(count: u64) -> Vec<u64> {
        let head = (OutputBuffer::HEAD / LINE) as u64;
        let tail = (OutputBuffer::TAIL / LINE) as u64;
        (1..=head).chain(count - tail + 1..=count).collect()
    }

    #[test]
    fn very_many_short_lines_are_all_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let output = OutputBuffer::of(&store, "r");
        (0..150_000).for_each(|_| output.add(line("12345")));
        output.flush(Duration::from_mins(1)).unwrap();
        let numbers = numbers(&store);
        assert_eq!((numbers.len(), numbers[149_999]), (150_000, 150_000));
    }

    #[test]
    fn the_first_and_the_last_lines_are_kept_however_they_come() {
        let text = "x".repeat(LINE - 1);
        for parts in [1, 2, 100] {
            let folder = tempfile::tempdir().unwrap();
            let store = store(&folder);
            let output = OutputBuffer::of(&store, "r");
            for number in 1..=4_000 {
                output.add(line(&text));
                if number % (4_000 / parts) == 0 {
                    output.flush(Duration::from_mins(1)).unwrap();
                }
            }
            assert_eq!(numbers(&store), kept(4_000), "in {parts} parts");
        }
    }

    #[test]
    fn lines_that_wait_are_one_request_and_keep_nothing_else_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let (go, gone) = mpsc::channel::<()>();
        store
            .post(move |_| {
                Box::pin(async move { gone.recv().map_err(|_| sqlx::Error::RowNotFound) })
            })
            .unwrap();
        let output = OutputBuffer::of(&store, "r");
        let text = "x".repeat(LINE - 1);
        (0..200_000).for_each(|_| output.add(line(&text)));
        // As a call is.
        store
            .post(|connection| {
                Box::pin(async move {
                    let count = "UPDATE runs SET status = (SELECT count(*) FROM output)";
                    sqlx::query(count).execute(connection).await.map(drop)
                })
            })
            .unwrap();
        go.send(()).unwrap();
        output.flush(Duration::from_mins(1)).unwrap();
        let before = store.run("r").unwrap().unwrap().status.unwrap();
        assert!(
            usize::try_from(before).unwrap() <= super::PART,
            "{before} lines were written before it"
        );
        assert_eq!(numbers(&store), kept(200_000));
    }

    #[test]
    fn lines_that_could_not_be_written_are_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let output = OutputBuffer::of(&store, "r");
        let (go, gone) = mpsc::channel::<()>();
        store
            .post(move |_| {
                Box::pin(async move { gone.recv().map_err(|_| sqlx::Error::RowNotFound) })
            })
            .unwrap();
        // It goes into the transaction of a request that fails.
        store
            .post(|_| Box::pin(async { Err(sqlx::Error::RowNotFound) }))
            .unwrap();
        for text in ["one", "two"] {
            output.add(line(text));
        }
        go.send(()).unwrap();
        // Whatever came of that, the lines are there in the end.
        let _ = store.flush(Duration::from_mins(1));
        output.add(line("three"));
        output.flush(Duration::from_mins(1)).unwrap();
        assert_eq!(numbers(&store), [1, 2, 3]);
    }
}
