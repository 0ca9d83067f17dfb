//! Exchanges with real servers on loopback: names, addresses, bounds, TLS, secrets, redirects. Nothing is sent elsewhere.

mod addresses;
mod bounds;
mod codings;
mod redirects;
mod secrets;
mod support;
mod tls;
