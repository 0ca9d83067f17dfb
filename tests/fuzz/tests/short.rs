//! The short run: every target over its seeds and a few thousand mutations of them, half from a seed of chance that is always
//! the same, half from the clock.
//!
//! When a property does not hold, the input is written to a file, and the message says how to repeat it. `WRIT_FUZZ_SEED=N`
//! takes another seed than the clock, `WRIT_FUZZ_ROUNDS=N` multiplies the number of mutations, and `WRIT_FUZZ_INPUT=FILE` runs
//! one input only.

#[path = "short/configuration.rs"]
mod configuration;
#[path = "short/memory.rs"]
mod memory;
#[path = "short/run.rs"]
mod run;

macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                run::short(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_run() {
            let named: Vec<&str> = writ_fuzz::TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(named, [$(stringify!($name)),*]);
        }
    };
}

targets! {
    arguments,
    capability,
    component,
    document,
    duration,
    envelope,
    event,
    expression,
    grants,
    history,
    log,
    manifest,
    note,
    time,
    trust_root,
    url,
    value,
}

/// The bins of `libfuzzer/` are these targets, each under its name.
#[test]
fn every_target_has_a_bin() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer/fuzz_targets");
    let entries = std::fs::read_dir(&folder).expect("the folder is there");
    let mut bins: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("it can be read")
                .path()
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    bins.sort();
    let targets: Vec<&str> = writ_fuzz::TARGETS
        .iter()
        .map(|target| target.name)
        .collect();
    assert_eq!(bins, targets);
    for name in targets {
        let text =
            std::fs::read_to_string(folder.join(format!("{name}.rs"))).expect("a bin is text");
        assert!(text.contains(&format!("run(\"{name}\"")), "{name}");
    }
}
