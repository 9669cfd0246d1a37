//! How often each of some things was counted: a set that things can leave again.

use std::borrow::Borrow;
use std::collections::BTreeMap;

/// Counted things, in their order.
#[derive(Debug, Clone)]
pub struct Tally<T>(BTreeMap<T, usize>);

impl<T> Default for Tally<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord> Tally<T> {
    /// Counts one more.
    pub fn add(&mut self, thing: T) {
        *self.0.entry(thing).or_default() += 1;
    }

    /// Counts one less; the last one takes the thing away.
    pub fn remove(&mut self, thing: &T) {
        if let Some(count) = self.0.get_mut(thing) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(thing);
            }
        }
    }

    /// Whether the thing is among them.
    pub fn contains<Q: Ord + ?Sized>(&self, thing: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.0.contains_key(thing)
    }

    /// How many different things there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The things, each once.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.keys()
    }

    /// The things, each with its count.
    pub fn counts(&self) -> impl Iterator<Item = (&T, usize)> {
        self.0.iter().map(|(thing, count)| (thing, *count))
    }

    /// The thing, if there is only one.
    pub fn only(&self) -> Option<&T> {
        match self.0.len() {
            1 => self.0.keys().next(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn what_was_counted_twice_must_leave_twice() {
        let mut tally = Tally::default();
        tally.add("n1");
        tally.add("n1");
        tally.remove(&"n1");
        assert_eq!((tally.len(), tally.only()), (1, Some(&"n1")));
        tally.remove(&"n1");
        tally.remove(&"n1");
        assert!(tally.is_empty());
    }
}
