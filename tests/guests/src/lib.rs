//! What all guests share: how their bindings are made. Each guest is one file under `examples`, its world in `wit`.

pub use wit_bindgen;

/// Generates the bindings of one world of `wit`.
#[macro_export]
macro_rules! world {
    ($world:literal) => {
        $crate::wit_bindgen::generate!({
            path: ["../../wit/deps/keyvalue", "../../wit/deps/config", "../../wit/deps/agent", "wit"],
            world: $world,
            runtime_path: "writ_test_guests::wit_bindgen::rt",
            generate_all,
        });
    };
}
