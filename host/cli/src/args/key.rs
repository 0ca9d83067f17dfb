//! `writ key …`, and how any command is told which key to sign with.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `writ key …`
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a signing key, sealed with a passphrase.
    New {
        /// Whose key it is: `alice`, `alice@example.org`.
        name: String,
        /// Trust it in this role at once; may be repeated.
        #[arg(long, value_name = "ROLE")]
        role: Vec<Role>,
        /// The trust root that `--role` writes to.
        #[arg(long, value_name = "FILE", default_value = "trust.toml")]
        root: PathBuf,
        /// Read the passphrase from this file descriptor, up to its first newline.
        #[arg(long, value_name = "N", conflicts_with = "no_passphrase")]
        passphrase_fd: Option<u32>,
        /// Leave the key unsealed: for machines that start by themselves. Whoever reads its file can sign.
        #[arg(long)]
        no_passphrase: bool,
    },
    /// List the keys of this user.
    List,
    /// Print the public line of a key: what others put into their trust root.
    Show {
        /// Its name.
        name: String,
    },
    /// Put a public key into a trust root.
    Trust {
        /// The line that `writ key show` prints, or the name of a key of this user.
        public: String,
        /// What it shall count for; may be repeated.
        #[arg(long, value_name = "ROLE", required = true)]
        role: Vec<Role>,
        /// The trust root.
        #[arg(long, value_name = "FILE", default_value = "trust.toml")]
        root: PathBuf,
    },
}

/// What a key may count for.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Role {
    /// Vouches for plugins.
    Author,
    /// Decides what plugins may do.
    Reviewer,
    /// Signs the heads of logs.
    Auditor,
}

impl From<Role> for writ_trust::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Author => Self::Author,
            Role::Reviewer => Self::Reviewer,
            Role::Auditor => Self::Auditor,
        }
    }
}

/// Which key signs, and how it is opened. Neither a key nor a passphrase is ever an argument or in the environment.
#[derive(Debug, Args)]
pub(crate) struct Signer {
    /// Sign with this key of this user.
    #[arg(long, value_name = "NAME", conflicts_with = "key_fd")]
    pub(crate) key: Option<String>,
    /// Sign with the key file that is read from this file descriptor.
    #[arg(long, value_name = "N")]
    pub(crate) key_fd: Option<u32>,
    /// Read the passphrase from this file descriptor, up to its first newline.
    #[arg(long, value_name = "N")]
    pub(crate) passphrase_fd: Option<u32>,
}

impl Signer {
    /// Whether anything shall be signed.
    pub(crate) fn wanted(&self) -> bool {
        self.key.is_some() || self.key_fd.is_some()
    }
}
