//! What is allowed in one app: the grants file and everything signed beside it, judged by the app's trust root. The edge that reads
//! the files; who may do what is decided in `writ-trust` and `writ-grant`.

mod memory;

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use writ_grant::{Authority, Digest, Grants, Subject as Kind, Writ};
use writ_journal::TakenFolder;
use writ_trust::{
    Artefact, Distrust, ENVELOPE_BYTES_MAX, Envelope, EnvelopeError, Ground, Papers,
    ROOT_BYTES_MAX, RootError, Seen, SignedWrit, Statement, TrustRoot, Verdict, verdict,
};

use crate::{
    app::{App, ROOT_FILE},
    error::{Failure, Result},
    load,
    out::errln,
    read,
    subject::{Subject, file_stem},
};

/// Most papers that are read beside one grants file.
const PAPERS_MAX: usize = 8192;
/// How long they may be together, in bytes.
const PAPERS_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The folder of signed writs.
pub(crate) const WRITS: &str = "writs";
const PAPER_SUFFIX: &str = ".dsse.json";

/// Whether what is judged starts now, or was started before and is taken up again.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// It starts now: nothing older than what was used here before.
    New,
    /// It was accepted before, on signed writs with these payloads: what is older than what was used here may go on by those alone.
    Again(Vec<Digest>),
}

/// Everything that decides what may be done in one app.
pub(crate) struct Policy {
    grants: Grants,
    papers: BTreeMap<Digest, Papers>,
    /// The trust root and where it is.
    root: Option<(PathBuf, TrustRoot)>,
    strict: bool,
    place: Option<String>,
    seen: Seen,
    start: Start,
    /// Where papers are kept, for messages.
    writs: PathBuf,
    data: PathBuf,
}

/// What is allowed to one subject, and on whose word.
pub(crate) struct Judged {
    /// Nothing when nobody reviewed it.
    pub(crate) authority: Option<Authority>,
    /// The writ that it rests on, signed or not.
    pub(crate) writ: Option<Writ>,
    /// The signed writ that it rests on.
    pub(crate) verdict: Option<Verdict>,
}

impl Policy {
    /// Reads the policy of an app.
    pub(crate) fn open(app: &App, start: Start) -> Result<Self> {
        Self::over(app, start, load::grants(app.grants.as_deref())?)
    }

    /// The same for a command that writes the grants file.
    pub(crate) fn to_write(app: &App, grants: &Path) -> Result<Self> {
        Self::over(app, Start::New, load::grants_to_write(grants)?)
    }

    fn over(app: &App, start: Start, grants: Grants) -> Result<Self> {
        let root = root(app)?;
        let writs = writs_folder(app);
        let papers = papers(app, &writs, root.as_ref().map(|(_, root)| root))?;
        let strict = app.config.host.strict;
        if let (true, None) = (strict, &root) {
            return Err(Failure::refused(format!(
                "strict mode needs a trust root, and {} is not there",
                app.folder.join(ROOT_FILE).display()
            ))
            .help("`writ key trust PUBLIC --role reviewer --root trust.toml` makes one; or name another: `[trust] root = \"FILE\"`"));
        }
        let seen = if strict || !papers.is_empty() {
            memory::recall(&app.data)?
        } else {
            Seen::default()
        };
        let policy = Self {
            grants,
            papers,
            root,
            strict,
            place: app.config.trust.place.clone(),
            seen,
            start,
            writs,
            data: app.data.clone(),
        };
        if let Some((path, root)) = &policy.root {
            policy
                .seen
                .allows_root(root)
                .map_err(|distrust| refused(&distrust).within(path.display()))?;
        }
        Ok(policy)
    }

    /// The grants file alone, unsigned.
    pub(crate) fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Where signed writs are kept.
    pub(crate) fn writs(&self) -> &Path {
        &self.writs
    }

    /// Whether only signed writs count.
    pub(crate) fn strict(&self) -> bool {
        self.strict
    }

    /// The name of this place.
    pub(crate) fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// The trust root, and where it is.
    pub(crate) fn root(&self) -> Option<(&Path, &TrustRoot)> {
        self.root
            .as_ref()
            .map(|(path, root)| (path.as_path(), root))
    }

    /// What is signed about one digest.
    pub(crate) fn papers(&self, digest: &Digest) -> Option<&Papers> {
        self.papers.get(digest)
    }

    /// Everything that is signed.
    pub(crate) fn all_papers(&self) -> impl Iterator<Item = (&Digest, &Papers)> {
        self.papers.iter()
    }

    /// Every writ that reviewers stand behind, of one digest the newest: signed ones that the trust root bears out, unsigned ones where
    /// those count. Some may be over; none was revoked, and none is only claimed.
    pub(crate) fn approved(&self) -> impl Iterator<Item = &Writ> {
        let signed = self.papers.values().filter_map(|papers| {
            let (_, signed) = papers.newest()?;
            let verdict = writ_trust::approved(self.ground()?, alone(signed), papers).ok()?;
            self.fresh(&verdict).ok().map(|()| &signed.writ)
        });
        let unsigned = self.grants.writs.iter().filter(|writ| {
            let undecided = self.papers.get(&writ.digest).is_none_or(Papers::undecided);
            undecided && !self.strict && !writ.revoked
        });
        signed.chain(unsigned)
    }

    /// The verdict on the newest signed writ of these alone: what is there may be another build, or nothing.
    pub(crate) fn judged_alone(&self, papers: &Papers) -> Option<Result<Verdict, Distrust>> {
        let (_, signed) = papers.newest()?;
        self.judged(alone(signed), papers)
    }

    /// The verdict of the trust root on one subject; none where nothing is signed and nothing has to be.
    pub(crate) fn verdict(&self, subject: &Subject) -> Result<Option<Result<Verdict, Distrust>>> {
        let nothing = Papers::default();
        let papers = self.papers.get(&subject.digest).unwrap_or(&nothing);
        if papers.undecided() && !self.strict {
            return Ok(None);
        }
        self.judged_by(subject, papers).map(Some)
    }

    /// The verdict on one subject if these were its papers.
    pub(crate) fn judged_by(
        &self,
        subject: &Subject,
        papers: &Papers,
    ) -> Result<Result<Verdict, Distrust>> {
        self.judged(subject.artefact(), papers).ok_or_else(|| {
            Failure::refused(format!(
                "{} holds a signed writ of {}, and there is no trust root to judge it by",
                self.writs.display(),
                subject.name
            ))
            .help("name it: `[trust] root = \"FILE\"` in writ.toml; or make one: `writ key trust PUBLIC --role reviewer`")
        })
    }

    /// The verdict on anything, by these papers; none without a trust root.
    fn judged(&self, artefact: Artefact<'_>, papers: &Papers) -> Option<Result<Verdict, Distrust>> {
        let verdict = verdict(self.ground()?, artefact, papers);
        Some(verdict.and_then(|verdict| self.fresh(&verdict).map(|()| verdict)))
    }

    fn ground(&self) -> Option<Ground<'_>> {
        let (_, root) = self.root.as_ref()?;
        Some(Ground {
            root,
            place: self.place(),
            now_ms: writ_scheduler::now_ms(),
        })
    }

    /// Whether a believed writ is no older than what was used here before.
    fn fresh(&self, verdict: &Verdict) -> Result<(), Distrust> {
        self.start.allows(&self.seen, verdict)
    }

    /// What a subject may do.
    pub(crate) fn judge(&self, subject: &Subject) -> Result<Judged> {
        let verdict = match self.verdict(subject)? {
            Some(verdict) => Some(verdict.map_err(|distrust| self.refused(subject, &distrust))?),
            None => None,
        };
        let writ = verdict
            .as_ref()
            .map(|verdict| &verdict.writ)
            .or_else(|| self.grants.find(&subject.digest));
        // What asks for nothing needs nobody's review, unless everything does.
        let reviewed = writ.is_some() || subject.requests.is_empty();
        let authority = reviewed.then(|| authority(subject, writ)).transpose()?;
        let writ = writ.cloned();
        Ok(Judged {
            authority,
            writ,
            verdict,
        })
    }

    /// Remembers what a run was accepted on, so that nothing older is accepted later. Another process may have remembered more since
    /// this policy was read: the folder is this process's own by now, so what counts is what lies there.
    pub(crate) fn remember(&self, _own: &TakenFolder, believed: &[Verdict]) -> Result<()> {
        let Some((path, root)) = self.root().filter(|_| self.strict || !believed.is_empty()) else {
            return Ok(());
        };
        let before = memory::recall(&self.data)?;
        before
            .allows_root(root)
            .map_err(|distrust| refused(&distrust).within(path.display()))?;
        for verdict in believed {
            self.start
                .allows(&before, verdict)
                .map_err(|distrust| refused(&distrust).within(self.writs.display()))?;
        }
        let mut seen = before.clone();
        seen.note(root, believed);
        if memory::keep(&self.data, &seen, &before)? {
            errln!(
                "note: {} remembered no signed writs; from now on it does, and nothing older counts",
                self.data.display()
            );
        }
        Ok(())
    }

    /// The highest epoch that was used here; 0 if nothing is remembered.
    pub(crate) fn seen_epoch(&self) -> u64 {
        self.seen.epoch()
    }

    /// A refusal at the place that it is about.
    pub(crate) fn refused(&self, subject: &Subject, distrust: &Distrust) -> Failure {
        let paper = self
            .writs
            .join(format!("{}{PAPER_SUFFIX}", subject.file_stem()));
        refused(distrust).within(if paper.exists() {
            paper.display()
        } else {
            self.writs.display()
        })
    }
}

impl Start {
    fn allows(&self, seen: &Seen, verdict: &Verdict) -> Result<(), Distrust> {
        match self {
            Self::New => seen.allows(verdict),
            Self::Again(accepted) => seen.allows_again(verdict, accepted),
        }
    }
}

/// A signed writ as what it says that it is for.
fn alone(signed: &SignedWrit) -> Artefact<'_> {
    Artefact {
        name: &signed.writ.plugin,
        version: &signed.writ.version,
        digest: &signed.writ.digest,
        requests: &signed.requests,
        imports: &signed.imports,
        authored: matches!(Kind::of(&signed.writ.plugin), Kind::Plugin(_)),
    }
}

fn refused(distrust: &Distrust) -> Failure {
    Failure::refused(distrust).help(distrust.remedy())
}

/// What a subject may do under one writ.
pub(crate) fn authority(subject: &Subject, writ: Option<&Writ>) -> Result<Authority> {
    let now_ms = writ_scheduler::now_ms();
    Authority::effective(
        &subject.name,
        &subject.digest,
        &subject.requests,
        writ,
        now_ms,
    )
    .map_err(|refusal| Failure::refused(&refusal).help(refusal.remedy()))
}

/// Where signed writs of an app are: beside its grants file.
fn writs_folder(app: &App) -> PathBuf {
    app.grants_folder().join(WRITS)
}

/// The file of one paper about a digest; `kind` is empty for the writ itself.
pub(crate) fn paper_path(writs: &Path, name: &str, digest: &Digest, kind: &str) -> PathBuf {
    writs.join(format!("{}{kind}{PAPER_SUFFIX}", file_stem(name, digest)))
}

/// The author's statement beside a component.
pub(crate) fn beside(component: &Path) -> PathBuf {
    let mut name = component.as_os_str().to_owned();
    name.push(PAPER_SUFFIX);
    name.into()
}

/// The trust root that the app names, or the one that lies in its folder.
fn root(app: &App) -> Result<Option<(PathBuf, TrustRoot)>> {
    let named = app.config.trust.root.as_ref();
    let path = app
        .folder
        .join(named.map_or(Path::new(ROOT_FILE), PathBuf::as_path));
    if named.is_none() && !path.exists() {
        return Ok(None);
    }
    let text = read::text(&path, ROOT_BYTES_MAX as u64)?;
    let root = TrustRoot::parse(&text).map_err(|error| bad_root(&path, &text, &error))?;
    Ok(Some((path, root)))
}

/// A trust root that can't be understood.
pub(crate) fn bad_root(path: &Path, text: &str, error: &RootError) -> Failure {
    let failure = Failure::usage(format!("{}:{error}", path.display()));
    if read::is_blank(text) {
        failure.help(
            "`writ key trust PUBLIC --role ROLE --root FILE` begins it; or move the file aside",
        )
    } else {
        failure
    }
}

/// Everything signed: what lies in the folder of writs, and authors' statements beside components.
fn papers(app: &App, writs: &Path, root: Option<&TrustRoot>) -> Result<BTreeMap<Digest, Papers>> {
    let mut papers: BTreeMap<Digest, Papers> = BTreeMap::new();
    let neighbours = load::components(app)?;
    let mut left = PAPERS_BYTES_MAX;
    let neighbours = neighbours.iter().map(|path| beside(path));
    let neighbours = neighbours.filter(|path| !is_absent(path));
    for path in listed(writs)?.into_iter().chain(neighbours) {
        left = left.checked_sub(length(&path)?).ok_or_else(|| {
            Failure::usage(format!(
                "{} holds more than {PAPERS_BYTES_MAX} bytes of papers",
                writs.display()
            ))
            .help("move those of components that are gone elsewhere")
        })?;
        let (envelope, statement) = read_paper(&path, root)?;
        papers
            .entry(*statement.digest())
            .or_default()
            .add(envelope, statement);
    }
    Ok(papers)
}

/// Whether there is no file of this name. A link that leads nowhere is there, and so is what nobody may look at.
fn is_absent(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// The length of a paper, which must be a file: a folder or a pipe of that name hides what was there.
fn length(path: &Path) -> Result<u64> {
    let refuse = |what: &dyn std::fmt::Display| {
        Failure::refused(format!(
            "{}: this paper can't be read: {what}",
            path.display()
        ))
        .help("put back what was signed, or take it away: it may be a revocation")
    };
    let metadata = fs::metadata(path).map_err(|error| refuse(&error))?;
    if !metadata.is_file() {
        return Err(refuse(&"it is no file"));
    }
    Ok(metadata.len())
}

fn listed(writs: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for path in load::listing(writs)? {
        let path = path?;
        if path.to_string_lossy().ends_with(PAPER_SUFFIX) {
            paths.push(path);
        }
        if paths.len() > PAPERS_MAX {
            return Err(Failure::usage(format!(
                "{} holds more than {PAPERS_MAX} papers",
                writs.display()
            ))
            .help("move those of components that are gone elsewhere"));
        }
    }
    paths.sort();
    Ok(paths)
}

/// Reads one paper. What can't be read is refused: a paper that is passed over is a revocation that is passed over.
pub(crate) fn read_paper(path: &Path, root: Option<&TrustRoot>) -> Result<(Envelope, Statement)> {
    let refuse = |message: String| {
        Failure::refused(message)
            .within(path.display())
            .help("find out who changed it; put back what was signed, or take it away")
    };
    let text = read::text(path, ENVELOPE_BYTES_MAX as u64)?;
    let envelope = Envelope::parse(&text).map_err(|error| refuse(error.to_string()))?;
    match Statement::parse(envelope.payload()) {
        Ok(statement) => Ok((envelope, statement)),
        Err(error) => {
            let keys: Vec<_> = root
                .iter()
                .flat_map(|root| root.all())
                .map(|known| &known.key)
                .collect();
            let altered = matches!(envelope.signers(&keys), Err(EnvelopeError::Altered { .. }));
            let why = if altered { "it was altered: " } else { "" };
            Err(refuse(format!("{why}{error}")))
        }
    }
}

#[cfg(test)]
mod tests;
