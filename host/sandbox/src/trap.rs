//! From the engine's errors to faults with plain words. Knows nothing of how the error came about.

use wasmtime::component::ResourceTableError;
use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::engine::BACKTRACE_FRAMES_MAX;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::state::limit_in;

const MESSAGE_BYTES_MAX: usize = 2_000;
const FRAME_BYTES_MAX: usize = 200;

/// The fault that an engine's error means, when the state knows no better reason.
pub(crate) fn fault(error: &wasmtime::Error, limits: &Limits) -> Fault {
    if let Some(limit) = limit_in(error) {
        return limit;
    }
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return Fault::Exit { code: *code };
    }
    let limit = |limit, allowed, unit| Fault::Limit {
        limit,
        allowed,
        unit,
    };
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => {
            return limit("stack_bytes_max", limits.stack_bytes_max, "bytes of stack");
        }
        Some(Trap::Interrupt) => {
            return limit("cpu_ms_max", limits.cpu_ms_max, "ms of processor time");
        }
        Some(_) | None => {}
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref() {
        return limit("handles_max", limits.handles_max, "handles");
    }
    let message = bounded(&format!("{:#}", error), MESSAGE_BYTES_MAX);
    by_words(&message, limits).unwrap_or_else(|| Fault::Trap {
        message: root_cause(error),
        backtrace: backtrace(error),
    })
}

/// Bounds that the engine reports in words only; a test exceeds each, so that a change of words is seen.
fn by_words(message: &str, limits: &Limits) -> Option<Fault> {
    let limit = |limit, allowed, unit| {
        Some(Fault::Limit {
            limit,
            allowed,
            unit,
        })
    };
    if message.contains("resource limit exceeded") {
        return limit(
            "instances_max",
            limits.instances_max,
            "instances, memories or tables",
        );
    }
    if message.contains("fuel allocated for hostcalls") {
        return limit(
            "output_bytes_max",
            limits.output_bytes_max,
            "bytes handed to the host at once",
        );
    }
    if message.contains("handle limit exceeded") {
        return limit("handles_max", limits.handles_max, "handles");
    }
    None
}

fn root_cause(error: &wasmtime::Error) -> String {
    bounded(&error.root_cause().to_string(), MESSAGE_BYTES_MAX)
}

fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    let name = |frame: &wasmtime::FrameInfo| match frame.func_name() {
        Some(name) => bounded(name, FRAME_BYTES_MAX),
        None => format!("function {}", frame.func_index()),
    };
    backtrace
        .frames()
        .iter()
        .take(BACKTRACE_FRAMES_MAX)
        .map(name)
        .collect()
}

/// The text, cut at so many bytes.
pub(crate) fn bounded(text: &str, bytes_max: usize) -> String {
    text[..text.floor_char_boundary(bytes_max)].to_owned()
}
