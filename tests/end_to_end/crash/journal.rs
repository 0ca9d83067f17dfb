//! What these tests ask a journal for, through the command line.

use serde_json::Value as Json;
use writ_tests::App;

/// The only run there is.
pub(super) fn only_run(app: &App) -> String {
    let list = app.writ(&["runs", "list", "--json"]).expect(0).json();
    let runs = list.as_array().expect("runs are a list");
    assert_eq!(runs.len(), 1, "{list}");
    runs[0]["run"].as_str().expect("runs are named").to_owned()
}

/// Status, output and error of a run.
pub(super) fn shown(app: &App, run: &str) -> Json {
    app.writ(&["runs", "show", run, "--json"]).expect(0).json()
}

/// The events of one type.
pub(super) fn events_of(app: &App, run: &str, kind: &str) -> Vec<Json> {
    let events = app
        .events(run)
        .into_iter()
        .map(|record| record["event"].clone());
    events.filter(|event| event["type"] == kind).collect()
}

/// Goes on with everything, to its end.
pub(super) fn resume(app: &App) {
    let _ = app.writ(&["runs", "resume"]).expect(0);
}
