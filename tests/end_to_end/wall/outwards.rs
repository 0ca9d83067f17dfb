//! A granted port, and a name server, from behind a wall that is required whole.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, UdpSocket},
    thread,
};

use writ_tests::App;

/// Answers every request with the same; gives its port.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            // Who asked may be gone.
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n42");
        }
    });
    port
}

/// Says of every name that it is this machine; gives its port.
fn name_server() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
    let port = socket.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            let name = query[12..length]
                .iter()
                .position(|byte| *byte == 0)
                .unwrap_or(0);
            let question = &query[12..12 + name + 5];
            let is_v4 = question[name + 2] == 1;
            let mut answer = query[..2].to_vec();
            answer.extend([0x81, 0x80, 0, 1, 0, u8::from(is_v4), 0, 0, 0, 0]);
            answer.extend(question);
            if is_v4 {
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
            }
            let _ = socket.send_to(&answer, from);
        }
    });
    port
}

#[test]
fn a_granted_name_is_looked_up_and_reached() {
    let (port, names) = (server(), name_server());
    let app = App::new(&format!(
        "document:\n  dsl: '1.0.3'\n  namespace: tests\n  name: test\n  version: '0.1.0'\n  metadata:\n    writ:\n      \
         requests: [{{ capability: 'http:GET http://erp.example:{port}/**', reason: r }}]\n\
         do:\n  - get: {{ call: http, with: {{ method: get, endpoint: 'http://erp.example:{port}/n', output: content }} }}\n"
    ));
    app.write(
        "writ.toml",
        &format!(
            "[host]\nwall = \"required\"\n\n[network]\nnameservers = [\"127.0.0.1:{names}\"]\n"
        ),
    );
    app.approve();
    let mut grants =
        std::fs::read_to_string(app.path().join("grants.toml")).expect("it was approved");
    grants.push_str("addresses = [\"127.0.0.1/32\"]\n");
    app.write("grants.toml", &grants);
    let ended = app.run().expect(0).json();
    assert_eq!(
        ended["output"].to_string().trim_matches('"'),
        "42",
        "{ended}"
    );
}
