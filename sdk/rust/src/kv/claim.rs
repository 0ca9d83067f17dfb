//! Claims: of several callers that want a key at the same time, exactly one gets it.
//!
//! The standard has no compare-and-swap in this version, only an atomic counter. A counter decides who was first, but by
//! itself it does not tell the others who that was: the winner writes its name afterwards. Between the two a third
//! state is visible, [`Claim::Undecided`], and a caller that meets it tries again later. It never guesses.

/// What came of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The key holds this very value: won now, or by an earlier claim with the same value.
    Ours,
    /// Another value holds the key.
    Theirs(Vec<u8>),
    /// Another caller has won and not yet said with what. Try again later. When it stays so, that caller was stopped
    /// between its two steps, and a person has to remove the key's counter.
    Undecided,
}

/// The three steps a claim is made of; [`super::Bucket`] in a plugin, a plain map in tests.
pub(super) trait Cells {
    type Error;
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Self::Error>;
    fn set(&self, key: &str, value: &[u8]) -> Result<(), Self::Error>;
    fn increment(&self, key: &str) -> Result<u64, Self::Error>;
}

pub(super) fn claim<C: Cells>(cells: &C, key: &str, value: &[u8]) -> Result<Claim, C::Error> {
    // Looking first keeps the counter still once the holder is known.
    if let Some(holder) = cells.get(key)? {
        return Ok(compare(holder, value));
    }
    if cells.increment(&format!("{key}#claims"))? == 1 {
        cells.set(key, value)?;
        return Ok(Claim::Ours);
    }
    Ok(cells
        .get(key)?
        .map_or(Claim::Undecided, |holder| compare(holder, value)))
}

fn compare(holder: Vec<u8>, value: &[u8]) -> Claim {
    if holder == value {
        Claim::Ours
    } else {
        Claim::Theirs(holder)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::HashMap,
        sync::{Barrier, Mutex},
        thread,
    };

    use super::*;

    #[derive(Default)]
    struct Map {
        values: Mutex<HashMap<String, Vec<u8>>>,
        counters: Mutex<HashMap<String, u64>>,
        /// Fails every `set`, as if the caller were stopped there.
        broken: bool,
    }

    impl Cells for Map {
        type Error = &'static str;

        fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Self::Error> {
            Ok(self.values.lock().unwrap().get(key).cloned())
        }

        fn set(&self, key: &str, value: &[u8]) -> Result<(), Self::Error> {
            if self.broken {
                return Err("stopped");
            }
            self.values
                .lock()
                .unwrap()
                .insert(key.to_owned(), value.to_vec());
            Ok(())
        }

        fn increment(&self, key: &str) -> Result<u64, Self::Error> {
            let mut counters = self.counters.lock().unwrap();
            let count = counters.entry(key.to_owned()).or_default();
            *count += 1;
            Ok(*count)
        }
    }

    #[test]
    fn the_first_value_holds_the_key_for_good() {
        let map = Map::default();
        assert_eq!(claim(&map, "k", b"a"), Ok(Claim::Ours));
        assert_eq!(claim(&map, "k", b"b"), Ok(Claim::Theirs(b"a".to_vec())));
        assert_eq!(claim(&map, "k", b"a"), Ok(Claim::Ours));
        assert_eq!(claim(&map, "other", b"b"), Ok(Claim::Ours));
    }

    #[test]
    fn a_winner_that_was_stopped_leaves_the_claim_undecided_for_all() {
        let mut map = Map {
            broken: true,
            ..Map::default()
        };
        assert_eq!(claim(&map, "k", b"a"), Err("stopped"));
        map.broken = false;
        assert_eq!(claim(&map, "k", b"a"), Ok(Claim::Undecided));
        assert_eq!(claim(&map, "k", b"b"), Ok(Claim::Undecided));
    }

    #[test]
    fn of_many_at_once_exactly_one_wins() {
        for _ in 0..200 {
            let map = Map::default();
            let start = Barrier::new(8);
            let won: usize = thread::scope(|scope| {
                let claims: Vec<_> = (0..8u8)
                    .map(|id| {
                        let (map, start) = (&map, &start);
                        scope.spawn(move || {
                            start.wait();
                            claim(map, "k", &[id]).unwrap() == Claim::Ours
                        })
                    })
                    .collect();
                claims
                    .into_iter()
                    .map(|thread| usize::from(thread.join().unwrap()))
                    .sum()
            });
            assert_eq!(won, 1);
        }
    }
}
