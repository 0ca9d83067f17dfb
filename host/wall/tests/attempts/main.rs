//! Walls that are tried: this program starts itself, raises a wall in that process, and does on several threads what a guest
//! that got out of its sandbox would do. Has no test harness, because its threads would be there before the wall.

#![expect(
    clippy::disallowed_methods,
    reason = "the program starts itself, and what is behind the wall tries to start others"
)]
#![expect(
    clippy::unwrap_used,
    reason = "what is behind the wall fails by panicking"
)]

mod attempt;
mod files;
mod machine;
mod network;
mod scenes;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::scenes::{SCENES, Surroundings};

const INSIDE: &str = "inside";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == INSIDE) {
        return inside(&arguments);
    }
    if arguments.iter().any(|argument| argument == "--list") {
        return;
    }
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let chosen = SCENES
        .iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| name.contains(wanted.as_str())));
    let mut passed = 0;
    for (name, _) in chosen {
        outside(name);
        println!("test {name} ... ok");
        passed += 1;
    }
    println!("attempts: {passed} passed");
}

/// Lays out a ground with a secret and two ports, and starts the process that gives them up.
fn outside(scene: &str) {
    let ground = tempfile::tempdir().expect("a folder can be made");
    lay_out(ground.path());
    let listen = || TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let (granted, other) = (listen(), listen());
    let _abstract = network::abstract_listener(granted.local_addr().expect("it is bound").port());
    let _named = network::named_listener(ground.path());
    let port = |listener: &TcpListener| {
        let address = listener.local_addr().expect("it is bound");
        address.port().to_string()
    };
    let program = std::env::current_exe().expect("a running program has a file");
    let ended = Command::new(program)
        .args([INSIDE, scene])
        .arg(ground.path())
        .args([port(&granted), port(&other)])
        .stdin(Stdio::null())
        .status()
        .expect("it starts itself");
    assert!(ended.success(), "{scene}: {ended}");
    let secret = ground.path().join("secret");
    let text = std::fs::read_to_string(secret).expect("the secret is where it was");
    assert_eq!(text, "secret", "{scene}: the secret was changed");
}

fn lay_out(ground: &Path) {
    for folder in ["in", "out", "out/deep", "drop"] {
        std::fs::create_dir(ground.join(folder)).expect("a folder can be made");
    }
    for (file, text) in [
        ("secret", "secret"),
        ("in/a", "a"),
        ("out/b", "b"),
        ("drop/c", "c"),
    ] {
        std::fs::write(ground.join(file), text).expect("a file can be written");
    }
}

/// Behind the wall.
fn inside(arguments: &[String]) {
    let [_, scene, ground, granted, other] = arguments else {
        panic!("not started by this program: {arguments:?}");
    };
    let port = |text: &String| text.parse().expect("a port is a number");
    let around = Surroundings {
        ground: ground.into(),
        granted: port(granted),
        other: port(other),
    };
    let found = SCENES.iter().find(|(name, _)| name == scene);
    let (_, play) = found.expect("scenes are named by this program");
    play(&around);
}
