//! The types of WIT that JSON can carry, and how they are written. Knows nothing of where a type was declared or of values.
//!
//! Types form a tree without cycles. Shared parts are behind `Arc`, so a clone is cheap.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use indexmap::IndexMap;

/// Deepest nesting of a type that a callable function may have.
pub const TYPE_DEPTH_MAX: usize = 64;
/// Most nodes that one function's types may have when written out in full.
pub const TYPE_NODES_MAX: usize = 20_000;

/// A WIT type that a value from JSON can have. Resources, streams and futures are not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`
    Bool,
    /// `s8`
    S8,
    /// `u8`
    U8,
    /// `s16`
    S16,
    /// `u16`
    U16,
    /// `s32`
    S32,
    /// `u32`
    U32,
    /// `s64`
    S64,
    /// `u64`
    U64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `char`
    Char,
    /// `string`
    String,
    /// `list<T>`
    List(Arc<Type>),
    /// `list<T, N>`: exactly N elements
    FixedList(Arc<Type>, u32),
    /// `map<K, V>`
    Map(Arc<Type>, Arc<Type>),
    /// `record`
    Record(Arc<RecordType>),
    /// `tuple<A, B, …>`
    Tuple(Arc<[Type]>),
    /// `variant`
    Variant(Arc<VariantType>),
    /// `enum`
    Enum(Arc<EnumType>),
    /// `flags`
    Flags(Arc<FlagsType>),
    /// `option<T>`
    Option(Arc<Type>),
    /// `result<T, E>`
    Result(Arc<ResultType>),
}

/// A named record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordType {
    /// Its name in WIT.
    pub name: String,
    /// Its doc comment.
    pub docs: Option<String>,
    /// Its fields, in the declared order.
    pub fields: Vec<Field>,
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in WIT.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Its doc comment.
    pub docs: Option<String>,
}

/// A named variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantType {
    /// Its name in WIT.
    pub name: String,
    /// Its doc comment.
    pub docs: Option<String>,
    /// Its cases by name, in the declared order.
    pub cases: IndexMap<String, Case>,
}

/// A case of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The type of its payload, if it has one.
    pub ty: Option<Type>,
    /// Its doc comment.
    pub docs: Option<String>,
}

/// A named enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumType {
    /// Its name in WIT.
    pub name: String,
    /// Its doc comment.
    pub docs: Option<String>,
    /// Its cases in the declared order, each with its doc comment.
    pub cases: IndexMap<String, Option<String>>,
}

/// Named flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagsType {
    /// Their name in WIT.
    pub name: String,
    /// Their doc comment.
    pub docs: Option<String>,
    /// The flags in the declared order, each with its doc comment.
    pub flags: IndexMap<String, Option<String>>,
}

/// The two sides of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultType {
    /// What success carries, if anything.
    pub ok: Option<Type>,
    /// What failure carries, if anything.
    pub err: Option<Type>,
}

impl Type {
    /// Whether an `option` of this type needs `{"some": …}`, because `null` already means something inside.
    pub(crate) fn is_option(&self) -> bool {
        matches!(self, Type::Option(_))
    }

    /// Whether this is `u8`, whose lists travel as base64.
    pub(crate) fn is_byte(&self) -> bool {
        matches!(self, Type::U8)
    }

    /// Whether keys of this type make a map a JSON object.
    pub(crate) fn is_object_key(&self) -> bool {
        matches!(self, Type::String)
    }
}

/// Writes the type as WIT does: named types by their name, others in full.
impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("bool"),
            Type::S8 => f.write_str("s8"),
            Type::U8 => f.write_str("u8"),
            Type::S16 => f.write_str("s16"),
            Type::U16 => f.write_str("u16"),
            Type::S32 => f.write_str("s32"),
            Type::U32 => f.write_str("u32"),
            Type::S64 => f.write_str("s64"),
            Type::U64 => f.write_str("u64"),
            Type::F32 => f.write_str("f32"),
            Type::F64 => f.write_str("f64"),
            Type::Char => f.write_str("char"),
            Type::String => f.write_str("string"),
            Type::List(element) => write!(f, "list<{element}>"),
            Type::FixedList(element, length) => write!(f, "list<{element}, {length}>"),
            Type::Map(key, value) => write!(f, "map<{key}, {value}>"),
            Type::Record(record) => f.write_str(&record.name),
            Type::Tuple(types) => write_tuple(f, types),
            Type::Variant(variant) => f.write_str(&variant.name),
            Type::Enum(cases) => f.write_str(&cases.name),
            Type::Flags(flags) => f.write_str(&flags.name),
            Type::Option(inner) => write!(f, "option<{inner}>"),
            Type::Result(result) => write_result(f, result),
        }
    }
}

fn write_tuple(f: &mut Formatter<'_>, types: &[Type]) -> fmt::Result {
    f.write_str("tuple<")?;
    for (i, ty) in types.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        write!(f, "{ty}")?;
    }
    f.write_str(">")
}

fn write_result(f: &mut Formatter<'_>, result: &ResultType) -> fmt::Result {
    match (&result.ok, &result.err) {
        (None, None) => f.write_str("result"),
        (Some(ok), None) => write!(f, "result<{ok}>"),
        (None, Some(err)) => write!(f, "result<_, {err}>"),
        (Some(ok), Some(err)) => write!(f, "result<{ok}, {err}>"),
    }
}
