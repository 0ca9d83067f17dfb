//! `wasi:random`. Without `random:real`, the secure source is a stream that the run's seed determines; with it, the system's,
//! recorded. The insecure source and the hash seed always follow the run's seed. A call may have so many bytes and no more.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use serde_json::json;
use sha2::{Digest, Sha256};
use wasmtime_wasi::p2::bindings::random::{insecure, insecure_seed, random};
use writ_grant::{Permit, RealRandom};

use crate::payload::{Payload, to_hex};
use crate::port::HostCall;
use crate::state::State;

/// Part of what is recorded: another value here would change what every re-executed run sees.
const SEED_DOMAIN: &[u8] = b"writ seeded randomness 1";
const SECURE_STREAM: u64 = 1;
const INSECURE_STREAM: u64 = 2;
const HASH_STREAM: u64 = 3;
const RANDOM: &str = "wasi:random/random";

/// The sources of one call. Generators are made when first used: most calls need none.
pub(crate) struct Random {
    seed: u64,
    secure: Option<Box<ChaCha20Rng>>,
    insecure: Option<Box<ChaCha20Rng>>,
    bytes: u64,
}

impl Random {
    /// Bytes that were given, those of callees too.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Counts bytes that a callee got.
    pub(crate) fn charge(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            secure: None,
            insecure: None,
            bytes: 0,
        }
    }

    fn secure(&mut self) -> &mut ChaCha20Rng {
        let seed = self.seed;
        self.secure
            .get_or_insert_with(|| Box::new(generator(seed, SECURE_STREAM)))
    }

    fn insecure(&mut self) -> &mut ChaCha20Rng {
        let seed = self.seed;
        self.insecure
            .get_or_insert_with(|| Box::new(generator(seed, INSECURE_STREAM)))
    }
}

fn generator(seed: u64, stream: u64) -> ChaCha20Rng {
    let mut hash = Sha256::new();
    hash.update(SEED_DOMAIN);
    hash.update(seed.to_le_bytes());
    let mut generator = ChaCha20Rng::from_seed(hash.finalize().into());
    generator.set_stream(stream);
    generator
}

fn filled(generator: &mut ChaCha20Rng, length: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    generator.fill_bytes(&mut bytes);
    bytes
}

impl State {
    fn spend_random(&mut self, length: u64) -> wasmtime::Result<()> {
        let total = self.random.bytes.saturating_add(length);
        if total > self.limits.random_bytes_max {
            return Err(self.stop_at_limit(
                "random_bytes_max",
                self.limits.random_bytes_max,
                "bytes of randomness",
            ));
        }
        self.random.bytes = total;
        Ok(())
    }

    fn secure_bytes(&mut self, length: u64) -> wasmtime::Result<Vec<u8>> {
        self.spend_random(length)?;
        // Asked without a note of refusal: seeded randomness is what a plugin without the capability has.
        let Some(permit) = self.authority.allows(RealRandom) else {
            return Ok(filled(self.random.secure(), length));
        };
        let call = HostCall::new(RANDOM, "get-random-bytes", json!({ "len": length }));
        let mut failed = None;
        let answer = self.recorded(permit, call.clone(), |_, permit| {
            match system_bytes(permit, length) {
                Ok(bytes) => json!({ "hex": to_hex(&bytes) }),
                Err(error) => {
                    failed = Some(error);
                    json!(null)
                }
            }
        })?;
        if let Some(error) = failed {
            return Err(self.stop(crate::Fault::Host {
                message: format!("no randomness: {error}"),
            }));
        }
        match serde_json::from_value::<Payload>(answer.clone()) {
            Ok(bytes) if bytes.as_bytes().len() as u64 == length => Ok(bytes.into_bytes()),
            Ok(_) | Err(_) => Err(self.diverged(
                HostCall {
                    arguments: answer,
                    ..call.clone()
                },
                call,
            )),
        }
    }
}

fn system_bytes(_: &Permit<RealRandom>, length: u64) -> rustix::io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let mut filled = 0;
    while filled < bytes.len() {
        filled +=
            rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(bytes)
}

impl random::Host for State {
    fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.secure_bytes(len)
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        let bytes = self.secure_bytes(8)?;
        Ok(bytes
            .first_chunk()
            .map_or(0, |bytes| u64::from_le_bytes(*bytes)))
    }
}

impl insecure::Host for State {
    fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.spend_random(len)?;
        Ok(filled(self.random.insecure(), len))
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.spend_random(8)?;
        Ok(self.random.insecure().next_u64())
    }
}

impl insecure_seed::Host for State {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        let mut generator = generator(self.random.seed, HASH_STREAM);
        Ok((generator.next_u64(), generator.next_u64()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeded_streams_never_change() {
        let first = |stream| to_hex(&filled(&mut generator(7, stream), 4));
        assert_eq!(
            (first(SECURE_STREAM), first(INSECURE_STREAM)),
            ("a9b1e729".into(), "dc2f831b".into())
        );
    }
}
