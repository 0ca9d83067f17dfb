//! Bytes that go into the record: text where they are text, so that a person can read it, and hexadecimal where not. Either way the
//! record of them is at most twice as long, so that a bound on bytes bounds what they become.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of any kind. In JSON: a string when they are UTF-8 and more than a few of them need no escape, else `{"hex": "…"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload(Vec<u8>);

impl Payload {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, moved out.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    Text(String),
    Hex { hex: String },
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) if escapes(text) <= text.len() => serializer.serialize_str(text),
            Ok(_) | Err(_) => Form::Hex {
                hex: to_hex(&self.0),
            }
            .serialize(serializer),
        }
    }
}

/// Bytes that a text grows by when it is written as JSON.
fn escapes(text: &str) -> usize {
    let of = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 1,
        0..0x20 => 5,
        _ => 0,
    };
    text.bytes().map(of).sum()
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Text(text) => Ok(Self(text.into_bytes())),
            Form::Hex { hex } => from_hex(&hex)
                .map(Self)
                .ok_or_else(|| D::Error::custom("not hexadecimal")),
        }
    }
}

/// Lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from(if n < 10 { b'0' + n } else { b'a' + n - 10 });
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|n| u8::try_from(n).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive_and_text_stays_readable() {
        for bytes in [
            b"".as_slice(),
            b"plain",
            &[0xff, 0x00, 0x7f],
            "žluť".as_bytes(),
        ] {
            let json = serde_json::to_string(&Payload::from(bytes)).unwrap();
            assert_eq!(
                serde_json::from_str::<Payload>(&json).unwrap().as_bytes(),
                bytes
            );
        }
        assert_eq!(
            serde_json::to_string(&Payload::from(b"plain".as_slice())).unwrap(),
            r#""plain""#
        );
        assert!(serde_json::from_str::<Payload>(r#"{"hex":"abc"}"#).is_err());
    }

    #[test]
    fn no_bytes_become_more_than_twice_as_long() {
        for bytes in [[0x01_u8; 1000], [b'"'; 1000], [0xff; 1000], [b'\n'; 1000]] {
            let json = serde_json::to_string(&Payload::from(&bytes[..])).unwrap();
            assert!(json.len() <= 2 * bytes.len() + 10, "{}", json.len());
            assert_eq!(
                serde_json::from_str::<Payload>(&json).unwrap().as_bytes(),
                bytes
            );
        }
    }
}
