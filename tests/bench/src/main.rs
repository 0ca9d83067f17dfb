//! Measures what the design promises, each number beside the floor of this machine, taken in the same run.
//!
//! `cargo run --release -p writ-bench` prints one `name value unit` line a number; lines that begin with `#` say where it ran.
//! `--only NAME` runs the groups whose name contains NAME. Build the host first: `cargo build --release -p writ-host`.
//!
//! Every number is the median of several rounds after a warm-up. Nothing here knows what a good number is: the targets are
//! the reader's.

mod allocation;
mod authority;
mod durability;
mod expression;
mod guest;
mod host;
mod memory;
mod process;
mod report;
mod sandbox;
mod steps;
mod tools;
mod wall;

use std::process::ExitCode;

use crate::report::Report;

/// A group of numbers, by name.
type Group = (&'static str, fn(&mut Report));

const GROUPS: &[Group] = &[
    ("run", process::measure),
    ("sandbox", sandbox::measure),
    ("tools", tools::measure),
    ("hostcall", host::measure),
    ("authority", authority::measure),
    ("expression", expression::measure),
    ("durability", durability::measure),
    ("steps", steps::measure),
    ("memory", memory::measure),
    ("wall", wall::measure),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let only = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "",
        ["--only", name] => name,
        [wall::COMPILER] => {
            let code = writ_sandbox::compile_child_main(|| Ok(()));
            return ExitCode::from(u8::from(code != 0));
        }
        [wall::INSIDE, kind] => {
            wall::inside(kind);
            return ExitCode::SUCCESS;
        }
        _ => return usage("only `--only NAME` can be said"),
    };
    let groups: Vec<&Group> = GROUPS
        .iter()
        .filter(|(name, _)| name.contains(only))
        .collect();
    if groups.is_empty() {
        return usage(&format!("there is no group `{only}`"));
    }
    let mut report = Report;
    report.machine();
    for (_, measure) in groups {
        measure(&mut report);
    }
    ExitCode::SUCCESS
}

fn usage(problem: &str) -> ExitCode {
    let names: Vec<&str> = GROUPS.iter().map(|(name, _)| *name).collect();
    eprintln!("error: {problem}; the groups are: {}", names.join(", "));
    ExitCode::from(2)
}
