//! The values of secrets: kept out of sight, put where a permit says, taken out of whatever comes back.
//!
//! Redaction is a net for accidents: an echo, an error page, a log. A server that is willing to help a component can always write a
//! secret in a form that no list has; what keeps a secret from strangers is that it goes to one origin only.
//!
//! It is looked for only where it goes. Taken out of every response, it would be given away by that: a component with a server of its
//! own could have guesses sent back, and see which one is missing.

mod escapes;
mod forms;
mod inject;

use std::{collections::BTreeSet, fmt, sync::Arc};

use http::{HeaderMap, HeaderValue};
use writ_grant::{Name, Origin};
use zeroize::Zeroizing;

use self::escapes::Syntax;
pub(crate) use self::inject::placeholders;
pub use self::inject::{Injection, placeholder};
use crate::{coding::set_length, failure::ResponseFlaw, message::Response};

/// Shortest value of a secret, in bytes. A shorter one stands in texts by chance, and could not be told from them.
pub const SECRET_BYTES_MIN: usize = 8;
/// Longest value of a secret, in bytes.
pub const SECRET_BYTES_MAX: usize = 8 * 1024;

/// A value that can't be a secret's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Too short to be found again.
    #[error(
        "the secret {name} has fewer than {SECRET_BYTES_MIN} bytes; so short a text cannot be told from others when it is echoed"
    )]
    Short {
        /// The secret.
        name: Name,
    },
    /// Too long for a header.
    #[error("the secret {name} has more than {SECRET_BYTES_MAX} bytes")]
    Long {
        /// The secret.
        name: Name,
    },
    /// Something that would end or change a header.
    #[error(
        "the secret {name} has a control character or a blank at an end, which no header can carry"
    )]
    Unfit {
        /// The secret.
        name: Name,
    },
    /// Two values.
    #[error("the secret {name} has two values")]
    Repeated {
        /// The secret.
        name: Name,
    },
}

/// Values by name. Cheap to clone; the values are wiped when the last clone is gone, and nothing prints them.
#[derive(Clone, Default)]
pub struct Secrets {
    all: Vec<Arc<Secret>>,
}

struct Secret {
    name: Name,
    value: Zeroizing<Vec<u8>>,
    /// Every text that the value is looked for as.
    forms: Vec<Zeroizing<Vec<u8>>>,
    /// Where some grant lets it go.
    origins: BTreeSet<Origin>,
}

/// Bytes from here to there that are a secret.
struct Match<'a> {
    start: usize,
    end: usize,
    name: &'a Name,
}

/// What is left is more than may be handed on.
struct TooLong;

impl Secrets {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, with the origins that grants bind it to. A line break at the end, which editors leave in files, is not part of the
    /// value.
    ///
    /// # Errors
    /// When no header can carry the value, or it is too short to be found again, or the name has one already.
    pub fn add(
        &mut self,
        name: Name,
        value: Vec<u8>,
        origins: BTreeSet<Origin>,
    ) -> Result<(), SecretError> {
        let mut value = Zeroizing::new(value);
        if value.ends_with(b"\n") {
            value.pop();
            if value.ends_with(b"\r") {
                value.pop();
            }
        }
        if self.find(name.as_str()).is_some() {
            return Err(SecretError::Repeated { name });
        }
        if value.len() < SECRET_BYTES_MIN {
            return Err(SecretError::Short { name });
        }
        if value.len() > SECRET_BYTES_MAX {
            return Err(SecretError::Long { name });
        }
        let blank = |b: Option<&u8>| b == Some(&b' ');
        let control = value.iter().any(u8::is_ascii_control);
        if control || blank(value.first()) || blank(value.last()) {
            return Err(SecretError::Unfit { name });
        }
        let forms = forms::of(&value);
        self.all.push(Arc::new(Secret {
            name,
            value,
            forms,
            origins,
        }));
        Ok(())
    }

    /// Those that may go to this origin, and so come back from there.
    #[must_use]
    pub fn of(&self, origin: &Origin) -> Self {
        let all = self
            .all
            .iter()
            .filter(|secret| secret.origins.contains(origin));
        Self {
            all: all.cloned().collect(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn find(&self, name: &str) -> Option<&Secret> {
        let mut all = self.all.iter();
        all.find(|secret| secret.name.as_str() == name)
            .map(Arc::as_ref)
    }

    /// The same bytes with `[secret:NAME]` for each value in them, in whatever form it is found. None if none is.
    #[must_use]
    pub fn redact(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.redact_within(bytes, usize::MAX).ok().flatten()
    }

    /// The same, as long as it has at most so many bytes: a name can be longer than the value.
    fn redact_within(&self, bytes: &[u8], bytes_max: usize) -> Result<Option<Vec<u8>>, TooLong> {
        let mut found = self.matches(bytes);
        if found.is_empty() {
            return Ok(None);
        }
        found.sort_by_key(|found| (found.start, std::cmp::Reverse(found.end)));
        let mut redacted = Vec::with_capacity(bytes.len());
        let mut at = 0;
        for Match { start, end, name } in found {
            // What begins within the match before it belongs to that one.
            if start >= at {
                redacted.extend_from_slice(&bytes[at..start]);
                redacted.extend_from_slice(format!("[secret:{name}]").as_bytes());
            }
            at = at.max(end);
            if redacted.len() > bytes_max {
                return Err(TooLong);
            }
        }
        redacted.extend_from_slice(&bytes[at..]);
        if redacted.len() > bytes_max {
            return Err(TooLong);
        }
        Ok(Some(redacted))
    }

    /// The same for a text: of a log line or an error.
    #[must_use]
    pub fn redact_text(&self, text: &str) -> String {
        match self.redact(text.as_bytes()) {
            Some(redacted) => String::from_utf8_lossy(&redacted).into_owned(),
            None => text.to_owned(),
        }
    }

    fn matches(&self, bytes: &[u8]) -> Vec<Match<'_>> {
        let mut found = self.plain_matches(bytes);
        if self.is_empty() {
            return found;
        }
        for syntax in Syntax::ALL {
            if let Some(undone) = syntax.undone(bytes) {
                let mut hidden = self.plain_matches(&undone);
                syntax.restore(bytes, &mut hidden);
                found.append(&mut hidden);
            }
        }
        found
    }

    fn plain_matches(&self, bytes: &[u8]) -> Vec<Match<'_>> {
        let mut found = Vec::new();
        for secret in &self.all {
            for form in &secret.forms {
                let starts = memchr::memmem::find_iter(bytes, form.as_slice());
                found.extend(starts.map(|start| Match {
                    start,
                    end: start + form.len(),
                    name: &secret.name,
                }));
            }
        }
        found
    }

    /// The response without any of the values in its headers and body, which may have as many bytes as one that came so.
    pub(crate) fn redact_response(
        &self,
        mut response: Response,
        bytes_max: u64,
    ) -> Result<Response, ResponseFlaw> {
        let most = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        let body = self.redact_within(&response.body, most);
        if let Some(body) = body.map_err(|TooLong| ResponseFlaw::Body { bytes_max })? {
            response.body = body.into();
            set_length(&mut response);
        }
        let mut headers = HeaderMap::with_capacity(response.headers.len());
        for (name, value) in &response.headers {
            // Names come in lower case, and no name can hold the replacement.
            if self.is_in_name(name.as_str()) {
                continue;
            }
            let value = match self.redact(value.as_bytes()) {
                Some(redacted) => HeaderValue::from_bytes(&redacted)
                    .unwrap_or_else(|_| HeaderValue::from_static("[secret]")),
                None => value.clone(),
            };
            headers.append(name, value);
        }
        response.headers = headers;
        Ok(response)
    }

    fn is_in_name(&self, name: &str) -> bool {
        self.all.iter().any(|secret| {
            let lower = Zeroizing::new(secret.value.to_ascii_lowercase());
            memchr::memmem::find(name.as_bytes(), &lower).is_some()
        })
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.all.iter().map(|secret| secret.name.as_str());
        f.debug_list().entries(names).finish()
    }
}
