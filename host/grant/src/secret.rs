//! Putting a secret into a request, as a thing to be permitted. Knows no secret's value.

use crate::{
    action::{Action, Needed, sealed},
    authority::Table,
    capability::Capability,
    http::Origin,
    name::Name,
};

/// Putting the value of a secret into one place of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUse {
    /// The secret.
    pub name: String,
    /// Where the request goes.
    pub origin: Origin,
    /// The part of the request.
    pub place: SecretPlace,
}

/// A part of a request in which a secret may be asked for. Only a header can be granted; the others are there to be denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// The value of the header with this name, in lower case.
    Header(String),
    /// The URL.
    Url,
    /// The body.
    Body,
}

impl Action for SecretUse {}
impl sealed::Decided for SecretUse {
    fn decide(&self, table: &Table) -> Option<usize> {
        match &self.place {
            SecretPlace::Header(header) => table.secrets.find(&self.name, &self.origin, header),
            SecretPlace::Url | SecretPlace::Body => None,
        }
    }

    fn needed(&self) -> Needed {
        let (name, nameable) = Name::near(&self.name);
        let Self {
            name: asked,
            origin,
            place,
        } = self;
        let asked = match place {
            SecretPlace::Header(header) => format!("{asked} in the header {header} to {origin}"),
            SecretPlace::Url => format!("{asked} in the URL to {origin}"),
            SecretPlace::Body => format!("{asked} in the body to {origin}"),
        };
        Needed {
            capability: Capability::SecretUse { name },
            asked,
            nameable,
        }
    }
}
