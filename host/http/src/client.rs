//! The client: what exchanges need to have been set up once. Reads from disk here and nowhere later, so that a wall which is put up
//! after it stands in nobody's way.

use std::{net::SocketAddr, sync::Arc};

use crate::{resolve::Resolver, tls};

/// What the operator says of the network.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The name servers to ask, and no others. Without any: the system's, and its hosts file.
    pub nameservers: Vec<SocketAddr>,
    /// Certificate authorities that are trusted besides the platform's.
    pub ca_files: Vec<CaFile>,
}

/// A file of certificates.
#[derive(Clone, Debug)]
pub struct CaFile {
    /// Its name, for errors.
    pub name: String,
    /// Its contents: one or more certificates in PEM.
    pub pem: Vec<u8>,
}

/// A setting that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A file of certificates without any.
    #[error("{name} has no certificate in PEM that can be used: {reason}")]
    Ca {
        /// The file.
        name: String,
        /// Why.
        reason: String,
    },
    /// Names can't be looked up, or TLS can't be spoken.
    #[error("the network cannot be used: {reason}")]
    Other {
        /// Why.
        reason: String,
    },
}

/// Speaks HTTP. Cheap to clone; keeps no connection, no cookie and no answer of a name server from one exchange to the next.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) resolver: Resolver,
    pub(crate) tls: tokio_rustls::TlsConnector,
}

impl Client {
    /// With the platform's certificate authorities, and what the configuration adds. Takes some milliseconds.
    ///
    /// # Errors
    /// When a file of certificates has none, or the resolver can't be set up.
    pub fn new(config: &Config) -> Result<Client, ConfigError> {
        let inner = Inner {
            resolver: Resolver::new(&config.nameservers)?,
            tls: tls::connector(&config.ca_files)?,
        };
        Ok(Client {
            inner: Arc::new(inner),
        })
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
