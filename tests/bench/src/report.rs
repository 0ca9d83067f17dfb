//! Lines on standard output, medians and the clock. Knows nothing of what is measured.

use std::time::{Duration, Instant};

/// Prints numbers.
pub(crate) struct Report;

impl Report {
    /// Says where this ran.
    pub(crate) fn machine(&mut self) {
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let folder = std::env::temp_dir();
        let architecture = std::env::consts::ARCH;
        println!(
            "# writ {} on Linux {} {architecture}",
            env!("CARGO_PKG_VERSION"),
            kernel.trim()
        );
        println!("# processor {}, {cores} cores", processor());
        println!(
            "# files in {} on {}",
            folder.display(),
            file_system(&folder)
        );
        println!(
            "# build {}",
            if cfg!(debug_assertions) {
                "debug: these numbers mean nothing"
            } else {
                "release"
            }
        );
    }

    /// One number.
    pub(crate) fn line(&mut self, name: &str, value: f64, unit: &str) {
        let digits = match value.abs() {
            large if large >= 1_000.0 => 0,
            middle if middle >= 10.0 => 1,
            _ => 2,
        };
        println!("{name} {value:.digits$} {unit}");
    }

    /// Something to know about the numbers around it.
    pub(crate) fn note(&mut self, text: &str) {
        println!("# {text}");
    }
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(
        || "of unknown kind".to_owned(),
        |(_, name)| name.trim().to_owned(),
    )
}

fn file_system(folder: &std::path::Path) -> String {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let fields = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.nth(1)?, words.next()?))
    });
    let on = fields.filter(|(place, _)| folder.starts_with(place));
    on.max_by_key(|(place, _)| place.len()).map_or_else(
        || "an unknown file system".to_owned(),
        |(_, kind)| kind.to_owned(),
    )
}

/// The middle of several values.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Median seconds of `rounds` runs after one that doesn't count.
pub(crate) fn seconds(rounds: u32, mut run: impl FnMut()) -> f64 {
    run();
    let taken = (0..rounds).map(|_| {
        let began = Instant::now();
        run();
        began.elapsed().as_secs_f64()
    });
    median(taken.collect())
}

/// Median seconds of each of two things whose rounds take turns, so that both see the same machine.
pub(crate) fn in_turn(
    rounds: u32,
    mut first: impl FnMut(),
    mut second: impl FnMut(),
) -> (f64, f64) {
    let mut taken: (Vec<f64>, Vec<f64>) = Default::default();
    for round in 0..=rounds {
        for (run, times) in [
            (&mut first as &mut dyn FnMut(), &mut taken.0),
            (&mut second, &mut taken.1),
        ] {
            let began = Instant::now();
            run();
            if round > 0 {
                times.push(began.elapsed().as_secs_f64());
            }
        }
    }
    (median(taken.0), median(taken.1))
}

/// Events a second.
pub(crate) fn rate(events: u64, taken: Duration) -> f64 {
    events as f64 / taken.as_secs_f64()
}
