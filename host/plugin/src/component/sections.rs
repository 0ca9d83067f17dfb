//! A component's outermost sections: checking what kind of file it is, finding our custom sections, putting them in.
//!
//! Knows the framing of the binary format only; what is inside a section is others' business.

use std::borrow::Cow;
use std::collections::BTreeSet;

use wasm_encoder::{CustomSection, Encode, Section};
use wasmparser::{BinaryReader, KnownCustom, Parser, Payload, ProducersSectionReader};

use crate::docs::Docs;
use crate::error::{PROBLEM_CHARS_MAX, PluginError};
use crate::manifest::Manifest;
use crate::plugin::Producer;
use crate::text::clip;

/// Largest component that is read.
pub const COMPONENT_BYTES_MAX: usize = 256 << 20;
/// Most producers that are listed; what a stranger adds beyond is left out.
const PRODUCERS_MAX: usize = 64;
/// Longest name or version of a producer that is kept.
const PRODUCER_CHARS_MAX: usize = 80;

const MANIFEST_SECTION: &str = "writ:manifest";
const DOCS_SECTION: &str = "writ:docs";
/// Magic number, version and kind.
const HEADER_BYTES: usize = 8;
const CUSTOM_SECTION_ID: u8 = 0;

/// The component with the manifest embedded in a custom section, in place of one already there. The same input gives the
/// same bytes.
///
/// # Errors
/// When the bytes aren't a component or the manifest isn't valid.
pub fn embed(component: &[u8], manifest_text: &str) -> Result<Vec<u8>, PluginError> {
    embed_with_docs(component, manifest_text, &Docs::default())
}

/// Like [`embed`], and with the doc comments of the plugin's WIT, which compilers leave out of a component.
///
/// # Errors
/// As [`embed`]; and when there is more documentation than is accepted.
pub fn embed_with_docs(
    component: &[u8],
    manifest_text: &str,
    docs: &Docs,
) -> Result<Vec<u8>, PluginError> {
    check_kind(component)?;
    Manifest::parse(manifest_text, "plugin.toml")?;
    let mut bytes = without_ours(component)?;
    if !docs.is_empty() {
        append(&mut bytes, DOCS_SECTION, &docs.encode()?);
    }
    append(&mut bytes, MANIFEST_SECTION, manifest_text.as_bytes());
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(PluginError::TooLarge {
            bytes: bytes.len(),
            max: COMPONENT_BYTES_MAX,
        });
    }
    Ok(bytes)
}

/// What the custom sections of a component say.
pub(crate) struct Sections {
    /// The text of the embedded manifest.
    pub(crate) manifest: Option<String>,
    /// The embedded doc comments.
    pub(crate) docs: Docs,
    /// The tools that made it, in order, each once.
    pub(crate) producers: Vec<Producer>,
}

/// Reads the custom sections, having made sure that this is a component.
pub(crate) fn sections(bytes: &[u8]) -> Result<Sections, PluginError> {
    check_kind(bytes)?;
    let mut manifests = Vec::new();
    let mut docs = Vec::new();
    for section in frames(bytes)? {
        match section.custom_name {
            Some(MANIFEST_SECTION) => manifests.push(section.data),
            Some(DOCS_SECTION) => docs.push(section.data),
            Some(_) | None => {}
        }
    }
    if manifests.len() > 1 {
        return Err(PluginError::Manifests {
            count: manifests.len(),
        });
    }
    if docs.len() > 1 {
        return Err(PluginError::Docs {
            problem: "there is more than one section of it".to_owned(),
        });
    }
    let manifest = manifests
        .first()
        .map(|data| std::str::from_utf8(data).map(str::to_owned));
    Ok(Sections {
        manifest: manifest
            .transpose()
            .map_err(|_| PluginError::ManifestEncoding)?,
        docs: docs
            .first()
            .map(|data| Docs::decode(data))
            .transpose()?
            .unwrap_or_default(),
        producers: producers(bytes)?,
    })
}

fn check_kind(bytes: &[u8]) -> Result<(), PluginError> {
    if bytes.is_empty() {
        return Err(PluginError::Empty);
    }
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(PluginError::TooLarge {
            bytes: bytes.len(),
            max: COMPONENT_BYTES_MAX,
        });
    }
    if Parser::is_component(bytes) {
        return Ok(());
    }
    if Parser::is_core_wasm(bytes) {
        return Err(PluginError::CoreModule);
    }
    Err(PluginError::NotWasm {
        found: looks_like(bytes),
    })
}

fn looks_like(bytes: &[u8]) -> String {
    let start = bytes.get(..64).unwrap_or(bytes);
    let known: [(&[u8], &str); 5] = [
        (
            b"\0asm",
            "it starts like WebAssembly but has an unknown version, or ends after a few bytes",
        ),
        (b"\x7fELF", "it is a native Linux program or library"),
        (b"PK\x03\x04", "it is a zip archive"),
        (b"\x1f\x8b", "it is compressed with gzip"),
        (b"(", "it looks like the text form (WAT)"),
    ];
    match known.iter().find(|(magic, _)| start.starts_with(magic)) {
        Some((_, words)) => (*words).to_owned(),
        None => match std::str::from_utf8(start) {
            Ok(text) => format!("it starts with the text \"{}\"", clip(text, 24)),
            Err(_) => "its first bytes are not those of a WebAssembly file".to_owned(),
        },
    }
}

/// One outermost section: its bytes with the frame, and what is inside if it's a custom one.
struct Frame<'a> {
    whole: &'a [u8],
    custom_name: Option<&'a str>,
    data: &'a [u8],
}

/// The outermost sections, without a look into any but the custom ones' names.
fn frames(bytes: &[u8]) -> Result<Vec<Frame<'_>>, PluginError> {
    let mut frames = Vec::new();
    let mut reader = BinaryReader::new(&bytes[HEADER_BYTES..], HEADER_BYTES);
    while !reader.eof() {
        frames.push(frame(bytes, &mut reader).map_err(damaged)?);
    }
    Ok(frames)
}

fn frame<'a>(bytes: &'a [u8], reader: &mut BinaryReader<'a>) -> wasmparser::Result<Frame<'a>> {
    let start = reader.original_position();
    let id = reader.read_u8()?;
    let size = reader.read_var_u32()?;
    let mut content = BinaryReader::new(reader.read_bytes(size as usize)?, start);
    let whole = &bytes[start..reader.original_position()];
    if id != CUSTOM_SECTION_ID {
        return Ok(Frame {
            whole,
            custom_name: None,
            data: &[],
        });
    }
    let name = content.read_string()?;
    let data = content.read_bytes(content.bytes_remaining())?;
    Ok(Frame {
        whole,
        custom_name: Some(name),
        data,
    })
}

fn without_ours(component: &[u8]) -> Result<Vec<u8>, PluginError> {
    let mut bytes = component[..HEADER_BYTES].to_vec();
    for section in frames(component)? {
        if !matches!(section.custom_name, Some(MANIFEST_SECTION | DOCS_SECTION)) {
            bytes.extend_from_slice(section.whole);
        }
    }
    Ok(bytes)
}

fn append(bytes: &mut Vec<u8>, name: &str, data: &[u8]) {
    let section = CustomSection {
        name: Cow::Borrowed(name),
        data: Cow::Borrowed(data),
    };
    bytes.push(section.id());
    section.encode(bytes);
}

/// The tools named in the `producers` sections of the component and of what is nested in it.
fn producers(bytes: &[u8]) -> Result<Vec<Producer>, PluginError> {
    let mut seen = BTreeSet::new();
    let mut list = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::CustomSection(section) = payload.map_err(damaged)?
            && let KnownCustom::Producers(reader) = section.as_known()
        {
            // A producers section is a courtesy: one that can't be read is no reason to refuse the component.
            let found = read_producers(reader).unwrap_or_default();
            list.extend(
                found
                    .into_iter()
                    .filter(|producer| seen.insert(producer.clone())),
            );
        }
        if list.len() >= PRODUCERS_MAX {
            break;
        }
    }
    list.truncate(PRODUCERS_MAX);
    Ok(list)
}

fn read_producers(reader: ProducersSectionReader<'_>) -> wasmparser::Result<Vec<Producer>> {
    let mut list = Vec::new();
    for field in reader {
        let field = field?;
        for value in field.values {
            let value = value?;
            list.push(Producer {
                field: clip(field.name, PRODUCER_CHARS_MAX),
                name: clip(value.name, PRODUCER_CHARS_MAX),
                version: clip(value.version, PRODUCER_CHARS_MAX),
            });
            if list.len() >= PRODUCERS_MAX {
                return Ok(list);
            }
        }
    }
    Ok(list)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
pub(crate) fn damaged(error: wasmparser::BinaryReaderError) -> PluginError {
    PluginError::Damaged {
        problem: format!(
            "{} (at byte {})",
            clip(error.message(), PROBLEM_CHARS_MAX),
            error.offset()
        ),
    }
}
