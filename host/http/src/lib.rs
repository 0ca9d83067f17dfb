//! The network. One request goes out for one permit, to an address that the permit reaches, within bounds; nothing else in Writ
//! opens a connection.
//!
//! It knows the policy's types only: not who asks, not what is recorded, not what a redirect means to a workflow.
//!
//! The order of one exchange, each step before anything of the next happens:
//!
//! 1. the request is checked (`message`), and secrets are put where their permits say (`secrets`);
//! 2. the host is looked up (`resolve`), or read where it is an address: a host that isn't granted never gets here, because the
//!    permit is an argument;
//! 3. every address that the permit doesn't reach is dropped, and the connection is made to exactly those that are left
//!    (`connect`): the name is not looked up again, so it can't lead elsewhere the second time;
//! 4. TLS is for the URL's host (`tls`);
//! 5. HTTP/1.1 is spoken once, within the bounds of [`Limits`] (`exchange`);
//! 6. secrets are taken out of what came back.
//!
//! Redirects are not followed by an exchange; [`Client::follow`] asks for a fresh permit for each.

#![forbid(unsafe_code)]

mod client;
mod coding;
mod connect;
mod exchange;
mod failure;
mod follow;
mod limits;
mod message;
mod resolve;
mod secrets;
#[cfg(test)]
mod tests;
mod tls;

pub use bytes::Bytes;
pub use http::{HeaderMap, HeaderName, HeaderValue};

pub use client::{CaFile, Client, Config, ConfigError};
pub use coding::decoded;
pub use failure::{
    ConnectFlaw, HeaderFlaw, HttpFailure, Phase, RedirectFlaw, ResolveFlaw, ResponseFlaw, Size,
};
pub use follow::{Followed, Gate, Hop};
pub use limits::Limits;
pub use message::{Request, Response, is_forbidden};
pub use secrets::{
    Injection, SECRET_BYTES_MAX, SECRET_BYTES_MIN, SecretError, Secrets, placeholder,
};
