//! Builds a plugin folder to one component with its manifest inside, when its sources changed since the last time.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use writ_journal::BlobDigest;
use writ_plugin::{Docs, Language, MANIFEST_BYTES_MAX, Manifest};

use crate::{
    app::read_text,
    error::{Failure, Result},
};

/// Most source files that are looked at to tell whether a plugin is stale.
const SOURCE_FILES_MAX: usize = 10_000;
/// Largest WIT file whose comments are read.
const WIT_BYTES_MAX: u64 = 1024 * 1024;

/// A plugin that was built, now or earlier.
pub(crate) struct Built {
    /// The component with its manifest inside.
    pub(crate) component: PathBuf,
    /// Whether it was compiled just now.
    pub(crate) fresh: bool,
}

/// Compiles the plugin in `folder` unless it is up to date.
pub(crate) fn build(folder: &Path, output: Option<&Path>, say: &dyn Fn(&str)) -> Result<Built> {
    let manifest_path = folder.join("plugin.toml");
    if !manifest_path.exists() {
        return Err(Failure::usage(format!("{} is missing, so this folder is no plugin", manifest_path.display()))
            .help("`writ plugin new FOLDER` makes a plugin to start from"));
    }
    let text = read_text(&manifest_path, MANIFEST_BYTES_MAX as u64)?;
    let manifest = Manifest::parse(&text, &manifest_path.display().to_string()).map_err(Failure::usage)?;
    let component = output.map_or_else(|| folder.join("target").join(format!("{}.wasm", manifest.name)), Path::to_owned);
    let stamp_path = component.with_extension("stamp");
    let stamp = fingerprint(folder)?;
    if component.exists() && fs::read_to_string(&stamp_path).is_ok_and(|last| last == stamp) {
        return Ok(Built { component, fresh: false });
    }
    say(&format!("building plugin {} {}", manifest.name, manifest.version));
    let bytes = compile(folder, &manifest)?;
    let whole = writ_plugin::embed_with_docs(&bytes, &text, &docs(folder)?).map_err(|error| {
        Failure::usage(format!("{}: {error}", folder.display()))
    })?;
    // Read it back as a host would, so that a plugin that can't be loaded fails here, where its author looks.
    writ_plugin::Plugin::read(&whole, &manifest.name)
        .map_err(|error| Failure::usage(format!("{}: {error}", manifest_path.display())))?;
    write_file(&component, &whole)?;
    write_file(&stamp_path, stamp.as_bytes())?;
    Ok(Built { component, fresh: true })
}

fn compile(folder: &Path, manifest: &Manifest) -> Result<Vec<u8>> {
    let path = match manifest.build.language {
        Language::Rust => cargo_build(folder)?,
        Language::Prebuilt => folder.join(manifest.build.component.as_deref().unwrap_or("component.wasm")),
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
    fs::read(&path).map_err(|error| Failure::file(&path, "read", &error))
}

#[expect(clippy::disallowed_methods, reason = "building a source plugin means running its compiler")]
fn cargo_build(folder: &Path) -> Result<PathBuf> {
    install_target(folder)?;
    let output = Command::new("cargo")
        .args(["build", "--release", "--target", "wasm32-wasip2", "--message-format", "json-render-diagnostics"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| Failure::usage(format!("cannot start cargo: {error}")).help("install Rust with rustup"))?;
    if !output.status.success() {
        return Err(Failure::usage(format!(
            "{} did not build:\n{}",
            folder.display(),
            String::from_utf8_lossy(&output.stderr).trim_end()
        )));
    }
    artefact(&output.stdout).ok_or_else(|| {
        Failure::usage(format!("{} built, but made no .wasm file", folder.display()))
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
        .rfind(|path| path.extension().is_some_and(|extension| extension == "wasm"))
}

/// Where rustup's auto-install is off, the target has to be added by command.
#[expect(clippy::disallowed_methods, reason = "installing the wasm target means running rustup")]
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
    Err(Failure::usage("the Rust target wasm32-wasip2 is not installed").help("run `rustup target add wasm32-wasip2`"))
}

/// The doc comments of the plugin's own WIT, which compilers leave out of a component.
fn docs(folder: &Path) -> Result<Docs> {
    let Ok(entries) = fs::read_dir(folder.join("wit")) else { return Ok(Docs::default()) };
    let mut files = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_some_and(|extension| extension == "wit") {
            files.push((path.display().to_string(), read_text(&path, WIT_BYTES_MAX)?));
        }
    }
    files.sort();
    if files.is_empty() {
        return Ok(Docs::default());
    }
    Docs::from_wit(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))).map_err(Failure::usage)
}

/// A digest of the names and contents of all sources, so that a clone's time stamps don't matter.
fn fingerprint(folder: &Path) -> Result<String> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let mut text = String::new();
    for path in files {
        let bytes = fs::read(&path).map_err(|error| Failure::file(&path, "read", &error))?;
        text.push_str(&format!("{} {}\n", BlobDigest::of(&bytes), path.strip_prefix(folder).unwrap_or(&path).display()));
    }
    Ok(BlobDigest::of(text.as_bytes()).to_string())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::file(folder, "read", &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| Failure::file(folder, "read", &error))?;
        let name = entry.file_name();
        if name == "target" || name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let kind = entry.file_type().map_err(|error| Failure::file(&entry.path(), "read", &error))?;
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

/// Writes a whole file or none: through a temporary neighbour.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(|error| Failure::file(parent, "make", &error))?;
    }
    let temporary = path.with_extension("part");
    fs::write(&temporary, bytes).map_err(|error| Failure::file(&temporary, "write", &error))?;
    fs::rename(&temporary, path).map_err(|error| Failure::file(path, "write", &error))
}
