//! Keys in document order. Most mappings are small, so that looking along them beats hashing.

use std::collections::HashMap;

use super::{Node, Span};

/// Mappings with more keys than this are indexed.
const SMALL: usize = 12;

/// A mapping: unique keys in document order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mapping {
    entries: Vec<(String, Entry)>,
    /// By key, once there are many.
    index: Option<HashMap<String, usize>>,
}

/// One key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub key_span: Span,
    pub node: Node,
}

impl Mapping {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.position(key).map(|at| &self.entries[at].1)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.position(key).map(|at| &mut self.entries[at].1)
    }

    /// Adds a key, or replaces what it stands for.
    pub fn insert(&mut self, key: String, entry: Entry) {
        match self.position(&key) {
            Some(at) => self.entries[at].1 = entry,
            None => self.add(key, entry),
        }
    }

    /// Adds a key that is known to be new.
    pub fn add(&mut self, key: String, entry: Entry) {
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), self.entries.len());
        } else if self.entries.len() == SMALL {
            let known = self.entries.iter().enumerate().map(|(at, (key, _))| (key.clone(), at));
            self.index = Some(known.chain([(key.clone(), SMALL)]).collect());
        }
        self.entries.push((key, entry));
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&String, &Entry)> {
        self.entries.iter().map(|(key, entry)| (key, entry))
    }

    pub fn nodes_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        self.entries.iter_mut().map(|(_, entry)| &mut entry.node)
    }

    pub fn keys(&self) -> impl Iterator<Item = &String> {
        self.entries.iter().map(|(key, _)| key)
    }

    pub fn key(&self, at: usize) -> Option<&str> {
        self.entries.get(at).map(|(key, _)| key.as_str())
    }

    /// Takes a key out for good; the node stays.
    pub fn take(&mut self, at: usize) -> Option<(String, &mut Node)> {
        self.entries.get_mut(at).map(|(key, entry)| (std::mem::take(key), &mut entry.node))
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|(known, _)| known == key),
        }
    }
}

impl PartialEq for Mapping {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl FromIterator<(String, Entry)> for Mapping {
    fn from_iter<I: IntoIterator<Item = (String, Entry)>>(entries: I) -> Self {
        let mut mapping = Self::new();
        mapping.extend(entries);
        mapping
    }
}

impl Extend<(String, Entry)> for Mapping {
    fn extend<I: IntoIterator<Item = (String, Entry)>>(&mut self, entries: I) {
        for (key, entry) in entries {
            self.insert(key, entry);
        }
    }
}

impl IntoIterator for Mapping {
    type Item = (String, Entry);
    type IntoIter = std::vec::IntoIter<(String, Entry)>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
