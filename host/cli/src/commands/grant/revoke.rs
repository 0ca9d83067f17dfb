//! `writ grant revoke`: a reviewer's no, unsigned in the grants file or signed beside it. Works without the plugins.

use serde_json::json;
use writ_grant::Digest;
use writ_trust::{Envelope, Papers, Revocation, SecretKey, Statement};

use super::{File, sign};
use crate::{
    args::{GrantTarget, Signer},
    error::{Exit, Failure, Result, count},
    keys,
    out::{errln, outln},
    policy::paper_path,
    whole::write_file,
};

pub(super) fn run(
    mut file: File,
    target: &GrantTarget,
    reason: Option<&str>,
    signer: &Signer,
    json: bool,
) -> Result<Exit> {
    let meant = |name: &str| target.plugin.as_ref().is_none_or(|wanted| wanted == name);
    let signed: Vec<Signed> = file
        .policy
        .all_papers()
        .filter_map(|(digest, papers)| Signed::standing(&file, digest, papers, meant))
        .collect();
    if let (false, Some(Signed { name, .. })) = (signer.wanted(), signed.first()) {
        return Err(Failure::refused(format!(
            "the writ of {name} is signed: only a signed revocation ends it"
        ))
        .help("`--key NAME` of a reviewer; `writ key list` shows the keys"));
    }
    if reason.is_some() && !signer.wanted() {
        return Err(Failure::usage(
            "a reason is kept in a signed revocation only, and there is no key",
        )
        .help("sign it with `--key NAME`, or leave `--reason` out"));
    }
    let unsigned = file
        .grants
        .writs
        .iter_mut()
        .filter(|writ| meant(&writ.plugin))
        .collect::<Vec<_>>();
    if let (Some(name), true, true) = (&target.plugin, unsigned.is_empty(), signed.is_empty()) {
        return Err(Failure::usage(format!(
            "{} holds no writ of plugin `{name}`",
            file.path.display()
        ))
        .help("`writ grant list` shows what there is to revoke"));
    }
    let mut number = 0;
    for writ in unsigned.into_iter().filter(|writ| !writ.revoked) {
        writ.revoked = true;
        number += 1;
    }
    if number > 0 {
        file.save()?;
    }
    let mut files = Vec::new();
    if !signed.is_empty() {
        let key = keys::open(signer)?;
        sign::reviewers_root(&file, &key)?;
        for writ in signed {
            files.push(writ.revoke(&file, reason, &key)?);
        }
    }
    if json {
        outln!(
            "{}",
            json!({ "revoked": number + files.len(), "files": files })
        );
        return Ok(Exit::Done);
    }
    outln!(
        "revoked {} in {}",
        count(number + files.len(), "writ"),
        file.path.parent().unwrap_or(&file.path).display()
    );
    for path in &files {
        outln!("  {path}");
    }
    if reason.is_some() && files.is_empty() {
        errln!("note: the reason is kept nowhere: no signed writ was revoked");
    }
    if !files.is_empty() {
        errln!(
            "note: whoever can delete that file can undo it elsewhere. Carry it to every place that has the writ; what survives \
             deletion is a higher `epoch` in the trust root, after which all that shall count is signed again"
        );
    }
    Ok(Exit::Done)
}

/// What is signed of one component and not revoked.
struct Signed {
    name: String,
    digest: Digest,
    /// When a reviewer approved it last.
    approved_ms: u64,
}

impl Signed {
    fn standing(
        file: &File,
        digest: &Digest,
        papers: &Papers,
        meant: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let root = file.policy.root().map(|(_, root)| root);
        if root.is_some_and(|root| papers.is_revoked(root)) {
            return None;
        }
        // Whatever else a forger laid beside it, under a newer date or another name: what is meant is among them.
        let names = papers
            .writs
            .iter()
            .map(|(_, signed)| &signed.writ.plugin)
            .filter(|name| meant(name));
        Some(Self {
            name: names.max()?.clone(),
            digest: *digest,
            approved_ms: root
                .and_then(|root| papers.approved_last(root))
                .unwrap_or_default(),
        })
    }

    /// Writes its end; returns where.
    fn revoke(&self, file: &File, reason: Option<&str>, key: &SecretKey) -> Result<String> {
        let statement = Statement::Revocation(Revocation {
            name: self.name.clone(),
            digest: self.digest,
            // The clock of whoever approved it may be ahead of this one: a revocation ends what was approved until then.
            revoked_ms: file.now_ms.max(self.approved_ms),
            reason: reason.map(str::to_owned),
        });
        // What can't be read back must not be kept: it would stand in everybody's way.
        Statement::parse(&statement.to_payload()).map_err(Failure::usage)?;
        let envelope = Envelope::sign(statement.to_payload(), &[key]).map_err(Failure::usage)?;
        let path = paper_path(file.policy.writs(), &self.name, &self.digest, ".revoked");
        write_file(&path, envelope.to_json().as_bytes())?;
        Ok(path.display().to_string())
    }
}
