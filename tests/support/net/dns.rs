//! A name server over UDP that says what it was told to say. Just as much of the protocol as a stub resolver needs.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

const A: u16 = 1;
const AAAA: u16 = 28;
const NXDOMAIN: u8 = 3;
const HEADER_BYTES: usize = 12;

/// A running name server; it stops when dropped.
pub struct Dns {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    stopped: Arc<AtomicBool>,
}

#[derive(Default)]
struct Script {
    names: HashMap<String, Name>,
    asked: Vec<String>,
}

/// What one name leads to: a list of addresses for each time that it is looked up. Looking up asks for IPv4 and for IPv6, so each
/// kind is counted by itself.
#[derive(Default)]
struct Name {
    rounds: Vec<Vec<IpAddr>>,
    asked_a: usize,
    asked_aaaa: usize,
    silent: bool,
}

impl Dns {
    /// Starts one that knows no name.
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has a free port");
        let timeout = Some(Duration::from_millis(50));
        socket
            .set_read_timeout(timeout)
            .expect("sockets can time out");
        let address = socket.local_addr().expect("a bound socket has an address");
        let dns = Self {
            address,
            script: Arc::default(),
            stopped: Arc::default(),
        };
        let (script, stopped) = (Arc::clone(&dns.script), Arc::clone(&dns.stopped));
        thread::spawn(move || serve(&socket, &script, &stopped));
        dns
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a name leads to: the first list when it is looked up first, and so on; the last list from then on.
    pub fn answer(&self, name: &str, rounds: &[&[&str]]) {
        let parse = |text: &&str| text.parse().expect("an address");
        let rounds = rounds.iter().map(|round| round.iter().map(parse).collect());
        let name_of = Name {
            rounds: rounds.collect(),
            ..Name::default()
        };
        self.lock().names.insert(name.to_owned(), name_of);
    }

    /// Never answers when this name is asked for.
    pub fn silence(&self, name: &str) {
        let name_of = Name {
            silent: true,
            ..Name::default()
        };
        self.lock().names.insert(name.to_owned(), name_of);
    }

    /// The names that were asked for, in order, each as often as it was.
    pub fn asked(&self) -> Vec<String> {
        self.lock().asked.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().expect("no thread panicked with it")
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

fn serve(socket: &UdpSocket, script: &Mutex<Script>, stopped: &AtomicBool) {
    let mut buffer = [0; 1500];
    while !stopped.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let mut script = script.lock().expect("no thread panicked with it");
        if let Some(answer) = answer(&buffer[..length], &mut script) {
            let _ = socket.send_to(&answer, from);
        }
    }
}

/// The message that answers a message with one question.
fn answer(message: &[u8], script: &mut Script) -> Option<Vec<u8>> {
    let (name, end) = name_at(message, HEADER_BYTES)?;
    let question = message.get(HEADER_BYTES..end + 4)?;
    let kind = u16::from_be_bytes([message[end], message[end + 1]]);
    script.asked.push(name.clone());
    let (code, addresses) = match script.names.get_mut(&name) {
        Some(name) if name.silent => return None,
        Some(name) => (0, name.next(kind)),
        None => (NXDOMAIN, Vec::new()),
    };
    let count = u8::try_from(addresses.len()).expect("a short list");
    // Identifier; a response with recursion; one question, these answers, nothing more.
    let mut answer = vec![message[0], message[1], 0x81, 0x80 | code];
    answer.extend_from_slice(&[0, 1, 0, count, 0, 0, 0, 0]);
    answer.extend_from_slice(question);
    for address in addresses {
        // The name of the question; kind; class; no time to live.
        answer.extend_from_slice(&[0xc0, 0x0c]);
        answer.extend_from_slice(&kind.to_be_bytes());
        answer.extend_from_slice(&[0, 1, 0, 0, 0, 0]);
        match address {
            IpAddr::V4(address) => {
                answer.extend_from_slice(&[0, 4]);
                answer.extend_from_slice(&address.octets());
            }
            IpAddr::V6(address) => {
                answer.extend_from_slice(&[0, 16]);
                answer.extend_from_slice(&address.octets());
            }
        }
    }
    Some(answer)
}

impl Name {
    fn next(&mut self, kind: u16) -> Vec<IpAddr> {
        let asked = match kind {
            A => &mut self.asked_a,
            AAAA => &mut self.asked_aaaa,
            _ => return Vec::new(),
        };
        let last = self.rounds.len().saturating_sub(1);
        let round = self
            .rounds
            .get((*asked).min(last))
            .cloned()
            .unwrap_or_default();
        *asked += 1;
        let fits = |address: &IpAddr| address.is_ipv4() == (kind == A);
        round.into_iter().filter(fits).collect()
    }
}

/// The name at a place in a message, in lower case, and where it ends.
fn name_at(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        let label = message.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        at += length;
    }
}
