//! What resources of a store have in common, so that a page of those that share something is found
//! without a walk over all.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

/// Something that a resource can be looked for by, beside its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark<'a> {
    /// A text that many share, as the id of what they are in.
    Text(&'a str),
    /// A number that many share, as that of a tag.
    Number(u64),
    /// A number that few share, as an address.
    Rare(u64),
}

/// A mark that outlives the resource that has it.
#[derive(Debug)]
pub(crate) enum OwnedMark {
    Text(Box<str>),
    Number(u64),
    Rare(u64),
}

impl From<Mark<'_>> for OwnedMark {
    fn from(mark: Mark<'_>) -> Self {
        match mark {
            Mark::Text(text) => Self::Text(text.into()),
            Mark::Number(number) => Self::Number(number),
            Mark::Rare(number) => Self::Rare(number),
        }
    }
}

impl OwnedMark {
    pub(crate) fn as_mark(&self) -> Mark<'_> {
        match self {
            Self::Text(text) => Mark::Text(text),
            Self::Number(number) => Mark::Number(*number),
            Self::Rare(number) => Mark::Rare(*number),
        }
    }
}

/// The places of a store by the marks of what stands there, in the order of the places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Index {
    texts: HashMap<Box<str>, Vec<u32>>,
    numbers: HashMap<u64, Vec<u32>>,
    /// In one set, because a list for each number would take ten times the memory.
    rare: BTreeSet<(u64, u32)>,
}

impl Index {
    pub(crate) fn add(&mut self, mark: Mark<'_>, place: u32) {
        match mark {
            Mark::Text(text) => match self.texts.get_mut(text) {
                Some(places) => put(places, place),
                None => put(self.texts.entry(text.into()).or_default(), place),
            },
            Mark::Number(number) => put(self.numbers.entry(number).or_default(), place),
            Mark::Rare(number) => {
                self.rare.insert((number, place));
            }
        }
    }

    pub(crate) fn take(&mut self, mark: Mark<'_>, place: u32) {
        match mark {
            Mark::Text(text) => {
                if self
                    .texts
                    .get_mut(text)
                    .is_some_and(|places| is_last(places, place))
                {
                    self.texts.remove(text);
                }
            }
            Mark::Number(number) => {
                if self
                    .numbers
                    .get_mut(&number)
                    .is_some_and(|places| is_last(places, place))
                {
                    self.numbers.remove(&number);
                }
            }
            Mark::Rare(number) => {
                self.rare.remove(&(number, place));
            }
        }
    }

    /// The places that have, of each of some lists, any mark; each once, in their order.
    pub(crate) fn places(&self, lists: &[Vec<Mark<'_>>]) -> Cow<'_, [u32]> {
        let mut lists = lists.iter().map(|list| self.with_any(list));
        let first = lists.next().unwrap_or_default();
        lists.fold(first, |found, other| Cow::Owned(in_both(&found, &other)))
    }

    #[expect(
        clippy::stable_sort_primitive,
        reason = "a stable sort merges the runs that stand in order already"
    )]
    fn with_any(&self, list: &[Mark<'_>]) -> Cow<'_, [u32]> {
        match list {
            [one] => self.with(*one),
            several => {
                let mut places = Vec::new();
                for mark in several {
                    places.extend_from_slice(&self.with(*mark));
                }
                places.sort();
                places.dedup();
                Cow::Owned(places)
            }
        }
    }

    fn with(&self, mark: Mark<'_>) -> Cow<'_, [u32]> {
        match mark {
            Mark::Text(text) => Cow::Borrowed(self.texts.get(text).map_or(&[], Vec::as_slice)),
            Mark::Number(number) => {
                Cow::Borrowed(self.numbers.get(&number).map_or(&[], Vec::as_slice))
            }
            Mark::Rare(number) => self
                .rare
                .range((number, 0)..=(number, u32::MAX))
                .map(|(_, place)| *place)
                .collect(),
        }
    }
}

/// What two ordered lists have in common.
fn in_both(one: &[u32], other: &[u32]) -> Vec<u32> {
    let (short, mut long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let mut both = Vec::new();
    for place in short {
        long = &long[long.partition_point(|known| known < place)..];
        both.extend(long.first().filter(|known| *known == place));
    }
    both
}

/// Adds a place. New resources come at the end, so this is a push but for marks that come later.
fn put(places: &mut Vec<u32>, place: u32) {
    if let Err(at) = places.binary_search(&place) {
        places.insert(at, place);
    }
}

/// Takes a place away; whether none is left.
fn is_last(places: &mut Vec<u32>, place: u32) -> bool {
    if let Ok(at) = places.binary_search(&place) {
        places.remove(at);
    }
    places.is_empty()
}
