//! Which host folders a call may have. Checked when the call is set up: no grant, however it was approved, opens the system's
//! or the host's own folders, and what is read-only for a guest is not writable by it under another name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use writ_grant::{Access, Authority, FileRead, overlaps};

/// The host folder for every granted guest path, absolute. Grants name them relative to the grants file; whoever read
/// that file resolves them.
pub type ResolvedFolders = BTreeMap<String, PathBuf>;

/// Folders that hold no data but doors into the system.
const SYSTEM_FOLDERS: [&str; 4] = ["/proc", "/sys", "/dev", "/run"];

/// A granted folder can't be given to a guest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FolderError {
    /// Nobody said which host folder it is.
    #[error("no host folder is known for {guest}; give the grant a `folder`")]
    Unresolved {
        /// The guest path.
        guest: String,
    },
    /// It can't be opened.
    #[error("the folder {folder} for {guest} can't be opened: {cause}")]
    Unopenable {
        /// The guest path.
        guest: String,
        /// The host folder.
        folder: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// It is, holds, or lies in a folder that no guest may have.
    #[error(
        "{guest} may not be {folder}: it overlaps {private}, which no plugin may reach; grant another folder"
    )]
    Private {
        /// The guest path.
        guest: String,
        /// The host folder.
        folder: PathBuf,
        /// The folder it overlaps.
        private: PathBuf,
    },
    /// A link leads it out of every folder that the caller on a chain of calls has.
    #[error(
        "{guest} is {folder}, which the plugin that called this one may not reach: a link leads there; grant the folder that is meant"
    )]
    Beyond {
        /// The guest path.
        guest: String,
        /// The host folder.
        folder: PathBuf,
    },
    /// What one grant makes read-only another would make writable.
    #[error(
        "{read_only} is read-only but shares host folders with {writable}, which is writable; separate the folders"
    )]
    Overlap {
        /// The guest path of the read-only folder.
        read_only: String,
        /// The guest path of the writable folder.
        writable: String,
    },
}

/// One folder for a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    pub(crate) guest: String,
    /// Absolute, without links.
    pub(crate) host: PathBuf,
    pub(crate) read: bool,
    pub(crate) write: bool,
}

/// All folders of one call.
pub(crate) type Mounts = Vec<Folder>;

/// The folders that an authority gives, checked.
pub(crate) fn mounts(
    authority: &Authority,
    folders: &ResolvedFolders,
    private: &[PathBuf],
) -> Result<Mounts, FolderError> {
    let mut mounts = Mounts::new();
    for permit in authority.mounts() {
        let mount = permit.action();
        let guest = mount.path.to_string();
        let write = match mount.access {
            Access::Read => false,
            Access::Write => true,
        };
        let read = authority.allows(FileRead { path: &guest }).is_some();
        let host = resolve(&guest, folders)?;
        mounts.push(Folder {
            guest,
            host,
            read,
            write,
        });
    }
    check(&mounts, private)?;
    Ok(mounts)
}

/// Whether every folder lies in one that a caller has with the same access, now that links are resolved. The policy compared them as
/// grants write them; a link in one of them can lead elsewhere.
pub(crate) fn inside(mounts: &[Folder], callers: &[Folder]) -> Result<(), FolderError> {
    for folder in mounts {
        let holds = |access: fn(&Folder) -> bool| {
            let mut holders = callers.iter().filter(|held| access(held));
            !access(folder) || holders.any(|held| folder.host.starts_with(&held.host))
        };
        if !holds(|folder| folder.read) || !holds(|folder| folder.write) {
            return Err(FolderError::Beyond {
                guest: folder.guest.clone(),
                folder: folder.host.clone(),
            });
        }
    }
    Ok(())
}

fn resolve(guest: &str, folders: &ResolvedFolders) -> Result<PathBuf, FolderError> {
    let folder = folders.get(guest).ok_or_else(|| FolderError::Unresolved {
        guest: guest.to_owned(),
    })?;
    folder
        .canonicalize()
        .map_err(|error| FolderError::Unopenable {
            guest: guest.to_owned(),
            folder: folder.clone(),
            cause: error.to_string(),
        })
}

/// Where a file or folder is that shall be private, with the links that lead there: who replaces one of them has replaced it. One that
/// is not there is private where it would be made.
pub(crate) fn places(path: &Path) -> Vec<PathBuf> {
    let links = path.ancestors().filter(|part| part.is_symlink());
    let place = |link: &Path| Some(real(link.parent()?).join(link.file_name()?));
    links.filter_map(place).chain([real(path)]).collect()
}

/// The path without links, as far as it is there.
pub(crate) fn real(path: &Path) -> PathBuf {
    let known = path.ancestors().find_map(|start| {
        let rest = path.strip_prefix(start).ok()?;
        Some((start.canonicalize().ok()?, rest))
    });
    match known {
        Some((start, rest)) if rest.as_os_str().is_empty() => start,
        Some((start, rest)) => start.join(rest),
        None => path.to_owned(),
    }
}

/// Refuses what is, holds, or lies in a folder that no guest may have. The path has no links.
pub(crate) fn may_give(guest: &str, host: &Path, private: &[PathBuf]) -> Result<(), FolderError> {
    let system = SYSTEM_FOLDERS.iter().map(Path::new);
    let mut all = system.chain(private.iter().map(PathBuf::as_path));
    match all.find(|path| overlaps(path, host)) {
        None => Ok(()),
        Some(private) => Err(FolderError::Private {
            guest: guest.to_owned(),
            folder: host.to_owned(),
            private: private.to_owned(),
        }),
    }
}

fn check(mounts: &[Folder], private: &[PathBuf]) -> Result<(), FolderError> {
    for folder in mounts {
        may_give(&folder.guest, &folder.host, private)?;
        let clash =
            |other: &&Folder| !folder.write && other.write && overlaps(&folder.host, &other.host);
        if let Some(other) = mounts.iter().find(clash) {
            return Err(FolderError::Overlap {
                read_only: folder.guest.clone(),
                writable: other.guest.clone(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(guest: &str, host: &str, write: bool) -> Folder {
        Folder {
            guest: guest.into(),
            host: host.into(),
            read: !write,
            write,
        }
    }

    #[test]
    fn doors_into_the_system_and_the_hosts_own_folders_are_private() {
        let private = [PathBuf::from("/srv/app/.writ")];
        for host in [
            "/",
            "/proc",
            "/proc/self",
            "/dev/shm",
            "/srv/app",
            "/srv/app/.writ",
            "/srv/app/.writ/blobs",
        ] {
            let error = check(&[folder("/x", host, false)], &private).unwrap_err();
            assert!(matches!(error, FolderError::Private { .. }), "{host}");
        }
        assert_eq!(
            check(&[folder("/x", "/srv/app/orders", false)], &private),
            Ok(())
        );
        assert_eq!(check(&[folder("/x", "/process", false)], &private), Ok(()));
    }

    #[test]
    fn a_file_is_private_where_it_is_and_where_links_to_it_are() {
        let ground = tempfile::tempdir().unwrap();
        let ground = ground.path().canonicalize().unwrap();
        std::fs::create_dir_all(ground.join("far/keys")).unwrap();
        std::fs::write(ground.join("far/keys/a"), "").unwrap();
        std::fs::create_dir(ground.join("near")).unwrap();
        std::os::unix::fs::symlink("../far/keys/a", ground.join("near/a")).unwrap();
        std::os::unix::fs::symlink("far", ground.join("link")).unwrap();
        let private = |path: &str| places(&ground.join(path));
        let refused = |private: &[PathBuf], folder: &str| {
            may_give("/x", &real(&ground.join(folder)), private).is_err()
        };
        for (path, folder, kept) in [
            ("near/a", "near", true),
            ("near/a", "far/keys", true),
            ("near/a", "far", true),
            ("near/a", "far/keyring", false),
            ("link/keys/a", "far/keys", true),
            ("link/keys/a", "link/keys", true),
            // Nothing there yet: it would be made in a folder that is reached by a link.
            ("link/new/b", "far", true),
            ("link/new/b", "far/new", true),
            ("link/new/b", "far/keys", false),
            ("link/new/b", "near", false),
        ] {
            assert_eq!(refused(&private(path), folder), kept, "{path} {folder}");
        }
    }

    #[test]
    fn read_only_is_not_writable_under_another_name() {
        for (read, write) in [("/a", "/a"), ("/a", "/a/b"), ("/a/b", "/a")] {
            let error =
                check(&[folder("/r", read, false), folder("/w", write, true)], &[]).unwrap_err();
            assert_eq!(
                error,
                FolderError::Overlap {
                    read_only: "/r".into(),
                    writable: "/w".into()
                }
            );
        }
        assert_eq!(
            check(&[folder("/r", "/a", false), folder("/w", "/ab", true)], &[]),
            Ok(())
        );
    }

    #[test]
    fn a_link_leads_no_callee_out_of_its_callers_folders() {
        let callers = [folder("/r", "/a", false), folder("/w", "/b", true)];
        for (held, fits) in [
            (folder("/x", "/a/b", false), true),
            (folder("/x", "/b", true), true),
            (folder("/x", "/b", false), false),
            (folder("/x", "/a", true), false),
            (folder("/x", "/etc", false), false),
            (folder("/x", "/ab", false), false),
        ] {
            assert_eq!(
                inside(std::slice::from_ref(&held), &callers).is_ok(),
                fits,
                "{held:?}"
            );
        }
        assert!(inside(&[], &[]).is_ok());
    }
}
