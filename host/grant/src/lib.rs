//! Pure policy: what a plugin asked for, what a reviewer allowed, and the proof that one exact action is both.
//!
//! This crate has no I/O, no clock and no randomness, and knows nothing of wasmtime, files or the rest of Writ. It is meant to be
//! read alone, in an hour, by someone who has to trust it. Read in this order:
//!
//! 1. `capability`: the closed list of what can be allowed at all, how each is written, and which covers which. `name`, `path`
//!    and `http` are the words in it, `address` what an http grant says about addresses that are not public. There are no wildcards but a URL's final `/**`, and one spelling for each capability.
//! 2. `writ`: the two keys. A [`Request`] is the author's, in the component itself; a [`Grant`] is the reviewer's, in a [`Writ`]
//!    for one exact [`Digest`]. `grants` is the file that writs are kept in, `time` the dates in it.
//! 3. `authority`: what both keys together allow. `authority::validate` refuses a writ that could not be kept to the letter;
//!    `authority::table` answers "is this allowed" without allocating; `authority::within` is the rule for plugins that call
//!    each other.
//! 4. `action` (with `http::action` and `secret`), `permit`, `denied`: the question, and the two answers to it.
//!
//! What it promises, and which test holds it (the laws are in `laws`, over generated requests, grants and actions):
//!
//! - An action is permitted if and only if a requested capability and a granted one both cover it: `permit_needs_both_keys`.
//! - Whatever the writ says, nothing that was not requested is in an [`Authority`]: `nothing_is_granted_unasked`.
//! - "Covers" is a partial order, and a wider capability allows all that a narrower one does: `covers_is_a_partial_order`.
//! - An authority can be narrowed and never widened: `without_changes_only_takes_away`.
//! - A plugin that another one calls may do what both may, and nothing else: `a_chain_allows_what_all_on_it_hold`.
//! - A writ for another component, an expired or a revoked one gives nothing: `authority::tests`.
//! - An address that isn't public is reached only where a grant that covers the request names it: `reaches_only_what_is_public_or_named`.
//! - Only this crate makes a [`Permit`]: the last examples below do not compile.
//!
//! What it leaves to others: that a host folder is where its name says (links, `..`) is for whoever opens it, who can use
//! [`overlaps`]; that every effect takes a permit is shown by the signatures of the sandbox's host calls.
//!
//! ```
//! use writ_grant::{Authority, Digest, FileRead, Grants, Request};
//!
//! let digest = Digest::from_bytes([7; 32]);
//! let grants = Grants::parse(&format!(
//!     r#"
//!     version = 1
//!     [[writ]]
//!     plugin = "reader"
//!     version = "0.1.0"
//!     digest = "{digest}"
//!     [[writ.grant]]
//!     capability = "fs:read:/orders"
//!     folder = "data/orders"
//!     "#
//! ))?;
//! let request =
//!     Request { capability: "fs:read:/orders".parse()?, reason: "to compare".to_owned(), optional: false };
//! let authority = Authority::effective("reader", &digest, &[request], grants.find(&digest), 0)?;
//!
//! let permit = authority.permit(FileRead { path: "/orders/1.json" })?;
//! assert_eq!(permit.decided_by().to_string(), "fs:read:/orders");
//!
//! let denied = authority.permit(FileRead { path: "/orders-of-others" }).unwrap_err();
//! assert_eq!(denied.capability.to_string(), "fs:read:/orders-of-others");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A permit can't be made up:
//! ```compile_fail,E0451
//! # use writ_grant::{Permit, RealClock};
//! let permit = Permit { action: RealClock, policy: unreachable!(), grant: 0 };
//! ```
//! nor by the way that this crate does it:
//! ```compile_fail,E0624
//! # use writ_grant::{Permit, RealClock};
//! let permit = Permit::new(RealClock, unreachable!(), 0);
//! ```
//! nor used twice:
//! ```compile_fail,E0599
//! # use writ_grant::{Authority, RealClock};
//! let permit = Authority::none("x").permit(RealClock).unwrap();
//! let second = permit.clone();
//! ```
//! and nobody else can declare what counts as an action, and be permitted it by a grant of something else:
//! ```compile_fail,E0277
//! # use writ_grant::{Action, Authority};
//! struct Anything;
//! impl Action for Anything {}
//! ```

#![forbid(unsafe_code)]

mod action;
mod address;
mod authority;
mod capability;
mod denied;
mod digest;
mod grants;
mod http;
#[cfg(test)]
mod laws;
mod name;
mod path;
mod pattern;
mod permit;
mod refusal;
mod secret;
mod subject;
mod text;
mod time;
mod writ;

pub use action::{
    Action, ConfigRead, EnvRead, FileRead, FileWrite, KvRead, KvWrite, Mount, RealClock,
    RealRandom, ToolCall,
};
pub use address::{AddressError, AddressKind, AddressRange};
pub use authority::Authority;
pub use capability::{Access, CAPABILITY_BYTES_MAX, Capability, CapabilityError, Effect};
pub use denied::{Bound, Called, Denied, Lacking};
pub use digest::{Digest, DigestError};
pub use grants::{GRANTS_BYTES_MAX, GRANTS_PER_WRIT_MAX, GrantsError, WRITS_MAX};
pub use http::{
    HEADER_NAME_BYTES_MAX, HeaderName, HeaderNameError, Host, HttpError, HttpRequest, Method,
    Methods, Origin, QUERY_BYTES_MAX, Scheme, Target, URL_PATH_BYTES_MAX, UnfitRequest, UrlPath,
};
pub use name::{EnvName, NAME_BYTES_MAX, Name, NameError};
pub use path::{GuestPath, PATH_BYTES_MAX, PathError};
pub use pattern::{Pattern, Relation};
pub use permit::Permit;
pub use refusal::Refusal;
pub use secret::{SecretPlace, SecretUse};
pub use subject::Subject;
pub use text::{is_unsafe, printable};
pub use time::{parse_rfc3339, rfc3339};
pub use writ::{ADDRESSES_PER_GRANT_MAX, Grant, Grants, Request, VALUE_BYTES_MAX, Writ};

/// Whether one of two host folders is, or contains, the other. Compares whole segments of the paths as they are written: resolve
/// links and `..` first.
#[must_use]
pub fn overlaps(a: &std::path::Path, b: &std::path::Path) -> bool {
    a.starts_with(b) || b.starts_with(a)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::overlaps;

    #[test]
    fn folders_overlap_by_segments() {
        assert!(overlaps(Path::new("/a/b"), Path::new("/a")));
        assert!(overlaps(Path::new("/a"), Path::new("/a/b/c")));
        assert!(overlaps(Path::new("/a"), Path::new("/a")));
        assert!(!overlaps(Path::new("/a"), Path::new("/ab")));
        assert!(!overlaps(Path::new("/a/b"), Path::new("/a/c")));
    }
}
