//! Files: what is granted can be done, and nothing else is read, made, changed, moved, cut or executed.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::SystemTime;

use crate::attempt::{call, is_missing, is_refused};

/// With `in` to be read, `out` to be read and written, `drop` to be written.
pub(crate) fn what_is_granted(ground: &Path) {
    assert_eq!(fs::read_to_string(ground.join("in/a")).unwrap(), "a");
    assert_eq!(fs::read_dir(ground.join("in")).unwrap().count(), 1);
    let out = ground.join("out");
    fs::write(out.join("new"), "new").unwrap();
    fs::write(out.join("new"), "n").unwrap();
    assert_eq!(fs::read_to_string(out.join("new")).unwrap(), "n");
    fs::rename(out.join("new"), out.join("deep/moved")).unwrap();
    fs::hard_link(out.join("deep/moved"), out.join("link")).unwrap();
    symlink("b", out.join("soft")).unwrap();
    assert_eq!(fs::read_to_string(out.join("soft")).unwrap(), "b");
    fs::create_dir(out.join("made")).unwrap();
    fs::remove_dir(out.join("made")).unwrap();
    let file = OpenOptions::new()
        .write(true)
        .open(out.join("deep/moved"))
        .unwrap();
    file.set_len(0).unwrap();
    file.sync_all().unwrap();
    fs::rename(out.join("deep/moved"), ground.join("drop/moved")).unwrap();
    fs::write(ground.join("drop/moved"), "over").unwrap();
    for left in [
        out.join("soft"),
        out.join("link"),
        ground.join("drop/moved"),
    ] {
        fs::remove_file(left).unwrap();
    }
}

/// The same walls, from the wrong side.
pub(crate) fn what_is_not(ground: &Path) {
    let (inside, out, dropped) = (ground.join("in"), ground.join("out"), ground.join("drop"));
    for path in [
        "/etc/passwd",
        "/etc/hostname",
        "/proc/self/maps",
        "/proc/1/environ",
        "/dev/null",
    ] {
        is_refused(path, File::open(path));
    }
    is_refused(
        "its own code",
        OpenOptions::new().write(true).open("/proc/self/mem"),
    );
    is_refused("the secret", File::open(ground.join("secret")));
    is_refused(
        "the secret, by another way",
        File::open(inside.join("../secret")),
    );
    for folder in ["/", "/root", "/home", "/etc"] {
        is_refused(folder, fs::read_dir(folder));
    }
    is_refused("the folder above", fs::read_dir(ground));
    is_refused("to write beside", fs::write(ground.join("new"), "x"));
    is_refused("to write the secret", fs::write(ground.join("secret"), "x"));
    is_refused("to write in /tmp", fs::write("/tmp/writ-wall-attempt", "x"));
    is_refused("to read what is dropped", File::open(dropped.join("c")));
    is_refused("to replace what is read", fs::write(inside.join("a"), "x"));
    is_refused(
        "to change what is read",
        OpenOptions::new().write(true).open(inside.join("a")),
    );
    is_refused("to make where is read", fs::write(inside.join("new"), "x"));
    is_refused("to remove what is read", fs::remove_file(inside.join("a")));
    is_refused(
        "to remove the secret",
        fs::remove_file(ground.join("secret")),
    );
    is_refused("to make a folder", fs::create_dir(ground.join("folder")));
    is_refused(
        "to swap the secret",
        fs::rename(out.join("b"), ground.join("secret")),
    );
    is_refused(
        "to fetch the secret",
        fs::rename(ground.join("secret"), out.join("secret")),
    );
    is_unmoved(
        "to link the secret",
        fs::hard_link(ground.join("secret"), out.join("secret")),
    );
    // A file that may be written and not read would be read in another place.
    is_unmoved(
        "to move what is dropped",
        fs::rename(dropped.join("c"), out.join("c")),
    );
    through_a_link(ground);
    besides_landlock(ground);
}

/// A link can be made where files can; it opens nothing.
fn through_a_link(ground: &Path) {
    let link = ground.join("out/way-out");
    symlink("../secret", &link).unwrap();
    is_refused("the secret, through a link", File::open(&link));
    is_refused("the secret, written through a link", fs::write(&link, "x"));
    fs::remove_file(&link).unwrap();
}

/// Landlock says of a move that would widen rights that it is one between file systems.
fn is_unmoved(what: &str, result: std::io::Result<()>) {
    let error = result.expect_err(what);
    let number = error.raw_os_error().unwrap_or_default();
    assert!(
        [libc::EXDEV, libc::EACCES].contains(&number),
        "{what}: {error}"
    );
}

/// Where a wall leaves it.
pub(crate) fn times(ground: &Path) {
    let granted = File::open(ground.join("out/b")).unwrap();
    granted.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let found = granted.metadata().unwrap().modified().unwrap();
    assert_eq!(found, SystemTime::UNIX_EPOCH);
}

/// What Landlock doesn't look at, the filter doesn't have.
fn besides_landlock(ground: &Path) {
    let granted = ground.join("out/b");
    let mode = fs::Permissions::from_mode(0o777);
    is_missing("to change a mode", fs::set_permissions(&granted, mode));
    is_missing(
        "to change an owner",
        std::os::unix::fs::chown(&granted, Some(1), None),
    );
    let opened = File::open(&granted).unwrap();
    is_missing("to set times", opened.set_modified(SystemTime::UNIX_EPOCH));
    let name = std::ffi::CString::new(granted.as_os_str().as_encoded_bytes()).unwrap();
    let path = name.as_ptr() as usize;
    let attribute = c"user.x".as_ptr() as usize;
    for (what, number, arguments) in [
        (
            "to set times by name",
            libc::SYS_utimensat,
            [0, path, 0, 0, 0],
        ),
        ("to cut by name", libc::SYS_truncate, [path, 0, 0, 0, 0]),
        (
            "to set an attribute",
            libc::SYS_setxattr,
            [path, attribute, path, 1, 0],
        ),
        (
            "to make a device",
            libc::SYS_mknodat,
            [0, path, libc::S_IFIFO as usize, 0, 0],
        ),
        (
            "to open by handle",
            libc::SYS_open_by_handle_at,
            [0, path, 0, 0, 0],
        ),
        ("to change the root", libc::SYS_chroot, [path, 0, 0, 0, 0]),
        ("to mount", libc::SYS_mount, [path, path, path, 0, 0]),
        ("to watch files", libc::SYS_inotify_init1, [0; 5]),
    ] {
        is_missing(what, call(number, arguments));
    }
}
