//! Whom TLS trusts: the platform's certificate authorities and those that the operator adds. Nothing can turn the check off.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{io::AsyncRead, io::AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};
use writ_grant::{Host, Origin};

use crate::{
    client::{CaFile, ConfigError},
    failure::HttpFailure,
};

/// A connector that trusts the platform's roots and these files, and remembers nothing between connections.
pub(crate) fn connector(ca_files: &[CaFile]) -> Result<TlsConnector, ConfigError> {
    let mut roots = RootCertStore::empty();
    // What can't be read of the platform's roots isn't trusted; that is all there is to do about it.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for file in ca_files {
        add(&mut roots, file)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.map_err(|error| ConfigError::Other {
        reason: error.to_string(),
    })?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn add(roots: &mut RootCertStore, file: &CaFile) -> Result<(), ConfigError> {
    let refused = |reason: &dyn std::fmt::Display| ConfigError::Ca {
        name: file.name.clone(),
        reason: reason.to_string(),
    };
    let mut found = 0;
    for certificate in CertificateDer::pem_slice_iter(&file.pem) {
        let certificate = certificate.map_err(|error| refused(&error))?;
        roots.add(certificate).map_err(|error| refused(&error))?;
        found += 1;
    }
    if found == 0 {
        return Err(refused(&"there is no BEGIN CERTIFICATE in it"));
    }
    Ok(())
}

/// Speaks TLS with whoever is at the other end, who has to be the URL's host.
pub(crate) async fn handshake<S: AsyncRead + AsyncWrite + Unpin>(
    connector: &TlsConnector,
    origin: &Origin,
    stream: S,
) -> Result<TlsStream<S>, HttpFailure> {
    let failed = |certificate, reason: String| HttpFailure::Tls {
        origin: origin.clone(),
        certificate,
        reason,
    };
    let name = match origin.host() {
        Host::Name(name) => {
            ServerName::try_from(name.clone()).map_err(|error| failed(false, error.to_string()))?
        }
        Host::V4(address) => ServerName::IpAddress((*address).into()),
        Host::V6(address) => ServerName::IpAddress((*address).into()),
    };
    connector.connect(name, stream).await.map_err(|error| {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
        let certificate = matches!(tls, Some(rustls::Error::InvalidCertificate(_)));
        failed(certificate, error.to_string())
    })
}
