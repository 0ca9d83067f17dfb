//! The `writ` binary: the one place that joins the concrete parts.

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout)]

mod app;
mod args;
mod commands;
mod error;
mod host;
mod load;
mod out;
mod progress;
mod report;
mod source;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::{
    args::{Cli, Command},
    error::{Exit, Result},
};

fn main() -> ExitCode {
    // Before anything else: the child that compiles strangers' bytes must not even parse arguments it doesn't need.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "compile-child") {
        return exit(writ_sandbox::compile_child_main());
    }
    let cli = Cli::parse();
    trace();
    match run(&cli) {
        Ok(code) => ExitCode::from(code as u8),
        Err(failure) => {
            failure.print(cli.json);
            ExitCode::from(failure.exit as u8)
        }
    }
}

fn run(cli: &Cli) -> Result<Exit> {
    match &cli.command {
        Command::Run(arguments) => commands::run::run(arguments, cli.json),
        Command::Check(arguments) => commands::check::run(arguments, cli.json),
        Command::Plugin(arguments) => commands::plugin::run(arguments, cli.json),
        Command::Grant(arguments) => commands::grant::run(arguments, cli.json),
        Command::Runs(arguments) => commands::runs::run(arguments, cli.json),
        Command::Doctor(arguments) => commands::doctor::run(arguments, cli.json),
        Command::Completions { shell } => {
            clap_complete::generate(*shell, &mut Cli::command(), "writ", &mut std::io::stdout());
            Ok(Exit::Done)
        }
        Command::CompileChild => Ok(Exit::Usage),
    }
}

fn exit(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(Exit::Internal as u8))
}

/// Diagnostics go to standard error, and only when asked for: `WRIT_LOG=debug`.
fn trace() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::builder().with_env_var("WRIT_LOG").from_env_lossy();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
