//! From writs to the text of a grants file.

use std::fmt::Write;

use crate::{
    subject::Subject,
    time::rfc3339,
    writ::{Grant, Grants, Writ},
};

const HEADER: &str = "# What plugins and workflows may do here. Written by `writ grant approve`; each writ is for exactly one digest.\nversion = 1\n";

pub(super) fn to_toml(grants: &Grants) -> String {
    let mut text = HEADER.to_owned();
    grants
        .writs
        .iter()
        .for_each(|writ| add_writ(&mut text, writ));
    text
}

fn add_writ(text: &mut String, writ: &Writ) {
    text.push_str("\n[[writ]]\n");
    add(text, Subject::of(&writ.plugin).key(), &writ.plugin);
    add(text, "version", &writ.version);
    add(text, "digest", &writ.digest.to_string());
    if let Some(ms) = writ.approved_ms {
        add(text, "approved", &rfc3339(ms));
    }
    if let Some(ms) = writ.expires_ms {
        add(text, "expires", &rfc3339(ms));
    }
    if writ.revoked {
        text.push_str("revoked = true\n");
    }
    writ.grants.iter().for_each(|grant| add_grant(text, grant));
}

fn add_grant(text: &mut String, grant: &Grant) {
    text.push_str("\n[[writ.grant]]\n");
    add(text, "capability", &grant.capability.to_string());
    if let Some(folder) = &grant.folder {
        add(text, "folder", folder);
    }
    if let Some(value) = &grant.value {
        add(text, "value", value);
    }
    if !grant.addresses.is_empty() {
        let ranges = grant
            .addresses
            .iter()
            .map(|range| toml::Value::String(range.to_string()));
        let list = toml::Value::Array(ranges.collect());
        add_value(text, "addresses", &list);
    }
    if let Some(host) = &grant.host {
        add(text, "host", &host.to_string());
    }
    if let Some(header) = &grant.header {
        add(text, "header", header.as_str());
    }
}

fn add(text: &mut String, key: &str, value: &str) {
    add_value(text, key, &toml::Value::String(value.to_owned()));
}

fn add_value(text: &mut String, key: &str, value: &toml::Value) {
    writeln!(text, "{key} = {value}").expect("writing to a string does not fail");
}
