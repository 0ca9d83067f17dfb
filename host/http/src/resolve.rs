//! From a host's name to addresses. Asks the configured name servers; decides nothing about what may be reached.

use std::net::{IpAddr, SocketAddr};

use hickory_resolver::{
    TokioResolver,
    config::{
        ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
        ResolverOpts,
    },
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::Name,
    system_conf::read_system_conf,
};
use writ_grant::{Host, Origin};

use crate::{
    client::ConfigError,
    failure::{HttpFailure, ResolveFlaw},
    limits::Limits,
};

/// Looks names up, anew for each exchange.
pub(crate) struct Resolver {
    resolver: TokioResolver,
}

impl Resolver {
    /// Over these name servers alone, or the system's and its hosts file if there are none.
    pub(crate) fn new(nameservers: &[SocketAddr]) -> Result<Self, ConfigError> {
        let (servers, mut options) = if nameservers.is_empty() {
            system()
        } else {
            let servers = nameservers.iter().map(|address| server(*address)).collect();
            (servers, ResolverOpts::default())
        };
        options.use_hosts_file = if nameservers.is_empty() {
            ResolveHosts::Always
        } else {
            ResolveHosts::Never
        };
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        // An answer is used once. What a name leads to is decided at each exchange, and not by what was true earlier.
        options.cache_size = 0;
        // No search domains: a granted name is that name, and not the same with something behind it.
        let config = ResolverConfig::from_parts(None, Vec::new(), servers);
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config, provider);
        *builder.options_mut() = options;
        let resolver = builder.build().map_err(|error| ConfigError::Other {
            reason: error.to_string(),
        })?;
        Ok(Self { resolver })
    }

    /// The addresses of an origin's host: its own if it is one, otherwise what the name servers say, within the bounds.
    pub(crate) async fn addresses(
        &self,
        origin: &Origin,
        limits: &Limits,
    ) -> Result<Vec<IpAddr>, HttpFailure> {
        let name = match origin.host() {
            Host::Name(name) => name,
            Host::V4(address) => return Ok(vec![IpAddr::V4(*address)]),
            Host::V6(address) => return Ok(vec![IpAddr::V6(*address)]),
        };
        let looked_up = tokio::time::timeout(limits.resolve_timeout(), self.look_up(name)).await;
        let flaw = match looked_up {
            Ok(Ok(addresses)) if addresses.is_empty() => ResolveFlaw::NotFound,
            Ok(Ok(mut addresses)) => {
                addresses.truncate(limits.addresses_max);
                return Ok(addresses);
            }
            Ok(Err(flaw)) => flaw,
            Err(_) => ResolveFlaw::Timeout {
                ms: limits.resolve_timeout_ms,
            },
        };
        Err(HttpFailure::Resolve {
            host: name.clone(),
            flaw,
        })
    }

    async fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, ResolveFlaw> {
        let failed = |reason: String| ResolveFlaw::Failed { reason };
        let mut name = Name::from_ascii(name).map_err(|error| failed(error.to_string()))?;
        name.set_fqdn(true);
        match self.resolver.lookup_ip(name).await {
            Ok(answer) => {
                let mut addresses: Vec<IpAddr> = Vec::new();
                for address in answer.iter().map(|address| address.to_canonical()) {
                    if !addresses.contains(&address) {
                        addresses.push(address);
                    }
                }
                Ok(addresses)
            }
            Err(error) if error.is_nx_domain() || error.is_no_records_found() => {
                Err(ResolveFlaw::NotFound)
            }
            Err(NetError::NoConnections) => {
                Err(failed("no name server is known or answers".to_owned()))
            }
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

/// What the system says. A machine without name servers still has a hosts file, and addresses need neither.
fn system() -> (Vec<NameServerConfig>, ResolverOpts) {
    match read_system_conf() {
        Ok((config, options)) => (config.name_servers().to_vec(), options),
        Err(_) => (Vec::new(), ResolverOpts::default()),
    }
}

fn server(address: SocketAddr) -> NameServerConfig {
    let at = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    server.connections = vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())];
    server
}
