//! `writ audit verify`: what holds, how far that is proved, and what nobody could see from here.

use std::path::Path;

use serde_json::json;
use writ_journal::{Audited, Claim};

use super::{claims, folder, sign::Auditors, tell};
use crate::{
    args::AuditVerify,
    error::{Exit, Result},
    out::outln,
};

pub(super) fn run(arguments: &AuditVerify, json: bool) -> Result<Exit> {
    let data = folder(&arguments.place)?;
    let mut claims = claims(&arguments.against)?;
    let is_key_known = !claims.keys.is_empty();
    let auditors = arguments.root.as_deref().map(Auditors::of).transpose()?;
    if let Some(auditors) = &auditors {
        claims.auditors.clone_from(&auditors.keys);
    }
    let audited = match writ_journal::audit(&data, &claims) {
        Ok(audited) => audited,
        Err(fault) => return Ok(tell(&fault, json)),
    };
    let vouched = auditors
        .map(|auditors| auditors.vouch_for(&audited))
        .transpose()?;
    let mut unseen = unseen(&audited, is_key_known);
    if let Some(events) = vouched.filter(|events| *events < audited.verified.events) {
        unseen.push(format!(
            "no auditor vouches for what came from event {events} on"
        ));
    }
    if json {
        let mut told = as_json(&audited, &unseen);
        told["audited"] = vouched.into();
        outln!("{told}");
        return Ok(Exit::Done);
    }
    print(&data, &audited, &unseen);
    if let Some(events) = vouched {
        outln!("ok    enough auditors signed the first {events} events");
    }
    Ok(Exit::Done)
}

fn print(data: &Path, audited: &Audited, unseen: &[String]) {
    let verified = &audited.verified;
    outln!(
        "ok    {}: {} events of {} runs in {} segments, {} blobs; every checksum and both hash chains hold",
        data.display(),
        verified.events,
        verified.runs,
        verified.segments,
        audited.blobs
    );
    outln!("root  {}", hex(&audited.root));
    for claim in &audited.claims {
        outln!(
            "fits  {} events, {}{}, signed by {}",
            claim.checkpoint.size,
            claim.name,
            if claim.is_outside {
                " (kept elsewhere)"
            } else {
                ""
            },
            claim.signers.join(", ")
        );
    }
    if audited.is_held {
        outln!("note  a host is running: what it wrote since this began was not looked at");
    }
    for text in unseen {
        outln!("note  {text}");
    }
}

/// What could have been done to the log without showing here.
fn unseen(audited: &Audited, is_key_known: bool) -> Vec<String> {
    let events = audited.verified.events;
    let outside = audited
        .claims
        .iter()
        .filter(|claim| claim.is_outside)
        .map(|claim| claim.checkpoint.size)
        .max();
    let mut unseen = Vec::new();
    let signed = audited.signed();
    if signed < events {
        unseen.push(format!(
            "the last {} events are not signed yet; `writ audit checkpoint` signs them",
            events - signed
        ));
    }
    if outside.is_none_or(|size| size < events) {
        unseen.push(format!(
            "from event {} on, this shows no forgery by somebody who has the whole folder: its key can sign another log, and \
             events can be cut off with the checkpoints that sign them; a newer checkpoint kept elsewhere (--checkpoint) would",
            outside.unwrap_or(0)
        ));
    }
    if outside.is_some() && !is_key_known {
        unseen.push(
            "the key is the one that the folder names; --key with one learned elsewhere proves more".to_owned(),
        );
    }
    unseen
}

fn as_json(audited: &Audited, unseen: &[String]) -> serde_json::Value {
    let verified = &audited.verified;
    let checkpoints: Vec<_> = audited.claims.iter().map(claim).collect();
    json!({
        "ok": true,
        "events": verified.events,
        "runs": verified.runs,
        "segments": verified.segments,
        "blobs": audited.blobs,
        "head": hex(&verified.head),
        "root": hex(&audited.root),
        "signed": audited.signed(),
        "checkpoints": checkpoints,
        "running": audited.is_held,
        "notes": unseen,
    })
}

fn claim(claim: &Claim) -> serde_json::Value {
    json!({
        "name": claim.name,
        "size": claim.checkpoint.size,
        "elsewhere": claim.is_outside,
        "signers": claim.signers,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
