//! What the tests of exchanges share.

use std::collections::BTreeSet;

use writ_grant::{Authority, Digest, Grant, HttpRequest, Origin, Request as Asked, Target, Writ};
use writ_tests::net::Dns;

use crate::{
    Client, Config, HeaderMap, HeaderName, HeaderValue, HttpFailure, Injection, Limits, Request,
    Response, Secrets,
};

/// An authority with these grants, all of them requested.
pub(super) fn granting(grants: Vec<Grant>) -> Authority {
    let digest = Digest::from_bytes([7; 32]);
    let ask = |grant: &Grant| Asked {
        capability: grant.capability.clone(),
        reason: "a test".to_owned(),
        optional: false,
    };
    let requests: Vec<Asked> = grants.iter().map(ask).collect();
    let writ = Writ {
        plugin: "p".to_owned(),
        version: "0.1.0".to_owned(),
        digest,
        grants,
        approved_ms: None,
        expires_ms: None,
        revoked: false,
    };
    Authority::effective("p", &digest, &requests, Some(&writ), 0).unwrap()
}

/// A grant of `GET https://…` and the like, with these ranges.
pub(super) fn grant(text: &str, addresses: &[&str]) -> Grant {
    Grant {
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        ..Grant::of(format!("http:{text}").parse().unwrap())
    }
}

/// A grant of a secret for the header `authorization` of an origin.
pub(super) fn secret_grant(name: &str, origin: &str) -> Grant {
    Grant {
        host: Some(origin.parse().unwrap()),
        header: Some("authorization".parse().unwrap()),
        ..Grant::of(format!("secret:use:{name}").parse().unwrap())
    }
}

/// `GET https://…` and the like, as an action.
pub(super) fn action(text: &str) -> HttpRequest {
    let (method, target) = text.split_once(' ').unwrap();
    HttpRequest {
        method: method.parse().unwrap(),
        target: target.parse().unwrap(),
    }
}

pub(super) fn target(text: &str) -> Target {
    text.parse().unwrap()
}

/// A client that asks this name server alone.
pub(super) fn client(dns: &Dns) -> Client {
    let config = Config {
        nameservers: vec![dns.address()],
        ca_files: Vec::new(),
    };
    Client::new(&config).unwrap()
}

pub(super) fn request(headers: &[(&str, &str)], body: &str) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    Request {
        headers: map,
        body: body.to_owned().into(),
    }
}

/// Secrets that may go to this origin.
pub(super) fn secrets(all: &[(&str, &str)], origin: &str) -> Secrets {
    let origins: BTreeSet<Origin> = [origin.parse().unwrap()].into();
    let mut secrets = Secrets::new();
    for (name, value) in all {
        let value = value.as_bytes().to_vec();
        secrets
            .add(name.parse().unwrap(), value, origins.clone())
            .unwrap();
    }
    secrets
}

/// Short bounds, so that tests of them are short.
pub(super) fn quick() -> Limits {
    Limits {
        resolve_timeout_ms: 400,
        connect_timeout_ms: 1_000,
        first_byte_timeout_ms: 400,
        exchange_timeout_ms: 1_500,
        request_body_bytes_max: 1_000,
        response_body_bytes_max: 100_000,
        header_bytes_max: 10_000,
        header_count_max: 20,
        addresses_max: 4,
    }
}

/// A request that is granted, without headers, body and secrets.
pub(super) async fn get(
    client: &Client,
    authority: &Authority,
    text: &str,
) -> Result<Response, HttpFailure> {
    let permit = authority.permit(action(text)).unwrap();
    let injection = Injection::none();
    client
        .exchange(permit, Request::default(), injection, &quick())
        .await
}
