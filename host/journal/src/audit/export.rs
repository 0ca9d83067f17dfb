//! Writes events as lines of JSON that a stranger can verify without this program: each with what its hash is made of, and
//! with what leads from its hash to the root that the checkpoint in the first line signed. docs/audit.md has the format.

use std::{
    collections::{HashMap, HashSet},
    io::Write,
    path::Path,
};

use serde::Serialize;
use writ_run::RunId;

use super::{
    Claim, Claims,
    walk::{Result, audit_with, hex},
};
use crate::{
    JournalError,
    blobs::Blobs,
    digest::Hash,
    entry::Place,
    error::At as _,
    frame::{Frame, Payload},
    merkle::{self, Node, Tree},
    reader::Walk,
};

/// Which events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of the log.
    Log,
    /// Those of one run.
    Run(RunId),
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// How many events.
    pub events: u64,
    /// How many more there are that no checkpoint has signed yet: they are left out.
    pub unsigned: u64,
    /// The checkpoint that vouches for them.
    pub claim: Claim,
}

#[derive(Serialize)]
struct Header<'a> {
    format: &'static str,
    scope: &'static str,
    events: u64,
    checkpoint: &'a str,
}

#[derive(Serialize)]
struct Line<'a> {
    position: u64,
    run: String,
    number: u64,
    at_ms: u64,
    flags: u8,
    before_in_log: String,
    before_in_run: String,
    json: &'a str,
    proof: Vec<String>,
}

/// Writes the events that the newest checkpoint vouches for, after the whole folder was audited. Reads the log three
/// times; keeps in memory what the proofs of the chosen events need.
pub fn export(dir: &Path, claims: &Claims, scope: Scope, out: &mut dyn Write) -> Result<Exported> {
    let mut chosen = Vec::new();
    let audited = audit_with(dir, claims, true, &mut |position, frame, _| {
        if scope.has(frame) {
            chosen.push(position);
        }
    })?;
    let Some(claim) = audited.claims.last().cloned() else {
        return Err(unsigned(dir).into());
    };
    let all = chosen.len();
    chosen.retain(|position| *position < claim.checkpoint.size);
    let exported = Exported {
        events: chosen.len() as u64,
        unsigned: (all - chosen.len()) as u64,
        claim,
    };
    let proofs = match scope {
        Scope::Log => None,
        Scope::Run(_) => Some(Proofs::collect(
            dir,
            exported.claim.checkpoint.size,
            &chosen,
        )?),
    };
    let writer = Writer {
        blobs: Blobs::at(dir.join("blobs")),
        dir,
        claim: &exported.claim,
        scope,
        proofs,
    };
    writer.all(exported.events, out)?;
    Ok(exported)
}

fn unsigned(dir: &Path) -> JournalError {
    JournalError::Checkpoint {
        path: dir.join("checkpoints"),
        cause: "no checkpoint was written yet, so nothing could be proved; `writ audit checkpoint` writes one".to_owned(),
    }
}

impl Scope {
    fn has(self, frame: &Frame<'_>) -> bool {
        match self {
            Self::Log => true,
            Self::Run(run) => frame.head.run == run,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Run(_) => "run",
        }
    }
}

/// What the inclusion proofs of some events are made of.
struct Proofs {
    tree: Tree,
    nodes: HashMap<Node, Hash>,
}

impl Proofs {
    fn collect(dir: &Path, size: u64, chosen: &[u64]) -> Result<Self> {
        let wanted: HashSet<Node> = chosen
            .iter()
            .flat_map(|position| merkle::siblings(*position, size))
            .collect();
        let (mut tree, mut nodes) = (Tree::default(), HashMap::with_capacity(wanted.len()));
        let mut walk = Walk::over(&dir.join("log"))?;
        while tree.size() < size {
            let step = walk.next(|frame, _| {
                tree.push_with(merkle::leaf(&frame.hash()), |node, hash| {
                    if wanted.contains(&node) {
                        nodes.insert(node, *hash);
                    }
                });
                Ok(())
            });
            step.unwrap_or_else(|| Err(moved(dir)))?;
        }
        Ok(Self { tree, nodes })
    }
}

/// What was audited is no longer there.
fn moved(dir: &Path) -> JournalError {
    JournalError::Checkpoint {
        path: dir.join("log"),
        cause: "the log changed while it was read".to_owned(),
    }
}

struct Writer<'a> {
    dir: &'a Path,
    blobs: Blobs,
    claim: &'a Claim,
    scope: Scope,
    proofs: Option<Proofs>,
}

impl Writer<'_> {
    fn all(&self, events: u64, out: &mut dyn Write) -> Result<()> {
        line(
            out,
            &Header {
                format: "writ-export-1",
                scope: self.scope.name(),
                events,
                checkpoint: &self.claim.note,
            },
        )?;
        let (size, mut tree) = (self.claim.checkpoint.size, Tree::default());
        let mut walk = Walk::over(&self.dir.join("log"))?;
        for _ in 0..size {
            let step = walk.next(|frame, place| {
                tree.push(merkle::leaf(&frame.hash()));
                if self.scope.has(frame) {
                    self.event(frame, place, out)?;
                }
                Ok(())
            });
            step.unwrap_or_else(|| Err(moved(self.dir)))?;
        }
        // The log may have been changed since it was audited; what was written would then prove nothing.
        if tree.root() != self.claim.checkpoint.root {
            return Err(moved(self.dir).into());
        }
        out.flush().at("write", "the export")?;
        Ok(())
    }

    fn event(
        &self,
        frame: &Frame<'_>,
        place: &Place<'_>,
        out: &mut dyn Write,
    ) -> std::result::Result<(), JournalError> {
        let head = &frame.head;
        let content;
        let json = match frame.payload {
            Payload::Inline(json) => json,
            Payload::Blob { digest, bytes } => {
                content = self.blobs.read(&digest, Some(bytes))?;
                &content
            }
        };
        let json = std::str::from_utf8(json).map_err(|_| place.corrupt("the event is no text"))?;
        let proof = match &self.proofs {
            Some(proofs) => merkle::path(place.position, &proofs.tree, &proofs.nodes)
                .ok_or_else(|| moved(self.dir))?,
            None => Vec::new(),
        };
        line(
            out,
            &Line {
                position: place.position,
                run: head.run.to_string(),
                number: head.number,
                at_ms: head.at_ms,
                flags: head.flags,
                before_in_log: hex(&head.before_in_log).to_string(),
                before_in_run: hex(&head.before_in_run).to_string(),
                json,
                proof: proof.iter().map(|hash| hex(hash).to_string()).collect(),
            },
        )
    }
}

fn line(out: &mut dyn Write, value: &impl Serialize) -> std::result::Result<(), JournalError> {
    let mut text = serde_json::to_vec(value).map_err(|error| JournalError::Invalid {
        cause: error.to_string(),
    })?;
    text.push(b'\n');
    out.write_all(&text).at("write", "the export")
}
