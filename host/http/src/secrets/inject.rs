//! `{{secret:NAME}}` in a header's value becomes the value that it names, if a permit says so. Anywhere else it is denied.

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue};
use writ_grant::{Origin, Permit, SecretPlace, SecretUse, Target};

use super::Secrets;
use crate::{
    failure::{HeaderFlaw, HttpFailure},
    follow::Gate,
    message::Request,
};

const OPEN: &[u8] = b"{{secret:";
const CLOSE: &[u8] = b"}}";
/// Longest name that a placeholder is read for. Longer ones are no names of secrets.
const NAME_BYTES_MAX: usize = writ_grant::NAME_BYTES_MAX;

/// A placeholder in some bytes.
pub(crate) struct Placeholder {
    start: usize,
    end: usize,
    name: String,
}

/// The placeholders in some bytes, from the first to the last.
pub(crate) fn placeholders(bytes: &[u8]) -> impl Iterator<Item = Placeholder> {
    memchr::memmem::find_iter(bytes, OPEN).filter_map(|start| {
        let rest = &bytes[start + OPEN.len()..];
        let rest = &rest[..rest.len().min(NAME_BYTES_MAX + CLOSE.len())];
        let length = memchr::memmem::find(rest, CLOSE)?;
        let name = String::from_utf8_lossy(&rest[..length]).into_owned();
        let end = start + OPEN.len() + length + CLOSE.len();
        Some(Placeholder { start, end, name })
    })
}

/// The secret that a text asks for, if it does: for a URL, which is no URL with a placeholder in it.
#[must_use]
pub fn placeholder(text: &[u8]) -> Option<String> {
    placeholders(text).next().map(|found| found.name)
}

/// What may be put into one request, and what is taken out of its response: the secrets of its origin, whoever sent them there.
#[derive(Debug, Default)]
pub struct Injection {
    permits: Vec<Permit<SecretUse>>,
    secrets: Secrets,
}

impl Injection {
    /// For a request without secrets: none is put in, and none is looked for.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Asks the gate for each placeholder of a request.
    ///
    /// # Errors
    /// When one is not permitted, which it never is outside of the one header that its grant names.
    pub fn permitted(
        request: &Request,
        target: &Target,
        secrets: &Secrets,
        gate: &mut (dyn Gate + Send),
    ) -> Result<Self, HttpFailure> {
        let mut ask = |name: String, place: SecretPlace| {
            let origin = target.origin().clone();
            gate.secret(SecretUse {
                name,
                origin,
                place,
            })
        };
        let mut permits = Vec::new();
        if let Some(name) = placeholder(&request.body) {
            permits.push(ask(name, SecretPlace::Body)?);
        }
        for (name, value) in &request.headers {
            for found in placeholders(value.as_bytes()) {
                let place = SecretPlace::Header(name.as_str().to_owned());
                permits.push(ask(found.name, place)?);
            }
        }
        Ok(Self {
            permits,
            secrets: secrets.of(target.origin()),
        })
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The header's value with its placeholders filled.
    pub(crate) fn filled(
        &self,
        origin: &Origin,
        header: &HeaderName,
        value: &HeaderValue,
    ) -> Result<HeaderValue, HttpFailure> {
        let bytes = value.as_bytes();
        let mut filled = BytesMut::new();
        let mut at = 0;
        for Placeholder { start, end, name } in placeholders(bytes) {
            if !self.permits(origin, header, &name) {
                return Err(HttpFailure::RequestHeader {
                    name: header.as_str().to_owned(),
                    flaw: HeaderFlaw::Placeholder,
                });
            }
            let Some(secret) = self.secrets.find(&name) else {
                return Err(HttpFailure::NoSecret { name });
            };
            filled.extend_from_slice(&bytes[at..start]);
            filled.extend_from_slice(&secret.value);
            at = end;
        }
        if at == 0 {
            return Ok(value.clone());
        }
        filled.extend_from_slice(&bytes[at..]);
        Ok(sensitive(filled.freeze()))
    }

    fn permits(&self, origin: &Origin, header: &HeaderName, name: &str) -> bool {
        self.permits.iter().map(Permit::action).any(|action| {
            action.name == name
                && action.origin == *origin
                && action.place == SecretPlace::Header(header.as_str().to_owned())
        })
    }
}

/// Values are checked when they are added, and what is around them was a header's value already.
fn sensitive(bytes: Bytes) -> HeaderValue {
    let mut value = HeaderValue::from_maybe_shared(bytes).expect("a secret fits into a header");
    value.set_sensitive(true);
    value
}
