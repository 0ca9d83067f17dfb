//! Raw files, at the host functions: what a guest reaches through its granted folders and what it doesn't.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use wasmtime::component::Resource;
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    DescriptorFlags, ErrorCode, HostDescriptor, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{FsError, FsResult};

use super::support::{TestPort, authority, call, load, state};
use crate::folders::Folder;
use crate::interface::file_access::Files;
use crate::log::LogStream;
use crate::port::FileOperation;
use crate::state::State;
use crate::{Call, Fault, FolderError};

/// A host folder with `in/a.txt`, a secret beside it, and ways out.
fn ground() -> tempfile::TempDir {
    let ground = tempfile::tempdir().unwrap();
    for folder in ["in", "out"] {
        fs::create_dir(ground.path().join(folder)).unwrap();
    }
    fs::write(ground.path().join("in/a.txt"), "hello").unwrap();
    fs::write(ground.path().join("secret"), "secret").unwrap();
    symlink("../secret", ground.path().join("in/up")).unwrap();
    symlink("/etc/passwd", ground.path().join("in/away")).unwrap();
    ground
}

/// A state with `/in` and `/out`, as far as they are granted.
fn with_folders(capabilities: &[&str], ground: &Path, port: &TestPort) -> State {
    let mut state = state(capabilities, port);
    let granted = |folder: &&str| {
        capabilities
            .iter()
            .any(|capability| capability.ends_with(&format!("/{folder}")))
    };
    let mount = |folder: &str| Folder {
        guest: format!("/{folder}"),
        host: ground.join(folder),
        read: capabilities.contains(&format!("fs:read:/{folder}").as_str()),
        write: capabilities.contains(&format!("fs:write:/{folder}").as_str()),
    };
    state.files = Files::new(
        ["in", "out"]
            .into_iter()
            .filter(granted)
            .map(mount)
            .collect(),
    );
    state.open_folders().unwrap();
    state
}

fn roots(state: &mut State) -> Vec<Resource<Descriptor>> {
    preopens::Host::get_directories(state)
        .unwrap()
        .into_iter()
        .map(|(root, _)| root)
        .collect()
}

async fn open(
    state: &mut State,
    path: &str,
    how: OpenFlags,
    flags: DescriptorFlags,
) -> FsResult<Resource<Descriptor>> {
    let root = roots(state).remove(0);
    HostDescriptor::open_at(
        state,
        root,
        PathFlags::SYMLINK_FOLLOW,
        path.into(),
        how,
        flags,
    )
    .await
}

fn not_permitted<T>(result: FsResult<T>) -> bool {
    result
        .err()
        .is_some_and(|error| error.downcast_ref() == Some(&ErrorCode::NotPermitted))
}

const READ: DescriptorFlags = DescriptorFlags::READ;
const WRITE: DescriptorFlags = DescriptorFlags::WRITE;

#[tokio::test]
async fn a_granted_folder_can_be_read_and_what_moved_is_told() {
    let (ground, port) = (ground(), TestPort::default());
    let mut state = with_folders(&["fs:read:/in"], ground.path(), &port);
    let file = open(&mut state, "./a.txt", OpenFlags::empty(), READ)
        .await
        .unwrap();
    let (bytes, _) = HostDescriptor::read(&mut state, file, 100, 0)
        .await
        .unwrap();
    assert_eq!(bytes, b"hello");
    state.finish();
    let story = port.0.lock();
    assert_eq!(
        (
            story.files[0].path.as_str(),
            story.files[0].bytes_read,
            story.files[0].write
        ),
        ("/in/a.txt", 5, false)
    );
    assert!(story.denied.is_empty());
}

#[tokio::test]
async fn nothing_outside_is_reached_and_each_attempt_is_noted() {
    let (ground, port) = (ground(), TestPort::default());
    let mut state = with_folders(&["fs:read:/in"], ground.path(), &port);
    let ways_out = [
        "../secret",
        "/etc/passwd",
        "up",
        "away",
        "../in/../secret",
        "a/../../../etc/passwd",
    ];
    for path in ways_out {
        assert!(
            not_permitted(open(&mut state, path, OpenFlags::empty(), READ).await),
            "{path}"
        );
    }
    let root = roots(&mut state).remove(0);
    let stat =
        HostDescriptor::stat_at(&mut state, root, PathFlags::SYMLINK_FOLLOW, "up".into()).await;
    assert!(not_permitted(stat));
    assert_eq!(port.0.lock().denied.len(), ways_out.len() + 1);
}

/// What the folder of this name says to opening a path for reading.
async fn read_from(state: &mut State, root: usize, path: &str) -> Option<ErrorCode> {
    let root = roots(state).remove(root);
    let opened = HostDescriptor::open_at(
        state,
        root,
        PathFlags::SYMLINK_FOLLOW,
        path.into(),
        OpenFlags::empty(),
        READ,
    );
    let error = opened.await.err()?;
    Some(*error.downcast_ref().expect("the guest is told"))
}

#[tokio::test]
async fn a_path_leads_where_its_text_says_or_nowhere() {
    let (ground, port) = (ground(), TestPort::default());
    let (inside, outside) = (ground.path().join("in"), ground.path().join("out"));
    fs::create_dir_all(inside.join("folder/deep")).unwrap();
    fs::create_dir_all(outside.join("p/q")).unwrap();
    for file in ["d.txt", "p/d.txt", "in.txt"] {
        fs::write(outside.join(file), "posted").unwrap();
    }
    symlink("p/q", outside.join("s")).unwrap();
    symlink(".", outside.join("in")).unwrap();
    let mut state = with_folders(&["fs:read:/in", "fs:write:/out"], ground.path(), &port);
    for (path, code) in [
        ("folder/../a.txt", None),
        ("folder/deep/../../a.txt", None),
        ("folder/deep/..", None),
        ("none/../a.txt", Some(ErrorCode::NoEntry)),
        ("a.txt/../a.txt", Some(ErrorCode::NotDirectory)),
        ("up/../a.txt", Some(ErrorCode::NotPermitted)),
        (&"folder/../".repeat(500), Some(ErrorCode::NameTooLong)),
    ] {
        assert_eq!(read_from(&mut state, 0, path).await, code, "{path}");
    }
    // By its text the first is /in/d.txt, which may be read; the kernel would open /out/d.txt.
    let lies = ["s/../../in/d.txt", "s/../d.txt", "../in/a.txt"];
    for path in lies {
        let code = read_from(&mut state, 1, path).await;
        assert_eq!(code, Some(ErrorCode::NotPermitted), "{path}");
    }
    state.finish();
    let story = port.0.lock();
    let opened: Vec<_> = story.files.iter().map(|note| note.path.as_str()).collect();
    assert_eq!(opened, ["/in/a.txt", "/in/folder"]);
    assert_eq!(story.denied.len(), lies.len() + 1);
    assert!(story.denied.iter().all(|denied| !denied.nameable));
}

#[tokio::test]
async fn a_read_only_folder_can_not_be_changed() {
    let (ground, port) = (ground(), TestPort::default());
    let mut state = with_folders(&["fs:read:/in", "fs:write:/out"], ground.path(), &port);
    assert!(not_permitted(
        open(&mut state, "a.txt", OpenFlags::empty(), WRITE).await
    ));
    assert!(not_permitted(
        open(&mut state, "a.txt", OpenFlags::TRUNCATE, READ).await
    ));
    assert!(not_permitted(
        open(&mut state, "new.txt", OpenFlags::CREATE, READ).await
    ));
    let mut folders = roots(&mut state);
    let (inner, outer) = (folders.remove(0), folders.remove(0));
    let linked = HostDescriptor::link_at(
        &mut state,
        inner,
        PathFlags::empty(),
        "a.txt".into(),
        outer,
        "b.txt".into(),
    )
    .await;
    assert!(not_permitted(linked));
    let root = roots(&mut state).remove(0);
    assert!(not_permitted(
        HostDescriptor::unlink_file_at(&mut state, root, "a.txt".into()).await
    ));
    assert_eq!(fs::read(ground.path().join("in/a.txt")).unwrap(), b"hello");
    assert_eq!(fs::read_dir(ground.path().join("out")).unwrap().count(), 0);
    assert_eq!(port.0.lock().denied.len(), 5);
}

#[tokio::test]
async fn a_write_only_folder_can_not_be_read() {
    let (ground, port) = (ground(), TestPort::default());
    fs::write(ground.path().join("out/old.txt"), "old").unwrap();
    let mut state = with_folders(&["fs:write:/out"], ground.path(), &port);
    assert!(not_permitted(
        open(&mut state, "old.txt", OpenFlags::empty(), READ).await
    ));
    assert!(not_permitted(
        open(&mut state, "old.txt", OpenFlags::empty(), READ | WRITE).await
    ));
    let file = open(&mut state, "new.txt", OpenFlags::CREATE, WRITE)
        .await
        .unwrap();
    let again = Resource::new_borrow(file.rep());
    assert_eq!(
        HostDescriptor::write(&mut state, again, b"written".to_vec(), 0)
            .await
            .unwrap(),
        7
    );
    assert!(not_permitted(
        HostDescriptor::read(&mut state, file, 10, 0).await
    ));
    let root = roots(&mut state).remove(0);
    assert!(not_permitted(
        HostDescriptor::read_directory(&mut state, root).await
    ));
    state.finish();
    assert_eq!(port.0.lock().files.last().unwrap().bytes_written, 7);
}

#[tokio::test]
async fn what_was_done_is_told_also_when_the_call_is_dropped() {
    let (ground, port) = (ground(), TestPort::default());
    let mut state = with_folders(&["fs:write:/out"], ground.path(), &port);
    let file = open(&mut state, "new.txt", OpenFlags::CREATE, WRITE)
        .await
        .unwrap();
    HostDescriptor::write(&mut state, file, b"written".to_vec(), 0)
        .await
        .unwrap();
    assert!(state.log.write(LogStream::Stdout, b"half a line"));
    // One that fails did not happen; one that is dropped may have.
    let mut folders = roots(&mut state);
    let (one, other) = (folders.remove(0), roots(&mut state).remove(0));
    let removed = HostDescriptor::unlink_file_at(&mut state, one, "none".into()).await;
    assert!(removed.is_err());
    let making = HostDescriptor::create_directory_at(&mut state, other, "folder".into());
    let _ = tokio::time::timeout(Duration::ZERO, making).await;
    assert!(port.0.lock().files.is_empty());
    drop(state);
    let story = port.0.lock();
    let told: Vec<_> = story
        .files
        .iter()
        .map(|note| (note.path.as_str(), note.operation, note.bytes_written))
        .collect();
    assert_eq!(
        told,
        [
            ("/out/new.txt", FileOperation::Open, 7),
            ("/out/folder", FileOperation::CreateFolder, 0)
        ]
    );
    assert!(story.files.iter().all(|note| note.grant == "fs:write:/out"));
    assert_eq!(
        story.lines,
        [("stdout".to_owned(), "half a line".to_owned())]
    );
}

#[tokio::test]
async fn what_may_not_be_read_gets_no_name_where_it_may_be() {
    let (ground, port) = (ground(), TestPort::default());
    let (inside, outside) = (ground.path().join("in"), ground.path().join("out"));
    for folder in [inside.join("folder"), outside.join("folder")] {
        fs::create_dir(folder).unwrap();
    }
    for file in ["d.txt", "folder/e.txt"] {
        fs::write(outside.join(file), "posted").unwrap();
    }
    let granted = ["fs:read:/in", "fs:write:/in", "fs:write:/out"];
    let mut state = with_folders(&granted, ground.path(), &port);
    // From and to: 0 may be read, 1 may not.
    for (link, from, old, to, new, may) in [
        (false, 1, "d.txt", 0, "d.txt", false),
        (false, 1, "folder", 0, "new", false),
        (false, 0, "folder", 1, "new", false),
        (true, 1, "d.txt", 0, "d.txt", false),
        (true, 0, "a.txt", 1, "a.txt", false),
        (true, 1, "d.txt", 1, "same.txt", true),
        (true, 0, "a.txt", 0, "same.txt", true),
        (false, 1, "d.txt", 1, "moved.txt", true),
        (false, 0, "folder", 0, "moved", true),
        (false, 0, "a.txt", 1, "a.txt", true),
    ] {
        let (mut froms, mut tos) = (roots(&mut state), roots(&mut state));
        let (from, to) = (froms.remove(from), tos.remove(to));
        let (old, new) = (old.to_owned(), new.to_owned());
        let done = if link {
            let follow = PathFlags::empty();
            HostDescriptor::link_at(&mut state, from, follow, old.clone(), to, new).await
        } else {
            HostDescriptor::rename_at(&mut state, from, old.clone(), to, new).await
        };
        match may {
            true => done.unwrap(),
            false => assert!(not_permitted(done), "{old}"),
        }
    }
    assert_eq!(
        port.0.lock().denied[0].capability.to_string(),
        "fs:read:/out/d.txt"
    );
    assert_eq!(port.0.lock().denied.len(), 5);
}

#[tokio::test]
async fn what_is_open_is_noted_where_it_was_moved_to() {
    let (ground, port) = (ground(), TestPort::default());
    fs::create_dir(ground.path().join("out/old")).unwrap();
    let mut state = with_folders(&["fs:read:/out", "fs:write:/out"], ground.path(), &port);
    let folder = open(&mut state, "old", OpenFlags::DIRECTORY, READ)
        .await
        .unwrap();
    let file = open(&mut state, "old/a", OpenFlags::CREATE, WRITE)
        .await
        .unwrap();
    let (from, to) = (roots(&mut state).remove(0), roots(&mut state).remove(0));
    HostDescriptor::rename_at(&mut state, from, "old".into(), to, "new".into())
        .await
        .unwrap();
    HostDescriptor::write(&mut state, file, b"late".to_vec(), 0)
        .await
        .unwrap();
    HostDescriptor::create_directory_at(&mut state, folder, "b".into())
        .await
        .unwrap();
    drop(state);
    let story = port.0.lock();
    let told = |path: &str, operation| {
        let mut notes = story.files.iter();
        notes.find(|note| note.path == path && note.operation == operation)
    };
    assert!(told("/out/new/b", FileOperation::CreateFolder).is_some());
    assert_eq!(
        told("/out/old/a", FileOperation::Open).map(|note| note.bytes_written),
        Some(4)
    );
}

#[tokio::test]
async fn links_that_lead_out_are_not_made() {
    let (ground, port) = (ground(), TestPort::default());
    let mut state = with_folders(&["fs:write:/out"], ground.path(), &port);
    for target in ["/etc/passwd", "../secret"] {
        let root = roots(&mut state).remove(0);
        assert!(not_permitted(
            HostDescriptor::symlink_at(&mut state, root, target.into(), "l".into()).await
        ));
    }
    let root = roots(&mut state).remove(0);
    HostDescriptor::symlink_at(&mut state, root, "sibling".into(), "l".into())
        .await
        .unwrap();
}

fn stopped(state: &mut State, result: FsResult<impl Sized>) -> &'static str {
    match result.err() {
        None => panic!("the guest went on"),
        Some(error) => assert!(
            FsError::downcast_ref(&error).is_none(),
            "the guest was told: {error}"
        ),
    }
    match state.take_stop() {
        Some(Fault::Limit { limit, .. }) => limit,
        other => panic!("not a limit: {other:?}"),
    }
}

#[tokio::test]
async fn a_disk_is_not_filled_and_listings_are_bounded() {
    let (ground, port) = (ground(), TestPort::default());
    let mut state = with_folders(&["fs:read:/out", "fs:write:/out"], ground.path(), &port);
    state.limits.file_write_bytes_max = 10;
    state.limits.directory_entries_max = 0;
    state.limits.files_max = 3;
    let file = open(&mut state, "f", OpenFlags::CREATE, WRITE)
        .await
        .unwrap();
    let again = Resource::new_borrow(file.rep());
    let written = HostDescriptor::write(&mut state, again, vec![0; 11], 0).await;
    assert_eq!(stopped(&mut state, written), "file_write_bytes_max");
    let sized = HostDescriptor::set_size(&mut state, file, 11).await;
    assert_eq!(stopped(&mut state, sized), "file_write_bytes_max");
    let listed = {
        let root = roots(&mut state).remove(0);
        HostDescriptor::read_directory(&mut state, root).await
    };
    assert_eq!(stopped(&mut state, listed), "directory_entries_max");
    for name in ["g", "h"] {
        open(&mut state, name, OpenFlags::CREATE, WRITE)
            .await
            .unwrap();
    }
    let fourth = open(&mut state, "i", OpenFlags::CREATE, WRITE).await;
    assert_eq!(stopped(&mut state, fourth), "files_max");
}

#[tokio::test]
async fn files_that_are_open_at_once_are_bounded_and_a_stream_keeps_its_file_open() {
    let (ground, port) = (ground(), TestPort::default());
    let mut state = with_folders(&["fs:read:/in"], ground.path(), &port);
    // The granted folder is one of them.
    state.limits.open_files_max = 3;
    async fn read(state: &mut State) -> FsResult<Resource<Descriptor>> {
        open(state, "a.txt", OpenFlags::empty(), READ).await
    }
    for _ in 0..5 {
        let file = read(&mut state).await.unwrap();
        HostDescriptor::drop(&mut state, file).unwrap();
    }
    let kept = read(&mut state).await.unwrap();
    let file = read(&mut state).await.unwrap();
    let same = Resource::new_borrow(file.rep());
    let stream = HostDescriptor::read_via_stream(&mut state, same, 0).unwrap();
    HostDescriptor::drop(&mut state, file).unwrap();
    let fourth = read(&mut state).await;
    assert_eq!(stopped(&mut state, fourth), "open_files_max");
    drop(state.table.delete(stream).unwrap());
    read(&mut state).await.unwrap();
    HostDescriptor::drop(&mut state, kept).unwrap();
    read(&mut state).await.unwrap();
    let fourth = read(&mut state).await;
    assert_eq!(stopped(&mut state, fourth), "open_files_max");
}

#[test]
fn without_a_grant_there_are_no_folders() {
    assert!(roots(&mut state(&[], &TestPort::default())).is_empty());
}

#[tokio::test]
async fn folders_that_no_grant_may_open_are_refused_before_the_guest_runs() {
    let component = load(&super::support::around("(func (export \"f\"))", &["f"]));
    for (folder, expected) in [
        (Some("/proc"), "Private"),
        (Some("/"), "Private"),
        (Some("/nonexistent/folder"), "Unopenable"),
        (None, "Unresolved"),
    ] {
        let folders = folder
            .map(|folder| ("/x".to_owned(), folder.into()))
            .into_iter()
            .collect();
        let call = call("f", serde_json::json!({}), &TestPort::default());
        let outcome = component
            .call(Call {
                authority: authority(&["fs:read:/x"]),
                folders,
                ..call
            })
            .await;
        let Err(Fault::Folder(error)) = outcome.result else {
            panic!("{folder:?} was given")
        };
        let kind = match error {
            FolderError::Private { .. } => "Private",
            FolderError::Unopenable { .. } => "Unopenable",
            FolderError::Unresolved { .. } => "Unresolved",
            FolderError::Overlap { .. } => "Overlap",
            FolderError::Beyond { .. } => "Beyond",
        };
        assert_eq!(kind, expected, "{folder:?}");
    }
}
