//! How `wasi:http` is linked: wasmtime's types, our `handle`, and the two functions of the types that have to know of it.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime_wasi::p2::DynOutputStream;
use wasmtime_wasi_http::WasiHttp;
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode, RequestOptions};
use wasmtime_wasi_http::p2::body::HostOutgoingBody;
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};

use super::body::Bounded;
use crate::state::State;

/// The version that wasmtime's types are linked as. A test that writes a body fails if it is another.
const TYPES: &str = "wasi:http/types@0.2.12";
const HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

type Handed = Result<Resource<HostFutureIncomingResponse>, ErrorCode>;
type Written = Result<Resource<DynOutputStream>, ()>;

/// Links both interfaces.
pub(crate) fn add_to_linker(l: &mut Linker<State>) -> wasmtime::Result<()> {
    let options = LinkOptions::default();
    types::add_to_linker::<State, WasiHttp>(l, &(&options).into(), |state| {
        state.enter().http_view()
    })?;
    l.instance(HANDLER)?.func_wrap("handle", handle)?;
    l.allow_shadowing(true);
    let mut types = l.instance(TYPES)?;
    types.func_wrap("[method]outgoing-body.write", write)?;
    types.resource(
        "future-incoming-response",
        ResourceType::host::<HostFutureIncomingResponse>(),
        forget,
    )?;
    l.allow_shadowing(false);
    Ok(())
}

fn handle(
    mut store: StoreContextMut<'_, State>,
    (request, options): (
        Resource<HostOutgoingRequest>,
        Option<Resource<RequestOptions>>,
    ),
) -> wasmtime::Result<(Handed,)> {
    let handed = store.data_mut().enter().handle(request, options);
    match handed {
        Ok(future) => Ok((Ok(future),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}

/// The stream of a body, bounded.
fn write(
    mut store: StoreContextMut<'_, State>,
    (body,): (Resource<HostOutgoingBody>,),
) -> wasmtime::Result<(Written,)> {
    let state = store.data_mut().enter();
    let Some(inner) = state.table.get_mut(&body)?.take_output_stream() else {
        return Ok((Err(()),));
    };
    let bounded: DynOutputStream = Box::new(Bounded::new(inner, state.http.sent_bytes.clone()));
    let stream = state.table.push_child(bounded, &body)?;
    Ok((Ok(stream),))
}

/// A response that is dropped is not asked for any more.
fn forget(mut store: StoreContextMut<'_, State>, future: u32) -> wasmtime::Result<()> {
    let state = store.data_mut();
    state.http.forget(future);
    let owned = Resource::<HostFutureIncomingResponse>::new_own(future);
    state.table.delete(owned)?;
    Ok(())
}
