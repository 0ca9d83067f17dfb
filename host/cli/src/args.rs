//! The command line as types. What a command does is in `commands/`, one file each.

mod audit;
mod grant;
mod key;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use audit::{Audit, AuditAgainst, AuditExport, AuditVerify};
pub(crate) use grant::{GrantDiff, GrantDryRun, WhoCan};
pub(crate) use key::{Key, Role, Signer};

/// Runs agents and tools as capability-restricted WebAssembly components.
///
/// Nothing a component does goes beyond what a writ names. State lives in one data folder; no network is needed.
#[derive(Debug, Parser)]
#[command(
    name = "writ",
    version,
    propagate_version = true,
    subcommand_required = true,
    after_help = "Exit codes: 0 done; 1 the run faulted or was cancelled, or a comparison found something; 2 wrong usage or unreadable input; 3 check found \
                  errors; 4 refused, a grant is missing; 5 the data folder or the journal has a problem; 6 the run is \
                  not finished yet; 70 a bug in writ."
)]
pub(crate) struct Cli {
    /// Print one JSON object as the last line of standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build stale plugins (none in strict mode), check, run a workflow, and show its progress.
    Run(Run),
    /// Find what is wrong with an app or a workflow before anything runs.
    Check(Check),
    /// Make, build, add and look at plugins.
    #[command(subcommand)]
    Plugin(Plugin),
    /// Review and approve what plugins may do.
    #[command(subcommand)]
    Grant(Grant),
    /// Look at runs, or drive unfinished ones on.
    #[command(subcommand)]
    Runs(Runs),
    /// Prove that the journal was not altered, and carry the proof away.
    #[command(subcommand)]
    Audit(Audit),
    /// Make signing keys, and say whose count.
    #[command(subcommand)]
    Key(Key),
    /// Say whether this machine and this data folder are in order.
    Doctor(Doctor),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// `writ run`
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// An app folder (with `writ.toml`) or a workflow file.
    pub(crate) target: PathBuf,
    /// Input of the run: a JSON file, or `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// Grants to run under; the app's own `grants.toml` otherwise, and none for a lone workflow file.
    #[arg(long, value_name = "FILE")]
    pub(crate) grants: Option<PathBuf>,
    /// Data folder; `.writ` in the app folder or beside the workflow file otherwise.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Return as soon as the run is accepted; a process in the background carries it on.
    #[arg(long)]
    pub(crate) detach: bool,
}

/// `writ check`
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// An app folder (with `writ.toml`) or a workflow file.
    #[arg(default_value = ".")]
    pub(crate) target: PathBuf,
    /// Grants to check against; the app's own `grants.toml` otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) grants: Option<PathBuf>,
    /// Data folder whose added plugins a lone workflow file may call.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// `writ plugin …`
#[derive(Debug, Subcommand)]
pub(crate) enum Plugin {
    /// Make a folder with the source of a new plugin that builds and runs.
    New {
        /// The folder to make; its last part is the plugin's name.
        folder: PathBuf,
        /// Language of the source.
        #[arg(long, default_value = "rust")]
        lang: Language,
    },
    /// Compile a plugin folder to one component with its manifest inside.
    Build {
        /// The folder that holds `plugin.toml`.
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Where to write the component; `target/NAME.wasm` in the folder otherwise.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Add a component to an app folder, or to a data folder.
    Add {
        /// The component.
        component: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// List the plugins of an app folder or a data folder.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Show what a component exports, imports, asks for, and can never do.
    Inspect {
        /// A `.wasm` file.
        component: PathBuf,
        /// Write it as one HTML page, to attach to a review.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Vouch for a component as its author: writes COMPONENT.dsse.json beside it.
    Sign {
        /// A `.wasm` file.
        component: PathBuf,
        #[command(flatten)]
        signer: Signer,
    },
    /// Remove a plugin from an app folder or a data folder.
    Remove {
        /// Its name.
        name: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Where plugins are kept.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The app folder; the current folder when it holds `writ.toml`.
    #[arg(long, value_name = "DIR", conflicts_with = "data")]
    pub(crate) app: Option<PathBuf>,
    /// The data folder; `.writ` when the current folder is no app.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// Languages that `plugin new` knows.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Language {
    /// Rust, through the wasm32-wasip2 target.
    Rust,
}

/// `writ grant …`
#[derive(Debug, Subcommand)]
pub(crate) enum Grant {
    /// Show what each plugin asks for and what it may do now; on a terminal, ask what to answer.
    Review {
        #[command(flatten)]
        target: GrantTarget,
        #[command(flatten)]
        signer: Signer,
    },
    /// Approve requests of a plugin, for exactly the component that is there now.
    Approve {
        #[command(flatten)]
        target: GrantTarget,
        /// Approve everything that is requested, optional requests too.
        #[arg(long, conflicts_with = "allow")]
        all_requested: bool,
        /// Approve this capability; may be repeated. After `=` a host folder, a fixed value, the addresses that are not public
        /// and may be reached, or the host and the header of a secret: `fs:read:/orders=data/orders`,
        /// `secret:use:erp=https://erp.example authorization`.
        #[arg(long, value_name = "CAPABILITY[=DETAIL]")]
        allow: Vec<String>,
        /// The approval ends after so many days.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
        expires_days: Option<u32>,
        #[command(flatten)]
        signer: Signer,
    },
    /// Add your signature to the signed writs of what is there now.
    Sign {
        #[command(flatten)]
        target: GrantTarget,
        #[command(flatten)]
        signer: Signer,
    },
    /// List the writs of an app.
    List(GrantTarget),
    /// Take back every grant of a plugin.
    Revoke {
        #[command(flatten)]
        target: GrantTarget,
        /// Why; kept in the signed revocation.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        signer: Signer,
    },
    /// Show what an update asks for, imports or promises that the build before did not.
    #[command(after_help = "Exit codes: 0 nothing is added or widened; 1 something is.")]
    Diff(GrantDiff),
    /// Show who may do something, by which grant, and why.
    WhoCan(WhoCan),
    /// Show which recorded calls another policy would have denied, and what of it was never used.
    #[command(after_help = "Exit codes: 0 it would have denied nothing; 1 it would have.")]
    DryRun(GrantDryRun),
}

/// Which app, which plugin, which file.
#[derive(Debug, Args)]
pub(crate) struct GrantTarget {
    /// The app folder.
    #[arg(default_value = ".")]
    pub(crate) app: PathBuf,
    /// One plugin of it, or its workflow as NAMESPACE/NAME; all of them otherwise.
    pub(crate) plugin: Option<String>,
    /// The grants file; `grants.toml` in the app folder otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) grants: Option<PathBuf>,
}

/// `writ runs …`
#[derive(Debug, Subcommand)]
pub(crate) enum Runs {
    /// List runs, newest first.
    List(DataPlace),
    /// Show one run: status, input, output, error.
    Show {
        /// Its id, or the beginning of it.
        run: String,
        #[command(flatten)]
        place: DataPlace,
    },
    /// Tell what happened in a run, event by event.
    Events {
        /// Its id, or the beginning of it.
        run: String,
        #[command(flatten)]
        place: DataPlace,
    },
    /// Drive every unfinished run to its end, and start none.
    Resume(Resume),
}

/// `writ runs resume`
#[derive(Debug, Args)]
pub(crate) struct Resume {
    #[command(flatten)]
    pub(crate) place: DataPlace,
    /// Wait for a word on standard input first. Used by `writ run --detach`.
    #[arg(long, hide = true)]
    pub(crate) when_told: bool,
}

/// Where runs are kept.
#[derive(Debug, Args)]
pub(crate) struct DataPlace {
    /// The data folder, or the app folder that holds it as `.writ`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) data: PathBuf,
}

/// `writ doctor`
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) place: DataPlace,
}
