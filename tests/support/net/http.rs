//! An HTTP server that says what it was told to say, also what no good server says.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How long a reply that never ends goes on before its thread gives up.
const ENDLESS: Duration = Duration::from_secs(120);

/// A running server; it stops when dropped.
pub struct Http {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    stopped: Arc<AtomicBool>,
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The method.
    pub method: String,
    /// Path and query, as they were written.
    pub path: String,
    /// Header fields, names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What is answered.
pub struct Reply(Kind);

enum Kind {
    /// A response with a length.
    Plain {
        code: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// Exactly these bytes.
    Raw(Vec<u8>),
    /// These bytes, then one more each time.
    Drip {
        head: Vec<u8>,
        byte: u8,
        every: Duration,
    },
    /// Nothing, while the connection stays open.
    Hang,
    /// Nothing, and the connection is closed.
    Close,
}

impl Received {
    /// The value of the first header field of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl Reply {
    /// Status 200 with a body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200, body)
    }

    /// Any status with a body.
    pub fn status(code: u16, body: impl Into<Vec<u8>>) -> Self {
        Self(Kind::Plain {
            code,
            headers: Vec::new(),
            body: body.into(),
        })
    }

    /// A redirect.
    pub fn redirect(code: u16, location: &str) -> Self {
        Self::status(code, "").header("location", location)
    }

    /// The same with one more header field. Replies of bytes have none.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Kind::Plain { headers, .. } = &mut self.0 {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Exactly these bytes, then the connection is closed.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Kind::Raw(bytes.into()))
    }

    /// These bytes, then this byte again and again.
    pub fn drip(head: impl Into<Vec<u8>>, byte: u8, every_ms: u64) -> Self {
        Self(Kind::Drip {
            head: head.into(),
            byte,
            every: Duration::from_millis(every_ms),
        })
    }

    /// No answer, while the connection stays open.
    pub fn hang() -> Self {
        Self(Kind::Hang)
    }

    /// No answer; the connection is closed.
    pub fn close() -> Self {
        Self(Kind::Close)
    }

    /// Says it to whoever asked. `stopped` ends what has no end.
    pub fn write(self, stream: &mut impl Write, stopped: &AtomicBool) -> std::io::Result<()> {
        match self.0 {
            Kind::Plain {
                code,
                headers,
                body,
            } => {
                let mut text = format!("HTTP/1.1 {code} X\r\n");
                for (name, value) in headers {
                    text.push_str(&format!("{name}: {value}\r\n"));
                }
                text.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
                stream.write_all(text.as_bytes())?;
                stream.write_all(&body)?;
            }
            Kind::Raw(bytes) => stream.write_all(&bytes)?,
            Kind::Drip { head, byte, every } => {
                stream.write_all(&head)?;
                for _ in 0..ENDLESS.as_millis() / every.as_millis().max(1) {
                    if stopped.load(Ordering::Relaxed) {
                        break;
                    }
                    stream.write_all(&[byte])?;
                    stream.flush()?;
                    thread::sleep(every);
                }
            }
            Kind::Hang => {
                let every = Duration::from_millis(20);
                for _ in 0..ENDLESS.as_millis() / every.as_millis() {
                    if stopped.load(Ordering::Relaxed) {
                        break;
                    }
                    thread::sleep(every);
                }
            }
            Kind::Close => {}
        }
        stream.flush()
    }
}

impl Http {
    /// Starts one on `127.0.0.1` that answers each request by a function.
    pub fn start(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0", answer)
    }

    /// Starts one at another address of this machine: `[::1]:0`.
    pub fn at(address: &str, answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).expect("loopback has a free port");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let http = Self {
            address,
            received: Arc::default(),
            stopped: Arc::default(),
        };
        let (received, stopped) = (Arc::clone(&http.received), Arc::clone(&http.stopped));
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (answer, received, stopped) = (
                    Arc::clone(&answer),
                    Arc::clone(&received),
                    Arc::clone(&stopped),
                );
                thread::spawn(move || one(stream, &*answer, &received, &stopped));
            }
        });
        http
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The requests that came, in the order in which they were complete.
    pub fn received(&self) -> Vec<Received> {
        self.received
            .lock()
            .expect("no thread panicked with it")
            .clone()
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that listens, so that it sees it.
        let _ = TcpStream::connect(self.address);
    }
}

/// Whoever tests may close early: that is no error here.
fn one(
    mut stream: TcpStream,
    answer: &dyn Fn(&Received) -> Reply,
    received: &Mutex<Vec<Received>>,
    stopped: &AtomicBool,
) {
    let reader = stream.try_clone().map(BufReader::new);
    let Some(request) = reader.ok().and_then(|mut reader| read(&mut reader)) else {
        return;
    };
    let reply = answer(&request);
    received
        .lock()
        .expect("no thread panicked with it")
        .push(request);
    let _ = reply.write(&mut stream, stopped);
}

/// A request with a length, or without a body.
pub(crate) fn read(reader: &mut impl BufRead) -> Option<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut first = lines.first()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Received {
        method,
        path,
        headers,
        body: Vec::new(),
    };
    let length = request
        .header("content-length")
        .unwrap_or("0")
        .parse()
        .ok()?;
    request.body = vec![0; length];
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

impl Received {
    /// Reads one from a stream that isn't a socket: TLS.
    pub fn read(stream: &mut impl Read) -> Option<Self> {
        read(&mut BufReader::new(stream))
    }
}
