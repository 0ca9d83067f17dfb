//! The effectful things that a guest can ask the host to do, as values to be permitted. Does none of them.

use crate::{
    authority::Table,
    capability::{Access, Capability},
    name::{EnvName, Name},
    path::{GuestPath, is_normal},
};

/// Something that needs a permit. Only this crate has actions: each says which grant decides it.
pub trait Action: sealed::Decided {}

/// What an action would have needed, for its denial.
pub struct Needed {
    /// The nearest thing that a grant can say.
    pub(crate) capability: Capability,
    /// What the guest asked for.
    pub(crate) asked: String,
    /// Whether a grant can allow it at all: not with a name or path that no capability can contain.
    pub(crate) nameable: bool,
}

pub(crate) mod sealed {
    //! What is known of an action inside this crate only.

    use super::{Needed, Table};

    /// How an action is decided.
    pub trait Decided {
        /// The place of the grant that allows it. Must not allocate.
        fn decide(&self, table: &Table) -> Option<usize>;
        /// What it lacks when nothing allows it.
        fn needed(&self) -> Needed;
    }
}

/// Reading a key-value bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvRead<'a> {
    /// The bucket.
    pub bucket: &'a str,
}

/// Changing a key-value bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KvWrite<'a> {
    /// The bucket.
    pub bucket: &'a str,
}

/// Reading a configured value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfigRead<'a> {
    /// The key.
    pub key: &'a str,
}

/// Reading an environment variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnvRead<'a> {
    /// The variable.
    pub name: &'a str,
}

/// Seeing the real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealClock;

/// Getting real randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealRandom;

/// Reading a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRead<'a> {
    /// Its absolute path as the guest sees it. One that is not in normal form (`..`) is denied.
    pub path: &'a str,
}

/// Changing a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileWrite<'a> {
    /// Its absolute path as the guest sees it. One that is not in normal form (`..`) is denied.
    pub path: &'a str,
}

/// Calling a function of another plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolCall<'a> {
    /// `plugin/function`.
    pub tool: &'a str,
}

/// Giving a guest a folder of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where the guest sees it.
    pub path: GuestPath,
    /// What it may do there. `Write` says nothing of reading: ask for a [`FileRead`] permit.
    pub access: Access,
    /// The host folder, as the grant has it: relative to the grants file.
    pub folder: String,
}

impl Action for KvRead<'_> {}
impl sealed::Decided for KvRead<'_> {
    fn decide(&self, table: &Table) -> Option<usize> {
        table.kv_read.find(self.bucket)
    }

    fn needed(&self) -> Needed {
        by_name(self.bucket, |bucket| Capability::Kv {
            access: Access::Read,
            bucket,
        })
    }
}

impl Action for KvWrite<'_> {}
impl sealed::Decided for KvWrite<'_> {
    fn decide(&self, table: &Table) -> Option<usize> {
        table.kv_write.find(self.bucket)
    }

    fn needed(&self) -> Needed {
        by_name(self.bucket, |bucket| Capability::Kv {
            access: Access::Write,
            bucket,
        })
    }
}

impl Action for ConfigRead<'_> {}
impl sealed::Decided for ConfigRead<'_> {
    fn decide(&self, table: &Table) -> Option<usize> {
        table.config.find(self.key)
    }

    fn needed(&self) -> Needed {
        by_name(self.key, |key| Capability::Config { key })
    }
}

impl Action for EnvRead<'_> {}
impl sealed::Decided for EnvRead<'_> {
    fn decide(&self, table: &Table) -> Option<usize> {
        table.env.find(self.name)
    }

    fn needed(&self) -> Needed {
        let (name, nameable) = EnvName::near(self.name);
        Needed {
            capability: Capability::Env { name },
            asked: self.name.to_owned(),
            nameable,
        }
    }
}

impl Action for RealClock {}
impl sealed::Decided for RealClock {
    fn decide(&self, table: &Table) -> Option<usize> {
        table.clock
    }

    fn needed(&self) -> Needed {
        by_itself(Capability::ClockReal)
    }
}

impl Action for RealRandom {}
impl sealed::Decided for RealRandom {
    fn decide(&self, table: &Table) -> Option<usize> {
        table.random
    }

    fn needed(&self) -> Needed {
        by_itself(Capability::RandomReal)
    }
}

impl Action for FileRead<'_> {}
impl sealed::Decided for FileRead<'_> {
    fn decide(&self, table: &Table) -> Option<usize> {
        table.fs_read.find(self.path)
    }

    fn needed(&self) -> Needed {
        by_path(Access::Read, self.path)
    }
}

impl Action for FileWrite<'_> {}
impl sealed::Decided for FileWrite<'_> {
    fn decide(&self, table: &Table) -> Option<usize> {
        table.fs_write.find(self.path)
    }

    fn needed(&self) -> Needed {
        by_path(Access::Write, self.path)
    }
}

impl Action for ToolCall<'_> {}
impl sealed::Decided for ToolCall<'_> {
    fn decide(&self, table: &Table) -> Option<usize> {
        table.tools.find(self.tool)
    }

    fn needed(&self) -> Needed {
        let (plugin, function) = self.tool.split_once('/').unwrap_or((self.tool, ""));
        let ((plugin, is_plugin), (function, is_function)) =
            (Name::near(plugin), Name::near(function));
        Needed {
            capability: Capability::ToolCall { plugin, function },
            asked: self.tool.to_owned(),
            nameable: is_plugin && is_function,
        }
    }
}

impl Action for Mount {}
impl sealed::Decided for Mount {
    fn decide(&self, table: &Table) -> Option<usize> {
        table.mount(self)
    }

    fn needed(&self) -> Needed {
        by_path(self.access, self.path.as_str())
    }
}

fn by_itself(capability: Capability) -> Needed {
    Needed {
        asked: capability.to_string(),
        capability,
        nameable: true,
    }
}

fn by_name(asked: &str, capability: impl FnOnce(Name) -> Capability) -> Needed {
    let (name, nameable) = Name::near(asked);
    Needed {
        capability: capability(name),
        asked: asked.to_owned(),
        nameable,
    }
}

/// A path that doesn't say where it leads could lead anywhere, so what it lacks is everything.
fn by_path(access: Access, asked: &str) -> Needed {
    let nameable = is_normal(asked);
    let path = GuestPath::start_of(if nameable { asked } else { "/" });
    Needed {
        capability: Capability::Fs { access, path },
        asked: asked.to_owned(),
        nameable,
    }
}
