//! The walls that are tried, each in a process of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use writ_wall::{Lack, Network, Protection, Report, Wall, WallError, raise, support};

use crate::attempt::on_threads;
use crate::{files, machine, network};

/// Where a scene takes place.
pub(crate) struct Surroundings {
    /// A folder with `in`, `out`, `drop`, and a secret beside them.
    pub(crate) ground: PathBuf,
    /// Somebody listens on both ports.
    pub(crate) granted: u16,
    pub(crate) other: u16,
}

type Scene = (&'static str, fn(&Surroundings));

pub(crate) const SCENES: &[Scene] = &[
    ("a_closed_wall_leaves_nothing", closed),
    ("a_host_without_network_has_its_folders", folders),
    ("times_can_be_set_where_they_are_left", times),
    ("a_host_with_ports_has_these_ports", ports),
    ("names_can_be_resolved", datagrams),
    ("a_kernel_without_landlock_gives_the_rest", without_landlock),
    ("a_kernel_without_seccomp_gives_the_rest", without_seccomp),
    ("threads_that_were_there_are_told", threads),
    ("threads_that_can_not_be_counted_are_told", uncounted),
    ("a_folder_that_is_gone_is_an_error", gone),
    ("support_tells_and_gives_nothing_up", asked),
];

fn folders_of(around: &Surroundings) -> Wall {
    let at = |name: &str| around.ground.join(name);
    Wall {
        read: vec![at("in"), at("out")],
        write: vec![at("out"), at("drop")],
        ..Wall::default()
    }
}

/// Raises it, and expects that this kernel holds all of it.
fn raised(wall: &Wall) {
    let report = raise(wall).expect("the folders are there");
    assert!(report.is_whole(), "{}", report.lacking());
    assert_eq!(report.holds.len(), Protection::ALL.len());
}

fn closed(around: &Surroundings) {
    raised(&Wall::default());
    on_threads(|| {
        machine::what_is_left();
        machine::what_is_not_left();
        network::none(around);
        for path in ["/etc/passwd", "/", "/proc/self/maps"] {
            crate::attempt::is_missing(path, std::fs::File::open(path));
            crate::attempt::is_missing(path, std::fs::metadata(path));
        }
    });
}

fn folders(around: &Surroundings) {
    raised(&folders_of(around));
    on_threads(|| {
        files::what_is_granted(&around.ground);
        files::what_is_not(&around.ground);
        machine::what_is_left();
        machine::what_is_not_left();
        network::none(around);
    });
    // The thread that raised it is no exception.
    files::what_is_not(&around.ground);
    machine::what_is_not_left();
}

fn times(around: &Surroundings) {
    raised(&Wall {
        set_times: true,
        ..folders_of(around)
    });
    on_threads(|| files::times(&around.ground));
}

fn with_ports(around: &Surroundings, udp: bool) -> Wall {
    Wall {
        network: Network::Ports {
            connect_tcp: [around.granted].into(),
            udp,
        },
        ..folders_of(around)
    }
}

fn ports(around: &Surroundings) {
    raised(&with_ports(around, false));
    on_threads(|| {
        network::one_port(around);
        network::without_datagrams();
        files::what_is_not(&around.ground);
        machine::what_is_not_left();
    });
}

fn datagrams(around: &Surroundings) {
    raised(&with_ports(around, true));
    on_threads(|| {
        network::one_port(around);
        network::with_datagrams();
    });
}

/// Answers to some system calls as a kernel would that has them not.
fn pretend_without(calls: &[libc::c_long]) {
    let rules: BTreeMap<_, _> = calls.iter().map(|call| (*call, Vec::new())).collect();
    let missing = SeccompAction::Errno(libc::ENOSYS as u32);
    let architecture = TargetArch::try_from(std::env::consts::ARCH).expect("it is known");
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, missing, architecture)
        .and_then(BpfProgram::try_from)
        .expect("the filter is sound");
    seccompiler::apply_filter(&filter).expect("this kernel filters");
}

fn without_landlock(around: &Surroundings) {
    pretend_without(&[
        libc::SYS_landlock_create_ruleset,
        libc::SYS_landlock_add_rule,
        libc::SYS_landlock_restrict_self,
    ]);
    let report = raise(&folders_of(around)).expect("the folders are there");
    assert_eq!(report.landlock_abi, 0);
    let rest = [
        Protection::Memory,
        Protection::SystemCalls,
        Protection::NoNewPrivileges,
    ];
    assert!(report.holds.starts_with(&rest), "{:?}", report.holds);
    let files = (Protection::Files, Lack::Needs("5.19"));
    assert!(report.lacks.contains(&files), "{:?}", report.lacks);
    own_code(&report);
    on_threads(|| {
        machine::what_is_left();
        machine::what_is_not_left();
        network::none(around);
        files::what_is_granted(&around.ground);
    });
}

/// Without Landlock, the process's own code is safe from all but root; and the report says which it is.
fn own_code(report: &Report) {
    let opened = std::fs::OpenOptions::new()
        .write(true)
        .open("/proc/self/mem");
    if rustix::process::geteuid().is_root() {
        let root = (Protection::Code, Lack::Root);
        assert!(report.lacks.contains(&root), "{:?}", report.lacks);
        assert!(opened.is_ok(), "what is told is so: {opened:?}");
    } else {
        assert!(report.holds.contains(&Protection::Code), "{report:?}");
        crate::attempt::is_refused("its own code", opened);
    }
}

fn without_seccomp(around: &Surroundings) {
    pretend_without(&[libc::SYS_seccomp]);
    let report = raise(&folders_of(around)).expect("the folders are there");
    let lacking: Vec<Protection> = report.lacks.iter().map(|(lacking, _)| *lacking).collect();
    assert_eq!(lacking, [Protection::SystemCalls, Protection::Code]);
    on_threads(|| {
        crate::attempt::is_refused("/etc/passwd", std::fs::File::open("/etc/passwd"));
        network::without_filter(around);
    });
}

fn threads(around: &Surroundings) {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let early = std::thread::spawn(move || {
        let _ = stopped.recv();
        // What is told: this thread is not behind Landlock, and is behind the filter.
        assert!(std::fs::File::open("/etc/passwd").is_ok());
        machine::what_is_not_left();
    });
    let report = raise(&folders_of(around)).expect("the folders are there");
    let files = (Protection::Files, Lack::Threads(2));
    assert!(report.lacks.contains(&files), "{:?}", report.lacks);
    drop(stop);
    early.join().expect("the filter binds every thread");
}

fn uncounted(around: &Surroundings) {
    pretend_without(&[libc::SYS_getdents64]);
    let report = raise(&folders_of(around)).expect("the folders are there");
    for bound in [Protection::Files, Protection::TcpPorts, Protection::Signals] {
        let lack = (bound, Lack::UnknownThreads);
        assert!(report.lacks.contains(&lack), "{:?}", report.lacks);
    }
    assert!(report.holds.contains(&Protection::SystemCalls));
}

fn gone(around: &Surroundings) {
    let mut wall = folders_of(around);
    wall.read.push(around.ground.join("nowhere"));
    let error = raise(&wall).expect_err("the folder is gone");
    let WallError::Path { path, .. } = error;
    assert_eq!(path, around.ground.join("nowhere"));
    assert!(
        std::fs::File::open("/etc/passwd").is_ok(),
        "nothing was given up"
    );
}

fn asked(_: &Surroundings) {
    let report = support();
    assert!(report.is_whole(), "{}", report.lacking());
    assert!(report.landlock_abi >= 6);
    assert!(std::fs::File::open("/etc/passwd").is_ok());
    assert!(std::process::Command::new("/bin/true").status().is_ok());
}
