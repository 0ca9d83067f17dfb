//! Strict JSON: what is read is written again, and must be the same value. So nothing is in it that was not understood: no unknown
//! field, no field twice, no list where an object belongs, no second spelling of a value.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

/// What a reader of JSON says: it may repeat what is in there, so nothing of it may steer a terminal.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
pub(crate) fn said(error: serde_json::Error) -> String {
    writ_grant::printable(&error.to_string())
}

/// Reads exactly the fields of `T`.
pub(crate) fn exactly<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> Result<T, String> {
    let typed: T = serde_json::from_slice(bytes).map_err(said)?;
    // Of a field that is there twice a plain value keeps the last, and a person may read the first.
    let _: Unambiguous = serde_json::from_slice(bytes).map_err(said)?;
    let plain: Value = serde_json::from_slice(bytes).map_err(said)?;
    let again = serde_json::to_value(&typed).map_err(said)?;
    if again == plain {
        Ok(typed)
    } else {
        Err("it is not written the way that it would be written again".to_owned())
    }
}

/// Any JSON in which no object has a field twice, however deep it is.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Unambiguous;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unambiguous, A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
            names.insert(name);
            map.next_value::<Unambiguous>()?;
        }
        Ok(Unambiguous)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Unambiguous, A::Error> {
        while list.next_element::<Unambiguous>()?.is_some() {}
        Ok(Unambiguous)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_str<E>(self, _: &str) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }

    fn visit_unit<E>(self) -> Result<Unambiguous, E> {
        Ok(Unambiguous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_twice_is_refused_at_any_depth() {
        for twice in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":[0,{"b":null,"c":true,"b":null}]}"#,
            // The same name in another spelling is the same name.
            r#"[{"a":"x","\u0061":"y"}]"#,
        ] {
            let error = exactly::<Value>(twice.as_bytes()).unwrap_err();
            assert!(error.contains("duplicate field"), "{twice}: {error}");
        }
        let once = r#"{"a":{"a":1.5},"b":[{"a":-1},{"a":2}]}"#;
        assert_eq!(
            exactly::<Value>(once.as_bytes()),
            Ok(serde_json::from_str(once).unwrap())
        );
    }

    #[test]
    fn a_name_that_is_there_twice_steers_no_terminal() {
        let error = exactly::<Value>(br#"{"\u001b[2J":1,"\u001b[2J":1}"#).unwrap_err();
        assert!(error.contains("duplicate field `\\u{1b}[2J`"), "{error}");
    }
}
