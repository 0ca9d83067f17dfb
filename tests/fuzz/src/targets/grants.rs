//! `grants.toml`: what is read is written back as the same, an error knows its place, and no writ gives what was not asked for.

use writ_grant::{Authority, Capability, GRANTS_PER_WRIT_MAX, Grants, Request, WRITS_MAX, Writ};

use super::Target;
use crate::{seeds, words};

pub(super) const TARGET: Target = Target {
    name: "grants",
    check,
    seeds,
    words: &[
        "version = 1\n",
        "[[writ]]\n",
        "[[writ.grant]]\n",
        "plugin = ",
        "digest = ",
        "approved = ",
        "expires = ",
        "revoked = true\n",
        "capability = ",
        "folder = ",
        "value = ",
        "sha256:",
        "fs:read:/in",
        "fs:write:/in/out",
        "config:read:key",
        "env:read:A",
        "2026-11-21T02:30:34Z",
        "\"\"\"",
        "'''",
        "= {",
        "http:GET https://a.example/**",
        "secret:use:key",
        "addresses = [",
        "127.0.0.1/32",
    ],
    rounds: 3_000,
    bytes_max: 16_000,
};

fn seeds() -> Vec<Vec<u8>> {
    seeds::folder("tests/fuzz/seeds/grants", &[".toml"])
}

fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match Grants::parse(text) {
        Ok(grants) => {
            let written = grants.to_toml();
            assert_eq!(
                Grants::parse(&written).as_ref(),
                Ok(&grants),
                "written as\n{written}"
            );
            assert!(grants.writs.len() <= WRITS_MAX);
            grants.writs.iter().for_each(two_keys);
        }
        Err(error) => {
            words::tame(&error.to_string());
            words::inside(text, error.line, error.column);
        }
    }
}

/// Half of what the writ grants was requested: whatever comes of it, it is within that half.
fn two_keys(writ: &Writ) {
    assert!(writ.grants.len() <= GRANTS_PER_WRIT_MAX);
    let all: Vec<Capability> = writ
        .grants
        .iter()
        .map(|grant| grant.capability.clone())
        .collect();
    let half: Vec<Request> = all.iter().step_by(2).map(request).collect();
    let whole: Vec<Request> = all.iter().map(request).collect();
    for requests in [&half, &whole] {
        match Authority::effective(&writ.plugin, &writ.digest, requests, Some(writ), 0) {
            Ok(authority) => assert!(authority.capabilities().all(|capability| {
                requests
                    .iter()
                    .any(|request| request.capability.covers(capability))
            })),
            Err(refusal) => words::tame(&refusal.to_string()),
        }
    }
}

fn request(capability: &Capability) -> Request {
    Request {
        capability: capability.clone(),
        reason: String::new(),
        optional: false,
    }
}
