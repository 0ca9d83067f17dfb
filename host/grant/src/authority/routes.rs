//! Http and secret grants arranged for quick questions. Nothing here allocates when it is asked.

use std::collections::HashMap;

use crate::{
    http::{HeaderName, Method, Methods, Origin, Target, UrlPath},
    name::Name,
    writ::Grant,
};

/// Http grants by the text of their origin, which has one spelling and is quicker to hash than its parts.
#[derive(Debug, Default)]
pub(crate) struct Routes(HashMap<String, Patterns>);

/// The grants of one origin by path, of which any may cover another.
#[derive(Debug, Default)]
struct Patterns {
    exact: HashMap<String, Vec<Entry>>,
    /// `/**`, by the text before it.
    below: HashMap<String, Vec<Entry>>,
    /// The lengths of those texts, longest first.
    lengths: Vec<usize>,
}

/// A grant of some methods, in the order in which they are tried.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    count: u32,
    grant: usize,
    methods: Methods,
}

/// Secrets by name, each with the one place where it goes.
#[derive(Debug, Default)]
pub(crate) struct Secrets(HashMap<String, Place>);

#[derive(Debug)]
struct Place {
    origin: Origin,
    header: HeaderName,
    grant: usize,
}

impl Routes {
    pub(super) fn add(&mut self, origin: &Origin, methods: Methods, path: &UrlPath, grant: usize) {
        let patterns = self.0.entry(origin.to_string()).or_default();
        let (text, below) = path.parts();
        let map = if below {
            &mut patterns.below
        } else {
            &mut patterns.exact
        };
        let entries = map.entry(text.to_owned()).or_default();
        let entry = Entry {
            count: methods.count(),
            grant,
            methods,
        };
        let at = entries.partition_point(|other| *other < entry);
        entries.insert(at, entry);
        if below {
            let longer = |length: &usize| *length > text.len();
            let at = patterns.lengths.partition_point(longer);
            if patterns.lengths.get(at) != Some(&text.len()) {
                patterns.lengths.insert(at, text.len());
            }
        }
    }

    /// The grant that decides: the first that covers the request.
    pub(crate) fn find(&self, method: Method, target: &Target) -> Option<usize> {
        self.covering(method, target).next()
    }

    /// All grants that cover a request: the one with the nearest path first, and among those the one with the fewest methods.
    pub(crate) fn covering(&self, method: Method, target: &Target) -> impl Iterator<Item = usize> {
        let patterns = self.0.get(target.origin_text()).into_iter();
        patterns.flat_map(move |patterns| patterns.covering(method, target.path()))
    }
}

impl Patterns {
    fn covering(&self, method: Method, path: &str) -> impl Iterator<Item = usize> {
        let exact = self.exact.get(path);
        let ends = self
            .lengths
            .iter()
            .filter(|end| path.as_bytes().get(**end) == Some(&b'/'));
        let below = ends.filter_map(|end| self.below.get(path.get(..*end)?));
        exact
            .into_iter()
            .chain(below)
            .flatten()
            .filter(move |entry| entry.methods.contains(method))
            .map(|entry| entry.grant)
    }
}

impl Secrets {
    /// A grant that was validated has both; without them there is no place where the secret may go.
    pub(super) fn add(&mut self, name: &Name, grant: &Grant, i: usize) {
        if let (Some(origin), Some(header)) = (&grant.host, &grant.header) {
            let place = Place {
                origin: origin.clone(),
                header: header.clone(),
                grant: i,
            };
            self.0.insert(name.as_str().to_owned(), place);
        }
    }

    pub(crate) fn find(&self, name: &str, origin: &Origin, header: &str) -> Option<usize> {
        let place = self.0.get(name)?;
        (place.origin == *origin && place.header.as_str() == header).then_some(place.grant)
    }
}
