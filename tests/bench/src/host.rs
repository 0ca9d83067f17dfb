//! A call from a guest to the host: checked by the policy and written down, beside the same call to a host that just answers.

use std::sync::Arc;

use serde_json::json;
use wasmtime::component::{ComponentType, Lift, Linker, Lower, Val};
use writ_sandbox::Settings;

use crate::guest::{self, authority};
use crate::report::{Report, in_turn, seconds};
use crate::sandbox::{Raw, World, runtime};

const ASKS: u32 = 50_000;
const ROUNDS: u32 = 7;

pub(crate) fn measure(report: &mut Report) {
    let (runtime, bytes) = (runtime(), guest::asker());
    let raw = Raw::new(&bytes, "ask", link);
    let component = guest::load(&bytes);
    let keys: Vec<String> = (0..64).map(|n| format!("config:read:key-{n}")).collect();
    let authority = authority(
        "bench",
        &keys.iter().map(String::as_str).collect::<Vec<_>>(),
        "folder",
    );
    let settings = Arc::new(Settings {
        config: [("key-15".to_owned(), "north".to_owned())].into(),
        ..Settings::default()
    });
    let ours = |times: u32| {
        let call = guest::call("ask", json!({ "times": times }), &authority, &settings);
        assert!(
            runtime.block_on(component.call(call)).result.is_ok(),
            "it answers"
        );
    };
    let theirs = |times: u32| drop(runtime.block_on(raw.call(&[Val::U32(times)])));
    let (floor, asked) = in_turn(ROUNDS, || theirs(ASKS), || ours(ASKS));
    let (floor_empty, empty) = (seconds(ROUNDS, || theirs(0)), seconds(ROUNDS, || ours(0)));
    let ns = |seconds: f64| seconds * 1e9 / f64::from(ASKS);
    report.line("hostcall.wasmtime", ns(floor - floor_empty), "ns");
    report.line("hostcall.authorised-64-grants", ns(asked - empty), "ns");
}

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum Refused {
    #[component(name = "upstream")]
    Upstream(String),
    #[component(name = "io")]
    Io(String),
}

fn link(linker: &mut Linker<World>) {
    let mut store = linker
        .instance("wasi:config/store@0.2.0-rc.1")
        .expect("the name is free");
    let get = |_: wasmtime::StoreContextMut<'_, World>, (key,): (String,)| {
        let answer = if key.is_empty() {
            Err(Refused::Upstream(key))
        } else {
            Ok(Some("north".to_owned()))
        };
        Ok((answer,))
    };
    store.func_wrap("get", get).expect("the function links");
}
