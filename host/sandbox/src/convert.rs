//! Values of a plugin's description to values of the engine and back: moved, case by case. Knows no JSON.

use wasmtime::component::Val;
use writ_plugin::Value;

/// A value for the engine.
pub(crate) fn to_val(value: Value) -> Val {
    match value {
        Value::Bool(v) => Val::Bool(v),
        Value::S8(v) => Val::S8(v),
        Value::U8(v) => Val::U8(v),
        Value::S16(v) => Val::S16(v),
        Value::U16(v) => Val::U16(v),
        Value::S32(v) => Val::S32(v),
        Value::U32(v) => Val::U32(v),
        Value::S64(v) => Val::S64(v),
        Value::U64(v) => Val::U64(v),
        Value::F32(v) => Val::Float32(v),
        Value::F64(v) => Val::Float64(v),
        Value::Char(v) => Val::Char(v),
        Value::String(v) => Val::String(v),
        Value::List(items) => Val::List(to_vals(items)),
        Value::FixedList(items) => Val::FixedLengthList(to_vals(items)),
        Value::Map(pairs) => Val::Map(
            pairs
                .into_iter()
                .map(|(k, v)| (to_val(k), to_val(v)))
                .collect(),
        ),
        Value::Record(fields) => Val::Record(
            fields
                .into_iter()
                .map(|(name, v)| (name, to_val(v)))
                .collect(),
        ),
        Value::Tuple(items) => Val::Tuple(to_vals(items)),
        Value::Variant(case, payload) => Val::Variant(case, payload.map(|v| Box::new(to_val(*v)))),
        Value::Enum(case) => Val::Enum(case),
        Value::Option(v) => Val::Option(v.map(|v| Box::new(to_val(*v)))),
        Value::Result(Ok(v)) => Val::Result(Ok(v.map(|v| Box::new(to_val(*v))))),
        Value::Result(Err(v)) => Val::Result(Err(v.map(|v| Box::new(to_val(*v))))),
        Value::Flags(names) => Val::Flags(names),
    }
}

/// Several values for the engine.
pub(crate) fn to_vals(values: Vec<Value>) -> Vec<Val> {
    values.into_iter().map(to_val).collect()
}

/// A value from the engine; none if it holds a handle, which no callable function's type does.
pub(crate) fn to_value(val: Val) -> Option<Value> {
    Some(match val {
        Val::Bool(v) => Value::Bool(v),
        Val::S8(v) => Value::S8(v),
        Val::U8(v) => Value::U8(v),
        Val::S16(v) => Value::S16(v),
        Val::U16(v) => Value::U16(v),
        Val::S32(v) => Value::S32(v),
        Val::U32(v) => Value::U32(v),
        Val::S64(v) => Value::S64(v),
        Val::U64(v) => Value::U64(v),
        Val::Float32(v) => Value::F32(v),
        Val::Float64(v) => Value::F64(v),
        Val::Char(v) => Value::Char(v),
        Val::String(v) => Value::String(v),
        Val::List(items) => Value::List(to_values(items)?),
        Val::FixedLengthList(items) => Value::FixedList(to_values(items)?),
        Val::Map(pairs) => Value::Map(
            pairs
                .into_iter()
                .map(|(k, v)| Some((to_value(k)?, to_value(v)?)))
                .collect::<Option<_>>()?,
        ),
        Val::Record(fields) => Value::Record(
            fields
                .into_iter()
                .map(|(name, v)| Some((name, to_value(v)?)))
                .collect::<Option<_>>()?,
        ),
        Val::Tuple(items) => Value::Tuple(to_values(items)?),
        Val::Variant(case, payload) => Value::Variant(case, boxed(payload)?),
        Val::Enum(case) => Value::Enum(case),
        Val::Option(v) => Value::Option(boxed(v)?),
        Val::Result(Ok(v)) => Value::Result(Ok(boxed(v)?)),
        Val::Result(Err(v)) => Value::Result(Err(boxed(v)?)),
        Val::Flags(names) => Value::Flags(names),
        Val::Resource(_) | Val::Future(_) | Val::Stream(_) | Val::ErrorContext(_) => return None,
    })
}

fn to_values(vals: Vec<Val>) -> Option<Vec<Value>> {
    vals.into_iter().map(to_value).collect()
}

#[expect(
    clippy::option_option,
    reason = "outer: could it be converted; inner: was there a payload"
)]
fn boxed(val: Option<Box<Val>>) -> Option<Option<Box<Value>>> {
    match val {
        None => Some(None),
        Some(val) => Some(Some(Box::new(to_value(*val)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_same() {
        let value = Value::Record(vec![
            (
                "a".into(),
                Value::Option(Some(Box::new(Value::U64(u64::MAX)))),
            ),
            (
                "b".into(),
                Value::List(vec![Value::Tuple(vec![Value::Char('ž'), Value::F32(-0.0)])]),
            ),
            (
                "c".into(),
                Value::Variant("x".into(), Some(Box::new(Value::Flags(vec!["r".into()])))),
            ),
            ("d".into(), Value::Result(Err(None))),
            (
                "e".into(),
                Value::Map(vec![(Value::String("k".into()), Value::Enum("on".into()))]),
            ),
        ]);
        assert_eq!(to_value(to_val(value.clone())), Some(value));
    }
}
