//! A run's timeline: its calls, waits and output in the order in which they happened.

use super::calls::CallRow;
use super::error::StoreError;
use super::output::OutputRow;
use super::store::Store;
use super::waits::WaitRow;
use jiff::Timestamp;

/// Something that happened in a run.
#[derive(Debug, Clone)]
pub enum Moment {
    /// A call, or several in a row of one Action that only reads, as polls are.
    Calls {
        /// The first.
        first: Box<CallRow>,
        /// How many.
        count: u64,
        /// The last; the first where there is one.
        last: Box<CallRow>,
    },
    /// A wait begins.
    WaitBegan(WaitRow),
    /// A wait has ended.
    WaitEnded(WaitRow),
    /// A line of output.
    Line(OutputRow),
}

/// Rows that are read at once.
const PAGE: u32 = 10_000;

impl Store {
    /// A run's timeline.
    pub fn timeline(&self, run: &str) -> Result<Vec<(Timestamp, Moment)>, StoreError> {
        let mut moments = Vec::new();
        let calls = pages(|after| self.calls(run, after, PAGE), |call| call.number)?;
        for call in calls {
            match moments.last_mut() {
                Some((_, Moment::Calls { first, count, last }))
                    if is_repetition(last, &call) && first.action == call.action =>
                {
                    *count += 1;
                    **last = call;
                }
                _ => moments.push((
                    call.at,
                    Moment::Calls {
                        first: Box::new(call.clone()),
                        count: 1,
                        last: Box::new(call),
                    },
                )),
            }
        }
        for wait in self.waits(run)? {
            if let Some(ended) = wait.ended {
                moments.push((ended, Moment::WaitEnded(wait.clone())));
            }
            moments.push((wait.start.started, Moment::WaitBegan(wait)));
        }
        let lines = pages(|after| self.output(run, after, PAGE), |line| line.number)?;
        moments.extend(lines.into_iter().map(|line| (line.at, Moment::Line(line))));
        moments.sort_by_key(|(at, moment)| (*at, rank(moment)));
        Ok(moments)
    }
}

/// What happens in one millisecond stands in the order in which one leads to the other: a call
/// takes longer, so that a line of the moment in which it begins was written before.
fn rank(moment: &Moment) -> u8 {
    match moment {
        Moment::WaitEnded(_) => 0,
        Moment::Line(_) => 1,
        Moment::WaitBegan(_) => 2,
        Moment::Calls { .. } => 3,
    }
}

fn is_repetition(before: &CallRow, call: &CallRow) -> bool {
    call.read_only && before.read_only && before.action == call.action && before.error == call.error
}

/// All pages of something that is read from a number on.
pub(super) fn pages<T>(
    read: impl Fn(u64) -> Result<Vec<T>, StoreError>,
    number: impl Fn(&T) -> u64,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let page = read(after)?;
        let Some(last) = page.last() else {
            return Ok(all);
        };
        after = number(last);
        all.extend(page);
    }
}
