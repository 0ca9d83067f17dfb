//! Kernels that have less than this one, by a filter that answers for the missing part; and what `doctor` says.

use std::{
    collections::BTreeMap,
    env,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use serde_json::json;
use writ_tests::{App, Said, writ};

/// Set in the process that becomes `writ`: what it shall lack, and where it shall start.
const LACKING: &str = "WRIT_TESTS_LACKING";
const ARGUMENTS: &str = "WRIT_TESTS_ARGUMENTS";

/// Runs `writ` where the kernel lacks something.
#[expect(clippy::disallowed_methods, reason = "a test starts programs")]
fn on_a_kernel_without(what: &str, folder: &Path, arguments: &[&str]) -> Said {
    // This program again, as the one test below: it filters itself and becomes `writ`.
    let program = env::current_exe().expect("a test knows its own path");
    let output = Command::new(program)
        .args([
            "--exact",
            "wall::kernels::becomes_writ_when_told",
            "--nocapture",
        ])
        .env_remove("WRIT_LOG")
        .current_dir(folder)
        .env(LACKING, what)
        .env(ARGUMENTS, arguments.join("\n"))
        .env("WRIT_BINARY", writ())
        .stdin(Stdio::null())
        .output()
        .expect("a test can be started");
    Said::of(output)
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test that is told by variables which process to become"
)]
fn becomes_writ_when_told() {
    let Ok(lacking) = env::var(LACKING) else {
        return;
    };
    let calls: &[libc::c_long] = match lacking.as_str() {
        "landlock" => &[
            libc::SYS_landlock_create_ruleset,
            libc::SYS_landlock_add_rule,
            libc::SYS_landlock_restrict_self,
        ],
        "seccomp" => &[libc::SYS_seccomp],
        other => panic!("nothing is known of {other}"),
    };
    let rules: BTreeMap<_, _> = calls.iter().map(|call| (*call, Vec::new())).collect();
    let missing = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let architecture = TargetArch::try_from(env::consts::ARCH).expect("it is known");
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, missing, architecture)
        .and_then(BpfProgram::try_from)
        .expect("the filter is sound");
    seccompiler::apply_filter(&filter).expect("this kernel filters");
    let arguments = env::var(ARGUMENTS).expect("it is set with the other");
    let error = Command::new(writ()).args(arguments.split('\n')).exec();
    panic!("writ can't be started: {error}");
}

/// An app that evaluates, so that a component runs.
fn app(wall: &str) -> App {
    let app = App::doing("  - a: { set: { x: '${ [1, 2] | map(. + 1) }' } }\n");
    app.write("writ.toml", &format!("[host]\nwall = \"{wall}\"\n"));
    app
}

#[test]
fn what_a_kernel_lacks_is_done_without_unless_it_is_required() {
    for lacking in ["landlock", "seccomp"] {
        let app = app("auto");
        let said = on_a_kernel_without(lacking, app.path(), &["run", ".", "--json"]).expect(0);
        assert_eq!(said.json()["output"], json!({ "x": [2, 3] }), "{lacking}");

        app.write("writ.toml", "[host]\nwall = \"required\"\n");
        let said = on_a_kernel_without(lacking, app.path(), &["run", "."]).expect(4);
        for part in ["the second wall does not hold whole", "writ doctor", "auto"] {
            assert!(said.err.contains(part), "{lacking}: {}", said.err);
        }
        let said = on_a_kernel_without(lacking, app.path(), &["doctor", "--json"]).expect(5);
        let wall = said.json()["wall"].take();
        assert_eq!(
            (&wall["whole"], &wall["mode"]),
            (&json!(false), &json!("required"))
        );
    }
    // Nothing was run by those that were refused.
    let app = app("required");
    let _ = on_a_kernel_without("landlock", app.path(), &["run", "."]).expect(4);
    assert_eq!(
        app.writ(&["runs", "list", "--json"]).expect(0).json(),
        json!([])
    );
}

#[test]
fn this_kernel_holds_all_of_it() {
    let app = app("required");
    let _ = app.run().expect(0);
    let doctor = app.writ(&["doctor", "--json"]).expect(0).json();
    assert_eq!(doctor["wall"]["whole"], true, "{doctor}");
    assert!(
        doctor["wall"]["landlock_abi"].as_u64() >= Some(6),
        "{doctor}"
    );
    let said = app.writ(&["doctor"]).expect(0);
    assert!(said.out.contains("second wall"), "{}", said.out);
    assert!(said.out.contains("as required"), "{}", said.out);
}

#[test]
fn an_unknown_wall_is_an_error() {
    let app = app("high");
    let said = app.writ(&["run", "."]).expect(2);
    for part in ["writ.toml:2", "unknown variant `high`", "required"] {
        assert!(said.err.contains(part), "{}", said.err);
    }
}
