//! A host that is killed at any moment has lost nothing that it acknowledged.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::*;

const CHILD: &str = "WRIT_JOURNAL_TEST_CHILD";
const ROUNDS: u64 = 30;

/// In the child, which the test below starts: appends from four threads, and says what is durable, until it is killed.
#[test]
fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how this test program knows that it is the child"
    )]
    let Some(home) = std::env::var_os(CHILD) else {
        return;
    };
    // So often that checkpoints are being written whenever the kill comes.
    let options = Options {
        checkpoint_events: 7,
        checkpoint_ms: 3,
        ..small()
    };
    let (journal, _) = Journal::open(Path::new(&home), options).unwrap();
    thread::scope(|scope| {
        for writer in 0..4u8 {
            let journal = &journal;
            scope.spawn(move || {
                let mut n = texts(journal, run(writer)).len();
                loop {
                    let padding = "x".repeat(if n % 10 == 9 { 5000 } else { n % 50 });
                    let position = journal
                        .append(run(writer), 1, &[said(format!("{n} {padding}"))])
                        .unwrap();
                    if n.is_multiple_of(3) {
                        journal.flush_blocking(position).unwrap();
                        let mut out = std::io::stdout().lock();
                        writeln!(out, "\nack {writer} {n}").unwrap();
                        out.flush().unwrap();
                    }
                    n += 1;
                }
            });
        }
    });
}

/// Starts the child, kills it after a while, and gives the last number that each writer said was durable.
fn round(home: &Path, lifetime: Duration) -> [Option<usize>; 4] {
    #[expect(
        clippy::disallowed_methods,
        reason = "the host to be killed is this test program itself"
    )]
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "tests::kill::child",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, home)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let reader = thread::spawn(move || {
        let mut acks = [None; 4];
        for line in out.lines().map_while(Result::ok) {
            let mut words = line.split(' ');
            if words.next() == Some("ack") {
                let mut number = || words.next().and_then(|word| word.parse::<usize>().ok());
                if let (Some(writer), Some(n)) = (number(), number()) {
                    acks[writer] = Some(n);
                }
            }
        }
        acks
    });
    thread::sleep(lifetime);
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[test]
fn nothing_acknowledged_is_lost() {
    let home = dir();
    let (mut acked, mut signed) = ([None; 4], Vec::new());
    for n in 0..ROUNDS {
        let acks = round(home.path(), Duration::from_millis(5 + n * 37 % 120));
        for (known, now) in acked.iter_mut().zip(acks) {
            *known = (*known).max(now);
        }
        // Refused if a checkpoint had signed more than there is, or were half written.
        let (journal, _) = open_small(home.path());
        for (writer, ack) in acked.iter().enumerate() {
            let kept = texts(&journal, run(writer as u8));
            for (n, text) in kept.iter().enumerate() {
                assert!(text.starts_with(&format!("{n} ")), "{text}");
            }
            assert!(
                ack.is_none_or(|ack| kept.len() > ack),
                "round {n}: {} kept, {ack:?} acknowledged",
                kept.len()
            );
        }
        journal.close().unwrap();
        crate::audit::verify(home.path()).unwrap();
        let list = crate::checkpoints::Checkpoints::of(home.path()).list();
        signed.push(list.unwrap().len());
    }
    assert!(signed.iter().any(|count| *count > 3), "{signed:?}");
    assert!(
        acked.iter().all(Option::is_some),
        "every writer got to work: {acked:?}"
    );
}
