//! What the tests share: components from text, authorities, a port that remembers.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value as Json;
use writ_grant::{Authority, Capability, Denied, Digest, Grant, Request, Writ};
use writ_plugin::Plugin;

use crate::port::{
    Durable, FileNote, HostCall, KvAnswer, KvError, KvOperation, Port, PortError, Recalled,
    ToolRecord,
};
use crate::state::{Parts, State};
use crate::tools::{Chain, Lent, NoTools};
use crate::{
    Call, Component, Config, Limits, LoadError, Outcome, ResolvedFolders, Sandbox, Settings,
};

/// What a port heard, and what it has to say.
#[derive(Default)]
pub(super) struct Story {
    pub(super) record: VecDeque<(HostCall, Json)>,
    pub(super) intended: Vec<HostCall>,
    pub(super) recorded: Vec<(HostCall, Json, String)>,
    pub(super) denied: Vec<Denied>,
    /// Tool calls that are answered from the record.
    pub(super) tools: VecDeque<(HostCall, Json)>,
    pub(super) called: Vec<(Vec<String>, HostCall, String)>,
    pub(super) returned: Vec<Option<Json>>,
    pub(super) files: Vec<FileNote>,
    pub(super) lines: Vec<(String, String)>,
    pub(super) number: u64,
    /// What the port says that it could not record.
    pub(super) lost: Option<PortError>,
}

/// A port whose story can be read after the call.
#[derive(Clone, Default)]
pub(super) struct TestPort(pub(super) Arc<Mutex<Story>>);

impl TestPort {
    /// A port that answers from what another heard.
    pub(super) fn replaying(other: &TestPort) -> Self {
        let record = other
            .0
            .lock()
            .recorded
            .iter()
            .map(|(call, answer, _)| (call.clone(), answer.clone()))
            .collect();
        Self(Arc::new(Mutex::new(Story {
            record,
            ..Story::default()
        })))
    }
}

impl Port for TestPort {
    fn expected(&self) -> Option<HostCall> {
        let story = self.0.lock();
        story.record.front().map(|(call, _)| call.clone())
    }

    fn recall(&mut self, call: &HostCall) -> Option<Recalled> {
        let (expected, answer) = self.0.lock().record.pop_front()?;
        Some(if expected == *call {
            Recalled::Answer(answer)
        } else {
            Recalled::Diverged { expected }
        })
    }

    fn intended(&mut self, call: &HostCall) -> Durable<'_> {
        self.0.lock().intended.push(call.clone());
        Box::pin(async { Ok(()) })
    }

    fn answered(&mut self, call: HostCall, answer: Json, grant: &Capability) -> Durable<'_> {
        self.record(call, answer, grant);
        Box::pin(async { Ok(()) })
    }

    fn record(&mut self, call: HostCall, answer: Json, grant: &Capability) {
        self.0
            .lock()
            .recorded
            .push((call, answer, grant.to_string()));
    }

    fn keyvalue(
        &mut self,
        operation: KvOperation,
        grant: &Capability,
    ) -> Result<KvAnswer, KvError> {
        let mut story = self.0.lock();
        let answer = match &operation {
            KvOperation::Increment { delta, .. } => {
                story.number += delta;
                Ok(KvAnswer::Number(story.number))
            }
            KvOperation::Get { .. } => Ok(KvAnswer::Value(None)),
            KvOperation::Exists { .. } => Ok(KvAnswer::Exists(false)),
            KvOperation::ListKeys { .. } => Err(KvError::Other("no listing here".into())),
            KvOperation::GetMany { keys, .. } => Ok(KvAnswer::Values(vec![None; keys.len()])),
            KvOperation::Set { .. }
            | KvOperation::Delete { .. }
            | KvOperation::SetMany { .. }
            | KvOperation::DeleteMany { .. } => Ok(KvAnswer::Done),
        };
        story.recorded.push((
            operation.host_call(),
            crate::kv_answer_to_json(&answer),
            grant.to_string(),
        ));
        answer
    }

    fn tool_called(&mut self, call: &HostCall, chain: &[String], grant: &Capability) -> ToolRecord {
        let mut story = self.0.lock();
        if let Some((recorded, answer)) = story.tools.pop_front() {
            return if recorded == *call {
                ToolRecord::Answer(answer)
            } else {
                ToolRecord::Diverged { expected: recorded }
            };
        }
        story
            .called
            .push((chain.to_vec(), call.clone(), grant.to_string()));
        ToolRecord::New
    }

    fn tool_returned(&mut self, answer: Option<Json>) {
        self.0.lock().returned.push(answer);
    }

    fn lost(&self) -> Option<PortError> {
        self.0.lock().lost.clone()
    }

    fn recorded_bytes(&self) -> u64 {
        0
    }

    fn denied(&mut self, denied: &Denied) {
        self.0.lock().denied.push(denied.clone());
    }

    fn opened(&mut self, file: FileNote) {
        self.0.lock().files.push(file);
    }

    fn log(&mut self, stream: &str, text: &str) {
        self.0
            .lock()
            .lines
            .push((stream.to_owned(), text.to_owned()));
    }
}

/// An authority with exactly these capabilities, requested and granted.
pub(super) fn authority(capabilities: &[&str]) -> Authority {
    let capabilities: Vec<Capability> = capabilities
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    let digest = Digest::from_bytes([7; 32]);
    let request = |capability: &Capability| Request {
        capability: capability.clone(),
        reason: "a test".into(),
        optional: false,
    };
    let grant = |capability: &Capability| Grant {
        folder: capability.takes_folder().then(|| "folder".to_owned()),
        ..Grant::of(capability.clone())
    };
    let writ = Writ {
        plugin: "test".into(),
        version: "0.1.0".into(),
        digest,
        grants: capabilities.iter().map(grant).collect(),
        approved_ms: None,
        expires_ms: None,
        revoked: false,
    };
    let requests: Vec<Request> = capabilities.iter().map(request).collect();
    Authority::effective("test", &digest, &requests, Some(&writ), 0).unwrap()
}

pub(super) fn sandbox() -> Sandbox {
    Sandbox::new(Config {
        concurrency: 4,
        ..Config::default()
    })
    .unwrap()
}

pub(super) fn try_load(sandbox: &Sandbox, text: &str) -> Result<Component, LoadError> {
    let bytes = wat::parse_str(text).unwrap();
    let plugin = Plugin::read(&bytes, "test").unwrap();
    sandbox.load(&bytes, Arc::new(plugin))
}

pub(super) fn load(text: &str) -> Component {
    try_load(&sandbox(), text).unwrap()
}

pub(super) fn call(function: &str, arguments: Json, port: &TestPort) -> Call {
    Call {
        function: function.into(),
        arguments,
        authority: Authority::none("test"),
        folders: ResolvedFolders::new(),
        limits: Limits::default(),
        clock_ms: 1_000,
        seed: 7,
        idempotency_key: None,
        idempotent: false,
        web: None,
        settings: Arc::new(Settings::default()),
        tools: Arc::new(NoTools),
        port: Box::new(port.clone()),
    }
}

/// Calls a function without arguments under no authority.
pub(super) async fn run(component: &Component, function: &str, limits: Limits) -> Outcome {
    let call = call(function, serde_json::json!({}), &TestPort::default());
    component.call(Call { limits, ..call }).await
}

/// A state as host functions see it, without any guest.
pub(super) fn state(capabilities: &[&str], port: &TestPort) -> State {
    let settings = Settings {
        config: [("region".to_owned(), "north".to_owned())].into(),
        env: [("TONE".to_owned(), "dry".to_owned())].into(),
    };
    let parts = Parts {
        authority: authority(capabilities),
        settings: Arc::new(settings),
        idempotency_key: Some("key-1".into()),
        idempotent: false,
        web: None,
        port: Lent::own(Box::new(port.clone())),
        mounts: Vec::new(),
        tools: Arc::new(NoTools),
        chain: Chain::start("test", "run"),
        clock_ms: 1_000,
        seed: 7,
    };
    State::new(parts, Limits::default())
}

/// A component around a core module that exports `memory` and functions without parameters or results.
pub(super) fn around(core: &str, functions: &[&str]) -> String {
    let lift =
        |name: &&str| format!(r#"(func (export "{name}") (canon lift (core func $i "{name}")))"#);
    let lifts: String = functions.iter().map(lift).collect();
    format!("(component (core module $m {core}) (core instance $i (instantiate $m)) {lifts})")
}
