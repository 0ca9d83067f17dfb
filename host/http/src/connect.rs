//! From addresses to a connection: to one of exactly those that the permit reaches. Looks nothing up.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};
use writ_grant::{HttpRequest, Origin, Permit};

use crate::{
    failure::{ConnectFlaw, HttpFailure},
    limits::Limits,
};

/// Those of the addresses that the permit reaches; a denial if there are none.
pub(crate) fn reached(
    permit: &Permit<HttpRequest>,
    addresses: &[IpAddr],
) -> Result<Vec<IpAddr>, HttpFailure> {
    let mut reached = addresses.to_vec();
    reached.retain(|address| permit.reaches(*address));
    if reached.is_empty() {
        return Err(permit.unreachable(addresses).into());
    }
    Ok(reached)
}

/// A connection to the first of these addresses that takes one, each having its share of the time.
pub(crate) async fn tcp(
    origin: &Origin,
    addresses: &[IpAddr],
    limits: &Limits,
) -> Result<TcpStream, HttpFailure> {
    let deadline = Instant::now() + limits.connect_timeout();
    let mut flaw = ConnectFlaw::Unreachable;
    for (tried, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(Instant::now()) / left;
        match one(SocketAddr::new(*address, origin.port()), share).await {
            Ok(stream) => return Ok(stream),
            Err(Some(error)) => flaw = flaw_of(&error),
            Err(None) => {
                flaw = ConnectFlaw::Timeout {
                    ms: limits.connect_timeout_ms,
                }
            }
        }
    }
    Err(HttpFailure::Connect {
        origin: origin.clone(),
        flaw,
    })
}

/// No error means that the time was up.
async fn one(address: SocketAddr, share: Duration) -> Result<TcpStream, Option<io::Error>> {
    let stream = timeout(share, TcpStream::connect(address)).await;
    let stream = stream.map_err(|_| None)?.map_err(Some)?;
    stream.set_nodelay(true).map_err(Some)?;
    Ok(stream)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of errors of an operating system are not a closed list"
)]
fn flaw_of(error: &io::Error) -> ConnectFlaw {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => ConnectFlaw::Refused,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            ConnectFlaw::Unreachable
        }
        _ => ConnectFlaw::Failed {
            reason: error.to_string(),
        },
    }
}
