//! The network: the ports that are granted, outwards, and nothing else.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

use crate::attempt::{call, is_missing, is_refused};
use crate::scenes::Surroundings;

/// Not even a socket.
pub(crate) fn none(around: &Surroundings) {
    is_missing("a connection", connect(around.granted));
    is_missing("another connection", connect(around.other));
    is_missing("to listen", TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
    is_missing("a datagram", UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)));
    others();
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
    others();
}

/// Datagrams and binding are there for name resolution only.
pub(crate) fn without_datagrams() {
    is_missing("a datagram", UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)));
    is_missing("to bind", TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
}

/// With them, no port of TCP can be bound still.
pub(crate) fn with_datagrams() {
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("names are resolved by datagrams");
    is_refused("to bind", TcpListener::bind((Ipv4Addr::LOCALHOST, 0)));
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
fn others() {
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
    is_missing(
        "a pair of internet sockets",
        call(
            libc::SYS_socketpair,
            [libc::AF_INET as usize, stream as usize, 0, 0, 0],
        ),
    );
}
