//! `writ audit …` as types.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{DataPlace, Signer};

/// `writ audit …`
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Prove that the journal is what was written: log, blobs and checkpoints. Changes nothing; exits 5 if it is not.
    Verify(AuditVerify),
    /// Write events so that a stranger can verify them with a short script.
    Export(AuditExport),
    /// Sign all that is in the log and give the newest checkpoint, to be kept on another machine.
    Checkpoint {
        #[command(flatten)]
        place: DataPlace,
        /// Where to write it; standard output otherwise.
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Add an auditor's signature to a checkpoint. Verify the log against it first: a signature says that you did.
    Sign {
        /// The checkpoint.
        checkpoint: PathBuf,
        /// Where to write it; over the checkpoint itself otherwise.
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        signer: Signer,
    },
    /// Show the public key of the log, to be kept on another machine.
    Key(DataPlace),
}

/// `writ audit verify`
#[derive(Debug, Args)]
pub(crate) struct AuditVerify {
    #[command(flatten)]
    pub(crate) place: DataPlace,
    #[command(flatten)]
    pub(crate) against: AuditAgainst,
    /// A trust root: as many of its auditors as it wants must have signed each checkpoint that is named, or one of the folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) root: Option<PathBuf>,
}

/// `writ audit export`
#[derive(Debug, Args)]
pub(crate) struct AuditExport {
    #[command(flatten)]
    pub(crate) place: DataPlace,
    #[command(flatten)]
    pub(crate) against: AuditAgainst,
    /// One run: its id, or the beginning of it. The whole log otherwise.
    #[arg(long)]
    pub(crate) run: Option<String>,
    /// Where to write it; standard output otherwise.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// What a log is held against.
#[derive(Debug, Args)]
pub(crate) struct AuditAgainst {
    /// A checkpoint that was kept elsewhere; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
    /// The log's public key as it was learned elsewhere; may be repeated. The folder's own `log.vkey` otherwise.
    #[arg(long, value_name = "VKEY")]
    pub(crate) key: Vec<String>,
}
