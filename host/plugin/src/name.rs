//! The grammar of plugin names. Knows nothing of which plugins exist.

/// Longest plugin name.
pub(crate) const NAME_BYTES_MAX: usize = 63;

/// Names that workflows use for catalogs that are not plugins.
const RESERVED: [&str; 2] = ["writ", "default"];

/// Whether the text is a plugin name: a small letter, then small letters, digits and hyphens,
/// 63 bytes at most; and neither `writ` nor `default`, which workflows use for other things.
#[must_use]
pub fn is_plugin_name(text: &str) -> bool {
    !is_reserved(text) && has_form(text)
}

/// Whether the name is well formed but taken.
pub(crate) fn is_reserved(text: &str) -> bool {
    RESERVED.contains(&text)
}

fn has_form(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The nearest thing to `text` that is a plugin name; for components that bring none, and for suggestions.
pub(crate) fn to_plugin_name(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if name.len() == NAME_BYTES_MAX {
            break;
        }
        let c = c.to_ascii_lowercase();
        if c.is_ascii_lowercase() || (c.is_ascii_digit() && !name.is_empty()) {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_end_matches('-');
    match name {
        "" => "plugin".to_owned(),
        name if is_reserved(name) => format!("{name}-plugin"),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "invoice-tools", "x2", &"a".repeat(63)] {
            assert!(is_plugin_name(good), "{good}");
        }
        for bad in [
            "",
            "A",
            "2x",
            "-a",
            "a_b",
            "a b",
            "ä",
            "a/b",
            "writ",
            "default",
            &"a".repeat(64),
        ] {
            assert!(!is_plugin_name(bad), "{bad}");
        }
    }

    #[test]
    fn anything_becomes_a_name() {
        for (text, name) in [
            ("My_Tool", "my-tool"),
            ("2fast", "fast"),
            ("", "plugin"),
            ("Writ", "writ-plugin"),
            ("ünï", "n"),
            ("a--b.wasm", "a-b-wasm"),
        ] {
            assert_eq!(to_plugin_name(text), name);
            assert!(is_plugin_name(name));
        }
        assert!(is_plugin_name(&to_plugin_name(&"x-".repeat(200))));
    }
}
