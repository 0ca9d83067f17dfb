//! What a checkpoint says of the log, as the text of C2SP tlog-checkpoint, and what a signed one promises. Pure; knows
//! nothing of signatures, keys or files.

use std::path::PathBuf;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{JournalError, merkle::Tree};

/// A claim about the log: it begins with exactly so many events, and this hash stands for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, which is also that of its key.
    pub origin: String,
    /// How many events.
    pub size: u64,
    /// Root of the Merkle tree over them.
    pub root: [u8; 32],
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root)
        )
    }

    /// Reads a text that was signed; takes only what [`text`](Self::text) writes.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let mut lines = text.split('\n');
        let mut line = || lines.next().ok_or("a line is missing");
        let (origin, size, root, rest) = (line()?, line()?, line()?, line()?);
        if !rest.is_empty() || lines.next().is_some() {
            return Err("more lines follow than this Writ knows");
        }
        if origin.is_empty() {
            return Err("the first line names no log");
        }
        let size = size
            .parse()
            .ok()
            .filter(|number: &u64| number.to_string() == size)
            .ok_or("the second line is no number of events")?;
        let root = STANDARD
            .decode(root)
            .ok()
            .and_then(|root| root.try_into().ok())
            .ok_or("the third line is no sha256 in base64")?;
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root,
        })
    }
}

/// The newest checkpoint of a folder: what its log must still be.
#[derive(Debug, Clone)]
pub(crate) struct Promise {
    pub(crate) path: PathBuf,
    pub(crate) checkpoint: Checkpoint,
}

impl Promise {
    pub(crate) const fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// Compares a tree with it, if that is of the size that was signed.
    pub(crate) fn check(&self, tree: &Tree) -> Result<(), JournalError> {
        if tree.size() != self.size() || tree.root() == self.checkpoint.root {
            return Ok(());
        }
        Err(self.broken(format!(
            "the first {} events of the log are not those that it signed",
            self.size()
        )))
    }

    /// Fails if the log ends before it.
    pub(crate) fn reached(&self, events: u64) -> Result<(), JournalError> {
        if events >= self.size() {
            return Ok(());
        }
        Err(self.broken(format!(
            "it signed {} events, and the log has {events}: {} are gone from its end",
            self.size(),
            self.size() - events
        )))
    }

    fn broken(&self, cause: String) -> JournalError {
        JournalError::Checkpoint {
            path: self.path.clone(),
            cause,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            origin: "a.log".to_owned(),
            size: 1200,
            root: [7; 32],
        }
    }

    #[test]
    fn text_and_back() {
        let text = checkpoint().text();
        assert_eq!(
            text,
            "a.log\n1200\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"
        );
        assert_eq!(Checkpoint::parse(&text), Ok(checkpoint()));
    }

    #[test]
    fn no_other_text_is_taken() {
        let text = checkpoint().text();
        for (from, to) in [
            ("1200", "01200"),
            ("1200", "+1200"),
            ("1200", ""),
            ("a.log", ""),
            ("wc=\n", "wd=\n"),
            ("wc=\n", "wc\n"),
            ("wc=\n", "wc="),
            ("wc=\n", "wc=\nmore\n"),
            ("\n1200", "\r\n1200"),
        ] {
            let other = text.replace(from, to);
            let read = Checkpoint::parse(&other);
            // A carriage return is part of a strange origin, not of this text.
            assert_ne!(read, Ok(checkpoint()), "{other:?}");
            assert!(read.is_err() || other.contains('\r'), "{other:?}");
        }
    }

    #[test]
    fn a_promise_is_kept_at_its_size_only() {
        let mut tree = Tree::default();
        tree.push([1; 32]);
        let promise = |size, root| Promise {
            path: "c".into(),
            checkpoint: Checkpoint {
                origin: "o".to_owned(),
                size,
                root,
            },
        };
        assert!(promise(1, tree.root()).check(&tree).is_ok());
        assert!(promise(1, [0; 32]).check(&tree).is_err());
        assert!(promise(2, [0; 32]).check(&tree).is_ok());
        assert!(promise(2, [0; 32]).reached(2).is_ok());
        assert!(promise(2, [0; 32]).reached(1).is_err());
    }
}
