//! What is left to a process, as plain data. Does nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// What a process may still do once the wall is up. The default is nothing: compute, and use what is open already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wall {
    /// Files that may be read, and folders that may be read and listed with all below them.
    pub read: Vec<PathBuf>,
    /// Files that may be written, and folders below which files, folders and links may be made, changed and removed.
    /// Reading is not included, and neither are devices, FIFOs, sockets and programs to execute.
    pub write: Vec<PathBuf>,
    /// Whether the times of files may be set. Linux can't bind this to folders yet: it is those of every file that this user owns.
    pub set_times: bool,
    /// The network.
    pub network: Network,
}

/// What is left of the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Network {
    /// Nothing: no socket can be made at all.
    #[default]
    None,
    /// Connections that this process opens, to these TCP ports of any address. Nothing can connect to it.
    Ports {
        /// The ports.
        connect_tcp: BTreeSet<u16>,
        /// Datagrams too, which name resolution needs. Linux can't bind these to ports or addresses yet.
        udp: bool,
    },
}

impl Wall {
    /// Whether any file is left.
    pub(crate) fn has_files(&self) -> bool {
        !self.read.is_empty() || !self.write.is_empty()
    }
}
