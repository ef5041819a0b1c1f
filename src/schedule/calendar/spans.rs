//! Spans of time, in order.

use jiff::Timestamp;

/// Spans that neither overlap nor touch, in order; the end of each is outside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spans(Vec<(Timestamp, Timestamp)>);

impl FromIterator<(Timestamp, Timestamp)> for Spans {
    fn from_iter<I: IntoIterator<Item = (Timestamp, Timestamp)>>(spans: I) -> Self {
        let mut spans: Vec<_> = spans.into_iter().filter(|(from, to)| from < to).collect();
        spans.sort_unstable();
        let mut joined: Vec<(Timestamp, Timestamp)> = Vec::with_capacity(spans.len());
        for (from, to) in spans {
            match joined.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => joined.push((from, to)),
            }
        }
        Self(joined)
    }
}

impl Spans {
    /// The end of the span that the moment is in.
    pub(super) fn end_of(&self, at: Timestamp) -> Option<Timestamp> {
        let after = self.0.partition_point(|(from, _)| *from <= at);
        let (_, end) = self.0.get(after.checked_sub(1)?)?;
        (at < *end).then_some(*end)
    }

    /// The beginning of the first span after the moment.
    pub(super) fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        let after = self.0.partition_point(|(from, _)| *from <= at);
        self.0.get(after).map(|(from, _)| *from)
    }
}
