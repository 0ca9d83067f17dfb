//! Which addresses are public, and which a grant has to name. Pure data and arithmetic: nothing is looked up or connected to here.
//!
//! The tables follow IANA's registries of special-purpose addresses. What is in no table and not in the part of IPv6 that is given
//! out as global unicast counts as reserved, so an address that this list has forgotten is refused, not reached.

mod range;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use self::range::{AddressError, AddressRange};

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKind {
    /// On the open internet.
    Public,
    /// Nothing in particular, which many systems take for this machine: `0.0.0.0/8`, `::`.
    Unspecified,
    /// This machine.
    Loopback,
    /// A network of one's own: RFC 1918, and IPv6's unique and site local addresses.
    Private,
    /// The wire this machine is at.
    LinkLocal,
    /// Where a cloud hands its machines their credentials.
    Metadata,
    /// Shared between a provider and its customers (CGNAT).
    Shared,
    /// Many receivers, or all: multicast and broadcast.
    Multicast,
    /// Examples in documents.
    Documentation,
    /// Tests of network devices.
    Benchmarking,
    /// An IPv6 form of an IPv4 address that isn't public, or one that only a local translator understands.
    Translated,
    /// An IPv6 form that sends packets on to an IPv4 address by a tunnel: 6to4, Teredo.
    Tunnelled,
    /// Not given out for use.
    Reserved,
}

/// A block of addresses: its first, the length of its prefix, and what it is for.
type Block<A> = (A, u8, AddressKind);

/// Where clouds hand out credentials. Some of these lie in public or wider blocks, so they are asked first.
const METADATA: [IpAddr; 10] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    // Amazon ECS and EKS.
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    // Google, Alibaba, Azure.
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    // Oracle, Scaleway.
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42)),
];

/// Special blocks of IPv4.
const V4: [Block<Ipv4Addr>; 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, AddressKind::Unspecified),
    (Ipv4Addr::new(10, 0, 0, 0), 8, AddressKind::Private),
    (Ipv4Addr::new(100, 64, 0, 0), 10, AddressKind::Shared),
    (Ipv4Addr::new(127, 0, 0, 0), 8, AddressKind::Loopback),
    (Ipv4Addr::new(169, 254, 0, 0), 16, AddressKind::LinkLocal),
    (Ipv4Addr::new(172, 16, 0, 0), 12, AddressKind::Private),
    (Ipv4Addr::new(192, 0, 0, 0), 24, AddressKind::Reserved),
    (Ipv4Addr::new(192, 0, 2, 0), 24, AddressKind::Documentation),
    (Ipv4Addr::new(192, 88, 99, 0), 24, AddressKind::Tunnelled),
    (Ipv4Addr::new(192, 168, 0, 0), 16, AddressKind::Private),
    (Ipv4Addr::new(198, 18, 0, 0), 15, AddressKind::Benchmarking),
    (
        Ipv4Addr::new(198, 51, 100, 0),
        24,
        AddressKind::Documentation,
    ),
    (
        Ipv4Addr::new(203, 0, 113, 0),
        24,
        AddressKind::Documentation,
    ),
    (Ipv4Addr::new(224, 0, 0, 0), 4, AddressKind::Multicast),
    (Ipv4Addr::new(240, 0, 0, 0), 4, AddressKind::Reserved),
];

/// Special blocks of IPv6, narrow before wide.
const V6: [Block<Ipv6Addr>; 17] = [
    (v6(0, 0), 128, AddressKind::Unspecified),
    (Ipv6Addr::LOCALHOST, 128, AddressKind::Loopback),
    // `::a.b.c.d`, long out of use.
    (v6(0, 0), 96, AddressKind::Reserved),
    (
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0),
        96,
        AddressKind::Translated,
    ),
    (
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0),
        48,
        AddressKind::Translated,
    ),
    (v6(0x100, 0), 64, AddressKind::Reserved),
    (v6(0x2001, 0), 32, AddressKind::Tunnelled),
    (
        Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0),
        48,
        AddressKind::Benchmarking,
    ),
    (v6(0x2001, 0xdb8), 32, AddressKind::Documentation),
    (v6(0x2001, 0), 23, AddressKind::Reserved),
    (v6(0x2002, 0), 16, AddressKind::Tunnelled),
    (v6(0x3fff, 0), 20, AddressKind::Documentation),
    (v6(0xfc00, 0), 7, AddressKind::Private),
    (v6(0xfe80, 0), 10, AddressKind::LinkLocal),
    (v6(0xfec0, 0), 10, AddressKind::Private),
    (v6(0xff00, 0), 8, AddressKind::Multicast),
    (v6(0x5f00, 0), 16, AddressKind::Reserved),
];

/// Blocks of IPv6 whose addresses hold one of IPv4, to which somebody on the way may hand a packet on: how many bits stand behind it,
/// and whether its bits are turned round. Counted without the eighth byte, which RFC 6052 leaves out of the middle of an address.
const HOLDING: [(Ipv6Addr, u8, u32, bool); 9] = [
    (v6(0, 0), 96, 0, false),
    (v6(0x64, 0xff9b), 96, 0, false),
    // A translator of one's own has a prefix of 48, 56, 64 or 96 bits.
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, 40, false),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, 32, false),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, 24, false),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, 0, false),
    // Teredo: the server's, and the client's.
    (v6(0x2001, 0), 32, 56, false),
    (v6(0x2001, 0), 32, 0, true),
    (v6(0x2002, 0), 16, 72, false),
];

/// Where IPv6 gives out global unicast addresses.
const V6_GLOBAL: (Ipv6Addr, u8) = (v6(0x2000, 0), 3);

const fn v6(first: u16, second: u16) -> Ipv6Addr {
    Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)
}

impl AddressKind {
    /// What an address is for. An IPv4 address in IPv6 clothes (`::ffff:a.b.c.d`) is that IPv4 address; one that is translated or
    /// tunnelled to where credentials are handed out is such a place too.
    #[must_use]
    pub fn of(address: IpAddr) -> AddressKind {
        let address = canonical(address);
        if METADATA.contains(&address) || held(address).any(|inner| METADATA.contains(&inner)) {
            return AddressKind::Metadata;
        }
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// Whether a grant can name such addresses. Nothing answers at the others but by accident.
    #[must_use]
    pub fn can_be_named(self) -> bool {
        match self {
            AddressKind::Public | AddressKind::Unspecified | AddressKind::Multicast => false,
            AddressKind::Loopback
            | AddressKind::Private
            | AddressKind::LinkLocal
            | AddressKind::Metadata
            | AddressKind::Shared
            | AddressKind::Documentation
            | AddressKind::Benchmarking
            | AddressKind::Translated
            | AddressKind::Tunnelled
            | AddressKind::Reserved => true,
        }
    }

    /// The kind in a word or two.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            AddressKind::Public => "public",
            AddressKind::Unspecified => "unspecified",
            AddressKind::Loopback => "loopback",
            AddressKind::Private => "private",
            AddressKind::LinkLocal => "link-local",
            AddressKind::Metadata => "cloud metadata",
            AddressKind::Shared => "shared (CGNAT)",
            AddressKind::Multicast => "multicast or broadcast",
            AddressKind::Documentation => "documentation",
            AddressKind::Benchmarking => "benchmarking",
            AddressKind::Translated => "translated",
            AddressKind::Tunnelled => "tunnelled",
            AddressKind::Reserved => "reserved",
        }
    }
}

/// The address itself, where it is written in another form of the same.
pub(crate) fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn of_v4(address: Ipv4Addr) -> AddressKind {
    let bits = widened_v4(address);
    if address == Ipv4Addr::BROADCAST {
        return AddressKind::Multicast;
    }
    let block = V4
        .iter()
        .find(|(network, prefix, _)| shares(widened_v4(*network), bits, prefix + 96));
    block.map_or(AddressKind::Public, |(_, _, kind)| *kind)
}

fn of_v6(address: Ipv6Addr) -> AddressKind {
    let bits = address.to_bits();
    let block = V6
        .iter()
        .find(|(network, prefix, _)| shares(network.to_bits(), bits, *prefix));
    let (global, prefix) = V6_GLOBAL;
    match block {
        // The well-known prefix of NAT64 leads to public addresses too, on networks that have nothing else.
        Some((network, 96, AddressKind::Translated)) => {
            let [.., a, b, c, d] = (bits ^ network.to_bits()).to_be_bytes();
            let inner = AddressKind::of(IpAddr::V4(Ipv4Addr::new(a, b, c, d)));
            if inner == AddressKind::Public {
                inner
            } else {
                AddressKind::Translated
            }
        }
        Some((_, _, kind)) => *kind,
        None if shares(global.to_bits(), bits, prefix) => AddressKind::Public,
        None => AddressKind::Reserved,
    }
}

/// The IPv4 addresses that an IPv6 address may lead to, wherever its block keeps them.
fn held(address: IpAddr) -> impl Iterator<Item = IpAddr> {
    let bits = match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(address) => Some(address.to_bits()),
    };
    bits.into_iter().flat_map(|bits| {
        let low = bits & u128::from(u64::MAX >> 8);
        let together = bits >> 64 << 56 | low;
        HOLDING
            .iter()
            .filter(move |(network, prefix, ..)| shares(network.to_bits(), bits, *prefix))
            .map(move |(_, _, behind, turned)| {
                let inner = u32::try_from(together >> behind & u128::from(u32::MAX));
                let inner = inner.unwrap_or(u32::MAX);
                IpAddr::V4(Ipv4Addr::from_bits(if *turned { !inner } else { inner }))
            })
    })
}

/// IPv4 in the low bits, so that one piece of arithmetic serves both; prefixes grow by 96.
fn widened_v4(address: Ipv4Addr) -> u128 {
    u128::from(address.to_bits())
}

/// Whether two addresses have the same first `prefix` bits.
fn shares(a: u128, b: u128, prefix: u8) -> bool {
    (a ^ b).checked_shr(128 - u32::from(prefix)).unwrap_or(0) == 0
}
