//! A range of special addresses, as a grant names it. Each lies in one block of one kind, so that a reviewer sees what is opened.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use super::{AddressKind, V4, V6, canonical, shares, widened_v4};
use crate::text::quoted;

/// Addresses with a common prefix: `10.1.0.0/16`, `127.0.0.1/32`, `fd00:1::/64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AddressRange {
    first: IpAddr,
    prefix: u8,
}

/// Why a text is no range that a grant can name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not `address/prefix`.
    #[error(
        "{found} is no range of addresses: write one like 10.1.0.0/16, or 127.0.0.1/32 for a single address"
    )]
    Form {
        /// What was written, quoted.
        found: String,
    },
    /// Not in its one spelling.
    #[error("write this range as {meant}")]
    Spelling {
        /// The spelling.
        meant: AddressRange,
    },
    /// It reaches beyond one block.
    #[error(
        "{range} is not within one block of special addresses (private, loopback, link-local …); name each that is meant. Public \
         addresses need no naming"
    )]
    TooWide {
        /// The range.
        range: AddressRange,
    },
    /// Nothing to connect to.
    #[error("{range} is {}: no service has such an address", kind.as_str())]
    NoService {
        /// The range.
        range: AddressRange,
        /// What it is for.
        kind: AddressKind,
    },
}

impl AddressRange {
    /// Exactly this address.
    #[must_use]
    pub fn single(address: IpAddr) -> Self {
        let first = canonical(address);
        let prefix = bits_of(first);
        Self { first, prefix }
    }

    /// What the block is for in which it lies.
    #[must_use]
    pub fn kind(&self) -> AddressKind {
        self.block().unwrap_or(AddressKind::Public)
    }

    /// Whether the range contains an address. An IPv4 address in IPv6 clothes is that IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, canonical(address)) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                shares(widened_v4(first), widened_v4(address), self.prefix + 96)
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                shares(first.to_bits(), address.to_bits(), self.prefix)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether every address of `other` is in this range.
    #[must_use]
    pub fn covers(&self, other: &AddressRange) -> bool {
        self.prefix <= other.prefix && self.contains(other.first)
    }

    /// The range that names what both name, if there is any: ranges lie in each other, or apart.
    #[must_use]
    pub fn intersect(&self, other: &AddressRange) -> Option<AddressRange> {
        let (wide, narrow) = if self.covers(other) {
            (self, other)
        } else if other.covers(self) {
            (other, self)
        } else {
            return None;
        };
        let single = narrow.prefix == bits_of(narrow.first);
        (!single || wide.names(narrow.first)).then_some(*narrow)
    }

    /// Whether this names an address to be reached. Where credentials are handed out is named by exactly its address or not at all:
    /// nobody who opens a link-local range means that.
    #[must_use]
    pub fn names(&self, address: IpAddr) -> bool {
        let single = self.prefix == bits_of(self.first);
        self.contains(address) && (single || AddressKind::of(address) != AddressKind::Metadata)
    }

    /// The kind of the one block that holds all of it, if one does.
    fn block(&self) -> Option<AddressKind> {
        let single = self.prefix == bits_of(self.first);
        if single && AddressKind::of(self.first) == AddressKind::Metadata {
            return Some(AddressKind::Metadata);
        }
        let holds = |first: IpAddr, prefix: u8| AddressRange { first, prefix }.covers(self);
        let v4 = V4
            .iter()
            .map(|(first, prefix, kind)| (IpAddr::V4(*first), *prefix, *kind));
        let v6 = V6
            .iter()
            .map(|(first, prefix, kind)| (IpAddr::V6(*first), *prefix, *kind));
        v4.chain(v6)
            .find(|(first, prefix, _)| holds(*first, *prefix))
            .map(|(_, _, kind)| kind)
    }

    /// The same prefix, with nothing after it.
    fn trimmed(self) -> Self {
        let keep = |all: u32| {
            u128::MAX
                .checked_shl(all - u32::from(self.prefix))
                .unwrap_or(0)
        };
        let first = match self.first {
            IpAddr::V4(first) => {
                let low = widened_v4(first) & keep(32);
                IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(low).unwrap_or(u32::MAX)))
            }
            IpAddr::V6(first) => IpAddr::V6(Ipv6Addr::from_bits(first.to_bits() & keep(128))),
        };
        Self { first, ..self }
    }
}

fn bits_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl FromStr for AddressRange {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let form = || AddressError::Form {
            found: quoted(text),
        };
        let (first, prefix) = text.split_once('/').ok_or_else(form)?;
        let first: IpAddr = first.parse().map_err(|_| form())?;
        let prefix: u8 = prefix.parse().map_err(|_| form())?;
        // IPv4 in IPv6 clothes would never be found here: addresses are undressed before they are compared.
        if prefix > bits_of(first) || canonical(first) != first {
            return Err(form());
        }
        let range = Self { first, prefix };
        let meant = range.trimmed();
        if meant.to_string() != text {
            return Err(AddressError::Spelling { meant });
        }
        match range.block() {
            None => Err(AddressError::TooWide { range }),
            Some(kind) if kind.can_be_named() => Ok(range),
            Some(kind) => Err(AddressError::NoService { range, kind }),
        }
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl TryFrom<String> for AddressRange {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<AddressRange> for String {
    fn from(range: AddressRange) -> Self {
        range.to_string()
    }
}
