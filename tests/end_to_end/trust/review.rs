//! `writ grant review` on a real terminal: a person answers request by request.

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    time::{Duration, Instant},
};

use super::{Desk, READ, WRITE};

/// Longest wait for a prompt.
const PATIENCE: Duration = Duration::from_secs(60);

/// A person at a terminal, which `script` of util-linux makes.
struct Person {
    child: Child,
    keyboard: ChildStdin,
    screen: Receiver<Vec<u8>>,
    seen: String,
}

impl Person {
    fn at(desk: &Desk, arguments: &[&str]) -> Self {
        let mut child = terminal(desk, arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`script` of util-linux is installed");
        let keyboard = child.stdin.take().expect("it is piped");
        let mut eyes = child.stdout.take().expect("it is piped");
        let (send, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = eyes.read(&mut bytes) {
                if send.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            seen: String::new(),
        }
    }

    /// Waits until the screen shows something new, and types an answer.
    fn answers(&mut self, prompt: &str, keys: &str) -> &mut Self {
        let end = Instant::now() + PATIENCE;
        while !self.seen.contains(prompt) {
            let left = end.saturating_duration_since(Instant::now());
            let bytes = self
                .screen
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("no {prompt:?} on:\n{}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        let at = self.seen.find(prompt).expect("it was seen") + prompt.len();
        self.seen.drain(..at);
        // The program has shown its prompt a moment before it listens.
        std::thread::sleep(Duration::from_millis(100));
        self.keyboard
            .write_all(keys.as_bytes())
            .expect("the terminal is there");
        self
    }

    fn leaves(mut self, code: i32) {
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(code), "{}", self.seen);
    }
}

/// A `writ` command line inside a terminal of its own.
#[expect(
    clippy::disallowed_methods,
    reason = "a terminal is made by another program"
)]
fn terminal(desk: &Desk, arguments: &[&str]) -> Command {
    let program: PathBuf = writ_tests::writ().to_owned();
    let line = format!("{} {}", program.display(), arguments.join(" "));
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .current_dir(desk.app.path())
        .env("WRIT_KEYS", desk.key_folder())
        .env("TERM", "xterm");
    command
}

const UP: &str = "\u{1b}[A";
const ENTER: &str = "\r";

#[test]
fn a_person_reviews_narrows_denies_and_signs() {
    let desk = Desk::strict(&format!(
        "{READ}{WRITE}[[request]]\ncapability = \"config:read:currency\"\nreason = \"what money\"\noptional = true\n"
    ));
    desk.app.write("data/more/a.txt", "hello");
    let new = [
        "key",
        "new",
        "alice",
        "--role",
        "reviewer",
        "--passphrase-fd",
        "0",
    ];
    let _ = desk.writ_with(&new, "correct horse").expect(0);

    let mut person = Person::at(&desk, &["grant", "review", ".", "files"]);
    person
        // The first is narrowed: the cursor starts on "deny".
        .answers("1 of 3: fs:read:/in", "")
        .answers("because: what it reads", "")
        .answers("Your answer", &format!("{UP}{ENTER}"))
        .answers("Which part", &format!("/a{ENTER}"))
        .answers("Host folder", &format!("data{ENTER}"))
        .answers("2 of 3: fs:write:/out (optional)", "")
        .answers("risk: changes or sends", "")
        .answers("Your answer", ENTER)
        .answers("3 of 3: config:read:currency", "")
        .answers("Your answer", &format!("{UP}{UP}{ENTER}"))
        .answers("Fixed value", &format!("EUR{ENTER}"))
        .answers("Days until it expires", &format!("30{ENTER}"))
        .answers("files 0.1.0 may, as sha256:", "")
        .answers("read files below /in/a  (= data)", "")
        .answers("How", ENTER)
        .answers("Passphrase of alice+", "correct horse\r")
        .answers("Sign this as alice+", "y")
        .answers("(1 of 1 reviewers)", "");
    person.leaves(0);

    let listed = desk.writ(&["grant", "list", "--json"]).expect(0).json();
    assert_eq!(listed[0]["signed"]["have"], 1);
    assert!(listed[0]["expires"].is_string());
    let granted: Vec<&str> = listed[0]["grants"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|grant| grant["capability"].as_str())
        .collect();
    assert_eq!(granted, ["fs:read:/in/a", "config:read:currency"]);
}

#[test]
fn nothing_is_signed_without_a_last_yes() {
    let desk = Desk::strict(READ);
    let _ = desk.key("alice", "reviewer");
    let mut person = Person::at(&desk, &["grant", "review", ".", "files", "--key", "alice"]);
    person
        .answers("Your answer", &format!("{UP}{UP}{ENTER}"))
        .answers("Host folder", ENTER)
        .answers("Days until it expires", ENTER)
        .answers("Sign this as alice+", "n")
        .answers("left as it is", "");
    person.leaves(0);
    assert!(!desk.app.path().join("writs").exists());
}
