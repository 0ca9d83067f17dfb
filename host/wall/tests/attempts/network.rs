//! The network: the ports that are granted, outwards, and nothing else.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::attempt::{call, is_missing, is_refused};
use crate::scenes::Surroundings;

/// Not even a socket.
pub(crate) fn none(around: &Surroundings) {
    is_missing("a connection", connect(around.granted));
    is_missing("another connection", connect(around.other));
    is_missing("to listen", TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    is_missing("a datagram", UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)));
    others(around);
}

/// One port, outwards.
pub(crate) fn one_port(around: &Surroundings) {
    let stream = connect(around.granted).expect("the granted port is open");
    is_refused("another port", connect(around.other));
    is_refused("the resolver's port", connect(53));
    let connected = stream.as_raw_fd() as usize;
    let byte = [b'x'];
    is_missing(
        "to connect with the first bytes",
        call(
            libc::SYS_sendto,
            [
                connected,
                byte.as_ptr() as usize,
                1,
                libc::MSG_FASTOPEN as usize,
                0,
            ],
        ),
    );
    is_missing(
        "to wait for connections",
        call(libc::SYS_listen, [connected, 1, 0, 0, 0]),
    );
    options(&stream);
    others(around);
}

/// Of a connection, only what the host itself sets and asks.
fn options(stream: &TcpStream) {
    stream.set_nodelay(true).expect("small packets go at once");
    assert!(stream.take_error().expect("why it failed").is_none());
    let value = [1_u8; 64];
    let option = |number, level: i32, option: i32| {
        let (value, length) = (value.as_ptr() as usize, value.len());
        let fd = stream.as_raw_fd() as usize;
        call(number, [fd, level as usize, option as usize, value, length])
    };
    for (what, level, name) in [
        ("a filter program", libc::SOL_SOCKET, libc::SO_ATTACH_FILTER),
        ("a loaded program", libc::SOL_SOCKET, libc::SO_ATTACH_BPF),
        ("another device", libc::SOL_SOCKET, libc::SO_BINDTODEVICE),
        ("a shared port", libc::SOL_SOCKET, libc::SO_REUSEPORT),
        ("another protocol", libc::IPPROTO_TCP, libc::TCP_ULP),
        ("other packets", libc::IPPROTO_TCP, libc::TCP_REPAIR),
        ("a firewall", libc::IPPROTO_IP, IPT_SO_SET_REPLACE),
        ("a firewall, newer", libc::IPPROTO_IPV6, IPT_SO_SET_REPLACE),
        (
            "an option of one level at another",
            libc::SOL_SOCKET,
            libc::TCP_NODELAY,
        ),
    ] {
        is_missing(what, option(libc::SYS_setsockopt, level, name));
    }
    is_missing(
        "to ask a firewall",
        option(libc::SYS_getsockopt, libc::IPPROTO_IP, IPT_SO_SET_REPLACE),
    );
}

/// Replaces the rules of a network namespace.
const IPT_SO_SET_REPLACE: i32 = 64;

/// Datagrams and binding are there for name resolution only.
pub(crate) fn without_datagrams() {
    is_missing("a datagram", UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)));
    is_missing("to bind", bind());
}

/// With them, no port of TCP can be bound still.
pub(crate) fn with_datagrams() {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("names are resolved by datagrams");
    is_refused("to bind", bind());
}

/// A socket of TCP gets a port of its own, with no option set before.
fn bind() -> io::Result<i64> {
    let (family, kind) = (libc::AF_INET as usize, libc::SOCK_STREAM as usize);
    let socket = call(libc::SYS_socket, [family, kind, 0, 0, 0])?;
    let mut address = [0_u8; 16];
    address[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
    address[4..8].copy_from_slice(&Ipv4Addr::LOCALHOST.octets());
    let (place, length) = (address.as_ptr() as usize, address.len());
    call(libc::SYS_bind, [socket as usize, place, length, 0, 0])
}

/// What Landlock holds by itself, where sockets and signals can be had.
pub(crate) fn without_filter(around: &Surroundings) {
    is_refused("a port", connect(around.other));
    is_refused("to listen", TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    is_refused(
        "an abstract socket",
        UnixStream::connect_addr(&abstract_name(around.granted)),
    );
    let parent = std::os::unix::process::parent_id() as usize;
    is_refused(
        "to signal the parent",
        call(libc::SYS_kill, [parent, 0, 0, 0, 0]),
    );
}

fn abstract_name(number: u16) -> SocketAddr {
    let name = format!("writ-wall-{number}");
    SocketAddr::from_abstract_name(name).expect("the name is short")
}

/// Somebody in another process who listens under a name that is no file.
pub(crate) fn abstract_listener(number: u16) -> UnixListener {
    UnixListener::bind_addr(&abstract_name(number)).expect("the name is free")
}

fn connect(port: u16) -> io::Result<TcpStream> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
}

/// Sockets of other kinds: Landlock doesn't see what goes through them.
fn others(around: &Surroundings) {
    is_missing("a unix socket", UnixStream::connect("/var/run/docker.sock"));
    is_missing(
        "to listen on a unix socket",
        UnixListener::bind("/tmp/writ-wall-attempt"),
    );
    let stream = libc::SOCK_STREAM;
    for (what, family, kind, protocol) in [
        ("a unix socket", libc::AF_UNIX, stream, 0),
        ("several paths", libc::AF_INET, stream, libc::IPPROTO_MPTCP),
        (
            "another transport",
            libc::AF_INET,
            stream,
            libc::IPPROTO_SCTP,
        ),
        (
            "packets of one's own",
            libc::AF_INET,
            libc::SOCK_RAW,
            libc::IPPROTO_ICMP,
        ),
        ("pings", libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_ICMP),
        ("frames", libc::AF_PACKET, libc::SOCK_RAW, 0),
        ("the kernel", libc::AF_NETLINK, libc::SOCK_RAW, 0),
        ("the machine around", libc::AF_VSOCK, stream, 0),
        (
            "the kernel's ciphers",
            libc::AF_ALG,
            libc::SOCK_SEQPACKET,
            0,
        ),
    ] {
        let [family, kind, protocol] = [family, kind, protocol].map(|number| number as usize);
        is_missing(what, call(libc::SYS_socket, [family, kind, protocol, 0, 0]));
    }
    pairs(around);
}

/// Ends of a pair that could be turned to another socket: journals, service managers and whoever else listens under a name.
fn pairs(around: &Surroundings) {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let mut ends = [0_i32; 2];
    let mut pair = |family: i32, kind: i32| {
        let ends = ends.as_mut_ptr() as usize;
        call(
            libc::SYS_socketpair,
            [family as usize, kind as usize, 0, ends, 0],
        )
    };
    pair(libc::AF_UNIX, libc::SOCK_STREAM | flags).expect("the runtime has a pair of streams");
    for (what, family, kind) in [
        (
            "a pair of datagram sockets",
            libc::AF_UNIX,
            libc::SOCK_DGRAM,
        ),
        (
            "one that doesn't wait",
            libc::AF_UNIX,
            libc::SOCK_DGRAM | flags,
        ),
        ("one by its old name", libc::AF_UNIX, libc::SOCK_RAW),
        (
            "a pair of packet sockets",
            libc::AF_UNIX,
            libc::SOCK_SEQPACKET,
        ),
        (
            "a pair of internet sockets",
            libc::AF_INET,
            libc::SOCK_STREAM,
        ),
    ] {
        is_missing(what, pair(family, kind));
    }
    turned(around);
}

/// An end of streams stays with its other end, also where `connect` is left and somebody listens.
fn turned(around: &Surroundings) {
    let (end, _other) = UnixStream::pair().expect("the runtime has a pair of streams");
    let name = named(&around.ground);
    let mut address = vec![0_u8; 2 + name.as_os_str().len() + 1];
    address[..2].copy_from_slice(&(libc::AF_UNIX as u16).to_ne_bytes());
    address[2..][..name.as_os_str().len()].copy_from_slice(name.as_os_str().as_encoded_bytes());
    let (fd, place) = (end.as_raw_fd() as usize, address.as_ptr() as usize);
    let connected = call(libc::SYS_connect, [fd, place, address.len(), 0, 0]);
    let error = connected.expect_err("an end was connected to another socket");
    let number = error.raw_os_error().unwrap_or_default();
    assert!([libc::EISCONN, libc::ENOSYS].contains(&number), "{error}");
}

fn named(ground: &Path) -> PathBuf {
    ground.join("listener")
}

/// Somebody in another process who listens under the name of a file.
pub(crate) fn named_listener(ground: &Path) -> UnixListener {
    UnixListener::bind(named(ground)).expect("the name is free")
}
