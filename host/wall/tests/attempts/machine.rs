//! The rest of the machine: programs, processes, memory, the kernel's larger doors.

use std::io;
use std::process::Command;

use crate::attempt::{call, is_missing};

/// What a host goes on doing: threads, memory, time, random numbers, and talking to itself.
pub(crate) fn what_is_left() {
    let grown: Vec<u8> = vec![1; 64 << 20];
    assert_eq!(
        grown.iter().map(|byte| u64::from(*byte)).sum::<u64>(),
        64 << 20
    );
    std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_millis(1)))
        .join()
        .unwrap();
    let (mut one, mut other) = std::os::unix::net::UnixStream::pair().unwrap();
    io::Write::write_all(&mut one, b"x").unwrap();
    let mut byte = [0];
    io::Read::read_exact(&mut other, &mut byte).unwrap();
    let mut random = [0u8; 16];
    rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty()).unwrap();
    assert_eq!(
        rustix::process::getrlimit(rustix::process::Resource::Core).maximum,
        Some(0)
    );
    // A panic unwinds, and is caught.
    assert!(std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(()))).is_err());
}

/// What it doesn't.
pub(crate) fn what_is_not_left() {
    is_missing("to start a program", Command::new("/bin/true").status());
    let program = c"/bin/true".as_ptr() as usize;
    let parent = std::os::unix::process::parent_id() as usize;
    let own = std::process::id() as usize;
    let calls: &[(&str, libc::c_long, [usize; 5])] = &[
        (
            "to become a program",
            libc::SYS_execve,
            [program, 0, 0, 0, 0],
        ),
        (
            "to become a file",
            libc::SYS_execveat,
            [0, program, 0, 0, 0],
        ),
        (
            "to make a process",
            libc::SYS_clone,
            [libc::SIGCHLD as usize, 0, 0, 0, 0],
        ),
        ("to make one, newer", libc::SYS_clone3, [0, 88, 0, 0, 0]),
        (
            "a thread in its own namespaces",
            libc::SYS_clone,
            [(THREAD | libc::CLONE_NEWNS) as usize, 0, 0, 0, 0],
        ),
        (
            "to trace",
            libc::SYS_ptrace,
            [libc::PTRACE_ATTACH as usize, parent, 0, 0, 0],
        ),
        (
            "to be traced",
            libc::SYS_ptrace,
            [libc::PTRACE_TRACEME as usize, 0, 0, 0, 0],
        ),
        (
            "to read another's memory",
            libc::SYS_process_vm_readv,
            [parent, 0, 0, 0, 0],
        ),
        (
            "to write another's memory",
            libc::SYS_process_vm_writev,
            [parent, 0, 0, 0, 0],
        ),
        (
            "to hold another process",
            libc::SYS_pidfd_open,
            [parent, 0, 0, 0, 0],
        ),
        (
            "to take another's file",
            libc::SYS_pidfd_getfd,
            [0, 0, 0, 0, 0],
        ),
        ("to signal the parent", libc::SYS_kill, [parent, 0, 0, 0, 0]),
        (
            "to signal everybody",
            libc::SYS_kill,
            [usize::MAX, 0, 0, 0, 0],
        ),
        (
            "to signal the parent's thread",
            libc::SYS_tgkill,
            [parent, parent, 0, 0, 0],
        ),
        (
            "to queue a signal",
            libc::SYS_rt_sigqueueinfo,
            [parent, 0, 0, 0, 0],
        ),
        (
            "to leave the namespaces",
            libc::SYS_unshare,
            [libc::CLONE_NEWUSER as usize, 0, 0, 0, 0],
        ),
        ("to enter others", libc::SYS_setns, [0, 0, 0, 0, 0]),
        ("to become another user", libc::SYS_setuid, [0, 0, 0, 0, 0]),
        ("to take capabilities", libc::SYS_capset, [0, 0, 0, 0, 0]),
        (
            "to be dumped",
            libc::SYS_prctl,
            [libc::PR_SET_DUMPABLE as usize, 1, 0, 0, 0],
        ),
        (
            "to have other limits",
            libc::SYS_prlimit64,
            [0, libc::RLIMIT_CORE as usize, own, 0, 0],
        ),
        ("a program in the kernel", libc::SYS_bpf, [0, 0, 0, 0, 0]),
        (
            "to count events",
            libc::SYS_perf_event_open,
            [0, 0, 0, 0, 0],
        ),
        ("a ring of calls", libc::SYS_io_uring_setup, [1, 0, 0, 0, 0]),
        ("to handle faults", libc::SYS_userfaultfd, [0, 0, 0, 0, 0]),
        ("keys", libc::SYS_keyctl, [0, 0, 0, 0, 0]),
        (
            "another personality",
            libc::SYS_personality,
            [0x040_0000, 0, 0, 0, 0],
        ),
        ("to load a module", libc::SYS_finit_module, [0, 0, 0, 0, 0]),
        ("to load a kernel", libc::SYS_kexec_load, [0, 0, 0, 0, 0]),
        ("to restart the machine", libc::SYS_reboot, [0, 0, 0, 0, 0]),
        ("another filter", libc::SYS_seccomp, [1, 0, 0, 0, 0]),
        ("to share memory", libc::SYS_shmget, [0, 4096, 0o1600, 0, 0]),
        ("to join pipes", libc::SYS_splice, [0, 0, 0, 0, 0]),
        (
            "to type into the terminal",
            libc::SYS_ioctl,
            [0, libc::TIOCSTI as usize, program, 0, 0],
        ),
        (
            "signals from a file",
            libc::SYS_fcntl,
            [0, libc::F_SETOWN as usize, parent, 0, 0],
        ),
    ];
    for (what, number, arguments) in calls {
        let result = call(*number, *arguments);
        if *number == libc::SYS_clone && matches!(result, Ok(0)) {
            // The child that must not be.
            std::process::exit(0);
        }
        is_missing(what, result);
    }
    new_code();
}

/// A thread, as a C library asks for one.
const THREAD: i32 =
    libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_SIGHAND | libc::CLONE_THREAD;

/// Memory can be had, and made read-only; it can't be made executable, at once or later, by a file or not.
fn new_code() {
    let page = 4096;
    let map = |protection: i32, file: usize, flags: i32| {
        call(
            libc::SYS_mmap,
            [0, page, protection as usize, flags as usize, file],
        )
    };
    let private = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let (read, write, execute) = (libc::PROT_READ, libc::PROT_WRITE, libc::PROT_EXEC);
    is_missing("new code", map(read | execute, usize::MAX, private));
    is_missing(
        "code to write",
        map(read | write | execute, usize::MAX, private),
    );
    let plain = map(read | write, usize::MAX, private).expect("memory can be had") as usize;
    let protect =
        |protection: i32| call(libc::SYS_mprotect, [plain, page, protection as usize, 0, 0]);
    protect(read).expect("memory can be made read-only");
    is_missing("to make memory code", protect(read | execute));
    is_missing(
        "to make memory code with a key",
        call(
            libc::SYS_pkey_mprotect,
            [plain, page, (read | execute) as usize, 0, 0],
        ),
    );
    let file = call(
        libc::SYS_memfd_create,
        [c"code".as_ptr() as usize, 0, 0, 0, 0],
    )
    .expect("a file in memory can be had") as usize;
    is_missing(
        "to execute a file in memory",
        call(
            libc::SYS_execveat,
            [
                file,
                c"".as_ptr() as usize,
                0,
                0,
                libc::AT_EMPTY_PATH as usize,
            ],
        ),
    );
    is_missing(
        "to map a file in memory as code",
        map(read | execute, file, libc::MAP_PRIVATE),
    );
}
