//! A request that is none. No grant can allow it; it is refused and noted all the same.

use super::{Host, Method, Methods, Origin, Scheme, UrlPath};
use crate::{
    action::{Action, Needed, sealed},
    authority::Table,
    capability::Capability,
};

/// Stands where no host can be read. The name is reserved (RFC 2606): nobody has it.
const NOWHERE: &str = "invalid";

/// A request whose method or URL is none that could be granted: `CONNECT`, `user@` before a host, `..` in a path. Always denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnfitRequest<'a> {
    /// The method as it was written.
    pub method: &'a str,
    /// The URL as it was written.
    pub url: &'a str,
}

impl Action for UnfitRequest<'_> {}
impl sealed::Decided for UnfitRequest<'_> {
    fn decide(&self, _: &Table) -> Option<usize> {
        None
    }

    fn needed(&self) -> Needed {
        let (scheme, authority, path) = self.parts();
        let origin = format!("{scheme}{authority}").parse().unwrap_or_else(|_| {
            let nowhere = Host::Name(NOWHERE.to_owned());
            Origin::new(Scheme::Https, nowhere, Scheme::Https.default_port())
        });
        let (scheme_read, host, port) = origin.into_parts();
        let method: Methods = self.method.parse().unwrap_or(Method::GET).into();
        Needed {
            capability: Capability::Http {
                methods: method,
                scheme: scheme_read,
                host,
                port,
                path: UrlPath::root(),
            },
            asked: format!("{} {scheme}{authority}{path}", self.method),
            nameable: false,
        }
    }
}

impl UnfitRequest<'_> {
    /// Scheme with `://`, host with port, and path: without what may be nobody's business, a password or a query.
    fn parts(&self) -> (&str, &str, &str) {
        let end = self.url.find("://").map_or(0, |at| at + "://".len());
        let (scheme, rest) = self.url.split_at(end);
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host = authority.rsplit('@').next().unwrap_or_default();
        let path = path.split(['?', '#']).next().unwrap_or_default();
        (scheme, host, path)
    }
}
