//! `writ.toml`, through the binary that reads it: whatever it says, `writ check` ends with a documented code and a sentence.

use std::fs;

use writ_fuzz::Mutator;
use writ_tests::App;

const ROUNDS: usize = 60;
const WORDS: &[&str] = &[
    "[plugins.a]\n",
    "source = ",
    "component = ",
    "folders = { ",
    "[plugins.a.limits]\n",
    "cpu_ms_max = ",
    "[config]\n",
    "[host]\n",
    "calls_at_once = ",
    "[secrets.a]\n",
    "file = ",
    "env = ",
    "fd = ",
    "[network]\n",
    "nameservers = [",
    "ca_files = [",
    "[trust]\n",
    "root = ",
    "strict = true\n",
    "wall = ",
    "\"required\"",
];

#[test]
fn writ_toml() {
    let app = App::doing("  - a: { set: { x: 1 } }\n");
    let seeds = [
        b"[plugins.a]\ncomponent = \"a.wasm\"\nfolders = { \"/in\" = \"data\" }\n[plugins.a.limits]\ncpu_ms_max = 5\n".to_vec(),
        b"[config]\nkey = \"value\"\n[host]\ncalls_at_once = 2\n".to_vec(),
        b"[secrets.a]\nfile = \"secret\"\n[network]\nnameservers = [\"127.0.0.1:53\"]\n[host]\nstrict = true\n".to_vec(),
    ];
    let mut mutator = Mutator::new(1, &seeds, WORDS, 4_000);
    for round in 0..ROUNDS {
        let text = mutator.input();
        fs::write(app.path().join("writ.toml"), &text).expect("files can be written");
        let said = app.writ(&["check", "."]);
        let shown = String::from_utf8_lossy(&text);
        assert!(
            (0..=4).contains(&said.code),
            "round {round}, code {}: {shown}\n{}",
            said.code,
            said.err
        );
        let steers = said.err.contains(['\u{7}', '\u{1b}', '\u{202e}', '\0']);
        assert!(
            !steers && !said.err.contains("panicked") && said.err.len() < 20_000,
            "{shown}\n{}",
            said.err
        );
    }
}
