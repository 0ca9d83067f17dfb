//! Has a tool ask around, and then sends something itself.

use wasip2::http::{
    outgoing_handler,
    types::{Fields, Method, OutgoingBody, OutgoingRequest, Scheme},
};

writ_test_guests::world!("writ:guests/courier");
use exports::writ::guests::errands::Guest;
use writ::agent::tools;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn ask_and_send(
        tool: String,
        arguments: String,
        authority: String,
        path: String,
    ) -> Result<u16, String> {
        tools::call(&tool, &arguments).map_err(|error| format!("tool: {error:?}"))?;
        post(&authority, &path)
    }
}

fn post(authority: &str, path: &str) -> Result<u16, String> {
    let request = OutgoingRequest::new(Fields::new());
    request
        .set_method(&Method::Post)
        .and_then(|()| request.set_scheme(Some(&Scheme::Http)))
        .and_then(|()| request.set_authority(Some(authority)))
        .and_then(|()| request.set_path_with_query(Some(path)))
        .map_err(|()| "the request")?;
    let body = request.body().map_err(|()| "no body")?;
    OutgoingBody::finish(body, None).map_err(|error| format!("body: {error:?}"))?;
    let response = outgoing_handler::handle(request, None).map_err(|error| format!("{error:?}"))?;
    response.subscribe().block();
    let response = response
        .get()
        .ok_or("not there after a wait")?
        .map_err(|()| "taken already")?
        .map_err(|error| format!("{error:?}"))?;
    Ok(response.status())
}
