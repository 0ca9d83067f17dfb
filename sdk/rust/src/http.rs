//! Requests over HTTP, as far as a plugin needs them: build one, send it, read the answer.
//!
//! Each needs a grant for its method and URL: `http:GET,POST https://host/path/**`. Credentials are not the plugin's: it writes
//! the [`secret`] placeholder into a header, and the host puts the value in, for the one header and host that the reviewer named.
//!
//! ```no_run
//! use writ_sdk::http::{self, Request, secret};
//!
//! # #[derive(serde::Deserialize)] struct Order { total: u32 }
//! # fn order() -> Result<(), http::Error> {
//! let order: Order = http::get("https://erp.example/orders/7")?.json()?;
//! let booked = Request::post("https://erp.example/bookings")
//!     .header("authorization", &format!("Bearer {}", secret("erp")))
//!     .json(&serde_json::json!({ "total": order.total }))?
//!     .send()?;
//! assert_eq!(booked.status, 201);
//! # Ok(())
//! # }
//! ```

use serde::{Serialize, de::DeserializeOwned};
use wasip2::{
    http::{
        outgoing_handler,
        types::{
            ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method,
            OutgoingBody, OutgoingRequest, Scheme,
        },
    },
    io::streams::StreamError,
};

/// Bytes of one read, and of one write: the standard allows no more for a blocking one.
const READ_BYTES: u64 = 64 * 1024;
const WRITE_BYTES: usize = 4096;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL or a header can't be sent.
    #[error("{url}: {what}")]
    Unfit {
        /// The URL.
        url: String,
        /// What is wrong.
        what: String,
    },
    /// The reviewer granted no `http` for it, or no `secret:use` for the secret in it.
    #[error("{url}: not granted")]
    Denied {
        /// The URL.
        url: String,
    },
    /// The host's name for what went wrong on the way.
    #[error("{url}: {reason}")]
    Failed {
        /// The URL.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// A body is not the JSON that was expected, or can't be JSON.
    #[error("{url}: {source}")]
    Json {
        /// The URL.
        url: String,
        /// Where and why.
        source: serde_json::Error,
    },
}

/// A request that can be sent.
#[derive(Debug, Clone)]
pub struct Request {
    method: &'static str,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status. One of 400 or more is an answer like any other.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    url: String,
}

/// The text that stands for a secret in a header's value. The host puts the value in; the plugin never sees it.
#[must_use]
pub fn secret(name: &str) -> String {
    format!("{{{{secret:{name}}}}}")
}

/// Sends a GET request.
pub fn get(url: &str) -> Result<Response, Error> {
    Request::new("GET", url).send()
}

/// Sends a POST request with a body.
pub fn post(url: &str, body: &[u8]) -> Result<Response, Error> {
    Request::post(url).body(body).send()
}

impl Request {
    fn new(method: &'static str, url: &str) -> Self {
        Self {
            method,
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A GET request.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self::new("GET", url)
    }

    /// A POST request.
    #[must_use]
    pub fn post(url: &str) -> Self {
        Self::new("POST", url)
    }

    /// A PUT request.
    #[must_use]
    pub fn put(url: &str) -> Self {
        Self::new("PUT", url)
    }

    /// A PATCH request.
    #[must_use]
    pub fn patch(url: &str) -> Self {
        Self::new("PATCH", url)
    }

    /// A DELETE request.
    #[must_use]
    pub fn delete(url: &str) -> Self {
        Self::new("DELETE", url)
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// The same with this body.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The same with a value as its body, in JSON.
    pub fn json<T: Serialize>(self, value: &T) -> Result<Self, Error> {
        let body = serde_json::to_vec(value).map_err(|source| Error::Json {
            url: self.url.clone(),
            source,
        })?;
        Ok(self.header("content-type", "application/json").body(&body))
    }

    /// Sends it and waits for the whole answer.
    pub fn send(self) -> Result<Response, Error> {
        let request = self.outgoing()?;
        let sink = request
            .body()
            .map_err(|()| self.unfit("it has a body already"))?;
        let pending = outgoing_handler::handle(request, None).map_err(|code| self.failed(code))?;
        self.write(sink)?;
        let response = self.wait(&pending)?;
        let headers = response.headers().entries();
        let status = response.status();
        Ok(Response {
            status,
            headers,
            body: self.read(&response)?,
            url: self.url,
        })
    }

    fn outgoing(&self) -> Result<OutgoingRequest, Error> {
        let Some((scheme, rest)) = self.url.split_once("://") else {
            return Err(self.unfit("a URL begins with https:// or http://"));
        };
        let (authority, path) = match rest.find(['/', '?']) {
            Some(end) => rest.split_at(end),
            None => (rest, "/"),
        };
        let scheme = match scheme {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            other => Scheme::Other(other.to_owned()),
        };
        let fields = Fields::from_list(&self.headers)
            .map_err(|error| self.unfit(&format!("a header can't be sent: {error}")))?;
        let request = OutgoingRequest::new(fields);
        let set = request
            .set_method(&self.method())
            .and_then(|()| request.set_scheme(Some(&scheme)))
            .and_then(|()| request.set_authority(Some(authority)))
            .and_then(|()| request.set_path_with_query(Some(path)));
        set.map_err(|()| self.unfit("the URL can't be sent"))?;
        Ok(request)
    }

    fn method(&self) -> Method {
        match self.method {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "PATCH" => Method::Patch,
            "DELETE" => Method::Delete,
            other => Method::Other(other.to_owned()),
        }
    }

    fn write(&self, sink: OutgoingBody) -> Result<(), Error> {
        let stream = sink.write().map_err(|()| self.unfit("its body is taken"))?;
        for piece in self.body.chunks(WRITE_BYTES) {
            stream
                .blocking_write_and_flush(piece)
                .map_err(|error| self.broken(&error))?;
        }
        drop(stream);
        OutgoingBody::finish(sink, None).map_err(|code| self.failed(code))
    }

    fn wait(&self, pending: &FutureIncomingResponse) -> Result<IncomingResponse, Error> {
        pending.subscribe().block();
        match pending.get() {
            Some(Ok(Ok(response))) => Ok(response),
            Some(Ok(Err(code))) => Err(self.failed(code)),
            Some(Err(())) | None => Err(self.unfit("its answer is gone")),
        }
    }

    fn read(&self, response: &IncomingResponse) -> Result<Vec<u8>, Error> {
        let body = response
            .consume()
            .map_err(|()| self.unfit("its answer is taken"))?;
        let stream = body
            .stream()
            .map_err(|()| self.unfit("its answer is taken"))?;
        let mut bytes = Vec::new();
        loop {
            match stream.blocking_read(READ_BYTES) {
                Ok(more) => bytes.extend(more),
                Err(StreamError::Closed) => break,
                Err(error @ StreamError::LastOperationFailed(_)) => {
                    return Err(self.broken(&error));
                }
            }
        }
        drop(stream);
        IncomingBody::finish(body);
        Ok(bytes)
    }

    fn unfit(&self, what: &str) -> Error {
        Error::Unfit {
            url: self.url.clone(),
            what: what.to_owned(),
        }
    }

    fn broken(&self, error: &StreamError) -> Error {
        Error::Failed {
            url: self.url.clone(),
            reason: error.to_string(),
        }
    }

    fn failed(&self, code: ErrorCode) -> Error {
        let url = self.url.clone();
        if matches!(code, ErrorCode::HttpRequestDenied) {
            return Error::Denied { url };
        }
        Error::Failed {
            url,
            reason: code.to_string(),
        }
    }
}

impl Response {
    /// The first header of this name, in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_slice())
    }

    /// The body as text, with what is not UTF-8 replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, which is JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|source| Error::Json {
            url: self.url.clone(),
            source,
        })
    }
}
