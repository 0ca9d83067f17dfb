//! Many calls in one run: each in a `try` of its own, what each came to under its name, and a well-behaved call after all of
//! them. Knows nothing of what the calls attempt.

use serde_json::{Map, Value as Json, json};
use writ_tests::{App, Said};

/// Types of problems.
pub(super) const LIMIT: &str = "urn:writ:error:limit";
pub(super) const TRAP: &str = "urn:writ:error:trap";
pub(super) const GUEST: &str = "urn:writ:error:guest";
pub(super) const AUTHORIZATION: &str =
    "https://serverlessworkflow.io/spec/1.0.0/errors/authorization";
pub(super) const CONFIGURATION: &str =
    "https://serverlessworkflow.io/spec/1.0.0/errors/configuration";
pub(super) const EXPRESSION: &str = "https://serverlessworkflow.io/spec/1.0.0/errors/expression";
pub(super) const TIMEOUT: &str = "https://serverlessworkflow.io/spec/1.0.0/errors/timeout";

/// A well-behaved plugin, called after the others.
const GOOD: &str = "double";
const AFTERWARDS: &str = "afterwards";

/// A workflow document with these tasks, as the JSON that YAML includes.
pub(super) fn document(tasks: &[Json], more: &[(&str, Json)]) -> String {
    let mut document = json!({
        "document": { "dsl": "1.0.3", "namespace": "tests", "name": "hostile", "version": "0.1.0" },
        "do": tasks,
    });
    for (key, value) in more {
        document[key] = value.clone();
    }
    document.to_string()
}

/// A task that calls a plugin.
pub(super) fn call(plugin: &str, function: &str, arguments: &Json) -> Json {
    json!({ "call": format!("{function}:0.1.0@{plugin}"), "with": arguments })
}

/// Calls to be made one after the other.
#[derive(Default)]
pub(super) struct Cases {
    tasks: Vec<Json>,
}

impl Cases {
    /// Adds a call.
    #[must_use]
    pub(super) fn call(self, name: &str, plugin: &str, function: &str, arguments: Json) -> Self {
        self.task(name, call(plugin, function, &arguments))
    }

    /// Adds any task.
    #[must_use]
    pub(super) fn task(mut self, name: &str, mut task: Json) -> Self {
        task["output"] = json!({ "as": "${ { ok: . } }" });
        let tried = format!("{name}-tried");
        let caught = format!("{name}-caught");
        let mut of_name = Map::new();
        of_name.insert(
            name.to_owned(),
            json!({
                "try": [{ tried: task }],
                "catch": { "do": [{ caught: { "set": { "error": "${ $error }" } } }] },
                "export": { "as": format!("${{ $context + {{ \"{name}\": . }} }}") },
            }),
        );
        self.tasks.push(Json::Object(of_name));
        self
    }

    /// Approves what the app's plugins ask for and makes the calls; then the well-behaved one, which has to succeed.
    pub(super) fn run(self, app: &App) -> Outcomes {
        self.write(app);
        app.approve();
        Self::started(app)
    }

    /// Writes the workflow, with the well-behaved call at its end.
    pub(super) fn write(self, app: &App) {
        app.plugin(GOOD, "");
        let all = self.call(AFTERWARDS, GOOD, "double", json!({ "n": 21 }));
        app.write(
            "workflow.yaml",
            &document(&all.tasks, &[("output", json!({ "as": "${ $context }" }))]),
        );
    }

    /// Runs the app under the grants that are there.
    pub(super) fn started(app: &App) -> Outcomes {
        Self::told(app, app.run())
    }

    /// What came of the calls, by what the run said.
    pub(super) fn told(app: &App, said: Said) -> Outcomes {
        let said = said.expect(0).json();
        let run = said["run"].as_str().expect("a run has an id").to_owned();
        let outcomes = Outcomes {
            of: said["output"].clone(),
            events: app.events(&run),
        };
        assert_eq!(*outcomes.ok(AFTERWARDS), json!(42));
        outcomes
    }
}

/// What the calls came to.
pub(super) struct Outcomes {
    of: Json,
    events: Vec<Json>,
}

impl Outcomes {
    /// The answer of a call that succeeded.
    #[track_caller]
    pub(super) fn ok(&self, name: &str) -> &Json {
        self.of[name]
            .get("ok")
            .unwrap_or_else(|| panic!("{name}: {}", self.of[name]))
    }

    /// The problem of a call that faulted. The same one is recorded as the fault of its task.
    #[track_caller]
    pub(super) fn error(&self, name: &str, kind: &str) -> &Json {
        let error = self.of[name]
            .get("error")
            .unwrap_or_else(|| panic!("{name}: {}", self.of[name]));
        assert_eq!(error["type"], kind, "{name}: {error}");
        let end = format!("/{name}-tried");
        let recorded = self.told("task.faulted").find(|event| {
            event["reference"]
                .as_str()
                .is_some_and(|of| of.ends_with(&end))
        });
        assert_eq!(
            recorded.expect("a fault is recorded")["error"]["type"],
            kind,
            "{name}"
        );
        error
    }

    /// The call ended at a limit of this height, and says where to raise it.
    #[track_caller]
    pub(super) fn limit(&self, name: &str, plugin: &str, limit: &str, allowed: u64) {
        let error = self.error(name, LIMIT);
        assert_eq!(
            (&error["limit"], &error["allowed"]),
            (&json!(limit), &json!(allowed)),
            "{name}: {error}"
        );
        let remedy = error["remedy"].as_str().unwrap_or_default();
        assert!(
            remedy.contains(limit) && remedy.contains(&format!("[plugins.{plugin}.limits]")),
            "{name}: {remedy}"
        );
        assert_eq!(error["plugin"], plugin, "{name}");
    }

    /// The call ended in a trap; what it said of it.
    #[track_caller]
    pub(super) fn trap(&self, name: &str) -> String {
        self.error(name, TRAP)["detail"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The function answered with this error.
    #[track_caller]
    pub(super) fn refused(&self, name: &str, payload: &str) {
        assert_eq!(self.error(name, GUEST)["payload"], payload, "{name}");
    }

    /// Where in the record a task, by the end of its reference, came to an event of this type.
    #[track_caller]
    pub(super) fn place(&self, kind: &str, end: &str) -> usize {
        let is_it = |event: &Json| {
            let of = event["event"]["reference"].as_str().unwrap_or_default();
            event["event"]["type"] == kind && of.ends_with(end)
        };
        let place = self.events.iter().position(is_it);
        place.unwrap_or_else(|| panic!("no {kind} of {end} in {:?}", self.events))
    }

    /// Events of one type, oldest first.
    pub(super) fn told(&self, kind: &str) -> impl Iterator<Item = &Json> {
        self.events
            .iter()
            .map(|event| &event["event"])
            .filter(move |event| event["type"] == kind)
    }

    /// A denial of this capability is recorded, with the plugin and a remedy that says this.
    #[track_caller]
    pub(super) fn denied(&self, plugin: &str, capability: &str, remedy: &str) {
        let found = self.told("host.denied").any(|event| {
            event["plugin"] == plugin
                && event["capability"] == capability
                && event["remedy"]
                    .as_str()
                    .is_some_and(|said| said.contains(remedy))
        });
        let all: Vec<_> = self.told("host.denied").collect();
        assert!(
            found,
            "no denial of {capability} to {plugin} with {remedy:?} in {all:?}"
        );
    }
}
