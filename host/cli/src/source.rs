//! Builds a plugin folder to one component with its manifest inside, when its sources changed since the last time.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use writ_journal::BlobDigest;
use writ_plugin::{COMPONENT_BYTES_MAX, Docs, Language, MANIFEST_BYTES_MAX, Manifest};

use crate::{
    error::{Failure, Result},
    read,
    whole::write_file,
};

/// Most source files that are looked at to tell whether a plugin is stale.
const SOURCE_FILES_MAX: usize = 10_000;
/// Where cargo keeps the versions of dependencies.
const LOCK_FILE: &str = "Cargo.lock";
/// Largest WIT file whose comments are read.
const WIT_BYTES_MAX: u64 = 1024 * 1024;
/// Largest source file: a folder may hold what it is tested with.
const SOURCE_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Largest file that lists what a build was made from.
const LIST_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A plugin that was built, now or earlier.
pub(crate) struct Built {
    /// The component with its manifest inside.
    pub(crate) component: PathBuf,
    /// Whether it was compiled just now.
    pub(crate) fresh: bool,
}

/// Whether a compiler may be run: it does what the sources, their build scripts and their macros say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compilers {
    /// Sources that are here are trusted.
    Run,
    /// Nothing of the sources is executed: what was built before is taken as it is, and its digest decides what it may do.
    Rest,
}

/// Where the component of a plugin folder is, once it is built.
pub(crate) fn built_path(folder: &Path, name: &str) -> PathBuf {
    folder.join("target").join(format!("{name}.wasm"))
}

/// Compiles the plugin in `folder` unless it is up to date. One that is prebuilt is put together with its manifest, which executes
/// nothing.
pub(crate) fn build(
    folder: &Path,
    output: Option<&Path>,
    compilers: Compilers,
    say: &dyn Fn(&str),
) -> Result<Built> {
    let manifest_path = folder.join("plugin.toml");
    if !manifest_path.exists() {
        return Err(Failure::usage(format!(
            "{} is missing, so this folder is no plugin",
            manifest_path.display()
        ))
        .help("`writ plugin new FOLDER` makes a plugin to start from"));
    }
    let text = read::text(&manifest_path, MANIFEST_BYTES_MAX as u64)?;
    let manifest =
        Manifest::parse(&text, &manifest_path.display().to_string()).map_err(Failure::usage)?;
    let component = output.map_or_else(|| built_path(folder, &manifest.name), Path::to_owned);
    let stamp_path = component.with_extension("stamp");
    let sources = fingerprint(folder, &elsewhere(&component))?;
    if component.exists()
        && read::text(&stamp_path, LIST_BYTES_MAX).is_ok_and(|last| last == stamp(folder, &sources))
    {
        return Ok(Built {
            component,
            fresh: false,
        });
    }
    if compilers == Compilers::Rest && manifest.build.language != Language::Prebuilt {
        return built_before(folder, &manifest, component, say);
    }
    say(&format!(
        "building plugin {} {}",
        manifest.name, manifest.version
    ));
    let (bytes, elsewhere) = compile(folder, &manifest)?;
    let whole = writ_plugin::embed_with_docs(&bytes, &text, &docs(folder)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", folder.display())))?;
    // Read it back as a host would, so that a plugin that can't be loaded fails here, where its author looks.
    writ_plugin::Plugin::read(&whole, &manifest.name)
        .map_err(|error| Failure::usage(format!("{}: {error}", manifest_path.display())))?;
    write_file(&component, &whole)?;
    write_file(
        &component.with_extension(ELSEWHERE),
        list(&elsewhere).as_bytes(),
    )?;
    let sources = fingerprint(folder, &elsewhere)?;
    write_file(&stamp_path, stamp(folder, &sources).as_bytes())?;
    Ok(Built {
        component,
        fresh: true,
    })
}

/// What is there though its sources went on, where nothing may be compiled.
fn built_before(
    folder: &Path,
    manifest: &Manifest,
    component: PathBuf,
    say: &dyn Fn(&str),
) -> Result<Built> {
    let (name, build) = (
        &manifest.name,
        format!("`writ plugin build {}`", folder.display()),
    );
    if !component.exists() {
        return Err(Failure::usage(format!(
            "plugin {name} is not built, and in strict mode nothing is compiled: its sources could do anything with this user's rights"
        ))
        .help(format!(
            "look through the sources, then {build}; or put its component there: {}",
            component.display()
        )));
    }
    say(&format!(
        "note: the sources of plugin {name} changed since it was built; in strict mode it is taken as it is. {build} builds it, and \
         runs what the sources say"
    ));
    Ok(Built {
        component,
        fresh: false,
    })
}

/// The component's bytes, and the sources outside the folder that it was made from.
fn compile(folder: &Path, manifest: &Manifest) -> Result<(Vec<u8>, Vec<PathBuf>)> {
    let path = match manifest.build.language {
        Language::Rust => cargo_build(folder)?,
        Language::Prebuilt => folder.join(
            manifest
                .build
                .component
                .as_deref()
                .unwrap_or("component.wasm"),
        ),
        Language::Javascript | Language::Python | Language::C => {
            return Err(Failure::usage(format!(
                "{}: this version of writ builds Rust plugins only",
                folder.join("plugin.toml").display()
            ))
            .help(
                "componentise it with the language's own tool, then use `language = \"prebuilt\"` and \
                 `component = \"FILE.wasm\"` in [build]",
            ));
        }
    };
    let bytes = read::bytes(&path, COMPONENT_BYTES_MAX as u64).map_err(|failure| match manifest
        .build
        .language
    {
        Language::Prebuilt => failure.help(
            "put the built component there, or mend `component` under [build] in plugin.toml",
        ),
        Language::Rust | Language::Javascript | Language::Python | Language::C => failure,
    })?;
    Ok((bytes, dependencies(&path.with_extension("d"), folder)))
}

#[expect(
    clippy::disallowed_methods,
    reason = "building a source plugin means running its compiler"
)]
fn cargo_build(folder: &Path) -> Result<PathBuf> {
    install_target(folder)?;
    let output = Command::new("cargo")
        .args([
            "build",
            "--quiet",
            "--release",
            "--target",
            "wasm32-wasip2",
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| {
            Failure::usage(format!("cannot start cargo: {error}")).help("install Rust with rustup")
        })?;
    if !output.status.success() {
        return Err(Failure::usage(format!(
            "{} did not build:\n{}",
            folder.display(),
            String::from_utf8_lossy(&output.stderr).trim_end()
        )));
    }
    artefact(&output.stdout).ok_or_else(|| {
        Failure::usage(format!(
            "{} built, but made no .wasm file",
            folder.display()
        ))
        .help("a plugin's Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\"]`")
    })
}

/// The last `.wasm` file that cargo says it made for the package itself.
fn artefact(messages: &[u8]) -> Option<PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .filter(|message| message["reason"] == "compiler-artifact")
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|name| name.as_str().map(PathBuf::from))
        .rfind(|path| {
            path.extension()
                .is_some_and(|extension| extension == "wasm")
        })
}

/// Where rustup's auto-install is off, the target has to be added by command.
#[expect(
    clippy::disallowed_methods,
    reason = "installing the wasm target means running rustup"
)]
fn install_target(folder: &Path) -> Result<()> {
    let libraries = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", "wasm32-wasip2"])
        .current_dir(folder)
        .output();
    let installed = libraries
        .is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir());
    if installed {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", "wasm32-wasip2"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .status();
    if added.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(
        Failure::usage("the Rust target wasm32-wasip2 is not installed")
            .help("run `rustup target add wasm32-wasip2`"),
    )
}

/// The doc comments of the plugin's own WIT, which compilers leave out of a component.
fn docs(folder: &Path) -> Result<Docs> {
    let Ok(entries) = fs::read_dir(folder.join("wit")) else {
        return Ok(Docs::default());
    };
    let mut files = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|extension| extension == "wit") {
            files.push((
                path.display().to_string(),
                read::text(&path, WIT_BYTES_MAX)?,
            ));
        }
    }
    files.sort();
    if files.is_empty() {
        return Ok(Docs::default());
    }
    Docs::from_wit(
        files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    )
    .map_err(Failure::usage)
}

/// What a build was made from. The lock file is looked at afterwards, because the first build writes it.
fn stamp(folder: &Path, sources: &str) -> String {
    let lock = read::bytes(&folder.join(LOCK_FILE), LIST_BYTES_MAX).unwrap_or_default();
    format!("{sources} {}", BlobDigest::of(&lock))
}

/// A digest of the names and contents of all sources but the lock file, so that a clone's time stamps don't matter.
fn fingerprint(folder: &Path, elsewhere: &[PathBuf]) -> Result<String> {
    let mut files: Vec<PathBuf> = elsewhere
        .iter()
        .filter(|path| path.is_file())
        .cloned()
        .collect();
    collect(folder, &mut files)?;
    files.sort();
    let mut text = String::new();
    for path in files {
        let bytes = read::bytes(&path, SOURCE_BYTES_MAX)?;
        text.push_str(&format!(
            "{} {}\n",
            BlobDigest::of(&bytes),
            path.strip_prefix(folder).unwrap_or(&path).display()
        ));
    }
    Ok(BlobDigest::of(text.as_bytes()).to_string())
}

/// Where the sources outside a plugin's folder are listed, beside its component.
const ELSEWHERE: &str = "sources";

/// The sources outside the folder at the last build: those of crates that a plugin depends on by path.
fn elsewhere(component: &Path) -> Vec<PathBuf> {
    let listed = read::text(&component.with_extension(ELSEWHERE), LIST_BYTES_MAX);
    let listed = listed.unwrap_or_default();
    listed.lines().map(PathBuf::from).collect()
}

fn list(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| format!("{}\n", path.display()))
        .collect()
}

/// What cargo's dep-info says an artefact was made from, the folder's own files aside.
fn dependencies(dep_info: &Path, folder: &Path) -> Vec<PathBuf> {
    let text = read::text(dep_info, LIST_BYTES_MAX).unwrap_or_default();
    let Some((_, sources)) = text.split_once(": ") else {
        return Vec::new();
    };
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    // Spaces inside paths are escaped; between paths they are not.
    let paths = sources.trim_end().replace("\\ ", "\0");
    let paths = paths
        .split(' ')
        .map(|path| PathBuf::from(path.replace('\0', " ")));
    paths
        .filter(|path| path.is_absolute() && !path.starts_with(&folder))
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::file(folder, "read", &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Failure::file(folder, "read", &error))?;
        let name = entry.file_name();
        if name == "target" || name == LOCK_FILE || name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry
            .file_type()
            .map_err(|error| Failure::file(&entry.path(), "read", &error))?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
        if files.len() > SOURCE_FILES_MAX {
            return Err(Failure::usage(format!(
                "{} holds more than {SOURCE_FILES_MAX} files; is it a plugin's source folder?",
                folder.display()
            )));
        }
    }
    Ok(())
}
