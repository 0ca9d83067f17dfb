//! `wasi:io/poll`: waiting. Before a guest waits for anything, what it has handed over to be sent is sent; see `http`. So an
//! exchange has one place in the order of what the guest does, whatever else it waits for.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi_io::bindings::wasi::io::poll::{Host, HostPollable};

use crate::state::State;

impl Host for State {
    async fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        self.settle().await?;
        Host::poll(&mut self.table, pollables).await
    }
}

impl HostPollable for State {
    async fn ready(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<bool> {
        self.settle().await?;
        HostPollable::ready(&mut self.table, pollable).await
    }

    async fn block(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        self.settle().await?;
        HostPollable::block(&mut self.table, pollable).await
    }

    fn drop(&mut self, pollable: Resource<DynPollable>) -> wasmtime::Result<()> {
        HostPollable::drop(&mut self.table, pollable)
    }
}
