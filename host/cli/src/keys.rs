//! Where keys are kept and how they are opened: one file a key in a folder that only this user can read. The one place where the
//! secret half of a key enters the program.

use std::{
    fs,
    io::{IsTerminal, Read},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use writ_trust::{
    Fresh, KEY_FILE_BYTES_MAX, KeyFile, KeyFileError, KeyName, PASSPHRASE_BYTES_MAX, SecretKey,
};
use zeroize::Zeroizing;

use crate::{
    args::Signer,
    error::{Failure, Result},
    read,
};

const EXTENSION: &str = "key";
/// What nobody but the owner may have of a key file or its folder.
const OTHERS: u32 = 0o077;

/// A passphrase; wiped when dropped.
pub(crate) type Passphrase = Zeroizing<Vec<u8>>;

/// The folder of this user's keys.
#[expect(
    clippy::disallowed_methods,
    reason = "where keys are is configured by the environment"
)]
pub(crate) fn folder() -> Result<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let config = || set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")));
    set("WRIT_KEYS")
        .or_else(|| Some(config()?.join("writ").join("keys")))
        .ok_or_else(|| {
            Failure::usage("there is no home folder to keep keys in")
                .help("set WRIT_KEYS to a folder of your own")
        })
}

/// The names of all keys of this user, in order.
pub(crate) fn names() -> Result<Vec<KeyName>> {
    let folder = folder()?;
    let Ok(entries) = fs::read_dir(&folder) else {
        return Ok(Vec::new());
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let keys = paths.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == EXTENSION)
    });
    let mut names: Vec<KeyName> = keys
        .filter_map(|path| path.file_stem()?.to_str()?.parse().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// A key of this user, not opened.
pub(crate) fn find(name: &str) -> Result<KeyFile> {
    let folder = folder()?;
    let path = path(&folder, &parsed(name)?)?;
    if !path.exists() {
        return Err(
            Failure::usage(format!("there is no key `{name}` in {}", folder.display()))
                .help("`writ key list` shows the keys; `writ key new NAME` makes one"),
        );
    }
    private(&folder)?;
    private(&path)?;
    let file = key_file(read::open(&path)?, &path.display().to_string())?;
    if file.public().name().as_str() != name {
        return Err(Failure::usage(format!(
            "{} holds the key {}",
            path.display(),
            file.public().hint()
        ))
        .help("give the file back its own name"));
    }
    Ok(file)
}

/// The key that a command shall sign with, opened.
pub(crate) fn open(signer: &Signer) -> Result<SecretKey> {
    let file = match (&signer.key, signer.key_fd) {
        (Some(name), _) => find(name)?,
        (None, Some(number)) => key_file(
            read::descriptor(number)?,
            &format!("file descriptor {number}"),
        )?,
        (None, None) => {
            return Err(Failure::usage("no key to sign with")
                .help("name one with `--key NAME`; `writ key list` shows them"));
        }
    };
    let passphrase = match signer.passphrase_fd {
        _ if !file.is_sealed() => None,
        Some(number) => Some(passphrase_from(number)?),
        None => Some(ask(&format!("Passphrase of {}", file.public().hint()))?),
    };
    file.open(passphrase.as_ref().map(|passphrase| passphrase.as_slice()))
        .map_err(|error| {
            let help = if let KeyFileError::Passphrase(_) = error {
                "try again; if it is lost, make a new key and have it trusted in place of this one"
            } else {
                "`writ key new` makes a key"
            };
            Failure::usage(&error).help(help)
        })
}

/// A key that can be made: its name is one, and no other key has it. Known before anybody thinks of a passphrase.
pub(crate) struct Unmade {
    name: KeyName,
    folder: PathBuf,
    path: PathBuf,
}

impl Unmade {
    pub(crate) fn new(name: &str) -> Result<Self> {
        let name = parsed(name)?;
        let folder = folder()?;
        let path = path(&folder, &name)?;
        if path.exists() {
            return Err(Failure::usage(format!(
                "there is a key `{name}` already: {}",
                path.display()
            ))
            .help(
                "a key that was trusted is worth keeping: use another name, or move its file away",
            ));
        }
        Ok(Self { name, folder, path })
    }
}

/// Makes a key and keeps it. Without a passphrase it lies open in its file.
pub(crate) fn make(
    unmade: Unmade,
    passphrase: Option<&Passphrase>,
) -> Result<(SecretKey, PathBuf)> {
    let Unmade { name, folder, path } = unmade;
    let mut seed = Zeroizing::new([0; 32]);
    let mut fresh = Fresh {
        salt: [0; 16],
        nonce: [0; 24],
    };
    for bytes in [&mut seed[..], &mut fresh.salt[..], &mut fresh.nonce[..]] {
        random(bytes)?;
    }
    let key = SecretKey::from_seed(name, &seed);
    let text = KeyFile::seal(
        &key,
        passphrase.map(|passphrase| passphrase.as_slice()),
        &fresh,
    )
    .map_err(Failure::usage)?;
    keep(&folder, &path, text.as_bytes())?;
    Ok((key, path))
}

/// Removes a key that was just made, since something failed without which it is of no use; returns that. If it can't be removed
/// either, the next attempt says that it is there.
pub(crate) fn forget(path: &Path, failure: Failure) -> Failure {
    let _ = fs::remove_file(path);
    failure
}

/// Fills bytes from the kernel.
pub(crate) fn random(mut bytes: &mut [u8]) -> Result<()> {
    while !bytes.is_empty() {
        let count = rustix::rand::getrandom(&mut *bytes, rustix::rand::GetRandomFlags::empty())
            .map_err(|error| {
                Failure::internal(format!("the kernel gives no random bytes: {error}"))
            })?;
        bytes = &mut bytes[count..];
    }
    Ok(())
}

/// The passphrase for a new key: asked twice, or read from a file descriptor.
pub(crate) fn new_passphrase(from: Option<u32>) -> Result<Passphrase> {
    if let Some(number) = from {
        return passphrase_from(number);
    }
    let first = ask("Passphrase")?;
    if first != ask("The same again")? {
        return Err(Failure::usage("the two passphrases differ").help("try again"));
    }
    fit(first)
}

fn fit(passphrase: Passphrase) -> Result<Passphrase> {
    if passphrase.is_empty() {
        return Err(Failure::usage("the passphrase is empty").help(
            "choose one; a key of a machine that starts by itself is made with `--no-passphrase`",
        ));
    }
    Ok(passphrase)
}

/// Asks on the terminal, without showing what is typed.
fn ask(prompt: &str) -> Result<Passphrase> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(
            Failure::usage("a passphrase is needed, and there is no terminal to ask on")
                .help("give it through a file descriptor: `--passphrase-fd 3 3<FILE`"),
        );
    }
    let typed = dialoguer::Password::new()
        .with_prompt(prompt)
        .allow_empty_password(true)
        .interact();
    let typed =
        typed.map_err(|error| Failure::usage(format!("cannot read from the terminal: {error}")))?;
    Ok(Zeroizing::new(typed.into_bytes()))
}

/// A passphrase from a file descriptor, up to the first newline.
fn passphrase_from(number: u32) -> Result<Passphrase> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(PASSPHRASE_BYTES_MAX + 2));
    read::descriptor(number)?
        .take(PASSPHRASE_BYTES_MAX as u64 + 2)
        .read_to_end(&mut bytes)
        .map_err(|error| {
            Failure::usage(format!("cannot read file descriptor {number}: {error}"))
        })?;
    let end = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(bytes.len());
    bytes.truncate(end);
    fit(bytes)
}

fn key_file(from: impl Read, place: &str) -> Result<KeyFile> {
    let mut text = Zeroizing::new(String::with_capacity(KEY_FILE_BYTES_MAX + 1));
    from.take(KEY_FILE_BYTES_MAX as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|error| Failure::file(Path::new(place), "read", &error))?;
    KeyFile::parse(&text).map_err(|error| Failure::usage(&error).within(place))
}

fn parsed(name: &str) -> Result<KeyName> {
    name.parse()
        .map_err(|error| Failure::usage(format!("`{}`: {error}", name.escape_debug())))
}

fn path(folder: &Path, name: &KeyName) -> Result<PathBuf> {
    if name.as_str().contains('/') {
        return Err(Failure::usage(format!(
            "a key that is kept here has no `/` in its name, as `{name}` has"
        )));
    }
    Ok(folder.join(format!("{name}.{EXTENSION}")))
}

/// Refuses what others could have read or changed.
fn private(path: &Path) -> Result<()> {
    let metadata = fs::metadata(path).map_err(|error| Failure::file(path, "read", &error))?;
    let mode = metadata.mode();
    if mode & OTHERS != 0 {
        let wanted = if metadata.is_dir() { "700" } else { "600" };
        return Err(Failure::refused(format!(
            "{} is open to others (mode {:o})",
            path.display(),
            mode & 0o777
        ))
        .help(format!(
            "`chmod {wanted} {}`; if others may have read it, make a new key",
            path.display()
        )));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(
            Failure::refused(format!("{} belongs to another user", path.display()))
                .help("use a key of your own"),
        );
    }
    Ok(())
}

/// Writes a key file that was not there before.
fn keep(folder: &Path, path: &Path, bytes: &[u8]) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| Failure::file(folder, "make", &error))?;
    private(folder)?;
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| Failure::file(path, "write", &error))
        .and_then(|mut file| {
            std::io::Write::write_all(&mut file, bytes)
                .and_then(|()| file.sync_all())
                .map_err(|error| forget(path, Failure::file(path, "write", &error)))
        })
}
