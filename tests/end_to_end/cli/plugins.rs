//! `writ plugin …`: from an empty folder to a plugin in an app, and everything that can be wrong on the way.

use std::{fs, path::Path};

use writ_tests::{App, Said, command, guest};

use super::{has, refused, writ};

/// A folder with a manifest for a component that is there already.
fn folder(app: &App, manifest: &str) {
    app.write("bad/plugin.toml", manifest);
}

fn prebuilt(component: &str, more: &str) -> String {
    format!(
        "[plugin]\nname = \"bad\"\nversion = \"0.1.0\"\ndescription = \"d\"\n\n[build]\nlanguage = \"prebuilt\"\n\
         component = \"{component}\"\n\n{more}"
    )
}

#[test]
fn a_new_plugin_goes_all_the_way() {
    let app = App::doing("  - hello: { call: 'greet:0.1.0@my-tool', with: { name: Ada } }\n");
    let built = guest("double");
    // Beside the guests: what both need is compiled once. Their dependencies are here already, so no network is asked.
    let target = built
        .ancestors()
        .nth(4)
        .expect("guests are in target/guests/TARGET/release/examples");
    let build = || {
        let mut build = command(app.path(), &["plugin", "build", "my-tool", "--json"]);
        Said::of(
            build
                .env("CARGO_TARGET_DIR", target)
                .env("CARGO_NET_OFFLINE", "true")
                .output()
                .expect("writ can be started"),
        )
    };
    has(
        &app.writ(&["plugin", "new", "my-tool"]).expect(0).out,
        &["writ plugin build my-tool"],
    );
    refused(
        app.writ(&["plugin", "new", "my-tool"]),
        2,
        &["exists already"],
        &["help: "],
    );
    let first = build().expect(0).json();
    assert_eq!(
        (&first["plugin"], &first["fresh"]),
        (&"my-tool".into(), &true.into())
    );
    let second = build().expect(0).json();
    assert_eq!(second["fresh"], false, "nothing changed since");
    assert_eq!(second["digest"], first["digest"]);

    let component = "my-tool/target/my-tool.wasm";
    has(
        &app.writ(&["plugin", "inspect", component]).expect(0).out,
        &[
            "my-tool 0.1.0",
            "greet: func(name: string) -> result<string, string>",
            "Greets somebody by name. An empty name is an error.",
            "nothing: whatever is granted, it can only compute",
            "replay: exact: nothing is requested",
        ],
    );
    let inspected = app
        .writ(&["plugin", "inspect", component, "--json"])
        .expect(0)
        .json();
    assert_eq!(inspected["functions"][0]["input"]["required"][0], "name");
    assert_eq!(
        app.writ(&["plugin", "add", component, "--json"])
            .expect(0)
            .json()["functions"][0],
        "greet"
    );
    assert_eq!(
        app.writ(&["plugin", "list", "--json"]).expect(0).json()[0]["digest"],
        first["digest"]
    );
    assert_eq!(app.run().expect(0).json()["output"], "Hello, Ada!");

    app.write("my-tool/src/lib.rs", "fn broken(");
    let said = build().expect(2);
    has(
        said.json()["error"].as_str().expect("errors are text"),
        &["my-tool did not build", "src/lib.rs"],
    );
    assert_eq!(
        app.writ(&["plugin", "remove", "my-tool", "--json"])
            .expect(0)
            .json()["removed"],
        "my-tool"
    );
    refused(
        app.writ(&["plugin", "remove", "my-tool"]),
        2,
        &["there is no plugin `my-tool` here"],
        &["writ plugin list"],
    );
    assert!(!app.path().join("plugins/my-tool.wasm").exists());
    assert!(
        !fs::read_to_string(app.path().join("writ.toml"))
            .expect("writ.toml is there")
            .contains("my-tool")
    );
}

#[test]
fn names_that_cannot_be() {
    let app = App::new("");
    for name in ["Bad_Name", "2fast", "writ", "default"] {
        refused(
            app.writ(&["plugin", "new", name]),
            2,
            &["can't be a plugin's name", name],
            &["small letters"],
        );
        assert!(!app.path().join(name).exists());
    }
}

#[test]
fn files_that_are_no_components() {
    let app = App::new("");
    let whole = fs::read(guest("double")).expect("guests can be read");
    let cases: [(&str, &[u8], &str); 4] = [
        ("empty.wasm", b"", "the file is empty"),
        ("garbage.wasm", b"garbage", "this is not WebAssembly"),
        ("core.wasm", b"\0asm\x01\0\0\0", "a core WebAssembly module"),
        (
            "short.wasm",
            &whole[..whole.len() / 2],
            "damaged or cut short",
        ),
    ];
    for (file, bytes, message) in cases {
        fs::write(app.path().join(file), bytes).expect("files can be written");
        for verb in ["inspect", "add"] {
            let said = app.writ(&["plugin", verb, file, "--json"]).expect(2);
            has(&said.err, &[file, message]);
            assert_eq!(said.json()["code"], 2);
        }
    }
    refused(
        app.writ(&["plugin", "inspect", "none.wasm"]),
        2,
        &["cannot read none.wasm"],
        &["look at the path"],
    );
    assert!(!app.path().join("plugins").exists(), "nothing was added");
}

#[test]
fn another_digest_of_the_same_name_is_a_clash() {
    let app = App::new("");
    fs::copy(guest("double"), app.path().join("tool.wasm")).expect("guests can be copied");
    fs::create_dir(app.path().join("other")).expect("folders can be made");
    fs::copy(guest("echo"), app.path().join("other/tool.wasm")).expect("guests can be copied");
    let _ = app.writ(&["plugin", "add", "tool.wasm"]).expect(0);
    let _ = app.writ(&["plugin", "add", "tool.wasm"]).expect(0);
    refused(
        app.writ(&["plugin", "add", "other/tool.wasm"]),
        2,
        &["`tool`", "another digest"],
        &["writ plugin remove tool"],
    );
    let _ = app.writ(&["plugin", "remove", "tool"]).expect(0);
    let _ = app.writ(&["plugin", "add", "other/tool.wasm"]).expect(0);
}

#[test]
fn manifests_say_where_they_are_wrong() {
    let app = App::new("");
    let request = |capability: &str| {
        prebuilt(
            "guest.wasm",
            &format!("[[request]]\ncapability = \"{capability}\"\nreason = \"r\"\n"),
        )
    };
    let cases = [
        ("[plugin".to_owned(), "plugin.toml:1:8: not valid TOML"),
        (
            "[plugin]\nnam = \"x\"\n".to_owned(),
            "plugin.toml:2:1: unknown key `nam` in plugin; did you mean `name`?",
        ),
        (
            prebuilt("guest.wasm", "").replace("prebuilt", "cobol"),
            "plugin.toml:7:12: `language` can't be \"cobol\"",
        ),
        (
            request("fs:raed:/x"),
            "plugin.toml:11:14: unknown capability \"fs:raed:/x\"; did you mean `fs:read:/path`?",
        ),
        (
            prebuilt("guest.wasm", "[[request]]\ncapability = \"fs:read:/x\"\n"),
            "[request] has no `reason`",
        ),
        (
            prebuilt("guest.wasm", "[limits]\ncpu = 5\n"),
            "unknown key `cpu` in limits",
        ),
        (
            prebuilt("../guest.wasm", ""),
            "below the manifest's own folder",
        ),
        (prebuilt("none.wasm", ""), "cannot read"),
    ];
    for (manifest, message) in cases {
        folder(&app, &manifest);
        let said = app.writ(&["plugin", "build", "bad"]).expect(2);
        has(&said.err, &[message]);
    }
    folder(
        &app,
        &prebuilt("guest.wasm", "[functions.duoble]\neffects = \"once\"\n"),
    );
    fs::copy(guest("double"), app.path().join("bad/guest.wasm")).expect("guests can be copied");
    has(
        &app.writ(&["plugin", "build", "bad"]).expect(2).err,
        &["duoble", "double"],
    );
    refused(
        app.writ(&["plugin", "build", "nowhere"]),
        2,
        &["plugin.toml is missing"],
        &["writ plugin new FOLDER"],
    );
}

#[test]
fn an_app_folder_that_is_wrong_says_where() {
    let app = App::doing("  - one: { set: { a: 1 } }\n");
    let cases = [
        ("x = 1\n", "writ.toml:1:1: unknown field `x`"),
        ("\n[plugins.files\n", "writ.toml:2:15: unclosed table"),
        ("[plugins.a]\n", "needs exactly one of `source`"),
        ("[plugins.a]\nsource = \"src\"\n", "[plugins.a] of "),
        ("[plugins.a]\ncomponent = \"a.wasm\"\n", "[plugins.a] of "),
        (
            "[plugins.a]\ncomponent = \"a.wasm\"\nlimits = { cpu_ms_max = 0 }\n",
            "a limit of plugin `a` is 0 ms",
        ),
        (
            "[host]\ncalls_at_once = 0\n",
            "`calls_at_once` under [host] is 0",
        ),
    ];
    for (text, message) in cases {
        app.write("writ.toml", text);
        for verb in ["check", "run"] {
            has(
                &app.writ(&[verb, ".", "--json"]).expect(2).json()["error"].to_string(),
                &[message],
            );
        }
    }
    fs::remove_file(app.path().join("writ.toml")).expect("files can be removed");
    refused(
        app.writ(&["check", "."]),
        2,
        &["writ.toml is missing"],
        &["make a `writ.toml`"],
    );
    app.write("writ.toml", "");
    fs::remove_file(app.path().join("workflow.yaml")).expect("files can be removed");
    refused(
        app.writ(&["run", "."]),
        2,
        &["workflow.yaml"],
        &["holds its workflow as `workflow.yaml`"],
    );
    refused(
        writ(app.path(), &["run", "nowhere"]),
        2,
        &["nowhere"],
        &["look at the path"],
    );
}

#[test]
fn plugins_live_in_a_data_folder_too() {
    let app = App::new("");
    let double = guest("double");
    let file = double.to_str().expect("paths are text");
    let _ = app
        .writ(&["plugin", "add", file, "--data", "store"])
        .expect(0);
    assert_eq!(
        app.writ(&["plugin", "list", "--data", "store", "--json"])
            .expect(0)
            .json()[0]["plugin"],
        "double"
    );
    assert_eq!(
        app.writ(&["plugin", "list", "--json"]).expect(0).json(),
        serde_json::json!([]),
        "the app has none"
    );
    assert!(Path::new(&app.path().join("store/plugins/double.wasm")).exists());
    // A name is a name, and no path.
    refused(
        app.writ(&[
            "plugin",
            "remove",
            "../store/plugins/double",
            "--data",
            "store",
        ]),
        2,
        &["there is no plugin"],
        &["help"],
    );
    let _ = app
        .writ(&["plugin", "remove", "double", "--data", "store"])
        .expect(0);
}
