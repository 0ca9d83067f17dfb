//! A network of one's own for tests: an HTTP server and a name server on loopback, both with scripted answers. Threads and the
//! standard library only.
//!
//! ```no_run
//! use writ_tests::net::{Dns, Http, Reply};
//!
//! let http = Http::start(|request| match request.path.as_str() {
//!     "/orders" => Reply::ok("[]").header("content-type", "application/json"),
//!     _ => Reply::status(404, ""),
//! });
//! let dns = Dns::start();
//! // Asked for the first time it is public, from then on it is this machine.
//! dns.answer("erp.example", &[&["93.184.216.34"], &["127.0.0.1"]]);
//! let config = format!("[network]\nnameservers = [\"{}\"]\n", dns.address());
//! # let _ = (http.port(), config);
//! ```

mod dns;
mod http;

pub use self::{
    dns::Dns,
    http::{Http, Received, Reply},
};
