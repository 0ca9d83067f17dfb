//! `writ plugin new`: a folder that builds and runs as it is, to be changed from there.

use std::path::Path;

use serde_json::json;

use crate::{
    error::{Exit, Failure, Result},
    out::outln,
    whole::write_file,
};

pub(super) fn rust(folder: &Path, json: bool) -> Result<Exit> {
    let name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    if !writ_plugin::is_plugin_name(&name) {
        return Err(Failure::usage(format!("`{name}` can't be a plugin's name"))
            .help("use small letters, digits and hyphens, a letter first: `my-plugin`; `writ` and `default` are taken"));
    }
    if folder.exists() {
        return Err(
            Failure::usage(format!("{} exists already", folder.display()))
                .help("name a folder that does not"),
        );
    }
    let fill = |text: &str| {
        text.replace("@name@", &name)
            .replace("@snake@", &name.replace('-', "_"))
    };
    for (file, text) in FILES {
        write_file(&folder.join(file), fill(text).as_bytes())?;
    }
    if json {
        outln!(
            "{}",
            json!({ "folder": folder.display().to_string(), "plugin": name })
        );
    } else {
        outln!("made {0}\nnext: writ plugin build {0}", folder.display());
    }
    Ok(Exit::Done)
}

/// Every file of a new plugin, with `@name@` and `@snake@` to be filled in.
const FILES: [(&str, &str); 5] = [
    ("plugin.toml", MANIFEST),
    ("Cargo.toml", CARGO),
    ("wit/world.wit", WIT),
    ("src/lib.rs", SOURCE),
    (".gitignore", "/target\n"),
];

const MANIFEST: &str = r#"[plugin]
name = "@name@"
version = "0.1.0"
description = "Says hello"

[build]
language = "rust"

# What it needs beyond computing, one line and one reason each. A reviewer decides.
#
# [[request]]
# capability = "fs:read:/data"
# reason = "the files it greets"
"#;

const CARGO: &str = r#"[package]
name = "@name@"
version = "0.1.0"
edition = "2024"
publish = false

[lib]
crate-type = ["cdylib"]

[dependencies]
wit-bindgen = { version = "0.61", default-features = false, features = ["macros", "realloc"] }

[profile.release]
opt-level = "s"
lto = true
strip = true
panic = "abort"
codegen-units = 1

[workspace]
"#;

const WIT: &str = r#"package plugin:@name@@0.1.0;

/// What this plugin does. These comments are what a reviewer and a model read.
interface tools {
  /// Greets somebody by name. An empty name is an error.
  greet: func(name: string) -> result<string, string>;
}

world plugin {
  export tools;
}
"#;

const SOURCE: &str = r#"//! A plugin that says hello.

wit_bindgen::generate!({ world: "plugin", path: "wit" });

use exports::plugin::@snake@::tools::Guest;

struct Plugin;

impl Guest for Plugin {
    fn greet(name: String) -> Result<String, String> {
        if name.is_empty() {
            return Err("there is nobody to greet".to_owned());
        }
        Ok(format!("Hello, {name}!"))
    }
}

export!(Plugin);
"#;
