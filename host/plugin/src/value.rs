//! A typed value, as a component takes and returns it. Knows neither JSON nor an engine.

/// A value of a [`Type`](crate::Type). Mirrors the dynamic values of component engines case for case, so that converting
/// moves strings and vectors and copies nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `bool`
    Bool(bool),
    /// `s8`
    S8(i8),
    /// `u8`
    U8(u8),
    /// `s16`
    S16(i16),
    /// `u16`
    U16(u16),
    /// `s32`
    S32(i32),
    /// `u32`
    U32(u32),
    /// `s64`
    S64(i64),
    /// `u64`
    U64(u64),
    /// `f32`
    F32(f32),
    /// `f64`
    F64(f64),
    /// `char`
    Char(char),
    /// `string`
    String(String),
    /// `list<T>`
    List(Vec<Value>),
    /// `list<T, N>`
    FixedList(Vec<Value>),
    /// `map<K, V>`
    Map(Vec<(Value, Value)>),
    /// `record`, fields in the declared order
    Record(Vec<(String, Value)>),
    /// `tuple`
    Tuple(Vec<Value>),
    /// `variant`: the case and its payload
    Variant(String, Option<Box<Value>>),
    /// `enum`: the case
    Enum(String),
    /// `option<T>`
    Option(Option<Box<Value>>),
    /// `result<T, E>`
    Result(Result<Option<Box<Value>>, Option<Box<Value>>>),
    /// `flags`: those that are set, in the declared order
    Flags(Vec<String>),
}

impl Value {
    /// Whether two values are the same to a caller: like `==`, but every NaN equals every other and 0.0 differs from -0.0.
    #[must_use]
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::F32(a), Value::F32(b)) => {
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
            }
            (Value::F64(a), Value::F64(b)) => {
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
            }
            (Value::List(a), Value::List(b))
            | (Value::FixedList(a), Value::FixedList(b))
            | (Value::Tuple(a), Value::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b)
                        .all(|(a, b)| a.0.same(&b.0) && a.1.same(&b.1))
            }
            (Value::Record(a), Value::Record(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && a.1.same(&b.1))
            }
            (Value::Variant(a, x), Value::Variant(b, y)) => a == b && same_payload(x, y),
            (Value::Option(a), Value::Option(b))
            | (Value::Result(Ok(a)), Value::Result(Ok(b)))
            | (Value::Result(Err(a)), Value::Result(Err(b))) => same_payload(a, b),
            (a, b) => a == b,
        }
    }
}

fn same_payload(a: &Option<Box<Value>>, b: &Option<Box<Value>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.same(b),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
