//! Components that no compiler would make, and files that are none.

use serde_json::json;
use writ_tests::App;

use super::cases::{Cases, call, document};

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
