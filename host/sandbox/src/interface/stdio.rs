//! `wasi:cli/{stdin,stdout,stderr,terminal-*}`: nothing to read, a bounded log to write to, no terminal.

use bytes::Bytes;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::cli::{
    stderr, stdin, stdout, terminal_input, terminal_output, terminal_stderr, terminal_stdin,
    terminal_stdout,
};
use wasmtime_wasi::p2::pipe::ClosedInputStream;
use wasmtime_wasi::p2::{
    DynInputStream, DynOutputStream, OutputStream, Pollable, StreamError, StreamResult,
};

use crate::log::{Log, LogStream};
use crate::state::{State, Stopped};

/// What a stream lets its writer write at once.
const CHUNK_BYTES: usize = 64 * 1024;

struct LogWriter {
    log: Log,
    stream: LogStream,
}

#[async_trait]
impl Pollable for LogWriter {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for LogWriter {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if self.log.write(self.stream, &bytes) {
            Ok(())
        } else {
            Err(StreamError::Trap(Stopped.into()))
        }
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK_BYTES)
    }
}

impl State {
    fn log_writer(&mut self, stream: LogStream) -> wasmtime::Result<Resource<DynOutputStream>> {
        let writer: DynOutputStream = Box::new(LogWriter {
            log: self.log.clone(),
            stream,
        });
        Ok(self.table.push(writer)?)
    }
}

impl stdin::Host for State {
    fn get_stdin(&mut self) -> wasmtime::Result<Resource<DynInputStream>> {
        let nothing: DynInputStream = Box::new(ClosedInputStream);
        Ok(self.table.push(nothing)?)
    }
}

impl stdout::Host for State {
    fn get_stdout(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        self.log_writer(LogStream::Stdout)
    }
}

impl stderr::Host for State {
    fn get_stderr(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        self.log_writer(LogStream::Stderr)
    }
}

impl terminal_input::Host for State {}

impl terminal_input::HostTerminalInput for State {
    fn drop(&mut self, terminal: Resource<terminal_input::TerminalInput>) -> wasmtime::Result<()> {
        Ok(self.table.delete(terminal).map(drop)?)
    }
}

impl terminal_output::Host for State {}

impl terminal_output::HostTerminalOutput for State {
    fn drop(
        &mut self,
        terminal: Resource<terminal_output::TerminalOutput>,
    ) -> wasmtime::Result<()> {
        Ok(self.table.delete(terminal).map(drop)?)
    }
}

impl terminal_stdin::Host for State {
    fn get_terminal_stdin(
        &mut self,
    ) -> wasmtime::Result<Option<Resource<terminal_input::TerminalInput>>> {
        Ok(None)
    }
}

impl terminal_stdout::Host for State {
    fn get_terminal_stdout(
        &mut self,
    ) -> wasmtime::Result<Option<Resource<terminal_output::TerminalOutput>>> {
        Ok(None)
    }
}

impl terminal_stderr::Host for State {
    fn get_terminal_stderr(
        &mut self,
    ) -> wasmtime::Result<Option<Resource<terminal_output::TerminalOutput>>> {
        Ok(None)
    }
}
