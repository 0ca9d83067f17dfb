//! Where a component's bytes are. Knows the framing of the binary format only.

use std::collections::BTreeMap;

use wasmparser::{Parser, Payload};

use super::{CustomSection, Size};
use crate::component::damaged;
use crate::error::PluginError;
use crate::text::clip;

/// Most names of custom sections that are told; the smallest are left out.
const CUSTOM_NAMES_MAX: usize = 24;
/// Most names that are counted; further ones count as `(others)`.
const CUSTOM_NAMES_COUNTED_MAX: usize = 1024;
/// Longest name that is kept.
const NAME_CHARS_MAX: usize = 80;

pub(super) fn of(bytes: &[u8]) -> Result<Size, PluginError> {
    let mut size = Size {
        whole: bytes.len() as u64,
        ..Size::default()
    };
    let mut custom = BTreeMap::new();
    for payload in Parser::new(0).parse_all(bytes) {
        add(&mut size, &mut custom, payload.map_err(damaged)?);
    }
    size.other = size
        .whole
        .saturating_sub(size.code + size.data + size.custom);
    size.custom_sections = largest(custom);
    Ok(size)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other sections of the format are declarations"
)]
fn add(size: &mut Size, custom: &mut BTreeMap<String, u64>, payload: Payload<'_>) {
    match payload {
        Payload::CodeSectionStart { size: bytes, .. } => size.code += u64::from(bytes),
        Payload::DataSection(section) => size.data += length(&section.range()),
        Payload::ModuleSection { .. } => size.modules += 1,
        Payload::CustomSection(section) => {
            let bytes = length(&section.range());
            size.custom += bytes;
            let name = clip(section.name(), NAME_CHARS_MAX);
            let is_full = custom.len() >= CUSTOM_NAMES_COUNTED_MAX && !custom.contains_key(&name);
            let name = if is_full { "(others)".to_owned() } else { name };
            *custom.entry(name).or_default() += bytes;
        }
        _ => {}
    }
}

fn length(range: &std::ops::Range<usize>) -> u64 {
    range.len() as u64
}

fn largest(custom: BTreeMap<String, u64>) -> Vec<CustomSection> {
    let mut sections: Vec<CustomSection> = custom
        .into_iter()
        .map(|(name, bytes)| CustomSection { name, bytes })
        .collect();
    sections.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    sections.truncate(CUSTOM_NAMES_MAX);
    sections
}
