//! Resources in the order of their creation, found by their ids.

use serde::de::Error as _;
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashMap;

/// What has an id that never changes.
pub(crate) trait Keyed {
    /// The id.
    fn key(&self) -> &str;
}

/// How many places are counted together.
const BLOCK: usize = 256;

/// Resources of one kind. Finding, adding and removing one, and starting at the n-th, take no walk over the others; in a seed file
/// it is a list.
#[derive(Debug, Clone)]
pub(crate) struct Store<T> {
    /// In the order of creation; what is removed leaves its place empty until half of them are.
    items: Vec<Option<T>>,
    /// How many places of each block are taken.
    taken: Vec<usize>,
    places: HashMap<String, usize>,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self { items: Vec::new(), taken: Vec::new(), places: HashMap::new() }
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

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.items[*self.places.get(id)?].as_mut()
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
        self.items.push(Some(item));
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let place = self.places.remove(id)?;
        let item = self.items[place].take();
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
        *self = std::mem::take(&mut self.items).into_iter().flatten().collect();
    }

    /// In the order of their creation, from either end.
    pub(crate) fn iter(&self) -> Iter<'_, T> {
        Iter { store: self, next: 0, end: self.items.len(), left: self.len() }
    }

    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.items.iter_mut().flatten()
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
        let mut store = Self::default();
        for item in Vec::<T>::deserialize(deserializer)? {
            if store.contains(item.key()) {
                return Err(D::Error::custom(format!("the id {:?} stands here twice", item.key())));
            }
            store.insert(item);
        }
        Ok(store)
    }
}

#[cfg(test)]
mod tests {
    use super::{Keyed, Store};
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Thing {
        id: String,
    }

    impl Keyed for Thing {
        fn key(&self) -> &str {
            &self.id
        }
    }

    fn store(ids: &str) -> Store<Thing> {
        ids.chars().map(|id| Thing { id: id.to_string() }).collect()
    }

    fn ids(store: &Store<Thing>) -> String {
        store.iter().map(|thing| thing.id.as_str()).collect()
    }

    #[test]
    fn the_order_of_creation_outlives_removals() {
        let mut store = store("dbac");
        assert_eq!(store.remove("a").map(|thing| thing.id).as_deref(), Some("a"));
        assert!(store.remove("a").is_none() && !store.contains("a") && store.contains("c"));
        store.insert(Thing { id: "a".into() });
        store.retain(|thing| thing.id != "b");
        assert_eq!((ids(&store).as_str(), store.len()), ("dca", 3));
        assert!(store.get("b").is_none() && store.get_mut("c").is_some());
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
                    store.insert(Thing { id });
                } else {
                    store.remove(&id);
                }
            }
            let shown = |thing: &Thing| thing.id.clone();
            prop_assert_eq!(store.len(), list.len());
            prop_assert_eq!(store.iter().map(shown).collect::<Vec<_>>(), list.clone());
            prop_assert_eq!(store.iter().rev().map(shown).collect::<Vec<_>>(), list.iter().rev().cloned().collect::<Vec<_>>());
            let mut rest = store.iter().skip(skip);
            prop_assert_eq!(rest.next().map(shown), list.get(skip).cloned());
            prop_assert_eq!(rest.map(shown).collect::<Vec<_>>(), list.iter().skip(skip + 1).cloned().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_file_has_a_list_in_which_no_id_stands_twice() {
        let text = serde_json::to_string(&store("ba")).unwrap();
        assert_eq!(text, r#"[{"id":"b"},{"id":"a"}]"#);
        assert_eq!(ids(&serde_json::from_str(&text).unwrap()), "ba");
        let twice = serde_json::from_str::<Store<Thing>>(r#"[{"id":"a"},{"id":"a"}]"#);
        assert!(twice.err().unwrap().to_string().contains(r#"the id "a" stands here twice"#));
    }
}
