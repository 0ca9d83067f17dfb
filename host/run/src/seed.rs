//! Randomness of a run: drawn from its seed, so the same at every execution.

use sha2::{Digest, Sha256};

use crate::TaskId;

/// A number for one purpose of one attempt of one activation.
pub(crate) fn derive(run_seed: u64, task: TaskId, attempt: u32, purpose: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(run_seed.to_le_bytes());
    hash.update(task.0.to_le_bytes());
    hash.update(attempt.to_le_bytes());
    hash.update(purpose.as_bytes());
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_le_bytes(first)
}

/// A number between two others, both included; the order of the two does not matter.
pub(crate) fn between(random: u64, one: u64, other: u64) -> u64 {
    let (low, high) = (one.min(other), one.max(other));
    match (high - low).checked_add(1) {
        Some(width) => low + random % width,
        None => random,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_name_changes_the_number() {
        let number = derive(1, TaskId(2), 3, "call");
        assert_eq!(number, derive(1, TaskId(2), 3, "call"));
        assert_ne!(number, derive(0, TaskId(2), 3, "call"));
        assert_ne!(number, derive(1, TaskId(0), 3, "call"));
        assert_ne!(number, derive(1, TaskId(2), 0, "call"));
        assert_ne!(number, derive(1, TaskId(2), 3, "jitter"));
    }

    #[test]
    fn a_number_between_stays_between() {
        for random in [0, 1, 7, u64::MAX] {
            assert!((5..=9).contains(&between(random, 9, 5)));
            assert_eq!(between(random, 4, 4), 4);
            assert_eq!(between(random, 0, u64::MAX), random);
        }
    }
}
