//! Grants arranged for quick questions: an answer takes a look-up or a few in a hash map, and allocates nothing.

use std::collections::HashMap;

use super::routes::{Routes, Secrets};
use crate::{
    action::Mount,
    capability::{Access, Capability},
    http::Origin,
    path::{GuestPath, is_normal},
    writ::Grant,
};

/// Where to find the grant that decides an action. Places are indexes into the grants it was made from.
#[derive(Debug, Default)]
pub struct Table {
    pub(crate) kv_read: Names,
    pub(crate) kv_write: Names,
    pub(crate) config: Names,
    pub(crate) env: Names,
    pub(crate) fs_read: Paths,
    pub(crate) fs_write: Paths,
    pub(crate) http: Routes,
    pub(crate) secrets: Secrets,
    /// By `plugin/function`.
    pub(crate) tools: Names,
    pub(crate) clock: Option<usize>,
    pub(crate) random: Option<usize>,
}

/// Names that must be equal.
#[derive(Debug, Default)]
pub(crate) struct Names(HashMap<String, usize>);

/// Paths of which none covers another, with their host folders. The root is kept as the empty text, so that in any path below a
/// granted one the granted text is followed by a `/`.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    by_path: HashMap<String, (String, usize)>,
    /// The lengths of those texts, shortest first: only at these a path can leave a granted one.
    lengths: Vec<usize>,
}

impl Table {
    /// Of grants that were validated: all available, none repeated, no two paths of one access overlapping.
    pub(super) fn new(grants: &[Grant]) -> Self {
        let mut table = Self::default();
        for (i, grant) in grants.iter().enumerate() {
            table.add(i, grant);
        }
        table
    }

    fn add(&mut self, i: usize, grant: &Grant) {
        match &grant.capability {
            Capability::Fs { access, path } => {
                let paths = match access {
                    Access::Read => &mut self.fs_read,
                    Access::Write => &mut self.fs_write,
                };
                paths.add(path, grant.folder.clone().unwrap_or_default(), i);
            }
            Capability::Kv {
                access: Access::Read,
                bucket,
            } => self.kv_read.add(bucket.as_str(), i),
            Capability::Kv {
                access: Access::Write,
                bucket,
            } => self.kv_write.add(bucket.as_str(), i),
            Capability::Config { key } => self.config.add(key.as_str(), i),
            Capability::Env { name } => self.env.add(name.as_str(), i),
            Capability::Http {
                methods,
                scheme,
                host,
                port,
                path,
            } => {
                let origin = Origin::new(*scheme, host.clone(), *port);
                self.http.add(&origin, *methods, path, i);
            }
            Capability::SecretUse { name } => self.secrets.add(name, grant, i),
            Capability::ToolCall { plugin, function } => {
                self.tools.add(&format!("{plugin}/{function}"), i);
            }
            Capability::ClockReal => self.clock = Some(i),
            Capability::RandomReal => self.random = Some(i),
            // Not available yet: no action asks for them, and validation lets no grant of them through.
            Capability::ModelChat { .. }
            | Capability::Memory { .. }
            | Capability::HumanAsk { .. } => {}
        }
    }

    /// The grant of exactly this folder at this path.
    pub(crate) fn mount(&self, mount: &Mount) -> Option<usize> {
        let paths = match mount.access {
            Access::Read => &self.fs_read,
            Access::Write => &self.fs_write,
        };
        paths
            .exact(&mount.path)
            .filter(|(folder, _)| *folder == mount.folder)
            .map(|(_, i)| i)
    }
}

impl Names {
    fn add(&mut self, name: &str, i: usize) {
        self.0.insert(name.to_owned(), i);
    }

    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }
}

impl Paths {
    fn add(&mut self, path: &GuestPath, folder: String, i: usize) {
        let key = key(path);
        if let Err(at) = self.lengths.binary_search(&key.len()) {
            self.lengths.insert(at, key.len());
        }
        self.by_path.insert(key.to_owned(), (folder, i));
    }

    /// The grant whose path is, or is above, this path, if it is in normal form.
    pub(crate) fn find(&self, path: &str) -> Option<usize> {
        if !is_normal(path) {
            return None;
        }
        let ends = self
            .lengths
            .iter()
            .filter(|end| matches!(path.as_bytes().get(**end), Some(b'/') | None));
        ends.filter_map(|end| self.by_path.get(path.get(..*end)?))
            .map(|(_, i)| *i)
            .next()
    }

    /// The folder and place of the grant of exactly this path.
    pub(crate) fn exact(&self, path: &GuestPath) -> Option<(&str, usize)> {
        self.by_path
            .get(key(path))
            .map(|(folder, i)| (folder.as_str(), *i))
    }
}

fn key(path: &GuestPath) -> &str {
    path.as_str().trim_end_matches('/')
}
