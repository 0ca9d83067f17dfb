//! One target over seeds and mutations: bounded in time and memory, and every failure kept as a file. Knows no target by name.

use std::{
    env, fs,
    fs::File,
    os::unix::fs::FileExt,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use writ_fuzz::{Mutator, Target, target};

use super::memory;

/// The seed of chance that is the same at every run.
const FIXED_SEED: u64 = 0x0077_7269_7400;
/// What one input may cost, in a program that is not optimised.
const INPUT_TIME_MAX: Duration = Duration::from_secs(2);
const INPUT_MEMORY_BYTES_MAX: u64 = 96 << 20;
/// A machine that is busy with something else makes everything slow, but not each of so many times.
const TIME_TRIES: usize = 5;

/// Runs one target.
pub(crate) fn short(name: &str) {
    let target = target(name).expect("it is in the table");
    if let Some(path) = setting("WRIT_FUZZ_INPUT") {
        let input = fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        return one(target, &input, &Kept::new(target), "the file itself");
    }
    let (seeds, kept) = ((target.seeds)(), Kept::new(target));
    for seed in &seeds {
        one(target, seed, &kept, "a seed");
    }
    let times = setting("WRIT_FUZZ_ROUNDS").map_or(1, |number| {
        number.parse().expect("WRIT_FUZZ_ROUNDS is a number")
    });
    let own =
        setting("WRIT_FUZZ_SEED").map(|number| number.parse().expect("WRIT_FUZZ_SEED is a number"));
    for chance in [FIXED_SEED, own.unwrap_or_else(chance)] {
        let mut mutator = Mutator::new(chance, &seeds, target.words, target.bytes_max);
        for round in 0..target.rounds * times {
            one(
                target,
                &mutator.input(),
                &kept,
                &format!("WRIT_FUZZ_SEED={chance} at round {round}"),
            );
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge of a test: what a person asks of it"
)]
fn setting(name: &str) -> Option<String> {
    env::var(name).ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "each run tries something new; the seed is told when it fails"
)]
fn chance() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

fn one(target: &Target, input: &[u8], kept: &Kept, origin: &str) {
    kept.write(input);
    let start = Instant::now();
    let (result, bytes) = memory::peak(|| catch_unwind(AssertUnwindSafe(|| (target.check)(input))));
    let taken = start.elapsed();
    if let Err(cause) = result {
        kept.tell(target, origin);
        resume_unwind(cause);
    }
    if bytes > INPUT_MEMORY_BYTES_MAX {
        kept.tell(target, origin);
        panic!(
            "an input of {} bytes took {bytes} bytes of memory",
            input.len()
        );
    }
    if taken > INPUT_TIME_MAX && is_slow(target, input) {
        kept.tell(target, origin);
        panic!("an input of {} bytes took {taken:?}", input.len());
    }
}

fn is_slow(target: &Target, input: &[u8]) -> bool {
    (0..TIME_TRIES).all(|_| {
        let start = Instant::now();
        (target.check)(input);
        start.elapsed() > INPUT_TIME_MAX
    })
}

/// The input that is being run, in a file: a stack that runs over ends the process without a word, and then it is there.
struct Kept {
    path: PathBuf,
    file: File,
}

impl Kept {
    fn new(target: &Target) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("fuzz-{}", target.name));
        let file =
            File::create(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, file }
    }

    fn write(&self, input: &[u8]) {
        let length = u64::try_from(input.len()).expect("inputs are small");
        self.file
            .set_len(length)
            .and_then(|()| self.file.write_all_at(input, 0))
            .expect("the input can be kept");
    }

    /// Keeps the input under a name that no later run writes to.
    fn tell(&self, target: &Target, origin: &str) {
        let number = chance();
        let path = self
            .path
            .with_file_name(format!("fuzz-{}-failed-{number}", target.name));
        let told = fs::copy(&self.path, &path).map_or(&self.path, |_| &path);
        eprintln!(
            "target {}, {origin}; repeat it: WRIT_FUZZ_INPUT={} cargo test -p writ-fuzz --test short {}",
            target.name,
            told.display(),
            target.name
        );
    }
}
