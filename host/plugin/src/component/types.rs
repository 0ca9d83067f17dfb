//! WIT types of a decoded component to our own, each once, within bounds. Knows nothing of functions.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use wit_parser::{Docs, Handle, Resolve, Type as Wit, TypeDef, TypeDefKind, TypeId};

use crate::text::plain;
use crate::types::{
    Case, EnumType, Field, FlagsType, RecordType, ResultType, TYPE_DEPTH_MAX, TYPE_NODES_MAX, Type,
    VariantType,
};

/// A type, and how deep and how large it is when written out in full.
#[derive(Clone)]
pub(super) struct Sized {
    pub(super) ty: Type,
    depth: usize,
    pub(super) nodes: usize,
}

/// Why a type can't be carried, in plain words.
pub(super) type Refusal = String;

/// Converts types, remembering those already seen: types that share parts stay small.
pub(super) struct Converter<'r> {
    resolve: &'r Resolve,
    seen: HashMap<TypeId, Result<Sized, Refusal>>,
}

impl<'r> Converter<'r> {
    pub(super) fn new(resolve: &'r Resolve) -> Self {
        Converter {
            resolve,
            seen: HashMap::new(),
        }
    }

    pub(super) fn convert(&mut self, wit: &Wit) -> Result<Sized, Refusal> {
        let ty = match wit {
            Wit::Bool => Type::Bool,
            Wit::S8 => Type::S8,
            Wit::U8 => Type::U8,
            Wit::S16 => Type::S16,
            Wit::U16 => Type::U16,
            Wit::S32 => Type::S32,
            Wit::U32 => Type::U32,
            Wit::S64 => Type::S64,
            Wit::U64 => Type::U64,
            Wit::F32 => Type::F32,
            Wit::F64 => Type::F64,
            Wit::Char => Type::Char,
            Wit::String => Type::String,
            Wit::ErrorContext => {
                return Err("an error-context has no meaning outside the component".to_owned());
            }
            Wit::Id(id) => return self.defined(*id),
        };
        Ok(Sized {
            ty,
            depth: 1,
            nodes: 1,
        })
    }

    fn defined(&mut self, id: TypeId) -> Result<Sized, Refusal> {
        if let Some(seen) = self.seen.get(&id) {
            return seen.clone();
        }
        let converted = self.define(&self.resolve.types[id]).and_then(bounded);
        self.seen.insert(id, converted.clone());
        converted
    }

    fn define(&mut self, def: &'r TypeDef) -> Result<Sized, Refusal> {
        let name = def.name.clone().unwrap_or_default();
        let docs = text(&def.docs);
        let mut size = Size::default();
        let ty = match &def.kind {
            TypeDefKind::Type(alias) => return self.convert(alias),
            TypeDefKind::Record(record) => {
                let mut fields = Vec::with_capacity(record.fields.len());
                for field in &record.fields {
                    let ty = size.add(self.convert(&field.ty)?);
                    fields.push(Field {
                        name: field.name.clone(),
                        ty,
                        docs: text(&field.docs),
                    });
                }
                Type::Record(Arc::new(RecordType { name, docs, fields }))
            }
            TypeDefKind::Variant(variant) => {
                let mut cases = IndexMap::with_capacity(variant.cases.len());
                for case in &variant.cases {
                    let ty = self.optional(case.ty.as_ref(), &mut size)?;
                    cases.insert(
                        case.name.clone(),
                        Case {
                            ty,
                            docs: text(&case.docs),
                        },
                    );
                }
                Type::Variant(Arc::new(VariantType { name, docs, cases }))
            }
            TypeDefKind::Enum(cases) => {
                size.nodes += cases.cases.len();
                let cases = cases
                    .cases
                    .iter()
                    .map(|case| (case.name.clone(), text(&case.docs)))
                    .collect();
                Type::Enum(Arc::new(EnumType { name, docs, cases }))
            }
            TypeDefKind::Flags(flags) => {
                size.nodes += flags.flags.len();
                let flags = flags
                    .flags
                    .iter()
                    .map(|flag| (flag.name.clone(), text(&flag.docs)))
                    .collect();
                Type::Flags(Arc::new(FlagsType { name, docs, flags }))
            }
            TypeDefKind::Tuple(tuple) => {
                let types: Result<Vec<Type>, Refusal> = tuple
                    .types
                    .iter()
                    .map(|ty| Ok(size.add(self.convert(ty)?)))
                    .collect();
                Type::Tuple(types?.into())
            }
            TypeDefKind::Option(inner) => Type::Option(Arc::new(size.add(self.convert(inner)?))),
            TypeDefKind::Result(result) => {
                let ok = self.optional(result.ok.as_ref(), &mut size)?;
                let err = self.optional(result.err.as_ref(), &mut size)?;
                Type::Result(Arc::new(ResultType { ok, err }))
            }
            TypeDefKind::List(element) => Type::List(Arc::new(size.add(self.convert(element)?))),
            TypeDefKind::FixedLengthList(element, length) => {
                Type::FixedList(Arc::new(size.add(self.convert(element)?)), *length)
            }
            TypeDefKind::Map(key, value) => {
                // As JSON, a pair is a level of its own.
                size.depth += 1;
                Type::Map(
                    Arc::new(size.add(self.convert(key)?)),
                    Arc::new(size.add(self.convert(value)?)),
                )
            }
            TypeDefKind::Resource => return Err(resource(def)),
            TypeDefKind::Handle(Handle::Own(id) | Handle::Borrow(id)) => {
                return Err(resource(&self.resolve.types[*id]));
            }
            TypeDefKind::Future(_) => return Err("a future can't be carried as JSON".to_owned()),
            TypeDefKind::Stream(_) => return Err("a stream can't be carried as JSON".to_owned()),
            TypeDefKind::Unknown => return Err("a type whose definition is missing".to_owned()),
        };
        Ok(Sized {
            ty,
            depth: 1 + size.depth,
            nodes: size.nodes.saturating_add(1),
        })
    }

    fn optional(&mut self, wit: Option<&Wit>, size: &mut Size) -> Result<Option<Type>, Refusal> {
        size.nodes = size.nodes.saturating_add(1);
        wit.map(|wit| Ok(size.add(self.convert(wit)?))).transpose()
    }
}

/// Depth and nodes of a type's parts, as they are added.
#[derive(Default)]
struct Size {
    depth: usize,
    nodes: usize,
}

impl Size {
    fn add(&mut self, part: Sized) -> Type {
        self.depth = self.depth.max(part.depth);
        self.nodes = self.nodes.saturating_add(part.nodes);
        part.ty
    }
}

fn bounded(sized: Sized) -> Result<Sized, Refusal> {
    if sized.depth > TYPE_DEPTH_MAX {
        return Err(format!("a type nested deeper than {TYPE_DEPTH_MAX} levels"));
    }
    if sized.nodes > TYPE_NODES_MAX {
        return Err(format!("a type of more than {TYPE_NODES_MAX} parts"));
    }
    Ok(sized)
}

fn resource(def: &TypeDef) -> Refusal {
    let name = def.name.as_deref().unwrap_or("resource");
    format!(
        "resource `{name}` lives inside the component and can't be carried as JSON; use a record or an id instead"
    )
}

/// A doc comment made fit for showing; none when it is empty.
pub(super) fn text(docs: &Docs) -> Option<String> {
    docs.contents
        .as_deref()
        .map(|text| plain(text.trim()))
        .filter(|text| !text.is_empty())
}
