//! Reading what holds many of one kind, or several in order: lists, bytes, maps and tuples. Knows nothing of names.

use serde_json::{Map, Value as Json};

use super::super::bytes;
use super::super::describe::found;
use super::super::mismatch::{Failure, Fallible};
use super::{NODE_BYTES, Reader, wrong};
use crate::types::Type;
use crate::value::Value;

impl Reader<'_> {
    pub(super) fn list(&mut self, ty: &Type, element: &Type, json: &Json) -> Fallible<Vec<Value>> {
        match json {
            Json::Array(elements) => self.elements(element, elements),
            Json::Object(object) if element.is_byte() => {
                let inner = bytes::inner(object).ok_or_else(|| wrong(ty, json))?;
                if self.is_hole(inner) {
                    Ok(Vec::new())
                } else {
                    self.bytes(inner.as_str().ok_or_else(|| wrong(ty, json))?)
                }
            }
            Json::Object(_) | Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                Err(wrong(ty, json))
            }
        }
    }

    fn elements(&mut self, ty: &Type, elements: &[Json]) -> Fallible<Vec<Value>> {
        self.spend(elements.len().saturating_mul(NODE_BYTES))?;
        let mut values = Vec::with_capacity(elements.len());
        for (i, json) in elements.iter().enumerate() {
            values.push(self.read(ty, json).map_err(|failure| failure.at_index(i))?);
        }
        Ok(values)
    }

    fn bytes(&mut self, text: &str) -> Fallible<Vec<Value>> {
        self.spend((text.len() / 4 * 3).saturating_mul(NODE_BYTES))?;
        let bytes = bytes::decode(text).map_err(|problem| {
            Failure::new(
                "padded base64 in the standard alphabet",
                format!("text that is not ({problem})"),
            )
            .at_key(bytes::BASE64_KEY)
        })?;
        Ok(bytes.into_iter().map(Value::U8).collect())
    }

    pub(super) fn fixed_list(
        &mut self,
        ty: &Type,
        element: &Type,
        length: u32,
        json: &Json,
    ) -> Fallible<Value> {
        match json.as_array() {
            Some(elements) if u32::try_from(elements.len()) == Ok(length) => {
                self.elements(element, elements).map(Value::FixedList)
            }
            Some(_) | None => Err(wrong(ty, json)),
        }
    }

    pub(super) fn map(
        &mut self,
        ty: &Type,
        key: &Type,
        value: &Type,
        json: &Json,
    ) -> Fallible<Value> {
        if key.is_object_key() {
            let object = json.as_object().ok_or_else(|| wrong(ty, json))?;
            return self.string_map(value, object).map(Value::Map);
        }
        let pairs = json.as_array().ok_or_else(|| wrong(ty, json))?;
        self.spend(pairs.len().saturating_mul(2 * NODE_BYTES))?;
        let mut entries = Vec::with_capacity(pairs.len());
        for (i, pair) in pairs.iter().enumerate() {
            entries.push(
                self.pair(key, value, pair)
                    .map_err(|failure| failure.at_index(i))?,
            );
        }
        Ok(Value::Map(entries))
    }

    fn pair(&mut self, key: &Type, value: &Type, json: &Json) -> Fallible<(Value, Value)> {
        if self.is_hole(json) {
            return Ok((Value::Bool(false), Value::Bool(false)));
        }
        let Some([k, v]) = json.as_array().map(Vec::as_slice) else {
            return Err(Failure::new("a [key, value] pair", found(json)));
        };
        let key = self.read(key, k).map_err(|failure| failure.at_index(0))?;
        let value = self.read(value, v).map_err(|failure| failure.at_index(1))?;
        Ok((key, value))
    }

    fn string_map(
        &mut self,
        value: &Type,
        object: &Map<String, Json>,
    ) -> Fallible<Vec<(Value, Value)>> {
        self.spend(object.len().saturating_mul(2 * NODE_BYTES))?;
        let mut entries = Vec::with_capacity(object.len());
        for (name, json) in object {
            let read = self
                .read(value, json)
                .map_err(|failure| failure.at_key(name))?;
            entries.push((Value::String(self.text(name)?), read));
        }
        Ok(entries)
    }

    pub(super) fn tuple(&mut self, ty: &Type, types: &[Type], json: &Json) -> Fallible<Value> {
        let elements = json
            .as_array()
            .filter(|elements| elements.len() == types.len())
            .ok_or_else(|| wrong(ty, json))?;
        self.spend(types.len().saturating_mul(NODE_BYTES))?;
        let mut values = Vec::with_capacity(types.len());
        for (i, (ty, json)) in types.iter().zip(elements).enumerate() {
            values.push(self.read(ty, json).map_err(|failure| failure.at_index(i))?);
        }
        Ok(Value::Tuple(values))
    }
}
