//! A resolved Open Workflow document: what the parser produces and what a run executes.
//!
//! Everything here is plain data, already validated. Nothing here knows YAML, files, clocks or how a run proceeds.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};
use writ_grant::Request;

pub use crate::source::Source;

/// A validated workflow document.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// The `document` section.
    pub document: Document,
    /// Data flow into the workflow.
    pub input: Input,
    /// Data flow out of the workflow.
    pub output: Output,
    /// How long a run may take in all.
    pub timeout: Option<Duration>,
    /// Names declared in `use.secrets`.
    pub secrets: Vec<String>,
    /// What the workflow itself asks to be allowed: `document.metadata.writ.requests`.
    pub requests: Vec<Request>,
    /// Every task of the document, `use.functions` included; addressed by [`TaskIndex`].
    pub tasks: Vec<Task>,
    /// The top-level `do`.
    pub root: Vec<TaskIndex>,
    /// The document as the parsed object that `$workflow.definition` shows.
    pub definition: Arc<Json>,
    /// sha256 of the source text, lower-case hexadecimal.
    pub digest: String,
    /// The text's places and warnings; `Source::default()` for a workflow that was not parsed.
    pub source: Source,
}

impl Workflow {
    /// The task at an index this workflow handed out.
    pub fn task(&self, index: TaskIndex) -> &Task {
        &self.tasks[index.0 as usize]
    }
}

/// The `document` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// DSL version, for instance `1.0.3`.
    pub dsl: String,
    /// Namespace of the workflow.
    pub namespace: String,
    /// Name of the workflow.
    pub name: String,
    /// Semantic version of the workflow.
    pub version: String,
    /// Title for people.
    pub title: Option<String>,
    /// Markdown summary for people.
    pub summary: Option<String>,
}

/// Where a task stands in [`Workflow::tasks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskIndex(pub u32);

/// A place in the source text. Lines and columns count from one; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
    /// Line of the first byte.
    pub line: usize,
    /// Column of the first byte.
    pub column: usize,
}

/// One task, with what all kinds share.
#[derive(Debug, Clone)]
pub struct Task {
    /// The key under which the task stands in its list.
    pub name: String,
    /// JSON Pointer of the task in the document, for instance `/do/0/extract`.
    pub reference: Arc<str>,
    /// Where its name stands in the source.
    pub span: Span,
    /// Skip the task unless this is true.
    pub condition: Option<Expression>,
    /// Data flow into the task.
    pub input: Input,
    /// Data flow out of the task.
    pub output: Output,
    /// What the task puts into `$context`.
    pub export: Output,
    /// How long the task may take, retries included.
    pub timeout: Option<Duration>,
    /// What comes next.
    pub then: Flow,
    /// The task's `metadata`, as written.
    pub metadata: Map<String, Json>,
    /// The task's definition as the parsed object that `$task.definition` shows.
    pub definition: Arc<Json>,
    /// What the task does.
    pub kind: TaskKind,
}

/// What comes after a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// The next task of the list, or the end of the list.
    Continue,
    /// Leave the current list; its owner goes on.
    Exit,
    /// End the whole workflow, gracefully.
    End,
    /// Another task of the same list, by position in that list.
    Goto(usize),
}

/// `input`: what is checked and transformed before.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// The JSON Schema that raw input must satisfy.
    pub schema: Option<Schema>,
    /// Transformation; identity when absent.
    pub from: Option<Template>,
}

/// `output` or `export`: what is transformed and checked after.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// The JSON Schema that the transformed value must satisfy.
    pub schema: Option<Schema>,
    /// Transformation; for `output` identity when absent, for `export` the unchanged context.
    pub r#as: Option<Template>,
}

/// An inline JSON Schema. External ones are refused by the parser.
#[derive(Debug, Clone)]
pub struct Schema {
    /// The schema document.
    pub document: Arc<Json>,
    /// Where it stands in the source.
    pub span: Span,
}

/// A jq program of the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// The jq program, without `${` and `}`.
    pub source: Arc<str>,
    /// Where it stands in the source.
    pub span: Span,
    /// Position among all expressions of the document; dense from zero, so an evaluator can keep them in a vector.
    pub index: u32,
}

/// A JSON value in which strings of the form `${ … }` are expressions. Only the document's own text is ever parsed so.
#[derive(Debug, Clone)]
pub enum Template {
    /// No expression inside.
    Literal(Arc<Json>),
    /// The whole value is the expression's result.
    Expression(Expression),
    /// An object of which some member has an expression inside.
    Object(Vec<(String, Template)>),
    /// An array of which some item has an expression inside.
    Array(Vec<Template>),
}

/// A length of time.
#[derive(Debug, Clone)]
pub enum Duration {
    /// Fixed, in milliseconds.
    Milliseconds(u64),
    /// An expression that yields an ISO 8601 duration, or an object of days, hours, minutes, seconds, milliseconds.
    Expression(Expression),
}

/// What a task does. Kinds that runs do not execute yet are here too: `check` refuses them by name.
#[derive(Debug, Clone)]
pub enum TaskKind {
    /// `call`
    Call(Call),
    /// `do`
    Do(Vec<TaskIndex>),
    /// `emit`: parsed and validated, not executed yet.
    Emit,
    /// `for`
    For(For),
    /// `fork`
    Fork(Fork),
    /// `listen`: parsed and validated, not executed yet.
    Listen,
    /// `raise`
    Raise(Raise),
    /// `run`: parsed and validated, not executed yet (`script`, `shell` and `container` never will be).
    Run(RunKind),
    /// `set`
    Set(Template),
    /// `switch`
    Switch(Vec<Case>),
    /// `try`
    Try(Box<Try>),
    /// `wait`
    Wait(Duration),
}

/// `call`
#[derive(Debug, Clone)]
pub struct Call {
    /// What is called.
    pub target: CallTarget,
    /// `with`; an empty object when absent.
    pub with: Template,
    /// Where the value of `call` stands in the source.
    pub span: Span,
}

/// What a `call` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallTarget {
    /// `function:version@plugin`
    Plugin {
        /// The plugin's name, which is the catalog's name.
        plugin: String,
        /// The plugin's version as written.
        version: String,
        /// The exported function.
        function: String,
    },
    /// A task defined in `use.functions`: it runs with the arguments as its raw input.
    Defined(TaskIndex),
    /// `http`: the arguments are a template of `method`, `endpoint`, `headers`, `query`, `body` and `token`.
    Http(HttpCall),
    /// `grpc`, `openapi`, `asyncapi`, `a2a`, `mcp`: validated, not executed yet.
    Protocol(&'static str),
}

/// `call: http`: what its arguments do not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCall {
    /// What of the response is the task's output.
    pub output: HttpOutput,
    /// Redirects are followed, and are no errors.
    pub redirect: bool,
    /// The endpoint is the document's own text, in which `{name}` stands for a member of the input (RFC 6570, level 1).
    pub template: bool,
    /// How the workflow shows who it is.
    pub authentication: Option<Authentication>,
}

/// What of a response is a task's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpOutput {
    /// The body, in base64.
    Raw,
    /// The body, decoded where its type is known.
    Content,
    /// Request, status, headers and content.
    Response,
}

/// How a workflow shows a server who it is. Credentials are secrets, which stand in no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// `basic` with a secret that holds `user:password` in base64.
    Basic {
        /// Its name.
        secret: String,
    },
    /// `bearer` with a secret that holds the token.
    Bearer {
        /// Its name.
        secret: String,
    },
    /// `bearer` with a token that an expression yields: the argument `token`.
    Token,
    /// The credentials stand in the document: `check` refuses that.
    Written(&'static str),
    /// A kind that is not executed yet: `check` refuses it.
    Unsupported(&'static str),
}

/// `for`
#[derive(Debug, Clone)]
pub struct For {
    /// Variable that holds the item, without `$`.
    pub each: String,
    /// Variable that holds the position, without `$`.
    pub at: String,
    /// What is iterated: must yield an array.
    pub r#in: Template,
    /// Go on only while this is true.
    pub r#while: Option<Expression>,
    /// The body.
    pub body: Vec<TaskIndex>,
    /// `metadata.writ.concurrency`: with it, iterations are independent, at most so many at a time, each gets the loop's own
    /// input, and the output is the array of their outputs in the order of the items. Without it, iterations follow each
    /// other as the DSL says, and the output is the last one's.
    pub concurrency: Option<u32>,
}

/// `fork`
#[derive(Debug, Clone)]
pub struct Fork {
    /// One task a branch.
    pub branches: Vec<TaskIndex>,
    /// With it, the first branch to complete wins and the others are cancelled.
    pub compete: bool,
}

/// `raise`
#[derive(Debug, Clone)]
pub struct Raise {
    /// `type`
    pub r#type: Template,
    /// `status`
    pub status: Template,
    /// `title`
    pub title: Option<Template>,
    /// `detail`
    pub detail: Option<Template>,
    /// `instance`; the raising task's reference when absent.
    pub instance: Option<Template>,
}

/// The process a `run` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunKind {
    /// `run: workflow`
    Workflow,
    /// `run: script`
    Script,
    /// `run: shell`
    Shell,
    /// `run: container`
    Container,
}

/// One case of a `switch`.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// When it applies; always when absent.
    pub when: Option<Expression>,
    /// Where it leads.
    pub then: Flow,
}

/// `try` … `catch`
#[derive(Debug, Clone)]
pub struct Try {
    /// What is tried.
    pub body: Vec<TaskIndex>,
    /// `catch.errors.with`: each given member must equal the error's; any error when empty.
    pub errors: IndexMap<String, Json>,
    /// Variable that holds the error, without `$`.
    pub r#as: String,
    /// Catch only when this is true.
    pub when: Option<Expression>,
    /// Do not catch when this is true.
    pub except_when: Option<Expression>,
    /// Try again, and how.
    pub retry: Option<Retry>,
    /// What is done with an error that is not (or no longer) retried. `None` swallows it.
    pub handler: Option<Vec<TaskIndex>>,
    /// `catch.then`: what comes next when an error was caught; the task's own `then` when absent.
    pub then: Option<Flow>,
}

/// A retry policy.
#[derive(Debug, Clone)]
pub struct Retry {
    /// Retry only when this is true.
    pub when: Option<Expression>,
    /// Do not retry when this is true.
    pub except_when: Option<Expression>,
    /// Time before the first retry.
    pub delay: Duration,
    /// How the time grows.
    pub backoff: Backoff,
    /// A random time added, between the two.
    pub jitter: Option<(Duration, Duration)>,
    /// `limit.attempt.count`: attempts in all, the first included.
    pub attempts_max: Option<u32>,
    /// `limit.attempt.duration`: how long one attempt may take.
    pub attempt_duration: Option<Duration>,
    /// `limit.duration`: how long all attempts may take together.
    pub duration: Option<Duration>,
}

/// How the delay between attempts grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// Always the same.
    Constant,
    /// Attempt number times the delay.
    Linear,
    /// The delay, doubled each time.
    Exponential,
}
