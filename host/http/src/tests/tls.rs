//! TLS: the URL's host and nobody else, by an authority that is trusted.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, atomic::AtomicBool},
    thread,
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use writ_tests::net::{Dns, Received, Reply};

use super::support::{get, grant, granting};
use crate::{CaFile, Client, Config, ConfigError};

/// A server for these names that answers every request; its address and its certificate in PEM.
fn serve(names: &[&str]) -> (SocketAddr, Vec<u8>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            if Received::read(&mut stream).is_some() {
                let name = stream.conn.server_name().unwrap_or("none").to_owned();
                let _ = Reply::ok(name).write(&mut stream, &AtomicBool::new(false));
            }
        }
    });
    (address, cert.pem().into_bytes())
}

fn client(dns: &Dns, pem: Option<Vec<u8>>) -> Client {
    let file = |pem| CaFile {
        name: "ca.pem".to_owned(),
        pem,
    };
    let config = Config {
        nameservers: vec![dns.address()],
        ca_files: pem.into_iter().map(file).collect(),
    };
    Client::new(&config).unwrap()
}

#[tokio::test]
async fn a_stranger_is_not_trusted_until_the_operator_says_so() {
    let (address, pem) = serve(&["erp.example"]);
    let dns = Dns::start();
    dns.answer("erp.example", &[&["127.0.0.1"]]);
    let url = format!("GET https://erp.example:{}/", address.port());
    let authority = granting(vec![grant(&url, &["127.0.0.1/32"])]);
    let failure = get(&client(&dns, None), &authority, &url)
        .await
        .unwrap_err();
    assert_eq!(
        (failure.code(), failure.sent()),
        ("TLS-certificate-error", false)
    );
    assert!(failure.remedy().unwrap().contains("ca_files"), "{failure}");
    let response = get(&client(&dns, Some(pem)), &authority, &url)
        .await
        .unwrap();
    assert_eq!(
        &response.body[..],
        b"erp.example",
        "the name that the server was asked for"
    );
}

#[tokio::test]
async fn a_certificate_is_for_its_name() {
    let (address, pem) = serve(&["erp.example"]);
    let dns = Dns::start();
    dns.answer("other.example", &[&["127.0.0.1"]]);
    for host in ["other.example", "127.0.0.1"] {
        let url = format!("GET https://{host}:{}/", address.port());
        let ranges: &[&str] = if host == "127.0.0.1" {
            &[]
        } else {
            &["127.0.0.1/32"]
        };
        let authority = granting(vec![grant(&url, ranges)]);
        let failure = get(&client(&dns, Some(pem.clone())), &authority, &url)
            .await
            .unwrap_err();
        assert_eq!(failure.code(), "TLS-certificate-error", "{host}: {failure}");
    }
}

#[tokio::test]
async fn an_address_can_have_a_certificate_too() {
    let (address, pem) = serve(&["127.0.0.1"]);
    let dns = Dns::start();
    let url = format!("GET https://127.0.0.1:{}/", address.port());
    let authority = granting(vec![grant(&url, &[])]);
    let response = get(&client(&dns, Some(pem)), &authority, &url)
        .await
        .unwrap();
    assert_eq!(
        &response.body[..],
        b"none",
        "addresses are not sent as names"
    );
}

#[tokio::test]
async fn what_does_not_speak_tls() {
    let http = writ_tests::net::Http::start(|_| Reply::ok("plain"));
    let dns = Dns::start();
    let url = format!("GET https://127.0.0.1:{}/", http.port());
    let authority = granting(vec![grant(&url, &[])]);
    let failure = get(&client(&dns, None), &authority, &url)
        .await
        .unwrap_err();
    assert!(
        ["TLS-protocol-error", "connection-timeout"].contains(&failure.code()),
        "{failure}"
    );
    assert!(!failure.sent());
}

#[test]
fn files_without_a_certificate_are_refused() {
    for pem in [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        let config = Config {
            nameservers: Vec::new(),
            ca_files: vec![CaFile {
                name: "ca.pem".to_owned(),
                pem: pem.into(),
            }],
        };
        let error = Client::new(&config).unwrap_err();
        assert!(
            matches!(&error, ConfigError::Ca { name, .. } if name == "ca.pem"),
            "{pem}: {error}"
        );
    }
}
