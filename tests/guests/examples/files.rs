//! Uses files by the host's own functions, with no library in between that would tidy up a path.

use std::{collections::BTreeSet, hint::black_box, io::Write};

use wasip2::{
    clocks::wall_clock::Datetime,
    filesystem::{
        preopens::get_directories,
        types::{Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags},
    },
};

writ_test_guests::world!("writ:guests/files");
use exports::writ::guests::disk::Guest;

struct Plugin;

export!(Plugin);

const MEBIBYTE: u64 = 1024 * 1024;

impl Guest for Plugin {
    fn mounts() -> Vec<String> {
        get_directories()
            .into_iter()
            .map(|(_, name)| name)
            .collect()
    }

    fn read(mount: String, path: String) -> Result<String, String> {
        text(&folder(&mount)?, &path)
    }

    fn write(mount: String, path: String, text: String) -> Result<(), String> {
        let file = open(
            &folder(&mount)?,
            &path,
            OpenFlags::CREATE,
            DescriptorFlags::WRITE,
        )?;
        file.set_size(0).map_err(named)?;
        file.write(text.as_bytes(), 0).map_err(named).map(drop)
    }

    fn truncate_by_opening(mount: String, path: String) -> Result<(), String> {
        open(
            &folder(&mount)?,
            &path,
            OpenFlags::TRUNCATE,
            DescriptorFlags::READ,
        )
        .map(drop)
    }

    fn truncate_by_size(mount: String, path: String) -> Result<(), String> {
        open(
            &folder(&mount)?,
            &path,
            OpenFlags::empty(),
            DescriptorFlags::READ,
        )?
        .set_size(0)
        .map_err(named)
    }

    fn list(mount: String, path: String) -> Result<Vec<String>, String> {
        let entries = open(
            &folder(&mount)?,
            &path,
            OpenFlags::DIRECTORY,
            DescriptorFlags::READ,
        )?
        .read_directory()
        .map_err(named)?;
        let mut names = Vec::new();
        while let Some(entry) = entries.read_directory_entry().map_err(named)? {
            names.push(entry.name);
        }
        names.sort();
        Ok(names)
    }

    fn symlink(mount: String, path: String, target: String) -> Result<(), String> {
        folder(&mount)?.symlink_at(&target, &path).map_err(named)
    }

    fn hard_link(
        mount: String,
        path: String,
        other_mount: String,
        other_path: String,
    ) -> Result<(), String> {
        let (from, to) = (folder(&mount)?, folder(&other_mount)?);
        from.link_at(PathFlags::empty(), &path, &to, &other_path)
            .map_err(named)
    }

    fn rename(
        mount: String,
        path: String,
        other_mount: String,
        other_path: String,
    ) -> Result<(), String> {
        let (from, to) = (folder(&mount)?, folder(&other_mount)?);
        from.rename_at(&path, &to, &other_path).map_err(named)
    }

    fn remove(mount: String, path: String) -> Result<(), String> {
        folder(&mount)?.unlink_file_at(&path).map_err(named)
    }

    fn make_folder(mount: String, path: String) -> Result<(), String> {
        folder(&mount)?.create_directory_at(&path).map_err(named)
    }

    fn set_absurd_times(mount: String, path: String) -> Result<(), String> {
        let end = NewTimestamp::Timestamp(Datetime {
            seconds: u64::MAX,
            nanoseconds: u32::MAX,
        });
        folder(&mount)?
            .set_times_at(PathFlags::SYMLINK_FOLLOW, &path, end, end)
            .map_err(named)
    }

    fn make_many(mount: String, count: u64) -> u64 {
        let Ok(folder) = folder(&mount) else { return 0 };
        let make = |number: &u64| {
            open(
                &folder,
                &format!("many-{number}"),
                OpenFlags::CREATE | OpenFlags::EXCLUSIVE,
                DescriptorFlags::WRITE,
            )
            .is_ok()
        };
        (0..count).take_while(make).count() as u64
    }

    fn bloat(mount: String, path: String, bytes: u64) -> u64 {
        let Ok(file) = folder(&mount)
            .and_then(|folder| open(&folder, &path, OpenFlags::CREATE, DescriptorFlags::WRITE))
        else {
            return 0;
        };
        let zeros = vec![0; MEBIBYTE as usize];
        let mut written = 0;
        while written < bytes {
            match file.write(&zeros, written) {
                Ok(0) | Err(_) => break,
                Ok(more) => written += more,
            }
        }
        written
    }

    fn open_many(mount: String, path: String, times: u64) -> u64 {
        let Ok(folder) = folder(&mount) else { return 0 };
        let mut kept = Vec::new();
        for _ in 0..times {
            match open(&folder, &path, OpenFlags::empty(), DescriptorFlags::READ) {
                Ok(file) => kept.push(file),
                Err(_) => break,
            }
        }
        kept.len() as u64
    }

    fn stream_many(mount: String, path: String, times: u64) -> u64 {
        let Ok(folder) = folder(&mount) else { return 0 };
        let mut kept = Vec::new();
        for _ in 0..times {
            let stream = open(&folder, &path, OpenFlags::empty(), DescriptorFlags::READ)
                .and_then(|file| file.read_via_stream(0).map_err(named));
            match stream {
                Ok(stream) => kept.push(stream),
                Err(_) => break,
            }
        }
        kept.len() as u64
    }

    fn write_and_spin(mount: String, path: String, text: String) {
        let written = Self::write(mount, path, text);
        print!(
            "it is {}",
            if written.is_ok() {
                "written"
            } else {
                "refused"
            }
        );
        let _ = std::io::stdout().flush();
        let mut steps = 0u64;
        loop {
            steps = black_box(steps.wrapping_add(1));
        }
    }

    fn read_many(mount: String, path: String, times: u64) -> Vec<String> {
        let Ok(folder) = folder(&mount) else {
            return Vec::new();
        };
        let seen: BTreeSet<_> = (0..times)
            .filter_map(|_| text(&folder, &path).ok())
            .collect();
        seen.into_iter().collect()
    }
}

fn folder(mount: &str) -> Result<Descriptor, String> {
    let found = get_directories()
        .into_iter()
        .find(|(_, name)| name == mount);
    found
        .map(|(folder, _)| folder)
        .ok_or_else(|| "no-mount".to_owned())
}

fn open(
    folder: &Descriptor,
    path: &str,
    how: OpenFlags,
    what: DescriptorFlags,
) -> Result<Descriptor, String> {
    folder
        .open_at(PathFlags::SYMLINK_FOLLOW, path, how, what)
        .map_err(named)
}

fn text(folder: &Descriptor, path: &str) -> Result<String, String> {
    let file = open(folder, path, OpenFlags::empty(), DescriptorFlags::READ)?;
    let (bytes, _) = file.read(MEBIBYTE, 0).map_err(named)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn named(code: ErrorCode) -> String {
    code.name().to_owned()
}
