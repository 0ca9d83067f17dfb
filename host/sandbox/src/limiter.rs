//! Counts what a guest's instance holds and stops it at its limits: memory and table elements summed over the whole store.
//! Knows only numbers.

use wasmtime::ResourceLimiter;

use crate::limits::Limits;

/// A bound that was run into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) limit: &'static str,
    pub(crate) allowed: u64,
    pub(crate) unit: &'static str,
}

/// The error that carries a [`Hit`] through the engine. What is said to people is made from the hit.
#[derive(Debug, thiserror::Error)]
#[error("limit {} reached", .0.limit)]
pub(crate) struct LimitHit(pub(crate) Hit);

pub(crate) struct Limiter {
    memory_bytes_max: u64,
    table_elements_max: u64,
    instances_max: usize,
    memory_bytes: u64,
    memory_bytes_peak: u64,
    table_elements: u64,
    hit: Option<Hit>,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes_max: limits.memory_bytes_max,
            table_elements_max: limits.table_elements_max,
            instances_max: usize::try_from(limits.instances_max).unwrap_or(usize::MAX),
            memory_bytes: 0,
            memory_bytes_peak: 0,
            table_elements: 0,
            hit: None,
        }
    }

    pub(crate) fn memory_bytes_peak(&self) -> u64 {
        self.memory_bytes_peak
    }

    /// The bound that was run into, if any.
    pub(crate) fn hit(&self) -> Option<Hit> {
        self.hit
    }

    fn refuse(&mut self, limit: &'static str, allowed: u64, unit: &'static str) -> wasmtime::Error {
        let hit = Hit {
            limit,
            allowed,
            unit,
        };
        self.hit = Some(hit);
        wasmtime::Error::from(LimitHit(hit))
    }
}

fn grown(held: u64, current: usize, desired: usize) -> u64 {
    held.saturating_add((desired as u64).saturating_sub(current as u64))
}

/// A guest could go on after a refused growth, and mostly does so only to fail with an unclear message later: it is stopped
/// here, with the limit's name.
impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = grown(self.memory_bytes, current, desired);
        if total > self.memory_bytes_max {
            return Err(self.refuse("memory_bytes_max", self.memory_bytes_max, "bytes of memory"));
        }
        if maximum.is_some_and(|most| desired > most) {
            return Ok(false);
        }
        self.memory_bytes = total;
        self.memory_bytes_peak = self.memory_bytes_peak.max(total);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = grown(self.table_elements, current, desired);
        if total > self.table_elements_max {
            return Err(self.refuse(
                "table_elements_max",
                self.table_elements_max,
                "table elements",
            ));
        }
        if maximum.is_some_and(|most| desired > most) {
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.instances_max
    }

    fn tables(&self) -> usize {
        self.instances_max
    }

    fn memories(&self) -> usize {
        self.instances_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_are_summed() {
        let mut limiter = Limiter::new(&Limits {
            memory_bytes_max: 100,
            ..Limits::default()
        });
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(!limiter.memory_growing(0, 30, Some(20)).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(limiter.memory_growing(60, 61, None).is_err());
        assert_eq!(limiter.memory_bytes_peak(), 100);
        assert_eq!(limiter.hit().map(|hit| hit.limit), Some("memory_bytes_max"));
    }
}
