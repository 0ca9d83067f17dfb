//! What a plugin *is*, as data: its manifest, its digest, its typed functions, and how JSON becomes the values of those types.
//!
//! Bytes come in, plain structures go out. This crate must not know of an engine (nothing here runs a component), of files,
//! clocks or networks, or of what a reviewer granted: it reads what the author *asked* for, and no more.
//!
//! - [`Plugin::read`] takes any WASI 0.2 component, ours or not, and lists what it exports, imports and requests.
//! - [`Manifest::parse`] reads `plugin.toml`; [`embed`] puts it into the component, so that one digest covers both.
//! - [`Inspection::of`] says what a reviewer wants to know of it: risk by import, what it can never do, how far it can be re-lived.
//! - [`Difference::between`] says what an update asks for, imports or promises that the build before did not.
//! - [`arguments`], [`to_value`] and [`to_json`] convert between JSON and typed values.
//! - [`schema()`], [`input_schema`] and [`output_schema`] say the same mapping in JSON Schema.
//!
//! # How JSON and WIT correspond
//!
//! | WIT | JSON written | read besides |
//! | --- | --- | --- |
//! | `bool`, `string`, `char` | `true`, `"text"`, `"c"` | |
//! | `s8` … `u32` | number | a float without a fraction: `3.0` |
//! | `s64`, `u64` | number, every digit kept | the same, or a string of decimal digits |
//! | `f32`, `f64` | number; `"NaN"`, `"Infinity"`, `"-Infinity"` | |
//! | `record` | object | a field that is an `option` may be left out |
//! | `list<T>`, `list<T, N>`, `tuple` | array | |
//! | `list<u8>` | `{"base64": "…"}` | an array of numbers |
//! | `map<string, T>` | object | |
//! | other `map<K, V>` | array of `[key, value]` pairs | |
//! | `option<T>` | the value, or `null` | |
//! | `option<option<T>>` | `{"some": …}`, or `null` | |
//! | `variant` | `"case"`, or `{"case": payload}` | `{"case": null}` for a case without payload |
//! | `enum`, `flags` | `"case"`, array of names | |
//! | `result` inside a value | `{"ok": …}`, `{"err": …}` | |
//!
//! The `result` that a function itself returns is not a value here: whoever calls takes it apart into success and failure.

mod component;
mod difference;
mod docs;
mod effects;
mod error;
mod function;
mod import;
mod inspection;
mod json;
mod manifest;
mod name;
mod plugin;
mod replay;
mod suggest;
mod text;
mod types;
mod value;

pub use component::{COMPONENT_BYTES_MAX, embed, embed_with_docs};
pub use difference::{
    DIFFERENCE_FORMAT, Difference, FunctionChange, ImportChange, LimitChange, Pair, RequestChange,
    Side, Step,
};
pub use docs::{DOCS_BYTES_MAX, Docs};
pub use effects::Effects;
pub use error::PluginError;
pub use function::{Function, Param, Uncallable, wit_text};
pub use import::{Import, ImportKind};
pub use inspection::{
    CustomSection, FunctionNote, INSPECTION_FORMAT, ImportNote, ImportProblem, Inspection,
    LimitNote, Link, ManifestNote, Never, NeverNote, Offer, RequestNote, Risk, Size, TypeNote,
    import_problems,
};
pub use json::{
    MismatchError, VALUE_BYTES_MAX, arguments, check_arguments, error_schema, input_schema,
    output_schema, schema, to_json, to_value,
};
pub use manifest::{
    Build, FunctionPolicy, Language, LimitOverrides, MANIFEST_BYTES_MAX, Manifest, ManifestError,
};
pub use name::is_plugin_name;
pub use plugin::{Plugin, Producer};
pub use replay::{Replay, replay_class};
pub use types::{
    Case, EnumType, Field, FlagsType, RecordType, ResultType, TYPE_DEPTH_MAX, TYPE_NODES_MAX, Type,
    VariantType,
};
pub use value::Value;
pub use writ_grant::Digest as PluginDigest;
