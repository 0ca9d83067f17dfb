//! `writ:agent/tools`. A guest calls a function of another component, if a grant names it; the callee runs in a fresh instance, under
//! what both it and everybody on the chain before it may do. Each call is recorded before the callee starts and when it has
//! answered; a recorded answer is given again without running the callee. All that a callee uses up counts for its callers too.
//!
//! Refusals are the interface's own errors. Only what makes an answer impossible ends the guest: a record that doesn't fit, and a
//! limit of its own that its callee used up.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use writ_grant::{Capability, Permit, ToolCall};
use writ_plugin::{input_schema, output_schema};

use crate::bindings::writ::agent::tools as wit;
use crate::bounded::is_deeper;
use crate::call::{self, Call};
use crate::fault::{Fault, Outcome, Usage};
use crate::limits::{Limits, SHARED, TOOL_DEPTH_CEILING};
use crate::port::{HostCall, ToolRecord};
use crate::state::State;
use crate::tools::{Chain, Tool, Tools, Waiting};

/// The interface as it is recorded.
const INTERFACE: &str = "writ:agent/tools";
/// How deep arguments may be nested: they stand some levels deep in the record, and JSON readers stop at 128.
const ARGUMENTS_DEPTH_MAX: usize = 100;
/// A callee's time ends so long before its caller's, so that its end is told in order.
const MARGIN_MS: u64 = 5;

/// What a call needs to make calls of its own.
pub(crate) struct Toolbox {
    tools: std::sync::Arc<dyn Tools>,
    chain: Chain,
    clock_ms: u64,
    seed: u64,
    /// Calls that were asked for.
    calls: u64,
    /// Calls that its callees asked for.
    calls_of_callees: u64,
    /// Bytes of arguments and answers.
    bytes: u64,
}

/// Why a tool has no result, as it is recorded.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Refused {
    Unknown(String),
    InvalidArguments { place: String, what: String },
    Failed(Json),
    TooDeep(u32),
    Cycle(Vec<String>),
    Limit { name: String, allowed: u64 },
}

type Answer = Result<Json, Refused>;
/// What the guest is told.
type Told = Result<String, wit::ToolError>;

impl Toolbox {
    pub(crate) fn new(
        tools: std::sync::Arc<dyn Tools>,
        chain: Chain,
        clock_ms: u64,
        seed: u64,
    ) -> Self {
        Self {
            tools,
            chain,
            clock_ms,
            seed,
            calls: 0,
            calls_of_callees: 0,
            bytes: 0,
        }
    }

    /// Calls that it made, and that its callees made.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.saturating_add(self.calls_of_callees)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Counts calls that a callee made.
    fn charge(&mut self, usage: &Usage) {
        self.calls_of_callees = self.calls_of_callees.saturating_add(usage.tool_calls);
        self.bytes = self.bytes.saturating_add(usage.tool_bytes);
    }

    /// Counts a call; the bound that it would break, if it does.
    fn count(&mut self, arguments_bytes: usize, limits: &Limits) -> Option<Refused> {
        self.calls += 1;
        if self.calls() > limits.tool_calls_max {
            return Some(bound("tool_calls_max", limits.tool_calls_max));
        }
        self.move_bytes(arguments_bytes, limits)
    }

    /// Counts bytes in one direction.
    fn move_bytes(&mut self, bytes: usize, limits: &Limits) -> Option<Refused> {
        if bytes as u64 > limits.tool_bytes_max {
            return Some(bound("tool_bytes_max", limits.tool_bytes_max));
        }
        self.bytes = self.bytes.saturating_add(bytes as u64);
        (self.bytes > limits.tool_bytes_total_max)
            .then(|| bound("tool_bytes_total_max", limits.tool_bytes_total_max))
    }

    /// Randomness for the callee: another for each call, the same in each re-execution.
    fn seed(&self) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        hash.update(self.calls.to_le_bytes());
        let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = hash.finalize().into();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

fn bound(name: &str, allowed: u64) -> Refused {
    Refused::Limit {
        name: name.to_owned(),
        allowed,
    }
}

impl wit::Host for State {
    fn list(&mut self) -> wasmtime::Result<Vec<wit::Tool>> {
        let names = self.granted_tools()?;
        let tools = names.iter().filter_map(|name| {
            let (plugin, function) = name.split_once('/')?;
            let tool = self.toolbox.tools.find(plugin, function)?;
            let known = tool.component.plugin().function(function)?;
            Some(wit::Tool {
                plugin: plugin.to_owned(),
                function: function.to_owned(),
                description: known.docs.clone().unwrap_or_default(),
                arguments_schema: input_schema(known).to_string(),
                result_schema: output_schema(known).to_string(),
            })
        });
        Ok(tools.collect())
    }

    async fn call(&mut self, tool: String, arguments: String) -> wasmtime::Result<Told> {
        self.tool(&tool, &arguments).await
    }

    async fn call_all(&mut self, calls: Vec<wit::ToolCall>) -> wasmtime::Result<Vec<Told>> {
        let mut answers = Vec::new();
        for call in calls {
            answers.push(self.tool(&call.tool, &call.arguments).await?);
        }
        Ok(answers)
    }
}

impl State {
    /// The tools that are granted and there, by name. What else there is to say of them is in the components, which a run is pinned to.
    fn granted_tools(&mut self) -> wasmtime::Result<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        for capability in self.authority.capabilities() {
            if let Capability::ToolCall { plugin, function } = capability
                && (self.toolbox.tools)
                    .find(plugin.as_str(), function.as_str())
                    .is_some()
            {
                names.push(format!("{plugin}/{function}"));
            }
        }
        names.sort();
        let Some(first) = names.first() else {
            return Ok(names);
        };
        let Ok(permit) = self.authority.permit(ToolCall { tool: first }) else {
            return Ok(Vec::new());
        };
        let call = HostCall::new(INTERFACE, "list", Json::Null);
        let answer = self.recorded(permit, call, |_, _| json!(names))?;
        Ok(serde_json::from_value(answer).unwrap_or_default())
    }

    async fn tool(&mut self, tool: &str, text: &str) -> wasmtime::Result<Told> {
        self.alive()?;
        if let Some(refused) = self.toolbox.count(text.len(), &self.limits) {
            return Ok(Err(refused.into()));
        }
        let permit = match self.permit(ToolCall { tool }) {
            Ok(permit) => permit,
            Err(denied) => {
                let (capability, remedy) = (denied.capability.to_string(), denied.remedy());
                let denial = wit::Denial { capability, remedy };
                return Ok(Err(wit::ToolError::Denied(denial)));
            }
        };
        let arguments = parsed(text);
        // No function takes a text, so in the record it can only be what could not be read.
        let noted = arguments
            .as_ref()
            .map_or_else(|_| Json::from(text), Json::clone);
        let call = HostCall::new(
            INTERFACE,
            "call",
            json!({ "tool": tool, "arguments": noted }),
        );
        let chain = self.toolbox.chain.with(tool);
        // What this guest said until now comes before what its callee says.
        self.tell_log();
        let record = self
            .port
            .tool_called(&call, chain.links(), permit.decided_by());
        let answer = match record {
            ToolRecord::Diverged { expected } => return Err(self.diverged(expected, call)),
            ToolRecord::Answer(answer) => match serde_json::from_value(answer.clone()) {
                Ok(answer) => answer,
                Err(_) => {
                    let expected = HostCall {
                        arguments: answer,
                        ..call.clone()
                    };
                    return Err(self.diverged(expected, call));
                }
            },
            ToolRecord::New => {
                let answer = match arguments {
                    Ok(arguments) => self.answer(permit, chain, arguments).await,
                    Err(refused) => Ok(Err(refused)),
                };
                let recorded = answer.as_ref().ok().map(|answer| json!(answer));
                self.port.tool_returned(recorded);
                answer?
            }
        };
        Ok(self.told(answer))
    }

    /// The answer in the guest's form.
    fn told(&mut self, answer: Answer) -> Told {
        let text = answer?.to_string();
        match self.toolbox.move_bytes(text.len(), &self.limits) {
            Some(refused) => Err(refused.into()),
            None => Ok(text),
        }
    }

    /// Finds the callee and runs it.
    async fn answer(
        &mut self,
        permit: Permit<ToolCall<'_>>,
        chain: Chain,
        arguments: Json,
    ) -> wasmtime::Result<Answer> {
        let name = permit.into_action().tool;
        let (plugin, function) = name.split_once('/').unwrap_or((name, ""));
        let deepest = self.limits.tool_depth_max.min(TOOL_DEPTH_CEILING.into());
        if self.toolbox.chain.has(plugin) {
            return Ok(Err(Refused::Cycle(self.toolbox.chain.links().to_vec())));
        }
        if chain.depth() > deepest {
            let deepest = u32::try_from(deepest).unwrap_or(u32::MAX);
            return Ok(Err(Refused::TooDeep(deepest)));
        }
        let Some(tool) = self.toolbox.tools.find(plugin, function) else {
            return Ok(Err(Refused::Unknown(format!(
                "there is no tool {name} here"
            ))));
        };
        let own = tool.limits.clone();
        let given = own.within(&self.left());
        let outcome = self
            .run_tool(tool, function, chain, arguments, given.clone())
            .await;
        self.charge(&outcome);
        match outcome.result {
            Ok(json) => Ok(Ok(json)),
            Err(Fault::Arguments(mismatch)) => Ok(Err(Refused::InvalidArguments {
                place: mismatch.pointer,
                what: mismatch.message,
            })),
            Err(fault @ (Fault::Diverged { .. } | Fault::InDoubt { .. })) => Err(self.stop(fault)),
            Err(Fault::Limit { limit, unit, .. }) if is_callers(limit, &own, &given) => {
                self.used_up(limit, unit)
            }
            Err(fault) => Ok(Err(Refused::Failed(
                self.toolbox.tools.problem(plugin, function, fault),
            ))),
        }
    }

    async fn run_tool(
        &mut self,
        tool: Tool,
        function: &str,
        chain: Chain,
        arguments: Json,
        limits: Limits,
    ) -> Outcome {
        let number = self.toolbox.calls;
        let caller = Waiting {
            authority: self.authority.clone(),
            mounts: self.files.mounts().clone(),
            chain,
            port: self.port.lend(),
        };
        let call = Call {
            function: function.to_owned(),
            arguments,
            authority: tool.authority,
            folders: tool.folders,
            limits,
            clock_ms: self.toolbox.clock_ms,
            seed: self.toolbox.seed(),
            idempotency_key: self
                .idempotency_key
                .as_ref()
                .map(|key| format!("{key}/{number}")),
            settings: tool.settings,
            idempotent: tool.idempotent,
            web: self.http.web(),
            tools: self.toolbox.tools.clone(),
            port: Box::new(crate::warm::Deaf),
        };
        let run = call::run(tool.component.loaded(), call, Some(Box::new(caller)));
        let outcome = Box::pin(run).await;
        self.port.back();
        outcome
    }

    /// What of its limits this call has left for a callee.
    fn left(&self) -> Limits {
        let limits = &self.limits;
        let used_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Limits {
            cpu_ms_max: limits
                .cpu_ms_max
                .saturating_sub(self.meter.cpu_us() / 1_000),
            wall_ms_max: limits
                .wall_ms_max
                .saturating_sub(used_ms.saturating_add(MARGIN_MS)),
            host_calls_max: limits.host_calls_max.saturating_sub(self.host_calls()),
            log_bytes_max: limits.log_bytes_max.saturating_sub(self.log.bytes()),
            file_write_bytes_max: limits
                .file_write_bytes_max
                .saturating_sub(self.files.bytes_written()),
            open_files_max: limits.open_files_max.saturating_sub(self.files.opened()),
            files_max: limits.files_max.saturating_sub(self.files.files()),
            directory_entries_max: limits
                .directory_entries_max
                .saturating_sub(self.files.entries()),
            random_bytes_max: limits.random_bytes_max.saturating_sub(self.random.bytes()),
            recorded_bytes_max: self.recorded_bytes_left().unwrap_or(0),
            tool_calls_max: limits.tool_calls_max.saturating_sub(self.toolbox.calls()),
            tool_bytes_total_max: limits
                .tool_bytes_total_max
                .saturating_sub(self.toolbox.bytes()),
            output_bytes_max: limits.tool_bytes_max,
            ..self.http.left(limits)
        }
    }

    /// Counts for this call what a callee used up. Its time counted already: this call waited meanwhile.
    fn charge(&mut self, outcome: &Outcome) {
        self.count_host_calls(outcome.usage.host_calls);
        self.log.charge(outcome.usage.log_bytes);
        let allowed = self.limits.file_write_bytes_max;
        self.files.charge(&outcome.usage, allowed);
        self.random.charge(outcome.usage.random_bytes);
        self.toolbox.charge(&outcome.usage);
        self.http.charge(&outcome.usage);
    }

    /// A callee ended at a limit that is really this call's. Too long an answer is told, and too many files open, which are closed
    /// again by now; what is used up ends this call too.
    fn used_up(&mut self, limit: &'static str, unit: &'static str) -> wasmtime::Result<Answer> {
        if limit == "output_bytes_max" {
            return Ok(Err(bound("tool_bytes_max", self.limits.tool_bytes_max)));
        }
        if limit == "open_files_max" {
            return Ok(Err(bound(limit, self.limits.open_files_max)));
        }
        let allowed = SHARED
            .iter()
            .find(|(name, _)| *name == limit)
            .map_or(0, |(_, of)| of(&self.limits));
        Err(self.stop_at_limit(limit, allowed, unit))
    }
}

/// Whether a limit was lower for a callee than its own, because its caller had no more left.
fn is_callers(limit: &str, own: &Limits, given: &Limits) -> bool {
    SHARED
        .iter()
        .any(|(name, of)| *name == limit && of(given) < of(own))
}

fn parsed(text: &str) -> Result<Json, Refused> {
    let refused = |what: String| Refused::InvalidArguments {
        place: String::new(),
        what,
    };
    let json: Json = serde_json::from_str(text)
        .map_err(|error| refused(format!("the arguments are not JSON: {error}")))?;
    if is_deeper(&json, ARGUMENTS_DEPTH_MAX) {
        let what = format!("the arguments are nested more than {ARGUMENTS_DEPTH_MAX} levels deep");
        return Err(refused(what));
    }
    Ok(json)
}

impl From<Refused> for wit::ToolError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unknown(what) => Self::Unknown(what),
            Refused::InvalidArguments { place, what } => {
                Self::InvalidArguments(wit::Mismatch { place, what })
            }
            Refused::Failed(problem) => Self::Failed(problem.to_string()),
            Refused::TooDeep(deepest) => Self::TooDeep(deepest),
            Refused::Cycle(chain) => Self::Cycle(chain),
            Refused::Limit { name, allowed } => Self::Limit(wit::Bound { name, allowed }),
        }
    }
}
