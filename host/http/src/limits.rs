//! The bounds of one exchange.

use std::time::Duration;

/// How long an exchange may take and how much may be moved. Each bound holds alone: a server that keeps within one is stopped by another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the question to the name servers' answer.
    pub resolve_timeout_ms: u64,
    /// From the first attempt to connect to the end of the TLS handshake, however many addresses are tried.
    pub connect_timeout_ms: u64,
    /// From the first byte sent to the end of the response's head.
    pub first_byte_timeout_ms: u64,
    /// From beginning to end, all redirects included.
    pub exchange_timeout_ms: u64,
    /// The body that is sent.
    pub request_body_bytes_max: u64,
    /// The body that is received, before any content coding is undone.
    pub response_body_bytes_max: u64,
    /// All header fields of one message.
    pub header_bytes_max: usize,
    /// The header fields of one message.
    pub header_count_max: usize,
    /// The addresses of one name that are considered.
    pub addresses_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            resolve_timeout_ms: 5_000,
            connect_timeout_ms: 10_000,
            first_byte_timeout_ms: 30_000,
            exchange_timeout_ms: 60_000,
            request_body_bytes_max: 4 << 20,
            response_body_bytes_max: 16 << 20,
            header_bytes_max: 32 << 10,
            header_count_max: 100,
            addresses_max: 16,
        }
    }
}

impl Limits {
    pub(crate) fn resolve_timeout(&self) -> Duration {
        Duration::from_millis(self.resolve_timeout_ms)
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(crate) fn first_byte_timeout(&self) -> Duration {
        Duration::from_millis(self.first_byte_timeout_ms)
    }

    pub(crate) fn exchange_timeout(&self) -> Duration {
        Duration::from_millis(self.exchange_timeout_ms)
    }
}
