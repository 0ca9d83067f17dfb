//! The arguments of `writ grant diff`, `who-can` and `dry-run`, as types.

use std::path::PathBuf;

use clap::Args;

/// `writ grant diff`
#[derive(Debug, Args)]
pub(crate) struct GrantDiff {
    /// The component before; or an app folder, to compare what was approved with what is there.
    #[arg(default_value = ".", value_name = "OLD|APP")]
    pub(crate) old: PathBuf,
    /// The component after; for an app, one plugin of it.
    #[arg(value_name = "NEW|PLUGIN")]
    pub(crate) new: Option<PathBuf>,
    /// The grants file; `grants.toml` in the app folder otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) grants: Option<PathBuf>,
    /// Data folder that keeps the approved component; `.writ` in the app folder otherwise.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// `writ grant who-can`
#[derive(Debug, Args)]
pub(crate) struct WhoCan {
    /// A capability, or the beginning of one: `fs:read:/orders`, `fs:write`, `http`, `http:POST`.
    pub(crate) capability: String,
    /// The app folder.
    #[arg(default_value = ".")]
    pub(crate) app: PathBuf,
    /// The grants file; `grants.toml` in the app folder otherwise.
    #[arg(long, value_name = "FILE")]
    pub(crate) grants: Option<PathBuf>,
}

/// `writ grant dry-run`
#[derive(Debug, Args)]
pub(crate) struct GrantDryRun {
    /// Runs to look at, by their ids or the beginnings of them; all otherwise.
    pub(crate) runs: Vec<String>,
    /// The policy: a grants file.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// The data folder, or the app folder that holds it as `.writ`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) data: PathBuf,
    /// Print a grants file of what would have been enough.
    #[arg(long, conflicts_with = "json")]
    pub(crate) suggest: bool,
}
