//! Components that no compiler would make, and files that are none.

use serde_json::json;
use writ_tests::App;

use super::{
    cases::{Cases, call, document},
    denied::request,
};

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("WebAssembly text")
}

#[test]
fn tables_and_instances_without_end_are_ended() {
    let table = component(
        r#"(component
          (core module $m (table $t 0 funcref)
            (func (export "f") (loop (drop (table.grow $t (ref.null func) (i32.const 1000))) (br 0))))
          (core instance $i (instantiate $m))
          (func (export "f") (canon lift (core func $i "f"))))"#,
    );
    let large = component(
        r#"(component
          (core module $m (table 300000 funcref) (func (export "f")))
          (core instance $i (instantiate $m))
          (func (export "f") (canon lift (core func $i "f"))))"#,
    );
    let many = component(&format!(
        r#"(component
          (core module $m (func (export "f"))) (core instance $i (instantiate $m)) {}
          (func (export "f") (canon lift (core func $i "f"))))"#,
        "(core instance (instantiate $m))".repeat(900)
    ));
    let app = App::new("");
    app.component("table-growth", &table, "");
    app.config("[plugins.table-growth.limits]\ntable_elements_max = 50000\ncpu_ms_max = 500\n");
    app.component("large-table", &large, "");
    app.component("many-instances", &many, "");
    let outcomes = Cases::default()
        .call("grown", "table-growth", "f", json!({}))
        .call("large", "large-table", "f", json!({}))
        .call("many", "many-instances", "f", json!({}))
        .run(&app);
    outcomes.limit("grown", "table-growth", "table_elements_max", 50_000);
    outcomes.limit("large", "large-table", "table_elements_max", 200_000);
    outcomes.limit("many", "many-instances", "instances_max", 200);
}

#[test]
fn ten_thousand_instances_are_refused_or_ended() {
    let many = component(&format!(
        r#"(component
          (core module $m (func (export "f"))) (core instance $i (instantiate $m)) {}
          (func (export "f") (canon lift (core func $i "f"))))"#,
        "(core instance (instantiate $m))".repeat(10_000)
    ));
    let app = App::new(&document(
        &[json!({ "a": call("many", "f", &json!({})) })],
        &[],
    ));
    app.component("many", &many, "");
    let said = app.writ(&["run", "."]).expect(2);
    assert!(
        said.err.contains("many") && said.err.contains("instances"),
        "{}",
        said.err
    );
}

#[test]
fn bytes_that_are_no_component_are_refused_by_name() {
    let module = wat::parse_str("(module)").expect("WebAssembly text");
    let whole = component("(component (core module $m (func (export \"f\"))))");
    for (what, bytes) in [
        ("empty", &b""[..]),
        ("garbage", &[7; 5_000]),
        ("module", &module),
        ("truncated", &whole[..whole.len() - 3]),
        ("header", &whole[..8]),
    ] {
        let app = App::new(&document(
            &[json!({ "a": call(what, "f", &json!({})) })],
            &[],
        ));
        app.component(what, bytes, "");
        let said = app.writ(&["run", "."]);
        assert!([2, 3].contains(&said.code), "{what}: {said:?}");
        assert!(
            said.err.contains("error") && said.err.contains(what) && said.err.len() < 4_000,
            "{what}: {}",
            said.err
        );
        assert!(
            !app.path().join(".writ/log").exists(),
            "{what}: a run was accepted"
        );
    }
}

#[test]
fn a_text_of_a_gibibyte_and_a_case_that_is_none_are_traps() {
    let variant = component(
        r#"(component
          (core module $m
            (memory (export "memory") 1)
            (data (i32.const 16) "\07\00\00\00\01\00\00\00")
            (func (export "f") (result i32) (i32.const 16)))
          (core instance $i (instantiate $m))
          (func (export "f") (result (result u32 (error u32))) (canon lift (core func $i "f") (memory (core memory $i "memory")))))"#,
    );
    // Its memory has 64 KiB; what it says of the text's length is a lie that the host must not reserve room for.
    let text = component(
        r#"(component
          (import "wasi:keyvalue/store@0.2.0-draft" (instance $kv
            (export "bucket" (type $bucket (sub resource)))
            (type $error' (variant (case "no-such-store") (case "access-denied") (case "other" string)))
            (export "error" (type $error (eq $error')))
            (export "open" (func (param "identifier" string) (result (result (own $bucket) (error $error)))))))
          (core module $memory (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
          (core instance $memory (instantiate $memory))
          (core func $open (canon lower (func $kv "open") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
          (core module $m (import "host" "open" (func $open (param i32 i32 i32)))
            (func (export "f") (call $open (i32.const 0) (i32.const 0x40000000) (i32.const 64))))
          (core instance $i (instantiate $m (with "host" (instance (export "open" (func $open))))))
          (func (export "f") (canon lift (core func $i "f"))))"#,
    );
    let app = App::new("");
    app.component("variant", &variant, "");
    app.component("gibibyte", &text, &request("kv:read:n"));
    let outcomes = Cases::default()
        .call("variant", "variant", "f", json!({}))
        .call("gibibyte", "gibibyte", "f", json!({}))
        .run(&app);
    let said = outcomes.trap("variant");
    assert!(said.contains("discriminant"), "{said}");
    let said = outcomes.trap("gibibyte");
    assert!(said.contains("out of bounds"), "{said}");
}
