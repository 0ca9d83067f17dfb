//! Random types, and random values of a type, for the laws in `tests`. Knows nothing of JSON.

use std::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};

use crate::types::{Case, EnumType, Field, FlagsType, RecordType, ResultType, Type, VariantType};
use crate::value::Value;

/// Any type, a few levels deep. Type names repeat on purpose: two types of one name must not be mixed up.
pub(crate) fn types() -> impl Strategy<Value = Type> {
    leaves().prop_recursive(5, 48, 5, |inner| {
        let name = prop::sample::select(vec!["order", "item", "verdict"]);
        prop_oneof![
            inner.clone().prop_map(|ty| Type::List(Arc::new(ty))),
            (inner.clone(), 0..4_u32)
                .prop_map(|(ty, length)| Type::FixedList(Arc::new(ty), length)),
            (key(), inner.clone()).prop_map(|(key, ty)| Type::Map(Arc::new(key), Arc::new(ty))),
            inner.clone().prop_map(|ty| Type::Option(Arc::new(ty))),
            vec(inner.clone(), 0..4).prop_map(|types| Type::Tuple(types.into())),
            (name.clone(), vec(inner.clone(), 0..5)).prop_map(|(name, types)| record(name, types)),
            (name, vec(prop::option::of(inner.clone()), 1..5))
                .prop_map(|(name, types)| variant(name, types)),
            (prop::option::of(inner.clone()), prop::option::of(inner))
                .prop_map(|(ok, err)| Type::Result(Arc::new(ResultType { ok, err }))),
        ]
    })
}

fn leaves() -> impl Strategy<Value = Type> {
    prop_oneof![
        prop::sample::select(vec![
            Type::Bool,
            Type::S8,
            Type::U8,
            Type::S16,
            Type::U16,
            Type::S32,
            Type::U32
        ]),
        prop::sample::select(vec![
            Type::S64,
            Type::U64,
            Type::F32,
            Type::F64,
            Type::Char,
            Type::String
        ]),
        (1..6_usize).prop_map(|count| {
            let cases = (0..count)
                .map(|i| {
                    (
                        format!("case-{i}"),
                        (i == 1).then(|| "documented".to_owned()),
                    )
                })
                .collect();
            Type::Enum(Arc::new(EnumType {
                name: "color".to_owned(),
                docs: None,
                cases,
            }))
        }),
        (1..6_usize).prop_map(|count| {
            let flags = (0..count).map(|i| (format!("flag-{i}"), None)).collect();
            Type::Flags(Arc::new(FlagsType {
                name: "rights".to_owned(),
                docs: None,
                flags,
            }))
        }),
    ]
}

fn key() -> impl Strategy<Value = Type> {
    prop::sample::select(vec![Type::String, Type::U32, Type::Char, Type::Bool])
}

fn record(name: &str, types: Vec<Type>) -> Type {
    let field = |(i, ty)| Field {
        name: format!("field-{i}"),
        ty,
        docs: Some(format!("number {i}")),
    };
    let fields = types.into_iter().enumerate().map(field).collect();
    Type::Record(Arc::new(RecordType {
        name: name.to_owned(),
        docs: None,
        fields,
    }))
}

fn variant(name: &str, types: Vec<Option<Type>>) -> Type {
    let cases = types
        .into_iter()
        .enumerate()
        .map(|(i, ty)| (format!("case-{i}"), Case { ty, docs: None }))
        .collect();
    Type::Variant(Arc::new(VariantType {
        name: name.to_owned(),
        docs: None,
        cases,
    }))
}

/// Any value of the type.
pub(crate) fn values(ty: &Type) -> BoxedStrategy<Value> {
    match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::S8 => any::<i8>().prop_map(Value::S8).boxed(),
        Type::U8 => any::<u8>().prop_map(Value::U8).boxed(),
        Type::S16 => any::<i16>().prop_map(Value::S16).boxed(),
        Type::U16 => any::<u16>().prop_map(Value::U16).boxed(),
        Type::S32 => any::<i32>().prop_map(Value::S32).boxed(),
        Type::U32 => any::<u32>().prop_map(Value::U32).boxed(),
        Type::S64 => any::<i64>().prop_map(Value::S64).boxed(),
        Type::U64 => any::<u64>().prop_map(Value::U64).boxed(),
        Type::F32 => any::<u32>()
            .prop_map(|bits| Value::F32(f32::from_bits(bits)))
            .boxed(),
        Type::F64 => any::<u64>()
            .prop_map(|bits| Value::F64(f64::from_bits(bits)))
            .boxed(),
        Type::Char => any::<char>().prop_map(Value::Char).boxed(),
        Type::String => any::<String>().prop_map(Value::String).boxed(),
        Type::List(element) => vec(values(element), 0..4).prop_map(Value::List).boxed(),
        Type::FixedList(element, length) => vec(values(element), *length as usize)
            .prop_map(Value::FixedList)
            .boxed(),
        Type::Map(key, value) => maps(key, value),
        Type::Record(record) => {
            let names: Vec<String> = record
                .fields
                .iter()
                .map(|field| field.name.clone())
                .collect();
            let fields: Vec<_> = record
                .fields
                .iter()
                .map(|field| values(&field.ty))
                .collect();
            fields
                .prop_map(move |values| Value::Record(names.iter().cloned().zip(values).collect()))
                .boxed()
        }
        Type::Tuple(types) => types
            .iter()
            .map(values)
            .collect::<Vec<_>>()
            .prop_map(Value::Tuple)
            .boxed(),
        Type::Variant(variant) => {
            let cases: Vec<_> = variant
                .cases
                .iter()
                .map(|(name, case)| (name.clone(), case.ty.clone()))
                .collect();
            let case = any::<Index>().prop_map(move |index| index.get(&cases).clone());
            case.prop_flat_map(|(name, ty)| {
                payload(ty.as_ref()).prop_map(move |value| Value::Variant(name.clone(), value))
            })
            .boxed()
        }
        Type::Enum(cases) => {
            let names: Vec<String> = cases.cases.keys().cloned().collect();
            prop::sample::select(names).prop_map(Value::Enum).boxed()
        }
        Type::Flags(flags) => {
            let names: Vec<String> = flags.flags.keys().cloned().collect();
            let count = names.len();
            subsequence(names, 0..=count).prop_map(Value::Flags).boxed()
        }
        Type::Option(inner) => prop::option::of(values(inner))
            .prop_map(|value| Value::Option(value.map(Box::new)))
            .boxed(),
        Type::Result(result) => prop_oneof![
            payload(result.ok.as_ref()).prop_map(|value| Value::Result(Ok(value))),
            payload(result.err.as_ref()).prop_map(|value| Value::Result(Err(value))),
        ]
        .boxed(),
    }
}

fn payload(ty: Option<&Type>) -> BoxedStrategy<Option<Box<Value>>> {
    match ty {
        Some(ty) => values(ty).prop_map(|value| Some(Box::new(value))).boxed(),
        None => Just(None).boxed(),
    }
}

/// Maps with each key once: what JSON can hold twice in a list of pairs, an object can't.
fn maps(key: &Type, value: &Type) -> BoxedStrategy<Value> {
    let value = values(value);
    if key.is_object_key() {
        let entries = btree_map(any::<String>(), value, 0..4);
        let pairs = entries.prop_map(|map| {
            map.into_iter()
                .map(|(k, v)| (Value::String(k), v))
                .collect()
        });
        pairs.prop_map(Value::Map).boxed()
    } else {
        vec((values(key), value), 0..4).prop_map(Value::Map).boxed()
    }
}
