//! `writ audit sign`, and what auditors' signatures are worth: how many of those that a trust root names have signed.

use std::path::Path;

use serde_json::json;
use writ_journal::{Audited, Checkpoint, Claim};
use writ_trust::{Note, PublicKey, ROOT_BYTES_MAX, Role, TrustRoot};

use super::CHECKPOINT_BYTES_MAX;
use crate::{
    app::absolute,
    args::Signer,
    error::{Exit, Failure, Result},
    keys,
    out::{errln, outln},
    policy, read,
    whole::write_file,
};

const HOW_TO_SIGN: &str = "auditors add theirs with `writ audit sign CHECKPOINT --key NAME`; name the result with --checkpoint";

/// Adds a signature. What is no checkpoint is not signed: an auditor's key is for nothing else.
pub(super) fn run(path: &Path, signer: &Signer, out: Option<&Path>, json: bool) -> Result<Exit> {
    let path = absolute(path)?;
    let text = read::text(&path, CHECKPOINT_BYTES_MAX)?;
    let refuse = |why: String| Failure::usage(format!("{}: {why}", path.display()));
    let note = Note::parse(&text).map_err(|error| refuse(error.to_string()))?;
    let checkpoint = Checkpoint::parse(note.text())
        .map_err(|cause| refuse(format!("this is no checkpoint: {cause}")))?;
    let key = keys::open(signer)?;
    let signed = note
        .and_signed(&[&key])
        .map_err(|error| refuse(error.to_string()))?;
    write_file(out.unwrap_or(&path), signed.as_bytes())?;
    let by = key.public().name().as_str();
    if json {
        outln!(
            "{}",
            json!({ "log": checkpoint.origin, "size": checkpoint.size, "by": by, "checkpoint": signed })
        );
    } else {
        errln!(
            "{by} signed the first {} events of {}",
            checkpoint.size,
            checkpoint.origin
        );
    }
    Ok(Exit::Done)
}

/// The auditors that count now, and how many of them must have signed.
pub(super) struct Auditors {
    pub(super) keys: Vec<PublicKey>,
    threshold: usize,
}

impl Auditors {
    /// Those of a trust root.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let path = absolute(path)?;
        let text = read::text(&path, ROOT_BYTES_MAX as u64)?;
        let root =
            TrustRoot::parse(&text).map_err(|error| policy::bad_root(&path, &text, &error))?;
        let now_ms = writ_scheduler::now_ms();
        let counts = |known: &&writ_trust::TrustedKey| known.idle(Role::Auditor, now_ms).is_none();
        let keys: Vec<PublicKey> = root
            .all()
            .iter()
            .filter(counts)
            .map(|known| known.key.clone())
            .collect();
        let threshold = root.threshold(Role::Auditor).max(1);
        if keys.len() < threshold {
            return Err(Failure::usage(format!(
                "{}: {} auditors count now, and {threshold} must sign",
                path.display(),
                keys.len()
            ))
            .help("`writ key trust PUBLIC --role auditor` adds one"));
        }
        Ok(Self { keys, threshold })
    }

    /// How many events, from the first on, enough of them have signed. Checkpoints that were kept elsewhere are named to be relied
    /// on: each of them must have enough, or an old one in the folder would speak for a new one that nobody signed.
    pub(super) fn vouch_for(&self, audited: &Audited) -> Result<u64> {
        let claims = audited.claims.iter();
        let mut named = claims.clone().filter(|claim| claim.is_outside);
        if let Some((claim, why)) = named.find_map(|claim| Some((claim, self.lack(claim)?))) {
            return Err(Failure::journal(why).within(&claim.name).help(HOW_TO_SIGN));
        }
        let enough = |claim: &&Claim| self.lack(claim).is_none();
        let largest = claims.rev().find(enough);
        largest.map(|claim| claim.checkpoint.size).ok_or_else(|| {
            Failure::journal(format!(
                "no checkpoint has the signatures of {} auditors",
                self.threshold
            ))
            .help(HOW_TO_SIGN)
        })
    }

    /// Why a checkpoint is not vouched for, if it is not.
    fn lack(&self, claim: &Claim) -> Option<String> {
        let signed = claim.auditors.len();
        if claim.checkpoint.size == 0 {
            Some("it says nothing of any event".to_owned())
        } else if signed < self.threshold {
            Some(format!(
                "{signed} auditors signed it, and {} must",
                self.threshold
            ))
        } else {
            None
        }
    }
}
