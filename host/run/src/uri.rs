//! URI templates of RFC 6570, level 1, as the DSL has them: `{name}` stands for a member of the task's input. Knows nothing of
//! where the URI leads.

use serde_json::Value as Json;

use crate::data::kind_of;

/// A template with every name filled in. A member that is not there is the empty text.
pub(crate) fn expand(template: &str, input: &Json) -> Result<String, String> {
    let mut expanded = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        // The reader holds templates to balanced braces.
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        expanded.push_str(before);
        expanded.push_str(&encoded(&text(name, input.get(name))?));
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// Gives a URL that leaves its path out the one that is meant.
pub(crate) fn root(url: &mut String) {
    let authority = url.find("://").map_or(0, |at| at + 3);
    match url[authority..].find(['/', '?']).map(|at| authority + at) {
        None => url.push('/'),
        Some(at) if url[at..].starts_with('?') => url.insert(at, '/'),
        Some(_) => {}
    }
}

fn text(name: &str, value: Option<&Json>) -> Result<String, String> {
    match value {
        None | Some(Json::Null) => Ok(String::new()),
        Some(Json::String(text)) => Ok(text.clone()),
        Some(value @ (Json::Bool(_) | Json::Number(_))) => Ok(value.to_string()),
        Some(value @ (Json::Array(_) | Json::Object(_))) => Err(format!(
            "`{{{name}}}` in the endpoint stands for {} of the input; it can be a string, a number, a boolean or null",
            kind_of(value)
        )),
    }
}

/// All but unreserved characters, percent-encoded: what is filled in can't reach another segment of the path.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_path_is_the_root() {
        for (written, meant) in [
            ("https://x", "https://x/"),
            ("https://x?a=/b", "https://x/?a=/b"),
            ("https://x/y?z", "https://x/y?z"),
        ] {
            let mut url = written.to_owned();
            root(&mut url);
            assert_eq!(url, meant);
        }
    }

    #[test]
    fn names_stand_for_members_of_the_input_and_stay_in_their_segment() {
        let input =
            json!({ "id": 7, "name": "a/../b ž", "pet.id": true, "none": null, "list": [] });
        let cases = [
            ("https://x/{id}/y", "https://x/7/y"),
            ("https://x/{name}", "https://x/a%2F..%2Fb%20%C5%BE"),
            ("https://x/{pet.id}{none}{missing}", "https://x/true"),
            ("https://x/", "https://x/"),
        ];
        for (template, expected) in cases {
            assert_eq!(expand(template, &input).as_deref(), Ok(expected));
        }
        assert!(expand("https://x/{list}", &input).is_err_and(|error| error.contains("an array")));
    }
}
