//! The verdict on one plugin or workflow: are its papers in order, here and now? Pure, so the same papers always get the same
//! verdict. What this host has seen before is in `seen`.

use sha2::{Digest as _, Sha256};
use writ_grant::{Digest, Request, Writ};

use crate::{
    dsse::{Envelope, EnvelopeError},
    key::PublicKey,
    refusal::Distrust,
    role::Role,
    root::TrustRoot,
    statement::{AuthorsWord, Revocation, SignedWrit, Statement},
};

/// How far a signer's clock may be ahead of this machine's, in milliseconds.
pub const CLOCK_SKEW_MS_MAX: u64 = 5 * 60 * 1000;

const WRIT: &str = "signed writ";
const AUTHOR: &str = "author's statement";
const REVOCATION: &str = "revocation";

/// Where and when a verdict is asked for.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// Who counts.
    pub root: &'a TrustRoot,
    /// The name of this place, if it has one.
    pub place: Option<&'a str>,
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
}

/// What is there: read from the component or document itself.
#[derive(Clone, Copy)]
pub struct Artefact<'a> {
    /// A plugin's name, or a workflow's with its namespace.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Its digest.
    pub digest: &'a Digest,
    /// What it asks for.
    pub requests: &'a [Request],
    /// What its component imports; nothing for a workflow.
    pub imports: &'a [String],
    /// Whether it has an author that a trust root may want to hear: components do.
    pub authored: bool,
}

/// Everything signed that was found for one digest, believed or not.
#[derive(Clone, Debug, Default)]
pub struct Papers {
    /// Writs. Several when one was approved again and the old file is still there: the newest counts.
    pub writs: Vec<(Envelope, SignedWrit)>,
    /// Author's statements.
    pub authors: Vec<(Envelope, AuthorsWord)>,
    /// Revocations.
    pub revocations: Vec<(Envelope, Revocation)>,
}

/// A writ that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The writ.
    pub writ: Writ,
    /// sha256 of the payload that was signed.
    pub payload: Digest,
    /// The epoch that it was signed in.
    pub epoch: u64,
    /// The reviewers who count, one a party.
    pub reviewers: Vec<PublicKey>,
    /// The authors who count, one a party.
    pub authors: Vec<PublicKey>,
    /// Who signed the writ, whether they count or not.
    pub signers: Vec<PublicKey>,
}

impl Papers {
    /// Puts a paper where it belongs.
    pub fn add(&mut self, envelope: Envelope, statement: Statement) {
        match statement {
            Statement::Writ(signed) => self.writs.push((envelope, signed)),
            Statement::Plugin(word) => self.authors.push((envelope, word)),
            Statement::Revocation(revocation) => self.revocations.push((envelope, revocation)),
        }
    }

    /// The writ that would count: the one that was approved last.
    #[must_use]
    pub fn newest(&self) -> Option<&(Envelope, SignedWrit)> {
        self.writs
            .iter()
            .max_by_key(|(_, signed)| signed.writ.approved_ms)
    }

    /// When a reviewer of the root approved last, whether that counts or not: what nobody of the root signed may say any time.
    #[must_use]
    pub fn approved_last(&self, root: &TrustRoot) -> Option<u64> {
        let reviewed = self
            .writs
            .iter()
            .filter(|(envelope, _)| is_reviewed(root, envelope));
        reviewed
            .filter_map(|(_, signed)| signed.writ.approved_ms)
            .max()
    }

    /// Whether a reviewer of the root has taken back all that reviewers of the root approved. On nobody else's word: a revocation
    /// that does not count must not keep a real one from being written.
    #[must_use]
    pub fn is_revoked(&self, root: &TrustRoot) -> bool {
        let approved_ms = self.approved_last(root);
        self.revocations.iter().any(|(envelope, revocation)| {
            Some(revocation.revoked_ms) >= approved_ms && is_reviewed(root, envelope)
        })
    }

    /// Whether there is no writ and no revocation: an author's word alone decides nothing.
    #[must_use]
    pub fn undecided(&self) -> bool {
        self.writs.is_empty() && self.revocations.is_empty()
    }
}

/// Whether a reviewer of the root signed an envelope; alone, and whatever the time.
fn is_reviewed(root: &TrustRoot, envelope: &Envelope) -> bool {
    let keys: Vec<&PublicKey> = root.all().iter().map(|known| &known.key).collect();
    let reviewer = |key: &&PublicKey| root.keys(Role::Reviewer).any(|known| known == *key);
    envelope
        .signers(&keys)
        .is_ok_and(|signers| signers.iter().any(reviewer))
}

/// Decides.
///
/// # Errors
/// With the first reason not to believe the papers.
pub fn verdict(
    ground: Ground<'_>,
    subject: Artefact<'_>,
    papers: &Papers,
) -> Result<Verdict, Distrust> {
    decide(ground, subject, papers, in_force)
}

/// The same of what may be over by now: a writ that has expired, or that is of an earlier epoch. It allows nothing any more, and is
/// still what reviewers approved; one that was revoked, or that too few signed, is not.
///
/// # Errors
/// With the first reason not to believe the papers.
pub fn approved(
    ground: Ground<'_>,
    subject: Artefact<'_>,
    papers: &Papers,
) -> Result<Verdict, Distrust> {
    decide(ground, subject, papers, |_, _, _| Ok(()))
}

/// Whether a writ that is believed counts at the time.
type Timely = fn(Ground<'_>, Artefact<'_>, &SignedWrit) -> Result<(), Distrust>;

fn decide(
    ground: Ground<'_>,
    subject: Artefact<'_>,
    papers: &Papers,
    timely: Timely,
) -> Result<Verdict, Distrust> {
    let name = || subject.name.to_owned();
    // A revocation counts on its own, so it is looked at even where there is no writ left.
    let newest = papers.newest();
    let approved_ms = newest.and_then(|(_, signed)| signed.writ.approved_ms);
    for (envelope, revocation) in &papers.revocations {
        revoked(ground, subject, envelope, revocation, approved_ms)?;
    }
    let Some((envelope, signed)) = newest else {
        return Err(Distrust::Unsigned {
            subject: name(),
            digest: *subject.digest,
        });
    };
    let signers = signers(ground, subject.name, WRIT, envelope)?;
    is_for(
        subject,
        WRIT,
        (
            &signed.writ.plugin,
            &signed.writ.digest,
            &signed.writ.version,
        ),
    )?;
    states(subject, WRIT, &signed.requests, &signed.imports)?;
    is_from_here(ground, subject, signed)?;
    timely(ground, subject, signed)?;
    let (authors, vouched) = authors(ground, subject, papers)?;
    let reviewers = reviewers(ground, subject, &signers, &vouched)?;
    Ok(Verdict {
        writ: signed.writ.clone(),
        payload: Digest::from_bytes(Sha256::digest(envelope.payload()).into()),
        epoch: signed.epoch,
        reviewers,
        authors,
        signers: signers.into_iter().cloned().collect(),
    })
}

/// The keys of the root that signed; at least one did.
fn signers<'r>(
    ground: Ground<'r>,
    subject: &str,
    paper: &'static str,
    envelope: &Envelope,
) -> Result<Vec<&'r PublicKey>, Distrust> {
    let subject = subject.to_owned();
    let keys: Vec<&PublicKey> = ground.root.all().iter().map(|known| &known.key).collect();
    match envelope.signers(&keys) {
        Ok(signers) if signers.is_empty() => Err(Distrust::UnknownKey {
            subject,
            paper,
            by: envelope.claimed(),
        }),
        Ok(signers) => Ok(signers),
        Err(EnvelopeError::Altered { by }) => Err(Distrust::Altered { subject, paper, by }),
        Err(other) => Err(Distrust::Unreadable {
            subject,
            paper,
            flaw: other.to_string(),
        }),
    }
}

/// Whether a reviewer took back what was approved at that time. One reviewer is enough, and at any time: stopping is always safe.
fn revoked(
    ground: Ground<'_>,
    subject: Artefact<'_>,
    envelope: &Envelope,
    revocation: &Revocation,
    approved_ms: Option<u64>,
) -> Result<(), Distrust> {
    let signers = signers(ground, subject.name, REVOCATION, envelope)?;
    let reviewer = |key: &&&PublicKey| ground.root.keys(Role::Reviewer).any(|known| known == **key);
    let Some(by) = signers.iter().find(reviewer) else {
        return Err(Distrust::UnknownKey {
            subject: subject.name.to_owned(),
            paper: REVOCATION,
            by: envelope.claimed(),
        });
    };
    let earlier = approved_ms.is_none_or(|approved_ms| approved_ms <= revocation.revoked_ms);
    if earlier && revocation.digest == *subject.digest {
        return Err(Distrust::Revoked {
            subject: subject.name.to_owned(),
            by: by.hint(),
            revoked_ms: revocation.revoked_ms,
            reason: revocation.reason.clone(),
        });
    }
    Ok(())
}

/// Whether a paper names what is there.
fn is_for(
    subject: Artefact<'_>,
    paper: &'static str,
    (name, digest, version): (&str, &Digest, &str),
) -> Result<(), Distrust> {
    let text = |name: &str, version: &str, digest: &Digest| format!("{name} {version} {digest}");
    if (name, digest, version) == (subject.name, subject.digest, subject.version) {
        return Ok(());
    }
    Err(Distrust::WrongSubject {
        subject: subject.name.to_owned(),
        paper,
        signed: text(name, version, digest),
        found: text(subject.name, subject.version, subject.digest),
    })
}

/// Whether a paper lists what the component itself says.
fn states(
    subject: Artefact<'_>,
    paper: &'static str,
    requests: &[Request],
    imports: &[String],
) -> Result<(), Distrust> {
    for (what, same) in [
        ("requests", requests == subject.requests),
        ("imports", imports == subject.imports),
    ] {
        if !same {
            return Err(Distrust::Misstated {
                subject: subject.name.to_owned(),
                paper,
                what,
            });
        }
    }
    Ok(())
}

/// Whether a writ is for this place, and neither it nor the trust root is out of its time.
fn is_from_here(
    ground: Ground<'_>,
    subject: Artefact<'_>,
    signed: &SignedWrit,
) -> Result<(), Distrust> {
    let name = || subject.name.to_owned();
    let (epoch, root) = (signed.epoch, ground.root.epoch());
    if epoch > root {
        return Err(Distrust::NewEpoch {
            subject: name(),
            signed: epoch,
            root,
        });
    }
    if signed.place.as_deref() != ground.place {
        let say = |place: Option<&str>| {
            place.map_or("no named place".to_owned(), |place| {
                format!("the place {place}")
            })
        };
        return Err(Distrust::WrongPlace {
            subject: name(),
            signed: say(signed.place.as_deref()),
            found: say(ground.place),
        });
    }
    let approved_ms = signed.writ.approved_ms.unwrap_or_default();
    if approved_ms > ground.now_ms.saturating_add(CLOCK_SKEW_MS_MAX) {
        return Err(Distrust::NotYetValid {
            subject: name(),
            approved_ms,
        });
    }
    Ok(())
}

/// Whether what was approved counts in this epoch, at this time.
fn in_force(
    ground: Ground<'_>,
    subject: Artefact<'_>,
    signed: &SignedWrit,
) -> Result<(), Distrust> {
    let subject = subject.name.to_owned();
    let (epoch, root) = (signed.epoch, ground.root.epoch());
    if epoch < root {
        return Err(Distrust::OldEpoch {
            subject,
            signed: epoch,
            root,
        });
    }
    match signed.writ.expires_ms {
        Some(expired_ms) if expired_ms <= ground.now_ms => Err(Distrust::Expired {
            subject,
            expired_ms,
        }),
        Some(_) | None => Ok(()),
    }
}

/// The authors who count, enough of them if the root wants any; and everybody who signed as author, whether they count or not.
fn authors(
    ground: Ground<'_>,
    subject: Artefact<'_>,
    papers: &Papers,
) -> Result<(Vec<PublicKey>, Vec<PublicKey>), Distrust> {
    let need = if subject.authored {
        ground.root.threshold(Role::Author)
    } else {
        0
    };
    let (mut tally, mut vouched) = (Tally::default(), Vec::new());
    for (envelope, word) in &papers.authors {
        let signers = match signers(ground, subject.name, AUTHOR, envelope) {
            // An author that nobody here knows says nothing, and hurts nobody where no author is wanted.
            Err(Distrust::UnknownKey { .. }) if need == 0 => continue,
            signers => signers?,
        };
        is_for(subject, AUTHOR, (&word.name, &word.digest, &word.version))?;
        states(subject, AUTHOR, &word.requests, &word.imports)?;
        tally.count(ground, Role::Author, &signers, &[]);
        vouched.extend(signers.into_iter().cloned());
    }
    if papers.authors.is_empty() && need > 0 {
        return Err(Distrust::NoAuthor {
            subject: subject.name.to_owned(),
            digest: *subject.digest,
        });
    }
    Ok((
        tally.enough(subject.name, AUTHOR, Role::Author, need)?,
        vouched,
    ))
}

/// The reviewers who count: enough of them, and none of them an author of the same plugin.
fn reviewers(
    ground: Ground<'_>,
    subject: Artefact<'_>,
    signers: &[&PublicKey],
    authors: &[PublicKey],
) -> Result<Vec<PublicKey>, Distrust> {
    let need = ground.root.threshold(Role::Reviewer);
    let mut tally = Tally::default();
    tally.count(ground, Role::Reviewer, signers, authors);
    match tally.both {
        Some(party) if tally.parties.len() < need => Err(Distrust::AuthorIsReviewer {
            subject: subject.name.to_owned(),
            party,
            have: tally.parties.len(),
            need,
        }),
        _ => tally.enough(subject.name, WRIT, Role::Reviewer, need),
    }
}

/// Signatures counted by party: a name is a party, and so is a key.
#[derive(Default)]
struct Tally {
    parties: Vec<PublicKey>,
    /// Why others don't count.
    but: Vec<String>,
    /// Who signed in another role already.
    both: Option<String>,
}

impl Tally {
    fn count(
        &mut self,
        ground: Ground<'_>,
        role: Role,
        signers: &[&PublicKey],
        others: &[PublicKey],
    ) {
        for key in signers.iter().copied() {
            let same =
                |known: &PublicKey| known.name() == key.name() || known.bytes() == key.bytes();
            let Some(trusted) = ground.root.find(key) else {
                continue;
            };
            if let Some(why) = trusted.idle(role, ground.now_ms) {
                self.but.push(why);
            } else if others.iter().any(same) {
                self.both = Some(key.hint());
            } else if !self.parties.iter().any(same) {
                self.parties.push(key.clone());
            }
        }
    }

    fn enough(
        self,
        subject: &str,
        paper: &'static str,
        role: Role,
        need: usize,
    ) -> Result<Vec<PublicKey>, Distrust> {
        let have = self.parties.len();
        if have >= need {
            return Ok(self.parties);
        }
        Err(Distrust::TooFew {
            subject: subject.to_owned(),
            paper,
            role,
            have,
            need,
            but: self.but,
        })
    }
}

#[cfg(test)]
mod tests;
