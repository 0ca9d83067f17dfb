//! `writ grant list`: every writ, how it stands, and who signed it. Works without the plugins.

use serde_json::{Value as Json, json};
use writ_grant::{Grant, Writ};
use writ_trust::{Envelope, Role};

use super::{File, choice, review};
use crate::{
    args::GrantTarget,
    error::{Exit, Failure, Result},
    out::{errln, outln},
    report::time,
};

/// One writ, and what is known of its signatures.
struct Row<'a> {
    writ: &'a Writ,
    state: String,
    signed: Option<Signed<'a>>,
}

struct Signed<'a> {
    envelope: &'a Envelope,
    have: usize,
    need: usize,
    epoch: u64,
    place: Option<&'a str>,
}

pub(super) fn run(file: &File, target: &GrantTarget, json: bool) -> Result<Exit> {
    let mut rows: Vec<Row<'_>> = signed(file)
        .chain(unsigned(file))
        .filter(|row| {
            target
                .plugin
                .as_ref()
                .is_none_or(|name| *name == row.writ.plugin)
        })
        .collect();
    rows.sort_by_key(|row| &row.writ.plugin);
    if let (Some(name), true) = (&target.plugin, rows.is_empty()) {
        return Err(Failure::usage(format!(
            "{} holds no writ of plugin `{name}`",
            file.path.display()
        ))
        .help("`writ grant list` without a name shows all; `writ grant review` what is here"));
    }
    if json {
        outln!("{}", Json::Array(rows.iter().map(Row::json).collect()));
        return Ok(Exit::Done);
    }
    for row in &rows {
        row.print();
    }
    if rows.is_empty() {
        errln!("no writs in {}", file.path.display());
    }
    Ok(Exit::Done)
}

/// The newest signed writ of every digest.
fn signed(file: &File) -> impl Iterator<Item = Row<'_>> {
    file.policy.all_papers().filter_map(|(_, papers)| {
        let (envelope, signed) = papers.newest()?;
        let verdict = file.policy.judged_alone(papers);
        let need = file
            .policy
            .root()
            .map_or(0, |(_, root)| root.threshold(Role::Reviewer));
        let (have, state) = match &verdict {
            None => (
                0,
                "signed, and there is no trust root to judge it by".to_owned(),
            ),
            Some(Ok(verdict)) => (
                verdict.reviewers.len(),
                review::state(&signed.writ, file.now_ms),
            ),
            Some(Err(distrust)) => (
                distrust
                    .reviewers()
                    .unwrap_or_else(|| signers(file, envelope)),
                format!("refused: {distrust}"),
            ),
        };
        let place = signed.place.as_deref();
        let signed_by = Signed {
            envelope,
            have,
            need,
            epoch: signed.epoch,
            place,
        };
        Some(Row {
            writ: &signed.writ,
            state,
            signed: Some(signed_by),
        })
    })
}

/// How many reviewers signed, where something else is wrong.
fn signers(file: &File, envelope: &Envelope) -> usize {
    let keys: Vec<_> = file
        .policy
        .root()
        .into_iter()
        .flat_map(|(_, root)| root.keys(Role::Reviewer))
        .collect();
    envelope.signers(&keys).map_or(0, |signers| signers.len())
}

fn unsigned(file: &File) -> impl Iterator<Item = Row<'_>> {
    file.grants.writs.iter().map(|writ| {
        let signed = file
            .policy
            .papers(&writ.digest)
            .is_some_and(|papers| !papers.undecided());
        let mut state = review::state(writ, file.now_ms);
        if signed {
            state.push_str(", but the signed one counts");
        } else if file.policy.strict() {
            state.push_str(", but not signed: it does not count in strict mode");
        }
        Row {
            writ,
            state,
            signed: None,
        }
    })
}

impl Row<'_> {
    fn print(&self) {
        let writ = self.writ;
        outln!(
            "{} {}  {}  {}",
            writ.plugin,
            writ.version,
            writ.digest,
            self.state
        );
        if let Some(signed) = &self.signed {
            let place = signed
                .place
                .map(|place| format!(", for {place}"))
                .unwrap_or_default();
            outln!(
                "  signed by {}: {} of {} reviewers, epoch {}{place}",
                signed.envelope.claimed(),
                signed.have,
                signed.need,
                signed.epoch
            );
        }
        for grant in &writ.grants {
            let detail = choice::detail(grant)
                .map(|detail| format!(" = {detail}"))
                .unwrap_or_default();
            outln!("  {}{detail}", grant.capability);
        }
    }

    fn json(&self) -> Json {
        let writ = self.writ;
        json!({
            "plugin": writ.plugin,
            "version": writ.version,
            "digest": writ.digest.to_string(),
            "state": self.state,
            "approved": writ.approved_ms.map(time),
            "expires": writ.expires_ms.map(time),
            "revoked": writ.revoked,
            "signed": self.signed.as_ref().map(|signed| json!({
                "by": signed.envelope.claimed().split(", ").collect::<Vec<_>>(),
                "have": signed.have,
                "need": signed.need,
                "epoch": signed.epoch,
                "place": signed.place,
            })),
            "grants": writ.grants.iter().map(grant).collect::<Vec<_>>(),
        })
    }
}

/// All that a grant says, under the keys of a grants file: a tool has to see where a secret goes as well as a person.
fn grant(grant: &Grant) -> Json {
    json!({
        "capability": grant.capability.to_string(),
        "folder": grant.folder,
        "value": grant.value,
        "host": grant.host.as_ref().map(ToString::to_string),
        "header": grant.header.as_ref().map(ToString::to_string),
        "addresses": grant.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
