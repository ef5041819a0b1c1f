//! Resources in the order of their creation, found by their ids.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, HashMap};

/// What has an id that never changes.
pub(crate) trait Keyed {
    /// The id.
    fn key(&self) -> &str;
}

/// Resources of one kind. Finding, adding and removing one takes the same time however many there are; in a seed file it is a
/// list.
#[derive(Debug, Clone)]
pub(crate) struct Store<T> {
    items: BTreeMap<u64, T>,
    places: HashMap<String, u64>,
    next: u64,
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self { items: BTreeMap::new(), places: HashMap::new(), next: 0 }
    }
}

impl<T: Keyed> Store<T> {
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.items.get(self.places.get(id)?)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.items.get_mut(self.places.get(id)?)
    }

    /// Adds a resource at the end; one of the same id gives way.
    pub(crate) fn insert(&mut self, item: T) {
        if let Some(old) = self.places.insert(item.key().to_owned(), self.next) {
            self.items.remove(&old);
        }
        self.items.insert(self.next, item);
        self.next += 1;
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<T> {
        let place = self.places.remove(id)?;
        self.items.remove(&place)
    }

    /// In the order of their creation, from either end.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator + Clone {
        self.items.values()
    }

    pub(crate) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.items.values_mut()
    }

    /// Takes away what `keep` does not want.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let places = &mut self.places;
        self.items.retain(|_, item| {
            let stays = keep(item);
            if !stays {
                places.remove(item.key());
            }
            stays
        });
    }
}

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
        serializer.collect_seq(self.items.values())
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

    #[test]
    fn a_file_has_a_list_in_which_no_id_stands_twice() {
        let text = serde_json::to_string(&store("ba")).unwrap();
        assert_eq!(text, r#"[{"id":"b"},{"id":"a"}]"#);
        assert_eq!(ids(&serde_json::from_str(&text).unwrap()), "ba");
        let twice = serde_json::from_str::<Store<Thing>>(r#"[{"id":"a"},{"id":"a"}]"#);
        assert!(twice.err().unwrap().to_string().contains(r#"the id "a" stands here twice"#));
    }
}
