//! The signed form of a writ: one envelope a component, in the folder beside the grants file. What the host would not believe is
//! not signed.

use std::path::PathBuf;

use serde_json::{Value as Json, json};
use writ_grant::Writ;
use writ_trust::{
    Distrust, Envelope, Papers, Role, SecretKey, SignedWrit, Statement, TrustRoot, Verdict,
};

use super::File;
use crate::{
    error::{Failure, Result},
    policy::paper_path,
    subject::Subject,
    whole::write_file,
};

/// A writ that was signed and kept.
pub(super) struct Kept {
    name: String,
    path: PathBuf,
    /// Who has signed.
    by: Vec<String>,
    have: usize,
    need: usize,
    /// What else is missing, if anything is.
    lacks: Option<String>,
}

impl Kept {
    pub(super) fn say(&self) -> String {
        let mut text = format!(
            "signed by {} ({} of {} reviewers), written to {}",
            self.by.join(", "),
            self.have,
            self.need,
            self.path.display()
        );
        if let Some(lacks) = &self.lacks {
            text.push_str(&format!("\nit does not count yet: {lacks}"));
        }
        text
    }

    pub(super) fn json(&self) -> Json {
        json!({ "plugin": self.name, "file": self.path.display().to_string(), "by": self.by, "have": self.have,
            "need": self.need, "counts": self.lacks.is_none(), "lacks": self.lacks })
    }
}

/// The trust root, in which this key must be a reviewer: other signatures would not count.
pub(super) fn reviewers_root<'f>(file: &'f File, key: &SecretKey) -> Result<&'f TrustRoot> {
    let Some((path, root)) = file.policy.root() else {
        return Err(
            Failure::usage("there is no trust root, so no signature could count").help(format!(
                "`writ key trust {} --role reviewer --root {}` makes one",
                key.public(),
                file.app.folder.join("trust.toml").display()
            )),
        );
    };
    let hint = key.public().hint();
    let why = match root.find(key.public()) {
        None => Some(format!("{hint} is not in it")),
        Some(known) => known.idle(Role::Reviewer, file.now_ms),
    };
    match why {
        None => Ok(root),
        Some(why) => Err(Failure::refused(format!(
            "{}: {why}, so its signature would not count",
            path.display()
        ))
        .help(format!(
            "`writ key trust {} --role reviewer --root {}`",
            key.public(),
            path.display()
        ))),
    }
}

/// Signs a new writ; or joins the one that is there, if that says the same and waits for further signatures.
pub(super) fn approve(file: &File, subject: &Subject, writ: Writ, key: &SecretKey) -> Result<Kept> {
    let root = reviewers_root(file, key)?;
    if waits_for(file, subject, &writ, key) {
        return join(file, subject, key);
    }
    let statement = Statement::Writ(SignedWrit {
        writ,
        place: file.policy.place().map(str::to_owned),
        epoch: root.epoch(),
        imports: subject.imports.clone(),
        requests: subject.requests.clone(),
    });
    let envelope = Envelope::sign(statement.to_payload(), &[key]).map_err(Failure::usage)?;
    keep(file, subject, envelope, statement, key)
}

/// Adds a signature to the writ that is there.
pub(super) fn join(file: &File, subject: &Subject, key: &SecretKey) -> Result<Kept> {
    reviewers_root(file, key)?;
    let newest = file.policy.papers(&subject.digest).and_then(Papers::newest);
    let Some((envelope, signed)) = newest else {
        return Err(Failure::usage(format!(
            "there is no signed writ of {} to join",
            subject.name
        )));
    };
    if let Some(Err(distrust)) = file.policy.verdict(subject)?
        && !distrust.lacks_only_signatures()
    {
        return Err(file.policy.refused(subject, &distrust));
    }
    let envelope = envelope.and_signed(&[key]).map_err(Failure::usage)?;
    keep(
        file,
        subject,
        envelope,
        Statement::Writ(signed.clone()),
        key,
    )
}

/// Whether the signed writ that is there says the same, and this key has not signed it.
fn waits_for(file: &File, subject: &Subject, writ: &Writ, key: &SecretKey) -> bool {
    let newest = file.policy.papers(&subject.digest).and_then(Papers::newest);
    let Some((envelope, signed)) = newest else {
        return false;
    };
    let waits = match file.policy.verdict(subject) {
        Ok(Some(Err(distrust))) => distrust.lacks_only_signatures(),
        Ok(Some(Ok(_)) | None) | Err(_) => false,
    };
    let mine = envelope
        .signers(&[key.public()])
        .is_ok_and(|signers| !signers.is_empty());
    waits
        && !mine
        && signed.writ.grants == writ.grants
        && (writ.expires_ms.is_none() || signed.writ.expires_ms == writ.expires_ms)
}

/// Keeps an envelope, if the host would believe it, or will once others have signed.
fn keep(
    file: &File,
    subject: &Subject,
    envelope: Envelope,
    statement: Statement,
    key: &SecretKey,
) -> Result<Kept> {
    let mut papers = file
        .policy
        .papers(&subject.digest)
        .cloned()
        .unwrap_or_default();
    papers.writs.clear();
    papers.add(envelope.clone(), statement);
    let verdict = file.policy.judged_by(subject, &papers)?;
    let (have, need, lacks) = standing(file, subject, verdict, key)?;
    let writs = file.policy.writs();
    let path = paper_path(writs, &subject.name, &subject.digest, "");
    write_file(&path, envelope.to_json().as_bytes())?;
    // The author's word goes with it: a run that is taken up later may not find the component's neighbour any more.
    if let Some((word, _)) = papers.authors.first() {
        let path = paper_path(writs, &subject.name, &subject.digest, ".author");
        write_file(&path, word.to_json().as_bytes())?;
    }
    let by = envelope.claimed().split(", ").map(str::to_owned).collect();
    Ok(Kept {
        name: subject.name.clone(),
        path,
        by,
        have,
        need,
        lacks,
    })
}

/// How many reviewers count and are needed, and what is missing.
fn standing(
    file: &File,
    subject: &Subject,
    verdict: Result<Verdict, Distrust>,
    key: &SecretKey,
) -> Result<(usize, usize, Option<String>)> {
    let need = file
        .policy
        .root()
        .map_or(1, |(_, root)| root.threshold(Role::Reviewer));
    match verdict {
        Ok(verdict) => Ok((verdict.reviewers.len(), need, None)),
        Err(Distrust::AuthorIsReviewer { party, .. }) if party == key.public().hint() => {
            Err(Failure::refused(format!(
                "{party} signed {} as author, so this review would not count",
                subject.name
            ))
            .help("another reviewer has to sign"))
        }
        Err(distrust) if distrust.lacks_only_signatures() => {
            let have = distrust.reviewers().unwrap_or(1);
            Ok((
                have,
                need,
                Some(format!("{distrust}; {}", distrust.remedy())),
            ))
        }
        Err(distrust) => Err(file.policy.refused(subject, &distrust)),
    }
}
