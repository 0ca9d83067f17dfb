//! What the author of a Writ plugin needs in Rust, and not more: typed exports, key-value buckets, settings, requests, other plugins'
//! functions, log lines.
//!
//! A plugin is any WebAssembly component; this crate only saves typing. It knows nothing of the host, of grants or of
//! workflows: a refusal reaches a plugin as an ordinary error value.
//!
//! # A whole plugin
//!
//! A folder with three files. `Cargo.toml` has `crate-type = ["cdylib"]` and this crate as its one dependency.
//! `plugin.toml` says what the plugin asks for and why:
//!
//! ```toml
//! [plugin]
//! name = "greeter"
//! version = "0.1.0"
//! description = "Greets people and remembers how often"
//!
//! [build]
//! language = "rust"
//!
//! [[request]]
//! capability = "kv:read:greetings"
//! reason = "how often somebody was greeted before"
//!
//! [[request]]
//! capability = "kv:write:greetings"
//! reason = "counts the greeting"
//!
//! [[request]]
//! capability = "config:read:salutation"
//! reason = "the word to greet with"
//! optional = true
//! ```
//!
//! `src/lib.rs` declares the typed functions in WIT and implements them. The WIT comments are what reviewers and models
//! read, so they say what a caller must know. (A larger plugin keeps its WIT in a folder: `path: "wit"` instead of `inline`.)
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use writ_sdk::{config, kv::Bucket};
//!
//! mod bindings {
//!     writ_sdk::plugin!({
//!         inline: r#"
//!             package example:greeter@0.1.0;
//!
//!             /// Greets people and remembers how often.
//!             world greeter {
//!                 export greetings;
//!             }
//!
//!             /// Greetings.
//!             interface greetings {
//!                 /// Greets somebody by name; says so when it is not the first time.
//!                 greet: func(name: string) -> result<string, greet-error>;
//!
//!                 /// Why nobody was greeted.
//!                 variant greet-error {
//!                     /// The name is empty.
//!                     nameless,
//!                     /// The memory of greetings could not be used; another try may help.
//!                     unavailable(string),
//!                 }
//!             }
//!         "#,
//!     });
//! }
//! use bindings::exports::example::greeter::greetings::{GreetError, Guest};
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Memory {
//!     times: u32,
//! }
//!
//! struct Greeter;
//! bindings::export!(Greeter with_types_in bindings);
//!
//! impl Guest for Greeter {
//!     fn greet(name: String) -> Result<String, GreetError> {
//!         if name.is_empty() {
//!             return Err(GreetError::Nameless);
//!         }
//!         let unavailable = |error: writ_sdk::kv::Error| GreetError::Unavailable(error.to_string());
//!         let bucket = Bucket::open("greetings").map_err(unavailable)?;
//!         let mut memory: Memory = bucket.get_json(&name).map_err(unavailable)?.unwrap_or_default();
//!         memory.times += 1;
//!         bucket.set_json(&name, &memory).map_err(unavailable)?;
//!
//!         // Without a grant for the setting, or without a value, there is a default.
//!         let word = config::get("salutation").ok().flatten().unwrap_or_else(|| "Hello".to_owned());
//!         writ_sdk::log!("greeting number {} for {name}", memory.times);
//!         Ok(match memory.times {
//!             1 => format!("{word}, {name}!"),
//!             times => format!("{word} again, {name} ({times})!"),
//!         })
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! `writ plugin build` compiles it; without the host's tool, `cargo build --release --target wasm32-wasip2` makes the same
//! component without its manifest.
//!
//! # What needs what
//!
//! | part | needs |
//! | --- | --- |
//! | [`plugin!`] | nothing |
//! | [`log!`] | nothing: lines end in the run's journal |
//! | [`kv`] | `kv:read:BUCKET`, `kv:write:BUCKET` |
//! | [`config`] | `config:read:KEY` |
//! | [`tools`] | `tool:call:PLUGIN/FUNCTION`, and what the tool shall do |
//! | [`http`] | `http:METHODS https://HOST/PATH`, and `secret:use:NAME` for each secret |
//! | files, by `std::fs` | `fs:read:/PATH`, `fs:write:/PATH` |
//! | time and randomness, by `std` and crates | nothing: both are the run's recorded ones, unless `clock:real` or `random:real` is granted |
//!
//! A plugin imports only those of the interfaces that it really calls, so using this crate asks for nothing by itself.

pub mod config;
pub mod http;
pub mod kv;
mod log;
pub mod tools;

#[doc(hidden)]
pub use wit_bindgen;

/// Bindings of the host's own interfaces. Not public: what they offer has a safer shape in [`kv`], [`config`] and [`tools`].
mod host {
    wit_bindgen::generate!({ path: "../../wit", world: "writ:host/imports", generate_all });
}

/// Generates the bindings of a plugin's WIT world: `wit_bindgen::generate!` with the same options, `path`, `inline`, `world` and so on.
///
/// Put it into a module of its own, implement the `Guest` trait that it generates, and name the type in the generated
/// `export!`. The crate's own documentation shows a whole plugin.
#[macro_export]
macro_rules! plugin {
    ({ $($option:tt)* }) => {
        $crate::wit_bindgen::generate!({
            runtime_path: "writ_sdk::wit_bindgen::rt",
            $($option)*
        });
    };
}
