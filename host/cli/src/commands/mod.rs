//! One file a command: an arguments struct in, a result out.

pub(crate) mod audit;
pub(crate) mod check;
pub(crate) mod doctor;
pub(crate) mod grant;
pub(crate) mod key;
pub(crate) mod plugin;
pub(crate) mod run;
pub(crate) mod runs;
