//! The `writ` binary: the one place that joins the concrete parts.

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod app;
mod args;
mod commands;
mod error;
mod host;
mod keys;
mod load;
mod network;
mod open_files;
mod out;
mod paper;
mod policy;
mod private;
mod progress;
mod reach;
mod read;
mod ready;
mod report;
mod signals;
mod source;
mod subject;
mod unfinished;
mod wall;
mod whole;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::{
    args::{Cli, Command},
    error::{Exit, Result},
    out::outln,
};

fn main() -> ExitCode {
    // Before anything else: the child that compiles strangers' bytes must not even parse arguments it doesn't need.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == wall::COMPILER)
    {
        let mode = std::env::args_os().nth(2);
        return exit(writ_sandbox::compile_child_main(|| {
            wall::bind_compiler(mode.as_deref().and_then(std::ffi::OsStr::to_str))
        }));
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
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
        Command::Audit(arguments) => commands::audit::run(arguments, cli.json),
        Command::Key(arguments) => commands::key::run(arguments, cli.json),
        Command::Doctor(arguments) => commands::doctor::run(arguments, cli.json),
        Command::Completions { shell } => Ok(completions(*shell, cli.json)),
    }
}

/// A command line that says nothing to do: help and version are no errors, everything else is, also as JSON.
fn usage(error: &clap::Error) -> ExitCode {
    // Nothing can be done about a closed terminal.
    let _ = error.print();
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let message = usage_message(&error.to_string());
        outln!(
            "{}",
            serde_json::json!({ "error": message, "help": "`--help` shows what can be said", "code": Exit::Usage as u8 })
        );
    }
    exit(error.exit_code())
}

/// What is wrong, without the usage that follows a blank line. What is missing stands on lines of its own.
fn usage_message(text: &str) -> String {
    let Some(message) = text.strip_prefix("error: ") else {
        return "a command is missing".to_owned();
    };
    let lines = message.lines().map(str::trim);
    let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    lines.join(" ")
}

fn completions(shell: clap_complete::Shell, json: bool) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "writ", &mut script);
    let script = String::from_utf8_lossy(&script);
    if json {
        outln!(
            "{}",
            serde_json::json!({ "shell": shell.to_string(), "script": script })
        );
    } else {
        outln!("{}", script.trim_end());
    }
    Exit::Done
}

fn exit(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(Exit::Internal as u8))
}

/// Diagnostics go to standard error, and only when asked for: `WRIT_LOG=debug`.
fn trace() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::builder()
        .with_env_var("WRIT_LOG")
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
