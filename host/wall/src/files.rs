//! Landlock: files, TCP ports and the doors to other processes. Best effort over the versions of the kernel's interface, and
//! honest about what a version gives. Knows nothing of system calls.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, NetPort, PathBeneath, PathFd,
    RestrictSelf, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
    make_bitflags,
};

use crate::raise::WallError;
use crate::report::{Lack, Protection, Report};
use crate::wall::{Network, Wall};

/// The newest version that this crate was tested with. Rights of later ones are not handled.
const TESTED: ABI = ABI::V7;
/// Below this version, files can't be moved between folders at all, which the journal needs: files are then left to the sandbox.
const FIRST_WITH_MOVES: ABI = ABI::V2;

const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});
const WRITE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
    WriteFile | ReadDir | RemoveDir | RemoveFile | MakeDir | MakeReg | MakeSym | Refer | Truncate
});

/// Which version gives what, and the kernel that brought it.
const GIVES: [(Protection, ABI, &str); 6] = [
    (Protection::Files, FIRST_WITH_MOVES, "5.19"),
    (Protection::Truncation, ABI::V3, "6.2"),
    (Protection::TcpPorts, ABI::V4, "6.7"),
    (Protection::Devices, ABI::V5, "6.10"),
    (Protection::AbstractSockets, ABI::V6, "6.12"),
    (Protection::Signals, ABI::V6, "6.12"),
];

/// What this kernel gives, without giving anything up.
pub(crate) fn support() -> Report {
    match status() {
        Ok(LandlockStatus::Available { effective_abi, .. }) => given(effective_abi),
        Ok(LandlockStatus::NotEnabled) => nothing(&|_| Lack::SwitchedOff),
        Ok(LandlockStatus::NotImplemented) => nothing(&|kernel| Lack::Needs(kernel)),
        Err(error) => refused(&error.to_string()),
    }
}

/// Binds this thread and its future children.
pub(crate) fn restrict(wall: &Wall) -> Result<Report, WallError> {
    // Opened before anything is given up, so that a folder that is gone is an error and not a hole.
    let mut rules = Vec::new();
    for (paths, access) in [(&wall.read, READ), (&wall.write, WRITE)] {
        for path in paths {
            rules.push(rule(path, access)?);
        }
    }
    let supported = support();
    if !supported.holds.contains(&Protection::Files) {
        return Ok(supported);
    }
    match apply(wall, rules) {
        Ok(()) => Ok(supported),
        Err(error) => Ok(refused(&error.to_string())),
    }
}

/// No flag is set, so this asks and does nothing.
fn status() -> Result<LandlockStatus, RulesetError> {
    let asked = RestrictSelf::default().no_new_privs(false).apply()?;
    Ok(asked.landlock)
}

fn rule(path: &Path, access: BitFlags<AccessFs>) -> Result<PathBeneath<PathFd>, WallError> {
    let at = |cause: std::io::Error| WallError::Path {
        path: path.to_owned(),
        cause,
    };
    let metadata = std::fs::metadata(path).map_err(at)?;
    let fd = PathFd::new(path).map_err(|error| at(std::io::Error::other(error)))?;
    let access = if metadata.is_dir() {
        access
    } else {
        access & AccessFs::from_file(TESTED)
    };
    Ok(PathBeneath::new(fd, access))
}

fn apply(wall: &Wall, rules: Vec<PathBeneath<PathFd>>) -> Result<(), RulesetError> {
    let mut ruleset = created()?;
    for rule in rules {
        ruleset = ruleset.add_rule(rule)?;
    }
    if let Network::Ports { connect_tcp, .. } = &wall.network {
        for port in connect_tcp {
            ruleset = ruleset.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
        }
    }
    ruleset.restrict_self().map(drop)
}

/// Handles all that the tested version knows, and so forbids what no rule allows.
fn created() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(TESTED))?
        .handle_access(AccessNet::from_all(TESTED))?
        .scope(Scope::from_all(TESTED))?
        .create()
}

/// With its first version nothing is asked of Landlock, so nothing holds.
fn given(abi: ABI) -> Report {
    let mut report = Report::new(abi as u32);
    for (protection, since, kernel) in GIVES {
        report.note(protection, (abi < since).then_some(Lack::Needs(kernel)));
    }
    report
}

fn nothing(lack: &dyn Fn(&'static str) -> Lack) -> Report {
    let mut report = Report::new(0);
    for (protection, _, kernel) in GIVES {
        report.note(protection, Some(lack(kernel)));
    }
    report
}

fn refused(cause: &str) -> Report {
    nothing(&|_| Lack::Refused(format!("Landlock refused: {cause}")))
}
