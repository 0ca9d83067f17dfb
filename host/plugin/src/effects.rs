//! What calling a function does to the world, as its author declares it. Knows nothing of who calls or retries.

use serde::{Deserialize, Serialize};

/// What a call of a function may do outside the host. Ordered from harmless to grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effects {
    /// Changes nothing outside: may be called again at any time.
    None,
    /// Changes something, but calling it again with the same idempotency key changes nothing more.
    Idempotent,
    /// Must not happen twice: after a crash in the middle a human settles it.
    Once,
}

impl Effects {
    /// Every value, in order, as the manifest spells it.
    pub(crate) const ALL: [(&'static str, Effects); 3] = [
        ("none", Effects::None),
        ("idempotent", Effects::Idempotent),
        ("once", Effects::Once),
    ];

    /// The manifest's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Effects::None => "none",
            Effects::Idempotent => "idempotent",
            Effects::Once => "once",
        }
    }
}

impl std::fmt::Display for Effects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
