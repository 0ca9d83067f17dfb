//! seccomp: the system calls that are left. An allow-list, so that what a later kernel adds is not left by accident. What is not on
//! it answers "not implemented", as on a kernel built without it: libraries that try something newer first go on with the
//! older, and a guest that got out finds nothing. A refusal doesn't kill: that would let it end everybody's runs.
//!
//! Not on it, among others: starting programs, making processes, tracing or reading other processes, mounts, namespaces,
//! credentials, owners, modes and attributes of files, device nodes, keys, eBPF, io_uring, userfaultfd, performance counters,
//! kernel modules, timers that signal. Conditions close what allowed calls could do besides.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use crate::report::{Lack, Protection, Report};
use crate::wall::{Network, Wall};

/// Memory, threads, time and what is open already.
const ALWAYS: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getcpu,
    libc::SYS_getcwd,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_pipe2,
    libc::SYS_ppoll,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_preadv2,
    libc::SYS_pselect6,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_sysinfo,
    libc::SYS_times,
    libc::SYS_uname,
    libc::SYS_write,
    libc::SYS_writev,
];

/// The same under the names that older architectures have.
#[cfg(target_arch = "x86_64")]
const ALWAYS_OLD: &[c_long] = &[
    libc::SYS_dup2,
    libc::SYS_epoll_wait,
    libc::SYS_getrlimit,
    libc::SYS_pipe,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const ALWAYS_OLD: &[c_long] = &[];

/// Files by name: which ones is Landlock's. Modes, owners, attributes, times and mounts are not among it, as Landlock doesn't look
/// at those.
const FILES: &[c_long] = &[
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fstatfs,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_getdents64,
    libc::SYS_linkat,
    libc::SYS_mkdirat,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_readlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_symlinkat,
    libc::SYS_sync_file_range,
    libc::SYS_unlinkat,
];
#[cfg(target_arch = "x86_64")]
const FILES_OLD: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_link,
    libc::SYS_lstat,
    libc::SYS_mkdir,
    libc::SYS_open,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_rmdir,
    libc::SYS_stat,
    libc::SYS_symlink,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const FILES_OLD: &[c_long] = &[];

/// Connections that this process opens; what they may be is in [`network_rules`].
const NETWORK: &[c_long] = &[
    libc::SYS_connect,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_recvfrom,
    libc::SYS_recvmmsg,
    libc::SYS_recvmsg,
    libc::SYS_shutdown,
];

/// What may be asked of a socket, by level: why a connection failed.
const ASKED_OPTIONS: &[(i32, i32)] = &[(libc::SOL_SOCKET, libc::SO_ERROR)];
/// What may be set: that small packets go at once. Others attach filter programs, hand connections to other protocols, change the
/// firewall of a namespace.
const SET_OPTIONS: &[(i32, i32)] = &[(libc::IPPROTO_TCP, libc::TCP_NODELAY)];

/// What may be asked of a file descriptor. Not: to send signals, or to type into the terminal.
const FCNTL_COMMANDS: &[i32] = &[
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_SETFL,
    libc::F_GETLK,
    libc::F_SETLK,
    libc::F_SETLKW,
    libc::F_OFD_GETLK,
    libc::F_OFD_SETLK,
    libc::F_OFD_SETLKW,
    libc::F_ADD_SEALS,
    libc::F_GET_SEALS,
];
const IOCTL_COMMANDS: &[u64] = &[
    libc::TCGETS,
    TCGETS2,
    libc::TIOCGWINSZ,
    libc::FIONBIO,
    libc::FIONREAD,
    libc::FIOCLEX,
];
/// What newer C libraries ask instead of `TCGETS`.
const TCGETS2: u64 = 0x802c_542a;
const PRCTL_OPTIONS: &[i32] = &[libc::PR_SET_NAME, libc::PR_GET_NAME, libc::PR_SET_VMA];

/// A thread of this process, as every C library makes one.
const THREAD: i32 =
    libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_SIGHAND | libc::CLONE_THREAD;
/// What such a thread can't be besides: in namespaces of its own, traced, somebody else's child.
const NO_THREAD: i32 = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_PTRACE
    | libc::CLONE_VFORK
    | libc::CLONE_PARENT
    | libc::CLONE_PIDFD;

/// The kind of a socket, without its flags.
const SOCKET_KIND: i32 = 0xf;

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Why there is no filter.
#[derive(Debug)]
pub(crate) enum Unfiltered {
    /// The list can't be made into a program.
    Unmade(String),
    /// The kernel didn't take it.
    Refused(String),
}

/// What the kernel asks at every system call that isn't always allowed.
pub(crate) fn filter(wall: &Wall) -> Result<BpfProgram, Unfiltered> {
    let unmade = |error: seccompiler::BackendError| Unfiltered::Unmade(error.to_string());
    let architecture = TargetArch::try_from(std::env::consts::ARCH).map_err(unmade)?;
    let filter = SeccompFilter::new(
        rules(wall).map_err(unmade)?,
        SeccompAction::Errno(libc::ENOSYS as u32),
        SeccompAction::Allow,
        architecture,
    );
    filter.and_then(BpfProgram::try_from).map_err(unmade)
}

/// Binds every thread of this process.
pub(crate) fn apply_to_all_threads(filter: &BpfProgram) -> Result<(), Unfiltered> {
    seccompiler::apply_filter_all_threads(filter).map_err(|error| refused(&error))
}

/// Binds the calling thread.
pub(crate) fn apply_to_this(filter: &BpfProgram) -> Result<(), Unfiltered> {
    seccompiler::apply_filter(filter).map_err(|error| refused(&error))
}

fn refused(error: &seccompiler::Error) -> Unfiltered {
    Unfiltered::Refused(format!("seccomp refused: {error}"))
}

/// Notes what came of it. Neither Landlock nor a filter can be had without giving up new privileges first.
pub(crate) fn note(report: &mut Report, applied: Result<(), Unfiltered>) {
    let given_up = applied.is_ok() || report.holds.contains(&Protection::Files);
    let lack = applied.err().map(|error| match error {
        Unfiltered::Unmade(cause) | Unfiltered::Refused(cause) => Lack::Refused(cause),
    });
    let privileges = lack.clone().filter(|_| !given_up);
    report.note(Protection::SystemCalls, lack);
    report.note(Protection::NoNewPrivileges, privileges);
}

fn rules(wall: &Wall) -> Result<Rules, seccompiler::BackendError> {
    let mut rules = process_rules()?;
    let mut allow = |calls: &[c_long]| rules.extend(calls.iter().map(|call| (*call, Vec::new())));
    allow(ALWAYS);
    allow(ALWAYS_OLD);
    if wall.has_files() {
        allow(FILES);
        allow(FILES_OLD);
    }
    if wall.set_times {
        allow(&[libc::SYS_utimensat]);
    }
    match wall.network {
        Network::None => rules.extend(without_network_rules()?),
        Network::Ports { udp, .. } => {
            allow(NETWORK);
            rules.extend(network_rules(udp)?);
        }
    }
    Ok(rules)
}

/// What threads, memory and descriptors may be asked for, by argument.
fn process_rules() -> Result<Rules, seccompiler::BackendError> {
    let no_code = |argument| bits(argument, libc::PROT_EXEC, 0);
    let own_process = u64::from(std::process::id());
    Ok(BTreeMap::from([
        // What machine code there is was loaded before.
        (libc::SYS_mmap, vec![all([no_code(2)?])?]),
        (libc::SYS_mprotect, vec![all([no_code(2)?])?]),
        (
            libc::SYS_clone,
            vec![all([bits(0, THREAD | NO_THREAD, THREAD)?])?],
        ),
        // Its arguments are in memory, where a filter can't look. C libraries go on with `clone`.
        (libc::SYS_tgkill, vec![all([is(0, own_process)?])?]),
        // Limits can be asked for and not set.
        (libc::SYS_prlimit64, vec![all([is_null(2)?])?]),
        (
            libc::SYS_fcntl,
            any(1, FCNTL_COMMANDS.iter().map(|c| *c as u64))?,
        ),
        (libc::SYS_ioctl, any(1, IOCTL_COMMANDS.iter().copied())?),
        (
            libc::SYS_prctl,
            any(0, PRCTL_OPTIONS.iter().map(|o| *o as u64))?,
        ),
        // A pair of ends in this process, by which the runtime hears of signals. Of streams: an end of another kind could be
        // turned to any unix socket that has a name, which Landlock doesn't see.
        (
            libc::SYS_socketpair,
            vec![all([
                is(0, libc::AF_UNIX as u64)?,
                bits(1, SOCKET_KIND, libc::SOCK_STREAM)?,
            ])?],
        ),
    ]))
}

/// Over the pair only.
fn without_network_rules() -> Result<Rules, seccompiler::BackendError> {
    Ok(BTreeMap::from([
        (libc::SYS_recvfrom, Vec::new()),
        (libc::SYS_sendto, vec![all([is_null(4)?])?]),
    ]))
}

/// Internet sockets of the two plain kinds. Landlock sees connections of TCP: so no protocol beside TCP and UDP is left, and no
/// connection that begins with the first bytes sent. Nothing listens.
fn network_rules(udp: bool) -> Result<Rules, seccompiler::BackendError> {
    let mut kinds = vec![(libc::SOCK_STREAM, libc::IPPROTO_TCP)];
    if udp {
        kinds.push((libc::SOCK_DGRAM, libc::IPPROTO_UDP));
    }
    let mut sockets = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        for (kind, protocol) in &kinds {
            for protocol in [0, *protocol] {
                sockets.push(all([
                    is(0, family as u64)?,
                    bits(1, SOCKET_KIND, *kind)?,
                    is(2, protocol as u64)?,
                ])?);
            }
        }
    }
    let no_fast_open = |argument| bits(argument, libc::MSG_FASTOPEN, 0);
    let mut rules = BTreeMap::from([
        (libc::SYS_socket, sockets),
        (libc::SYS_sendto, vec![all([no_fast_open(3)?])?]),
        (libc::SYS_sendmsg, vec![all([no_fast_open(2)?])?]),
        (libc::SYS_sendmmsg, vec![all([no_fast_open(3)?])?]),
        (libc::SYS_getsockopt, options(ASKED_OPTIONS)?),
        (libc::SYS_setsockopt, options(SET_OPTIONS)?),
    ]);
    if udp {
        // Datagrams are sent from a port of one's own; binding one of TCP is Landlock's to refuse.
        rules.insert(libc::SYS_bind, Vec::new());
    }
    Ok(rules)
}

fn all<const N: usize>(
    conditions: [SeccompCondition; N],
) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(conditions.into())
}

/// One rule for each value that an argument may have.
fn any(
    argument: u8,
    values: impl Iterator<Item = u64>,
) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    values.map(|value| all([is(argument, value)?])).collect()
}

/// One rule for each option of a socket.
fn options(options: &[(i32, i32)]) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let rule = |(level, option): &(i32, i32)| all([is(1, *level as u64)?, is(2, *option as u64)?]);
    options.iter().map(rule).collect()
}

/// The kernel looks at the lower half of these arguments, and so does the filter.
fn is(argument: u8, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
}

fn is_null(argument: u8) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)
}

/// These bits of an argument have this value.
fn bits(
    argument: u8,
    mask: i32,
    value: i32,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    let mask = SeccompCmpOp::MaskedEq(u64::from(mask as u32));
    SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Dword,
        mask,
        u64::from(value as u32),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wall_has_a_filter() {
        let ports = |udp| Wall {
            network: Network::Ports {
                connect_tcp: [443].into(),
                udp,
            },
            ..Wall::default()
        };
        for wall in [Wall::default(), ports(false), ports(true)] {
            assert!(filter(&wall).is_ok(), "{wall:?}");
        }
    }

    #[test]
    fn nothing_by_which_a_guest_that_got_out_would_go_on_is_left() {
        let wall = Wall {
            read: vec!["/".into()],
            write: vec!["/".into()],
            network: Network::Ports {
                connect_tcp: [443].into(),
                udp: true,
            },
            ..Wall::default()
        };
        let rules = rules(&wall).expect("rules can be made");
        for call in [
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_clone3,
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_pidfd_getfd,
            libc::SYS_kill,
            libc::SYS_tkill,
            libc::SYS_mount,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_chroot,
            libc::SYS_fchmodat,
            libc::SYS_fchownat,
            libc::SYS_mknodat,
            libc::SYS_utimensat,
            libc::SYS_truncate,
            libc::SYS_open_by_handle_at,
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_io_uring_setup,
            libc::SYS_userfaultfd,
            libc::SYS_keyctl,
            libc::SYS_init_module,
            libc::SYS_kexec_load,
            libc::SYS_personality,
            libc::SYS_listen,
            libc::SYS_accept4,
            libc::SYS_pkey_mprotect,
            libc::SYS_seccomp,
        ] {
            assert!(!rules.contains_key(&call), "system call {call}");
        }
    }
}
