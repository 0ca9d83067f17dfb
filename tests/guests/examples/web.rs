//! Sends requests as it is told.

use std::hint::black_box;

use wasip2::{
    clocks::monotonic_clock,
    http::{
        outgoing_handler,
        types::{
            ErrorCode, Fields, FutureIncomingResponse, IncomingBody, Method, OutgoingBody,
            OutgoingRequest, Scheme,
        },
    },
    io::{poll, streams::StreamError},
};

writ_test_guests::world!("writ:guests/web");
use exports::writ::guests::requests::{Guest, Response};

struct Plugin;

export!(Plugin);

/// Steps that take about a millisecond.
const STEPS: u64 = 500_000;
const WRITE_BYTES: usize = 4096;

type Headers = Vec<(String, String)>;

impl Guest for Plugin {
    fn fetch(
        method: String,
        url: String,
        headers: Headers,
        body: String,
    ) -> Result<Response, String> {
        answer(&send(&method, &url, &headers, body.as_bytes())?)
    }

    fn fetch_and_work(
        method: String,
        url: String,
        body: String,
        milliseconds: u32,
    ) -> Result<Response, String> {
        let response = answer(&send(&method, &url, &Vec::new(), body.as_bytes())?)?;
        println!("answered");
        let mut state = u64::from(response.status);
        for _ in 0..u64::from(milliseconds) * STEPS {
            state = black_box(
                state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1),
            );
        }
        Ok(response)
    }

    fn fetch_all(method: String, urls: Vec<String>) -> Result<Vec<String>, String> {
        let mut sent = Vec::new();
        for url in &urls {
            sent.push(send(&method, url, &Vec::new(), b"")?);
        }
        let answers = sent.iter().rev().map(|response| Ok(answer(response)?.body));
        answers.collect()
    }

    fn flood(url: String, times: u32) -> Result<u32, String> {
        for _ in 0..times {
            answer(&send("GET", &url, &Vec::new(), b"")?)?;
        }
        Ok(times)
    }

    fn upload(url: String, bytes: u64, each: u32) -> Result<u16, String> {
        let (request, _) = request("POST", &url, &Vec::new())?;
        let body = request.body().map_err(|()| "no body")?;
        let stream = body.write().map_err(|()| "no stream")?;
        let piece = vec![b'x'; each as usize];
        let mut left = bytes;
        while left > 0 {
            let part = left.min(u64::from(each)) as usize;
            stream
                .blocking_write_and_flush(&piece[..part])
                .map_err(failed)?;
            left -= part as u64;
        }
        drop(stream);
        OutgoingBody::finish(body, None).map_err(named)?;
        let response = outgoing_handler::handle(request, None).map_err(named)?;
        answer(&response).map(|response| response.status)
    }

    fn forget(url: String) -> Result<(), String> {
        drop(send("POST", &url, &Vec::new(), b"forgotten")?);
        monotonic_clock::subscribe_duration(1_000_000).block();
        Ok(())
    }

    fn race(url: String) -> Result<String, String> {
        let response = send("GET", &url, &Vec::new(), b"")?;
        let (here, second) = (
            response.subscribe(),
            monotonic_clock::subscribe_duration(1_000_000_000),
        );
        let ready = poll::poll(&[&here, &second]);
        Ok(format!("{ready:?}"))
    }

    fn unfinished(url: String) -> Result<u16, String> {
        let (request, _) = request("POST", &url, &Vec::new())?;
        let body = request.body().map_err(|()| "no body")?;
        let response = outgoing_handler::handle(request, None).map_err(named)?;
        let answered = answer(&response).map(|response| response.status);
        drop(body);
        answered
    }

    fn tell(url: String, headers: Headers) -> Result<(), String> {
        let response = answer(&send("GET", &url, &headers, b"")?)?;
        println!("{}", response.body);
        eprintln!("{:?}", response.headers);
        Ok(())
    }
}

fn request(
    method: &str,
    url: &str,
    headers: &Headers,
) -> Result<(OutgoingRequest, Fields), String> {
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    let fields = Fields::new();
    for (name, value) in headers {
        fields
            .append(name, value.as_bytes())
            .map_err(|error| format!("header: {error:?}"))?;
    }
    let kept = fields.clone();
    let request = OutgoingRequest::new(fields);
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        other => Method::Other(other.to_owned()),
    };
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    request.set_method(&method).map_err(|()| "method")?;
    request.set_scheme(Some(&scheme)).map_err(|()| "scheme")?;
    request
        .set_authority(Some(authority))
        .map_err(|()| "authority")?;
    request
        .set_path_with_query(Some(path))
        .map_err(|()| "path")?;
    Ok((request, kept))
}

/// Hands a request over, and its body after it, as most libraries do.
fn send(
    method: &str,
    url: &str,
    headers: &Headers,
    bytes: &[u8],
) -> Result<FutureIncomingResponse, String> {
    let (request, _) = request(method, url, headers)?;
    let body = request.body().map_err(|()| "no body")?;
    let response = outgoing_handler::handle(request, None).map_err(named)?;
    let stream = body.write().map_err(|()| "no stream")?;
    for piece in bytes.chunks(WRITE_BYTES) {
        stream.blocking_write_and_flush(piece).map_err(failed)?;
    }
    drop(stream);
    OutgoingBody::finish(body, None).map_err(named)?;
    Ok(response)
}

fn answer(response: &FutureIncomingResponse) -> Result<Response, String> {
    response.subscribe().block();
    let response = response
        .get()
        .ok_or("not there after a wait")?
        .map_err(|()| "taken already")?
        .map_err(named)?;
    let headers = response.headers().entries();
    let body = response.consume().map_err(|()| "consumed already")?;
    let stream = body.stream().map_err(|()| "no stream")?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 * 1024) {
            Ok(more) => bytes.extend(more),
            Err(StreamError::Closed) => break,
            Err(error) => return Err(failed(error)),
        }
    }
    drop(stream);
    IncomingBody::finish(body);
    Ok(Response {
        status: response.status(),
        headers: headers
            .into_iter()
            .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
            .collect(),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

fn failed(error: StreamError) -> String {
    format!("stream: {error:?}")
}

/// The case of the standard's error.
fn named(error: ErrorCode) -> String {
    let text = format!("{error:?}");
    let end = text.find(['(', ' ', '{']).unwrap_or(text.len());
    text[..end]
        .rsplit("::")
        .next()
        .unwrap_or_default()
        .to_owned()
}
