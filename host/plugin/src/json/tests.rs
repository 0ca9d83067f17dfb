//! The laws of the mapping on random types and values, and its edges by example.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::generate::{types, values};
use super::*;
use crate::function::{Function, Param};
use crate::types::{Case, EnumType, Field, FlagsType, RecordType, ResultType, Type, VariantType};
use crate::value::Value;

fn typed_values() -> impl Strategy<Value = (Type, Value)> {
    types().prop_flat_map(|ty| values(&ty).prop_map(move |value| (ty.clone(), value)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing is lost from a value to JSON, to text, and all the way back.
    #[test]
    fn values_survive_json_text((ty, value) in typed_values()) {
        let written = to_json(&ty, &value);
        let text = serde_json::to_string(&written).unwrap();
        let parsed: Json = serde_json::from_str(&text).unwrap();
        let read = to_value(&ty, &parsed);
        prop_assert!(read.as_ref().is_ok_and(|read| read.same(&value)), "{ty}: {text} read as {read:?}");
        prop_assert_eq!(to_json(&ty, &read.unwrap()), written);
    }

    /// What is written fits its own schema.
    #[test]
    fn schema_accepts_what_is_written((ty, value) in typed_values()) {
        let schema = schema(&ty);
        let validator = jsonschema::validator_for(&schema).map_err(|error| TestCaseError::fail(format!("{error}: {schema}")))?;
        let written = to_json(&ty, &value);
        prop_assert!(validator.is_valid(&written), "{ty}: {written} against {schema}");
    }

    /// Whatever reads as one type and is written again still fits that type's schema; reading never panics.
    #[test]
    fn reading_a_stranger_is_an_error_or_a_value((ty, value) in typed_values(), other in types()) {
        let json = to_json(&ty, &value);
        if let Ok(read) = to_value(&other, &json) {
            let written = to_json(&other, &read);
            prop_assert!(jsonschema::validator_for(&schema(&other)).unwrap().is_valid(&written));
        }
    }
}

fn list(ty: Type) -> Type {
    Type::List(Arc::new(ty))
}

fn option(ty: Type) -> Type {
    Type::Option(Arc::new(ty))
}

fn field(name: &str, ty: Type) -> Field {
    Field {
        name: name.to_owned(),
        ty,
        docs: None,
    }
}

fn order() -> Type {
    let fields = vec![
        field("number", Type::String),
        field("total", Type::F64),
        field("note", option(Type::String)),
    ];
    Type::Record(Arc::new(RecordType {
        name: "order".to_owned(),
        docs: None,
        fields,
    }))
}

fn verdict() -> Type {
    let case = |ty| Case { ty, docs: None };
    let cases = [
        ("pay".to_owned(), case(None)),
        ("review".to_owned(), case(Some(Type::String))),
    ]
    .into_iter()
    .collect();
    Type::Variant(Arc::new(VariantType {
        name: "verdict".to_owned(),
        docs: None,
        cases,
    }))
}

fn function() -> Function {
    Function {
        name: "check".to_owned(),
        export: "check".to_owned(),
        interface: None,
        docs: Some("Checks an order.".to_owned()),
        params: vec![
            Param {
                name: "order".to_owned(),
                ty: order(),
            },
            Param {
                name: "others".to_owned(),
                ty: list(order()),
            },
            Param {
                name: "limit".to_owned(),
                ty: option(Type::U8),
            },
        ],
        result: Some(Type::Result(Arc::new(ResultType {
            ok: Some(verdict()),
            err: Some(Type::String),
        }))),
        effects: None,
    }
}

/// The pointer and the message of a value that must not fit.
fn refusal(ty: &Type, json: Json) -> (String, String) {
    let error = to_value(ty, &json).unwrap_err();
    (error.pointer, error.message)
}

#[test]
fn accepts_other_spellings() {
    assert_eq!(to_value(&Type::U8, &json!(3.0)), Ok(Value::U8(3)));
    assert_eq!(
        to_value(&Type::U64, &json!("18446744073709551615")),
        Ok(Value::U64(u64::MAX))
    );
    assert_eq!(
        to_value(&Type::S64, &json!("-9223372036854775808")),
        Ok(Value::S64(i64::MIN))
    );
    assert_eq!(to_value(&Type::F64, &json!(1)), Ok(Value::F64(1.0)));
    assert_eq!(
        to_value(&list(Type::U8), &json!([1, 2])),
        to_value(&list(Type::U8), &json!({"base64": "AQI="}))
    );
    assert_eq!(
        to_value(&verdict(), &json!({"pay": null})),
        to_value(&verdict(), &json!("pay"))
    );
    let left_out = to_value(&order(), &json!({"total": 1, "number": "A"})).unwrap();
    assert_eq!(
        to_value(
            &order(),
            &json!({"number": "A", "total": 1.0, "note": null})
        ),
        Ok(left_out)
    );
}

#[test]
fn writes_one_form() {
    let written = |ty: &Type, value| to_json(ty, &value);
    assert_eq!(written(&Type::F32, Value::F32(0.1)), json!(0.1));
    assert_eq!(
        written(&Type::F64, Value::F64(f64::NEG_INFINITY)),
        json!("-Infinity")
    );
    assert_eq!(written(&Type::U64, Value::U64(u64::MAX)), json!(u64::MAX));
    assert_eq!(
        written(&list(Type::U8), Value::List(vec![Value::U8(255)])),
        json!({"base64": "/w=="})
    );
    assert_eq!(
        written(&verdict(), Value::Variant("pay".to_owned(), None)),
        json!("pay")
    );
    let maybe = option(option(Type::Bool));
    assert_eq!(written(&maybe, Value::Option(None)), json!(null));
    assert_eq!(
        written(&maybe, Value::Option(Some(Box::new(Value::Option(None))))),
        json!({"some": null})
    );
    let result = Type::Result(Arc::new(ResultType {
        ok: None,
        err: Some(Type::U8),
    }));
    assert_eq!(
        written(&result, Value::Result(Ok(None))),
        json!({"ok": null})
    );
}

#[test]
fn numbers_out_of_range_are_refused() {
    for (ty, json) in [
        (Type::U8, json!(256)),
        (Type::U8, json!(-1)),
        (Type::S8, json!(1.5)),
        (Type::U32, json!("7")),
        (Type::U64, json!(-1)),
        (Type::U64, json!("18446744073709551616")),
        (Type::U64, json!("+1")),
        (Type::S64, json!("")),
        (Type::F32, json!(1e300)),
        (Type::F64, json!("infinity")),
        (Type::Char, json!("ab")),
        (Type::Char, json!("")),
    ] {
        assert!(to_value(&ty, &json).is_err(), "{json} is no {ty}");
    }
    assert_eq!(
        refusal(&Type::U8, json!(300)).1,
        "expected a whole number from 0 to 255, found the number 300"
    );
}

#[test]
fn errors_point_at_the_part() {
    let orders = list(order());
    let (pointer, message) = refusal(
        &orders,
        json!([{"number": "A", "total": 1}, {"number": "B", "total": "1"}]),
    );
    assert_eq!(pointer, "/1/total");
    assert_eq!(message, "expected a number (f64), found the string \"1\"");
    let (pointer, message) = refusal(&orders, json!([{"number": "A"}]));
    assert_eq!(
        (pointer.as_str(), message.as_str()),
        ("/0", "field `total` of record order is missing")
    );
    let (_, message) = refusal(&order(), json!({"number": "A", "total": 1, "noet": "x"}));
    assert_eq!(
        message,
        "record order has no field `noet`; did you mean `note`?"
    );
    let map = Type::Map(Arc::new(Type::String), Arc::new(Type::Bool));
    assert_eq!(refusal(&map, json!({"a/b~c": 1})).0, "/a~1b~0c");
    let steering = to_value(&map, &json!({"\u{7f}\u{202e}": 1})).unwrap_err();
    assert_eq!(steering.pointer, "/\u{7f}\u{202e}");
    assert!(
        steering.to_string().starts_with("at /\\u{7f}\\u{202e}: "),
        "{steering}"
    );
}

#[test]
fn variants_say_how_to_write_them() {
    assert!(
        refusal(&verdict(), json!("pya"))
            .1
            .ends_with("did you mean \"pay\"?")
    );
    assert_eq!(
        refusal(&verdict(), json!("review")).1,
        "case `review` carries a string: write {\"review\": …}"
    );
    assert_eq!(
        refusal(&verdict(), json!({"pay": 1})),
        (
            "/pay".to_owned(),
            "case `pay` carries nothing: write \"pay\"".to_owned()
        )
    );
    assert!(to_value(&verdict(), &json!({"pay": null, "review": "x"})).is_err());
}

#[test]
fn sets_and_bytes_are_checked() {
    let flags = [("read".to_owned(), None), ("write".to_owned(), None)]
        .into_iter()
        .collect();
    let flags = Type::Flags(Arc::new(FlagsType {
        name: "rights".to_owned(),
        docs: None,
        flags,
    }));
    let both = Value::Flags(vec!["read".to_owned(), "write".to_owned()]);
    assert_eq!(
        to_value(&flags, &json!(["write", "read", "write"])),
        Ok(both)
    );
    assert_eq!(refusal(&flags, json!(["read", "wriet"])).0, "/1");
    let (pointer, message) = refusal(&list(Type::U8), json!({"base64": "A"}));
    assert_eq!(pointer, "/base64");
    assert!(message.starts_with("expected padded base64"), "{message}");
    assert!(to_value(&list(Type::U8), &json!([256])).is_err());
    let cases = [("red".to_owned(), None)].into_iter().collect();
    let color = Type::Enum(Arc::new(EnumType {
        name: "color".to_owned(),
        docs: None,
        cases,
    }));
    assert!(
        refusal(&color, json!("rod"))
            .1
            .ends_with("did you mean \"red\"?")
    );
}

/// A few bytes of JSON must not become gigabytes of values.
#[test]
fn small_json_cannot_demand_huge_values() {
    let fields = (0..10_000)
        .map(|i| field(&format!("field-{i}"), option(Type::Bool)))
        .collect();
    let wide = Type::Record(Arc::new(RecordType {
        name: "wide".to_owned(),
        docs: None,
        fields,
    }));
    let many: Vec<Json> = (0..100_000).map(|_| json!({})).collect();
    let error = to_value(&list(wide), &Json::Array(many)).unwrap_err();
    assert!(error.message.contains("256 MiB"), "{error}");
}

#[test]
fn arguments_are_positional_and_complete() {
    let given = json!({"others": [], "order": {"number": "A", "total": 2}});
    let values = arguments(&function(), &given).unwrap();
    assert_eq!(values.len(), 3);
    assert_eq!(values[1..], [Value::List(vec![]), Value::Option(None)]);
}

#[test]
fn wrong_arguments_are_named() {
    let message = |given: Json| arguments(&function(), &given).unwrap_err().message;
    let order = json!({"number": "A", "total": 2});
    assert_eq!(
        message(json!({"order": order})),
        "function `check` needs argument `others`: list<order>"
    );
    assert!(message(json!({"order": order, "other": []})).ends_with("rename `other`"));
    let stray = message(json!({"order": order, "others": [], "limits": 3}));
    assert_eq!(
        stray,
        "function `check` has no argument `limits`; did you mean `limit`?"
    );
    assert!(
        message(json!([1]))
            .contains("check: func(order: order, others: list<order>, limit: option<u8>)")
    );
    assert!(message(Json::Null).contains("needs argument `order`"));
    let error = arguments(
        &function(),
        &json!({"order": order, "others": [{"number": 1, "total": 2}]}),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "at /others/0/number: expected a string, found the number 1"
    );
}

#[test]
fn templates_are_checked_around_their_holes() {
    let hole = |json: &Json| json.as_str().is_some_and(|text| text.starts_with("${"));
    let check = |given: Json| check_arguments(&function(), &given, &hole);
    assert_eq!(check(json!("${ .all }")), Ok(()));
    assert_eq!(
        check(
            json!({"order": "${ .order }", "others": [{"number": "${ . }", "total": 1}, "${ . }"]})
        ),
        Ok(())
    );
    let error =
        check(json!({"order": "${ .order }", "others": [{"number": 5, "total": "${ . }"}]}))
            .unwrap_err();
    assert_eq!(error.pointer, "/others/0/number");
    assert!(check(json!({"order": "${ .order }"})).is_err());
}

#[test]
fn functions_have_schemas() {
    let input = input_schema(&function());
    assert_eq!(input["description"], "Checks an order.");
    assert_eq!(input["required"], json!(["order", "others"]));
    assert_eq!(
        input["properties"]["others"],
        json!({"type": "array", "items": {"$ref": "#/$defs/order"}})
    );
    assert_eq!(input["$defs"].as_object().unwrap().len(), 1);
    let validator = jsonschema::validator_for(&input).unwrap();
    assert!(validator.is_valid(&json!({"order": {"number": "A", "total": 2}, "others": []})));
    assert!(!validator.is_valid(&json!({"order": {"number": "A", "total": 2}})));
    assert_eq!(output_schema(&function())["$ref"], "#/$defs/verdict");
    assert_eq!(error_schema(&function()).unwrap()["type"], "string");
    let silent = Function {
        result: None,
        ..function()
    };
    assert_eq!(output_schema(&silent)["type"], "null");
    assert_eq!(error_schema(&silent), None);
}

#[test]
fn signatures_read_like_wit() {
    let text = crate::function::wit_text(&function());
    assert_eq!(
        text,
        "check: func(order: order, others: list<order>, limit: option<u8>) -> result<verdict, string>"
    );
}
