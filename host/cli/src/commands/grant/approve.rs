//! `writ grant approve` and `sign`: a reviewer's yes, for exactly what is there now.

use serde_json::json;
use writ_grant::{Access, Capability, Grant, Writ};

use super::{File, choice, sign};
use crate::{
    args::{GrantTarget, Signer},
    error::{Exit, Failure, Result},
    keys, load,
    out::{errln, outln},
    policy,
    subject::Subject,
};

/// What a reviewer says yes to.
pub(super) enum What<'a> {
    AllRequested,
    These(&'a [String]),
}

pub(super) fn run(
    mut file: File,
    target: &GrantTarget,
    what: &What<'_>,
    expires_ms: Option<u64>,
    signer: &Signer,
    json: bool,
) -> Result<Exit> {
    if matches!(what, What::These([])) {
        return Err(Failure::usage("say what to approve")
            .help("`--all-requested`, or `--allow CAPABILITY` for each; `writ grant review` shows what is asked for"));
    }
    let subjects = file.subjects(target, json)?;
    let subjects = if signer.wanted() || file.policy.strict() || target.plugin.is_some() {
        subjects
    } else {
        // A workflow that asks for nothing needs a writ only where everything does.
        subjects
            .into_iter()
            .filter(|subject| subject.is_plugin() || !subject.requests.is_empty())
            .collect()
    };
    if matches!(what, What::These(_)) && subjects.len() != 1 {
        return Err(Failure::usage("`--allow` is for one plugin")
            .help("name it: `writ grant approve APP PLUGIN --allow …`"));
    }
    let mut approved = Vec::new();
    for subject in &subjects {
        let writ = file.writ(subject, chosen(&file, subject, what)?, expires_ms)?;
        file.unsigned_counts(subject, signer)?;
        approved.push((subject, writ));
    }
    let key = signer.wanted().then(|| keys::open(signer)).transpose()?;
    let mut done = Vec::new();
    for (subject, writ) in approved {
        if !json {
            tell(&file, &writ, subject);
        }
        match &key {
            None => file.keep(writ),
            Some(key) => {
                let kept = sign::approve(&file, subject, writ, key)?;
                if !json {
                    outln!("{}", kept.say());
                }
                file.forget(subject);
                done.push(kept);
            }
        }
    }
    if key.is_none() || file.changed {
        file.save()?;
    }
    let names: Vec<_> = subjects.iter().map(|subject| &subject.name).collect();
    if json {
        let signed: Vec<_> = done.iter().map(sign::Kept::json).collect();
        outln!(
            "{}",
            json!({ "grants": file.path.display().to_string(), "approved": names, "signed": signed })
        );
    } else if key.is_none() {
        outln!("written to {}", file.path.display());
    }
    Ok(Exit::Done)
}

/// Adds a signature to writs that others have signed.
pub(super) fn and_sign(
    file: &File,
    target: &GrantTarget,
    signer: &Signer,
    json: bool,
) -> Result<Exit> {
    let key = keys::open(signer)?;
    let mut done = Vec::new();
    for subject in file.subjects(target, json)? {
        let signed = file
            .policy
            .papers(&subject.digest)
            .and_then(|papers| papers.newest());
        let Some((_, signed)) = signed else { continue };
        if !json {
            tell(file, &signed.writ, &subject);
        }
        let kept = sign::join(file, &subject, &key)?;
        if !json {
            outln!("{}", kept.say());
        }
        done.push(kept);
    }
    if done.is_empty() {
        return Err(Failure::usage(format!(
            "{} holds no signed writ of what is here",
            file.policy.writs().display()
        ))
        .help("the first reviewer signs with `writ grant approve APP --key NAME …`"));
    }
    if json {
        outln!(
            "{}",
            json!({ "signed": done.iter().map(sign::Kept::json).collect::<Vec<_>>() })
        );
    }
    Ok(Exit::Done)
}

/// The grants of one subject that the reviewer says yes to.
fn chosen(file: &File, subject: &Subject, what: &What<'_>) -> Result<Vec<Grant>> {
    let entry = file.app.config.plugins.get(&subject.name);
    let before = file.believed(subject);
    match what {
        What::AllRequested => {
            let possible = subject
                .requests
                .iter()
                .filter(|request| request.capability.available());
            // Nobody asks for a place of a secret: it is the reviewer's to say, and stays as it was said.
            let said = |capability: &Capability| {
                let mut grants = before.iter().flat_map(|writ| &writ.grants);
                grants
                    .find(|grant| grant.capability == *capability && capability.takes_place())
                    .cloned()
            };
            possible
                .map(|request| match said(&request.capability) {
                    Some(before) => Ok(before),
                    None => choice::grant(subject, entry, &request.capability, None),
                })
                .collect()
        }
        What::These(texts) => {
            let more = texts
                .iter()
                .map(|text| choice::parse(subject, entry, text))
                .collect::<Result<Vec<_>>>()?;
            Ok(merged(before.as_ref(), more))
        }
    }
}

/// Says what a subject may do now, and what is still in its way.
pub(super) fn tell(file: &File, writ: &Writ, subject: &Subject) {
    outln!("{} {} may, as {}:", writ.plugin, writ.version, writ.digest);
    for grant in &writ.grants {
        let detail = choice::detail(grant)
            .map(|detail| format!("  (= {detail})"))
            .unwrap_or_default();
        outln!("  {}{detail}", grant.capability.describe());
    }
    // Folders to write to are made by the host.
    let missing = |folder: &&String| {
        !file.app.grants_folder().join(folder).is_dir() && !is_written(writ, folder)
    };
    for folder in writ
        .grants
        .iter()
        .filter_map(|grant| grant.folder.as_ref())
        .filter(missing)
    {
        errln!("note: the folder {folder} is not there yet");
    }
    if writ.grants.is_empty() {
        outln!("  only compute");
    }
    for request in subject
        .requests
        .iter()
        .filter(|request| !request.capability.available())
    {
        errln!(
            "note: {} is left out: no version of this host can give it yet",
            request.capability
        );
    }
    let uncovered = uncovered(writ, subject);
    if !uncovered.is_empty() {
        errln!(
            "note: required requests still not covered: {}; what calls {} is refused until they are",
            uncovered.join(", "),
            subject.name
        );
    }
}

/// The requests that are not optional and that these grants leave open, wholly or in part.
fn uncovered(writ: &Writ, subject: &Subject) -> Vec<String> {
    let is_covered = |asked: &Capability| {
        let mut grants = writ.grants.iter();
        grants.any(|grant| grant.capability.covers(asked))
    };
    let required = subject.requests.iter().filter(|request| !request.optional);
    required
        .filter(|request| !is_covered(&request.capability))
        .map(|request| request.capability.to_string())
        .collect()
}

/// Whether a writ lets its plugin write to a host folder.
fn is_written(writ: &Writ, folder: &str) -> bool {
    let write = |capability: &Capability| {
        matches!(
            capability,
            Capability::Fs {
                access: Access::Write,
                ..
            }
        )
    };
    writ.grants
        .iter()
        .any(|grant| write(&grant.capability) && grant.folder.as_deref() == Some(folder))
}

/// What was approved before for the same component, and what is approved now; a capability named again is replaced.
fn merged(before: Option<&Writ>, more: Vec<Grant>) -> Vec<Grant> {
    let kept = before
        .filter(|writ| !writ.revoked)
        .map(|writ| writ.grants.clone())
        .unwrap_or_default();
    let kept = kept
        .into_iter()
        .filter(|old| !more.iter().any(|new| new.capability == old.capability));
    let mut all: Vec<Grant> = kept.collect();
    all.extend(more);
    all
}

impl File {
    /// A writ of these grants for one subject, held against what the host would refuse at load.
    pub(super) fn writ(
        &self,
        subject: &Subject,
        grants: Vec<Grant>,
        expires_ms: Option<u64>,
    ) -> Result<Writ> {
        let writ = Writ {
            plugin: subject.name.clone(),
            version: subject.version.clone(),
            digest: subject.digest,
            grants,
            approved_ms: Some(self.now_ms),
            expires_ms,
            revoked: false,
        };
        policy::authority(subject, Some(&writ))?;
        self.may_give(&writ.grants)?;
        Ok(writ)
    }

    /// Refuses host folders that no plugin is given, whatever is granted: such a writ would only be refused later.
    pub(super) fn may_give(&self, grants: &[Grant]) -> Result<()> {
        let mut sandbox = None;
        for grant in grants {
            let (Capability::Fs { path, .. }, Some(folder)) = (&grant.capability, &grant.folder)
            else {
                continue;
            };
            let sandbox = match &sandbox {
                Some(sandbox) => sandbox,
                None => sandbox.insert(load::empty_sandbox(&self.app)?),
            };
            let host = self.app.grants_folder().join(folder);
            sandbox.may_give(path.as_str(), &host).map_err(|error| {
                let capability = &grant.capability;
                Failure::refused(format!("nothing was approved: {error}")).help(format!(
                    "name another folder: `--allow '{capability}=FOLDER'`"
                ))
            })?;
        }
        Ok(())
    }

    /// The writ of a subject that counts now, if there is one: what a forger wrote is no base for what is added.
    fn believed(&self, subject: &Subject) -> Option<Writ> {
        match self.policy.verdict(subject) {
            Ok(None) => self.policy.grants().find(&subject.digest).cloned(),
            Ok(Some(Ok(verdict))) => Some(verdict.writ),
            Ok(Some(Err(_))) | Err(_) => None,
        }
    }

    /// Refuses to write what would not count.
    pub(super) fn unsigned_counts(&self, subject: &Subject, signer: &Signer) -> Result<()> {
        if signer.wanted() {
            return Ok(());
        }
        let signed = self
            .policy
            .papers(&subject.digest)
            .is_some_and(|papers| !papers.undecided());
        let why = match (self.policy.strict(), signed) {
            (true, _) => "in strict mode only signed writs count".to_owned(),
            (false, true) => format!("{} has a signed writ, and that one counts", subject.name),
            (false, false) => return Ok(()),
        };
        Err(Failure::refused(format!("nothing was approved: {why}"))
            .help("sign it: `--key NAME`; `writ key list` shows the keys"))
    }
}
