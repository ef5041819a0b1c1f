//! Resources in the order of their creation, found by their ids.

use crate::cloud::index::{Index, Mark, OwnedMark};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

/// What has an id that never changes.
pub(crate) trait Keyed {
    /// Whether it has marks; then [`Store::change`] alone changes it.
    const IS_MARKED: bool = false;

    /// The id.
    fn key(&self) -> &str;

    /// What it can be looked for by, each mark once or more often.
    fn marks(&self) -> impl Iterator<Item = Mark<'_>> {
        std::iter::empty()
    }
}

/// Lets types be found by their field `id`.
macro_rules! keyed_by_id {
    ($($resource:ty),+ $(,)?) => {
        $(impl $crate::cloud::store::Keyed for $resource {
            fn key(&self) -> &str {
                &self.id
            }
        })+
    };
}

pub(crate) use keyed_by_id;

/// How many places are counted together.
const BLOCK: usize = 256;

/// Resources of one kind. Finding, adding and removing one, and starting at the n-th, take no walk
/// over the others; in a seed file it is a list.
#[derive(Debug, Clone)]
pub(crate) struct Store<T> {
    /// In the order of creation; what is removed leaves its place empty until half of them are.
    items: Vec<Option<T>>,
    /// How many places of each block are taken.
    taken: Vec<usize>,
    places: HashMap<String, usize>,
    /// Follows from the marks of the items.
    index: Index,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            taken: Vec::new(),
            places: HashMap::new(),
            index: Index::default(),
        }
    }
}

impl<T: Keyed> Store<T> {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.items[*self.places.get(id)?].as_ref()
    }

    /// For what has no marks: the index would not notice that one changes.
    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        const { assert!(!T::IS_MARKED, "what has marks is changed with `change`") };
        self.items[*self.places.get(id)?].as_mut()
    }

    /// Changes a resource that is there; what `change` gives.
    pub(crate) fn change<R>(&mut self, id: &str, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let place = *self.places.get(id)?;
        let item = self.items[place].as_mut()?;
        let before: Vec<OwnedMark> = item.marks().map(OwnedMark::from).collect();
        let result = change(item);
        if !item.marks().eq(before.iter().map(OwnedMark::as_mark)) {
            let mut index = Marked::at(&mut self.index, place);
            for mark in &before {
                index.take(mark.as_mark());
            }
            item.marks().for_each(|mark| index.add(mark));
        }
        Some(result)
    }

    /// Those that have, of each of some lists, any mark.
    pub(crate) fn marked(&self, lists: &[Vec<Mark<'_>>]) -> Found<'_, T> {
        Found {
            store: self,
            places: self.index.places(lists),
        }
    }

    /// The index as it must be.
    #[cfg(test)]
    pub(crate) fn is_indexed_right(&self) -> bool {
        let mut index = Index::default();
        for (place, item) in self.items.iter().enumerate() {
            let mut index = Marked::at(&mut index, place);
            item.iter()
                .flat_map(Keyed::marks)
                .for_each(|mark| index.add(mark));
        }
        index == self.index
    }

    /// Adds a resource at the end; one of the same id gives way.
    pub(crate) fn insert(&mut self, item: T) {
        self.remove(item.key());
        let place = self.items.len();
        if place.is_multiple_of(BLOCK) {
            self.taken.push(0);
        }
        self.taken[place / BLOCK] += 1;
        self.places.insert(item.key().to_owned(), place);
        let mut index = Marked::at(&mut self.index, place);
        item.marks().for_each(|mark| index.add(mark));
        self.items.push(Some(item));
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let place = self.places.remove(id)?;
        let item = self.items[place].take();
        let mut index = Marked::at(&mut self.index, place);
        item.iter()
            .flat_map(Keyed::marks)
            .for_each(|mark| index.take(mark));
        self.taken[place / BLOCK] -= 1;
        if self.items.len() > BLOCK && self.places.len() < self.items.len() / 2 {
            self.close_up();
        }
        item
    }

    /// Takes away what `keep` does not want.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        for item in &mut self.items {
            *item = item.take().filter(|item| keep(item));
        }
        self.close_up();
    }

    /// Leaves no place empty.
    fn close_up(&mut self) {
        *self = std::mem::take(&mut self.items)
            .into_iter()
            .flatten()
            .collect();
    }

    /// In the order of their creation, from either end.
    pub(crate) fn iter(&self) -> Iter<'_, T> {
        Iter {
            store: self,
            next: 0,
            end: self.items.len(),
            left: self.len(),
        }
    }

    /// For what has no marks, as [`Self::get_mut`].
    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        const { assert!(!T::IS_MARKED, "what has marks is changed with `change`") };
        self.items.iter_mut().flatten()
    }
}

/// The index at one place.
struct Marked<'a> {
    index: &'a mut Index,
    place: u32,
}

impl<'a> Marked<'a> {
    fn at(index: &'a mut Index, place: usize) -> Self {
        Self {
            index,
            place: u32::try_from(place).unwrap_or(u32::MAX),
        }
    }

    fn add(&mut self, mark: Mark<'_>) {
        self.index.add(mark, self.place);
    }

    fn take(&mut self, mark: Mark<'_>) {
        self.index.take(mark, self.place);
    }
}

/// Resources that share marks.
#[derive(Debug)]
pub(crate) struct Found<'a, T> {
    store: &'a Store<T>,
    places: Cow<'a, [u32]>,
}

impl<'a, T> Found<'a, T> {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether a resource is among them.
    pub(crate) fn contains(&self, id: &str) -> bool {
        let place = self
            .store
            .places
            .get(id)
            .and_then(|place| u32::try_from(*place).ok());
        place.is_some_and(|place| self.places.binary_search(&place).is_ok())
    }

    /// In the order of their creation, without the first ones.
    pub(crate) fn skipping(&self, number: usize) -> impl Iterator<Item = &'a T> {
        let (store, places) = (self.store, self.places.get(number..).unwrap_or_default());
        places
            .iter()
            .filter_map(|place| store.items[*place as usize].as_ref())
    }
}

/// Walks over resources; to skip many of them is cheap.
#[derive(Debug)]
pub(crate) struct Iter<'a, T> {
    store: &'a Store<T>,
    next: usize,
    end: usize,
    left: usize,
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        while self.next < self.end {
            let item = self.store.items[self.next].as_ref();
            self.next += 1;
            if item.is_some() {
                self.left -= 1;
                return item;
            }
        }
        None
    }

    fn nth(&mut self, mut number: usize) -> Option<&'a T> {
        if number >= self.left {
            (self.next, self.left) = (self.end, 0);
            return None;
        }
        while number > 0 {
            let taken = self.store.taken[self.next / BLOCK];
            // Whole blocks are counted, the rest is walked.
            if self.next.is_multiple_of(BLOCK) && number >= taken && self.next + BLOCK <= self.end {
                self.next += BLOCK;
                self.left -= taken;
                number -= taken;
            } else {
                self.next()?;
                number -= 1;
            }
        }
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> DoubleEndedIterator for Iter<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        while self.next < self.end {
            self.end -= 1;
            let item = self.store.items[self.end].as_ref();
            if item.is_some() {
                self.left -= 1;
                return item;
            }
        }
        None
    }
}

impl<T> ExactSizeIterator for Iter<'_, T> {}

impl<T: Keyed> FromIterator<T> for Store<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut store = Self::default();
        for item in items {
            store.insert(item);
        }
        store
    }
}

impl<T: Serialize> Serialize for Store<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.places.len()))?;
        for item in self.items.iter().flatten() {
            list.serialize_element(item)?;
        }
        list.end()
    }
}

impl<'de, T: Keyed + Deserialize<'de>> Deserialize<'de> for Store<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// Reads a list one by one: a whole one beside the store would take as much memory again.
struct List<T>(PhantomData<T>);

impl<'de, T: Keyed + Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Store<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Store<T>, A::Error> {
        let mut store = Store::default();
        while let Some(item) = list.next_element::<T>()? {
            if store.contains(item.key()) {
                return Err(A::Error::custom(format!(
                    "the id {:?} stands here twice",
                    item.key()
                )));
            }
            store.insert(item);
        }
        Ok(store)
    }
}

#[cfg(test)]
mod tests {
    use super::{Keyed, Mark, Store};
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Thing {
        id: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tags: Vec<u64>,
    }

    impl Thing {
        fn new(id: impl Into<String>) -> Self {
            Self {
                id: id.into(),
                tags: Vec::new(),
            }
        }
    }

    impl Keyed for Thing {
        const IS_MARKED: bool = true;

        fn key(&self) -> &str {
            &self.id
        }

        fn marks(&self) -> impl Iterator<Item = Mark<'_>> {
            let kinds = self
                .tags
                .iter()
                .flat_map(|tag| [Mark::Number(*tag), Mark::Rare(*tag)]);
            kinds.chain([Mark::Text(&self.id[..1])])
        }
    }

    fn store(ids: &str) -> Store<Thing> {
        ids.chars().map(Thing::new).collect()
    }

    fn ids(store: &Store<Thing>) -> String {
        store.iter().map(|thing| thing.id.as_str()).collect()
    }

    #[test]
    fn the_order_of_creation_outlives_removals() {
        let mut store = store("dbac");
        assert_eq!(
            store.remove("a").map(|thing| thing.id).as_deref(),
            Some("a")
        );
        assert!(store.remove("a").is_none() && !store.contains("a") && store.contains("c"));
        store.insert(Thing::new("a"));
        store.retain(|thing| thing.id != "b");
        assert_eq!((ids(&store).as_str(), store.len()), ("dca", 3));
        assert!(store.get("b").is_none() && store.change("c", |_| ()).is_some());
    }

    proptest! {
        #[test]
        fn what_shares_marks_is_found_whatever_has_been_done(
            steps in prop::collection::vec((0u8..4, 0u32..900, 0u64..4), 0..1500),
            text in 1u32..10,
            tags in prop::collection::vec(0u64..4, 0..3),
            skip in 0usize..50,
        ) {
            let mut store = Store::default();
            for (step, number, tag) in steps {
                let id = number.to_string();
                match step {
                    0 => drop(store.remove(&id)),
                    1 => drop(store.change(&id, |thing: &mut Thing| thing.tags.push(tag))),
                    2 => drop(store.change(&id, |thing| thing.tags.retain(|own| *own != tag))),
                    _ => store.insert(Thing { id, tags: vec![tag] }),
                }
            }
            prop_assert!(store.is_indexed_right());
            let text = text.to_string();
            for kind in [Mark::Number, Mark::Rare] {
                let lists = [vec![Mark::Text(&text)], tags.iter().map(|tag| kind(*tag)).collect()];
                let found = store.marked(&lists);
                let fits = |thing: &&Thing| thing.id.starts_with(&text) && thing.tags.iter().any(|tag| tags.contains(tag));
                let expected: Vec<_> = store.iter().filter(fits).map(|thing| thing.id.clone()).collect();
                prop_assert_eq!(found.len(), expected.len());
                let rest: Vec<_> = found.skipping(skip).map(|thing| thing.id.clone()).collect();
                prop_assert_eq!(rest.as_slice(), expected.get(skip..).unwrap_or_default());
                prop_assert!(store.iter().all(|thing| found.contains(&thing.id) == expected.contains(&thing.id)));
            }
        }
    }

    proptest! {
        #[test]
        fn it_behaves_like_a_list(steps in prop::collection::vec((any::<bool>(), 0u32..900), 0..2000), skip in 0usize..1000) {
            let (mut store, mut list) = (Store::default(), Vec::<String>::new());
            for (adds, number) in steps {
                let id = number.to_string();
                list.retain(|known| *known != id);
                if adds {
                    list.push(id.clone());
                    store.insert(Thing::new(id));
                } else {
                    store.remove(&id);
                }
            }
            let id_of = |thing: &Thing| thing.id.clone();
            prop_assert_eq!(store.len(), list.len());
            prop_assert_eq!(store.iter().map(id_of).collect::<Vec<_>>(), list.clone());
            prop_assert_eq!(store.iter().rev().map(id_of).collect::<Vec<_>>(), list.iter().rev().cloned().collect::<Vec<_>>());
            let mut rest = store.iter().skip(skip);
            prop_assert_eq!(rest.next().map(id_of), list.get(skip).cloned());
            prop_assert_eq!(rest.map(id_of).collect::<Vec<_>>(), list.iter().skip(skip + 1).cloned().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_file_has_a_list_in_which_no_id_stands_twice() {
        let text = serde_json::to_string(&store("ba")).unwrap();
        assert_eq!(text, r#"[{"id":"b"},{"id":"a"}]"#);
        assert_eq!(ids(&serde_json::from_str(&text).unwrap()), "ba");
        let twice = serde_json::from_str::<Store<Thing>>(r#"[{"id":"a"},{"id":"a"}]"#);
        assert!(
            twice
                .err()
                .unwrap()
                .to_string()
                .contains(r#"the id "a" stands here twice"#)
        );
    }
}
