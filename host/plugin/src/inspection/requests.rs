//! What a component asks for, and which of its imports could make use of it. Knows nothing of what was granted.

use writ_grant::{Access, Capability, Effect};

use super::{RequestNote, Risk};
use crate::{Import, ImportKind, Plugin};

pub(super) fn notes(plugin: &Plugin) -> Vec<RequestNote> {
    let note = |request: &writ_grant::Request| RequestNote {
        capability: request.capability.to_string(),
        means: request.capability.describe(),
        reason: request.reason.clone(),
        optional: request.optional,
        risk: risk(&request.capability),
        available: request.capability.available(),
        usable: plugin
            .imports
            .iter()
            .any(|import| serves(import, &request.capability)),
    };
    plugin.requests.iter().map(note).collect()
}

/// What a capability could do at most. Buckets and memory are inside the host, and a change of them is a change to a reviewer; a
/// secret that is used has been sent.
pub(super) fn risk(capability: &Capability) -> Risk {
    match (capability.effect(), capability) {
        (Effect::Changes, _)
        | (
            _,
            Capability::Kv {
                access: Access::Write,
                ..
            }
            | Capability::Memory {
                access: Access::Write,
                ..
            }
            | Capability::SecretUse { .. },
        ) => Risk::Changes,
        (Effect::None | Effect::Reads, _) => Risk::Reads,
    }
}

impl Risk {
    /// What a capability could do at most, if it is granted.
    #[must_use]
    pub fn of(capability: &Capability) -> Risk {
        risk(capability)
    }
}

/// Whether an imported interface could make use of a capability.
pub(super) fn serves(import: &Import, capability: &Capability) -> bool {
    let is = |start: &str| import.interface.starts_with(start);
    match capability {
        Capability::Fs { .. } => import.kind == ImportKind::Files,
        Capability::Http { .. } => import.kind == ImportKind::Http,
        Capability::Kv { .. } => import.kind == ImportKind::KeyValue,
        Capability::Config { .. } => import.kind == ImportKind::Config,
        Capability::Env { .. } => is("wasi:cli/environment"),
        Capability::SecretUse { .. } => {
            matches!(import.kind, ImportKind::Secrets | ImportKind::Http)
        }
        Capability::ModelChat { .. } => import.kind == ImportKind::Models,
        Capability::Memory { .. } => import.kind == ImportKind::Memory,
        Capability::ToolCall { .. } => import.kind == ImportKind::Tools,
        Capability::HumanAsk { .. } => import.kind == ImportKind::Humans,
        Capability::ClockReal => is("wasi:clocks/"),
        Capability::RandomReal => is("wasi:random/"),
    }
}
