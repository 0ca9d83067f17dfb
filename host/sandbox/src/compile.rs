//! Turning WebAssembly into machine code. Strangers' bytes are compiled in a child process with limits, since a compiler
//! promises nothing about the time and memory that odd input costs. Knows nothing of caches or grants.
//!
//! The child is told its limits and the bytes on its standard input (four little-endian `u64`: the parent's process, memory in
//! bytes, processor time in seconds, length; then the bytes) and answers on its standard output: one byte, 0 for code, 1 for an error in words, 2
//! for a panic in words; then the code or the words.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{
    Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit,
};

use crate::engine;
use crate::error::LoadError;
use crate::meter::panic_words;
use crate::trusted::Compiled;

/// The program that compiles: one that ends in [`compile_child_main`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompilerChild {
    /// The program's file, usually this program itself.
    pub program: PathBuf,
    /// Arguments that lead it to [`compile_child_main`].
    pub arguments: Vec<String>,
}

/// What compiling one component may cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Address space of the child, in bytes.
    pub memory_bytes_max: u64,
    /// Processor time of the child over all its threads, in seconds.
    pub cpu_s_max: u64,
    /// Time on the wall, in seconds.
    pub wall_s_max: u64,
    /// Size of the machine code, in bytes.
    pub output_bytes_max: u64,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 4 * 1024 * 1024 * 1024,
            cpu_s_max: 120,
            wall_s_max: 120,
            output_bytes_max: 512 * 1024 * 1024,
        }
    }
}

const ANSWER_CODE: u8 = 0;
const ANSWER_ERROR: u8 = 1;
const ANSWER_PANIC: u8 = 2;
const MESSAGE_BYTES_MAX: usize = 2_000;
const CHILD_FILES_MAX: u64 = 64;
/// What the child accepts; the parent sends nothing larger.
const INPUT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Compiles in this process: for first-party components and tests only.
pub(crate) fn in_process(
    engine: &wasmtime::Engine,
    plugin: &str,
    wasm: &[u8],
) -> Result<Compiled, LoadError> {
    let invalid = |message| LoadError::Invalid {
        plugin: plugin.to_owned(),
        message,
    };
    engine
        .precompile_component(wasm)
        .map(Compiled::vouch)
        .map_err(|error| invalid(words(&error)))
}

/// Compiles in a child process.
pub(crate) fn in_child(
    child: &CompilerChild,
    limits: &CompileLimits,
    plugin: &str,
    wasm: &[u8],
) -> Result<Compiled, LoadError> {
    let failed = |message: String| LoadError::Compiler {
        plugin: plugin.to_owned(),
        message,
    };
    let mut process = start(child)
        .map_err(|error| failed(format!("{} can't start: {error}", child.program.display())))?;
    let answer = converse(&mut process, limits, wasm);
    // Dead already in the good case; never left behind in the others.
    let _ = process.kill();
    let status = process.wait().map_err(|error| failed(error.to_string()))?;
    judge(answer, status, limits, plugin)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the compiler child: strangers' bytes are compiled outside this process"
)]
fn start(child: &CompilerChild) -> std::io::Result<Child> {
    Command::new(&child.program)
        .args(&child.arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

enum Answer {
    Bytes(Vec<u8>),
    TooLate,
    TooLarge,
}

fn converse(process: &mut Child, limits: &CompileLimits, wasm: &[u8]) -> Answer {
    let (Some(mut input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
        return Answer::Bytes(Vec::new());
    };
    let (send, receive) = mpsc::channel();
    let output_bytes_max = limits.output_bytes_max;
    let reader = move || {
        let mut bytes = Vec::new();
        // A broken pipe is a dead child: its status says why.
        let _ = output
            .take(output_bytes_max.saturating_add(2))
            .read_to_end(&mut bytes);
        let _ = send.send(bytes);
    };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let header = [
                u64::from(std::process::id()),
                limits.memory_bytes_max,
                limits.cpu_s_max,
                wasm.len() as u64,
            ];
            let _ = header
                .iter()
                .try_for_each(|n| input.write_all(&n.to_le_bytes()))
                .and_then(|()| input.write_all(wasm));
        });
        scope.spawn(reader);
        let answer = match receive.recv_timeout(Duration::from_secs(limits.wall_s_max)) {
            Ok(bytes) if bytes.len() as u64 > limits.output_bytes_max.saturating_add(1) => {
                Answer::TooLarge
            }
            Ok(bytes) => Answer::Bytes(bytes),
            Err(_) => Answer::TooLate,
        };
        // Frees both threads from the pipes.
        let _ = process.kill();
        answer
    })
}

fn judge(
    answer: Answer,
    status: ExitStatus,
    limits: &CompileLimits,
    plugin: &str,
) -> Result<Compiled, LoadError> {
    let plugin = plugin.to_owned();
    let too = |what, allowed, unit| LoadError::TooExpensive {
        plugin: plugin.clone(),
        what,
        allowed,
        unit,
    };
    let bytes = match answer {
        Answer::TooLate => return Err(too("slow", limits.wall_s_max, "s on the clock")),
        Answer::TooLarge => {
            return Err(too(
                "large",
                limits.output_bytes_max,
                "bytes of machine code",
            ));
        }
        Answer::Bytes(bytes) => bytes,
    };
    match (status.code(), bytes.split_first()) {
        (Some(0), Some((&ANSWER_CODE, code))) => return Ok(Compiled::vouch(code.to_vec())),
        (_, Some((&ANSWER_ERROR, text))) => {
            return Err(LoadError::Invalid {
                plugin,
                message: String::from_utf8_lossy(text).into_owned(),
            });
        }
        (_, Some((&ANSWER_PANIC, text))) => {
            let memory_bytes_max = limits.memory_bytes_max;
            let text = String::from_utf8_lossy(text);
            let message = format!("{text} (it may use {memory_bytes_max} bytes of memory)");
            return Err(LoadError::Compiler { plugin, message });
        }
        _ => {}
    }
    match status.signal().and_then(Signal::from_named_raw) {
        Some(Signal::XCPU | Signal::KILL) => {
            Err(too("slow", limits.cpu_s_max, "s of processor time"))
        }
        Some(Signal::ABORT | Signal::SEGV) => {
            Err(too("large", limits.memory_bytes_max, "bytes of memory"))
        }
        Some(_) | None => Err(LoadError::Compiler {
            plugin,
            message: format!("it ended with {status} and no answer"),
        }),
    }
}

/// What the compiler child does: everything it is told on standard input, under limits it puts on itself first. `bind` is
/// called once those stand and before any of a stranger's bytes is read, to give up what compiling doesn't need: after it, only
/// what is open already is used, with memory and threads. Returns the exit code.
#[must_use]
pub fn compile_child_main(bind: impl FnOnce() -> Result<(), String>) -> i32 {
    let mut input = std::io::stdin().lock();
    let mut output = std::io::stdout().lock();
    let compiled = catch_unwind(AssertUnwindSafe(|| child_compile(&mut input, bind)));
    let (tag, body) = match compiled {
        Ok(Ok(code)) => (ANSWER_CODE, code),
        Ok(Err(message)) => (ANSWER_ERROR, message.into_bytes()),
        Err(panic) => (ANSWER_PANIC, panic_words(panic.as_ref()).into_bytes()),
    };
    let written = output
        .write_all(&[tag])
        .and_then(|()| output.write_all(&body))
        .and_then(|()| output.flush());
    i32::from(written.is_err())
}

fn child_compile(
    input: &mut impl Read,
    bind: impl FnOnce() -> Result<(), String>,
) -> Result<Vec<u8>, String> {
    let mut number = || {
        let mut bytes = [0; 8];
        input
            .read_exact(&mut bytes)
            .map_err(|error| format!("no request on standard input: {error}"))?;
        Ok::<u64, String>(u64::from_le_bytes(bytes))
    };
    let parent = number()?;
    die_with(parent).map_err(|error| format!("cannot be bound to {parent}: {error}"))?;
    let (memory_bytes_max, cpu_s_max, wasm_bytes) = (number()?, number()?, number()?);
    if wasm_bytes > INPUT_BYTES_MAX {
        return Err(format!(
            "{wasm_bytes} bytes are more than any component has"
        ));
    }
    restrain(memory_bytes_max, cpu_s_max)
        .map_err(|error| format!("limits can't be set: {error}"))?;
    bind()?;
    let mut wasm = Vec::new();
    input
        .take(wasm_bytes)
        .read_to_end(&mut wasm)
        .map_err(|error| error.to_string())?;
    let engine = engine::compiler().map_err(|error| error.to_string())?;
    engine
        .precompile_component(&wasm)
        .map_err(|error| words(&error))
}

/// Ends this process when its parent does. Strictly, when the thread that started it does: that one waits for the answer.
fn die_with(parent: u64) -> rustix::io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // The parent may have ended just before.
    let now = getppid().map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs());
    if u64::from(now) == parent {
        Ok(())
    } else {
        Err(rustix::io::Errno::SRCH)
    }
}

fn restrain(memory_bytes_max: u64, cpu_s_max: u64) -> rustix::io::Result<()> {
    let hard = |most| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    setrlimit(Resource::As, hard(memory_bytes_max))?;
    setrlimit(Resource::Cpu, hard(cpu_s_max))?;
    setrlimit(Resource::Core, hard(0))?;
    setrlimit(Resource::Nofile, hard(CHILD_FILES_MAX))
}

/// An engine's error in bounded words.
fn words(error: &wasmtime::Error) -> String {
    let mut text = format!("{error:#}");
    text.truncate(text.floor_char_boundary(MESSAGE_BYTES_MAX));
    text
}
