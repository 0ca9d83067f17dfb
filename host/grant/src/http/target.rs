//! Where one request goes, parsed once. What could be read in two ways is refused, so that the policy, the resolver and the server
//! all read the same.

use std::{fmt, str::FromStr, sync::Arc};

use super::{HttpError, Origin, UrlPath, path::is_unreserved, split_url};

/// Longest query of a request's URL, in bytes.
pub const QUERY_BYTES_MAX: usize = 8 * 1024;

/// The URL of one request: `https://host[:port]/path[?query]`, in its one spelling. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target(Arc<Parts>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts {
    origin: Origin,
    /// The same as a text, made once.
    origin_text: String,
    path: UrlPath,
    query: Option<String>,
}

impl Target {
    /// What is connected to.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.0.origin
    }

    pub(crate) fn origin_text(&self) -> &str {
        &self.0.origin_text
    }

    /// The path, which begins with a slash.
    #[must_use]
    pub fn path(&self) -> &str {
        self.url_path().parts().0
    }

    pub(crate) fn url_path(&self) -> &UrlPath {
        &self.0.path
    }

    /// What stands after the `?`, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.0.query.as_deref()
    }

    /// What stands in the first line of a request.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        match self.query() {
            Some(query) => format!("{}?{query}", self.path()),
            None => self.path().to_owned(),
        }
    }

    /// Where a redirect from here leads. A fragment is dropped and an empty path is the root, as HTTP says; dot segments are refused.
    ///
    /// # Errors
    /// When the location is no URL, or one that no request may have.
    pub fn join(&self, location: &str) -> Result<Target, HttpError> {
        let location = location.split('#').next().unwrap_or_default();
        if let Some(rest) = location.strip_prefix("//") {
            return absolute(&format!("{}://{rest}", self.origin().scheme().as_str()));
        }
        if has_scheme(location) {
            return absolute(location);
        }
        let path = self.path();
        let rest = match location.chars().next() {
            None => return Ok(self.clone()),
            Some('/') => location.to_owned(),
            Some('?') => format!("{path}{location}"),
            Some(_) => {
                let folder = path.rfind('/').map_or(path, |slash| &path[..=slash]);
                format!("{folder}{location}")
            }
        };
        parse(self.origin().clone(), &rest)
    }
}

/// A URL that may leave its path out.
fn absolute(text: &str) -> Result<Target, HttpError> {
    let (origin, rest) = split_url(text)?;
    if rest.is_empty() || rest.starts_with('?') {
        return parse(origin, &format!("/{rest}"));
    }
    parse(origin, rest)
}

fn has_scheme(location: &str) -> bool {
    let end = location.find([':', '/', '?']);
    end.is_some_and(|end| location[end..].starts_with(':'))
}

fn parse(origin: Origin, rest: &str) -> Result<Target, HttpError> {
    if rest.contains('#') {
        return Err(HttpError::Fragment);
    }
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(checked_query(query)?)),
        None => (rest, None),
    };
    // In a pattern `*` has a meaning; in a request it is a character like others, and has to be written as one.
    if path.contains('*') {
        return Err(HttpError::Character { found: '*' });
    }
    let path = path.parse()?;
    Ok(Target(Arc::new(Parts {
        origin_text: origin.to_string(),
        origin,
        path,
        query,
    })))
}

/// No rule looks at a query, so it only has to be one: the characters of RFC 3986, and no broken percent-encoding.
fn checked_query(query: &str) -> Result<String, HttpError> {
    if query.len() > QUERY_BYTES_MAX {
        return Err(HttpError::QueryTooLong { bytes: query.len() });
    }
    let mut rest = query.chars();
    while let Some(c) = rest.next() {
        match c {
            '%' => {
                let digits = [rest.next(), rest.next()];
                if !digits
                    .iter()
                    .all(|c| c.is_some_and(|c| c.is_ascii_hexdigit()))
                {
                    return Err(HttpError::Percent);
                }
            }
            _ if is_unreserved(c) || "!$&'()*+,;=:@/?".contains(c) => {}
            found => return Err(HttpError::Character { found }),
        }
    }
    Ok(query.to_owned())
}

impl FromStr for Target {
    type Err = HttpError;

    fn from_str(text: &str) -> Result<Self, HttpError> {
        let (origin, rest) = split_url(text)?;
        parse(origin, rest)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin_text(), self.path_and_query())
    }
}
