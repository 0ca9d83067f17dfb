//! Log lines. They go to standard error, which the host keeps line by line in the run's journal, up to a limit.

/// Writes one line to the run's log, with the arguments of [`format!`].
///
/// The host bounds how much one call may log and ends a call that goes past it, so log what a reader of the journal would
/// want, not every step.
#[macro_export]
macro_rules! log {
    ($($argument:tt)+) => {
        ::std::eprintln!($($argument)+)
    };
}
