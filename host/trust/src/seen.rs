//! What this host has believed before, so that it does not go back: the highest epoch of its trust root, and for every name the
//! newest writ. A small text with a code over it, made with a key of this data folder. Where it is kept is the caller's business.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use writ_grant::Digest;

use crate::{json, refusal::Distrust, root::TrustRoot, verify::Verdict};

/// Longest memory that is read, in bytes.
pub const SEEN_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of the key that it is authenticated with.
pub const SEEN_KEY_BYTES: usize = 32;

/// The newest that was believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The highest epoch of a trust root.
    epoch: u64,
    /// By the name of a plugin or workflow.
    names: BTreeMap<String, Newest>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Newest {
    version: String,
    approved_ms: u64,
}

/// A memory that this host did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what this host remembers of signed writs was changed, or belongs to another data folder")]
pub struct SeenError;

impl Seen {
    /// Whether a trust root is as new as the newest that was used.
    ///
    /// # Errors
    /// When it is older.
    pub fn allows_root(&self, root: &TrustRoot) -> Result<(), Distrust> {
        if root.epoch() < self.epoch {
            return Err(Distrust::RootDowngraded {
                root: root.epoch(),
                seen: self.epoch,
            });
        }
        Ok(())
    }

    /// Whether a believed writ is as new as the newest of its name. An old version that was approved again later is new.
    ///
    /// # Errors
    /// When it is older.
    pub fn allows(&self, verdict: &Verdict) -> Result<(), Distrust> {
        let writ = &verdict.writ;
        let approved_ms = writ.approved_ms.unwrap_or_default();
        match self.names.get(&writ.plugin) {
            Some(newest) if approved_ms < newest.approved_ms => Err(Distrust::Downgraded {
                subject: writ.plugin.clone(),
                version: writ.version.clone(),
                approved_ms,
                seen_version: newest.version.clone(),
                seen_ms: newest.approved_ms,
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// The same for a run that is taken up: an older writ may be the very one that it was accepted on, and no other.
    ///
    /// # Errors
    /// When it is another, and older.
    pub fn allows_again(&self, verdict: &Verdict, accepted: &[Digest]) -> Result<(), Distrust> {
        if accepted.contains(&verdict.payload) {
            return Ok(());
        }
        self.allows(verdict)
    }

    /// Remembers what was believed.
    pub fn note<'v>(&mut self, root: &TrustRoot, verdicts: impl IntoIterator<Item = &'v Verdict>) {
        self.epoch = self.epoch.max(root.epoch());
        for Verdict { writ, .. } in verdicts {
            let approved_ms = writ.approved_ms.unwrap_or_default();
            if self
                .names
                .get(&writ.plugin)
                .is_none_or(|newest| newest.approved_ms <= approved_ms)
            {
                self.names.insert(
                    writ.plugin.clone(),
                    Newest {
                        version: writ.version.clone(),
                        approved_ms,
                    },
                );
            }
        }
    }

    /// The highest epoch of a trust root that was used; 0 if there was none.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The text to keep: one line of JSON, one line with its code.
    #[must_use]
    pub fn to_text(&self, key: &[u8; SEEN_KEY_BYTES]) -> String {
        let json = serde_json::to_string(self).expect("texts and numbers are JSON");
        let code = crate::encoding::base64(&mac(key, &json).finalize().into_bytes());
        format!("{json}\n{code}\n")
    }

    /// Reads a text that was kept with the same key.
    ///
    /// # Errors
    /// When it was not.
    pub fn parse(text: &str, key: &[u8; SEEN_KEY_BYTES]) -> Result<Self, SeenError> {
        if text.len() > SEEN_BYTES_MAX {
            return Err(SeenError);
        }
        let (json, code) = text
            .trim_end_matches('\n')
            .split_once('\n')
            .ok_or(SeenError)?;
        let code = crate::encoding::exactly::<32>(code).ok_or(SeenError)?;
        mac(key, json).verify_slice(&code).map_err(|_| SeenError)?;
        json::exactly(json.as_bytes()).map_err(|_| SeenError)
    }
}

fn mac(key: &[u8; SEEN_KEY_BYTES], json: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(b"writ seen 1\n");
    mac.update(json.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use writ_grant::Writ;

    use super::*;

    const KEY: [u8; 32] = [9; 32];

    fn verdict(version: &str, approved_ms: u64) -> Verdict {
        let writ = Writ {
            plugin: "files".to_owned(),
            version: version.to_owned(),
            digest: Digest::from_bytes([1; 32]),
            grants: Vec::new(),
            approved_ms: Some(approved_ms),
            expires_ms: None,
            revoked: false,
        };
        Verdict {
            writ,
            payload: Digest::from_bytes([2; 32]),
            epoch: 1,
            reviewers: Vec::new(),
            authors: Vec::new(),
            signers: Vec::new(),
        }
    }

    fn root(epoch: u64) -> TrustRoot {
        TrustRoot::parse(&format!("version = 1\nepoch = {epoch}\n")).unwrap()
    }

    #[test]
    fn what_was_newer_is_remembered() {
        let mut seen = Seen::default();
        seen.note(&root(3), [&verdict("2.0.0", 200)]);
        assert_eq!(
            seen.allows_root(&root(2)),
            Err(Distrust::RootDowngraded { root: 2, seen: 3 })
        );
        assert_eq!(
            (seen.allows_root(&root(3)), seen.allows_root(&root(4))),
            (Ok(()), Ok(()))
        );
        assert!(matches!(
            seen.allows(&verdict("1.0.0", 100)),
            Err(Distrust::Downgraded { .. })
        ));
        // The same again, and the old one approved anew, are no way back.
        assert_eq!(seen.allows(&verdict("2.0.0", 200)), Ok(()));
        assert_eq!(seen.allows(&verdict("1.0.0", 300)), Ok(()));
        seen.note(&root(1), [&verdict("1.0.0", 100)]);
        assert_eq!(seen.epoch(), 3);
        assert!(
            seen.allows(&verdict("1.0.0", 100)).is_err(),
            "nothing is forgotten"
        );
    }

    #[test]
    fn a_run_goes_on_with_the_older_writ_that_it_began_with_and_no_other() {
        let mut seen = Seen::default();
        seen.note(&root(3), [&verdict("1.0.0", 200)]);
        let older = verdict("1.0.0", 100);
        assert_eq!(seen.allows_again(&older, &[older.payload]), Ok(()));
        let another = Digest::from_bytes([3; 32]);
        assert!(matches!(
            seen.allows_again(&older, &[another]),
            Err(Distrust::Downgraded { .. })
        ));
        assert_eq!(
            seen.allows_again(&verdict("1.0.0", 300), &[another]),
            Ok(()),
            "a reviewer has decided anew"
        );
    }

    #[test]
    fn only_what_was_kept_is_read() {
        let mut seen = Seen::default();
        seen.note(&root(3), [&verdict("2.0.0", 200)]);
        let text = seen.to_text(&KEY);
        assert_eq!(Seen::parse(&text, &KEY), Ok(seen));
        assert_eq!(Seen::parse(&text, &[8; 32]), Err(SeenError));
        for changed in [
            text.replace("200", "199"),
            text.replace('3', "2"),
            String::new(),
            "\n".to_owned(),
            text[..20].to_owned(),
        ] {
            assert_eq!(Seen::parse(&changed, &KEY), Err(SeenError), "{changed}");
        }
    }
}
