//! The table of targets. A decoder that is not in it is not tested against strangers.

mod arguments;
mod capability;
mod component;
mod document;
mod duration;
mod envelope;
mod event;
#[cfg(feature = "engine")]
mod expression;
mod grants;
mod history;
mod log;
mod manifest;
mod note;
mod time;
mod trust_root;
mod url;
mod value;

/// A decoder, and what must be true of it.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, also of its seeds and of its libFuzzer binary.
    pub name: &'static str,
    /// Panics when a property does not hold for these bytes.
    pub check: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of the format.
    pub words: &'static [&'static str],
    /// How many mutations the short run makes, from each of its two seeds of chance.
    pub rounds: usize,
    /// The longest input.
    pub bytes_max: usize,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    arguments::TARGET,
    capability::TARGET,
    component::TARGET,
    document::TARGET,
    duration::TARGET,
    envelope::TARGET,
    event::TARGET,
    #[cfg(feature = "engine")]
    expression::TARGET,
    grants::TARGET,
    history::TARGET,
    log::TARGET,
    manifest::TARGET,
    note::TARGET,
    time::TARGET,
    trust_root::TARGET,
    url::TARGET,
    value::TARGET,
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Runs one input through the target of this name.
///
/// # Panics
/// When there is no such target, and when a property does not hold.
pub fn run(name: &str, input: &[u8]) {
    let target = target(name).unwrap_or_else(|| panic!("there is no target {name}"));
    (target.check)(input);
}
