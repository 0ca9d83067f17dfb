//! A host that is killed while it signs leaves no checkpoint that promises more than the log has.

use std::{fs, process::Stdio, thread, time::Duration};

use writ_tests::{App, command};

use super::data;

/// Rounds, each killed a little later after its start.
const ROUNDS: u64 = 16;

#[test]
fn killed_hosts_leave_journals_that_hold() {
    let app = App::doing(
        "  - many:\n      for: { each: n, in: '${ [range(200)] }' }\n      do:\n        - one:\n            set: { n: '${ $n }' }\n",
    );
    // The end of a run is where a host signs: how long one takes is measured, and kills are put all around that.
    let began = std::time::Instant::now();
    let _ = app.run().expect(0);
    let usual = began.elapsed();
    let mut signed = 0;
    for round in 0..ROUNDS {
        let mut child = command(app.path(), &["run", ".", "--json"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("writ can be started");
        thread::sleep(usual * 8 / 10 + usual * u32::try_from(round).expect("few rounds") / 40);
        let _ = child.kill();
        let _ = child.wait();
        // No start in between: what the kill left must fit as it is, but for the end of the log.
        let said = app.writ(&["audit", "verify", "--json"]);
        let told = said.json();
        let unfinished = told["error"].to_string().contains("unfinished write");
        assert!(said.code == 0 || unfinished, "round {round}: {told}");
        let now = told["signed"]
            .as_u64()
            .or(told["proved"]["signed"].as_u64());
        assert!(now >= Some(signed), "round {round}: {told}");
        signed = now.expect("a number");
    }
    let _ = app.writ(&["runs", "resume"]).expect(0);
    let _ = app.writ(&["audit", "verify"]).expect(0);
    assert!(
        fs::read_dir(data(&app, "checkpoints"))
            .expect("checkpoints")
            .count()
            > 1
    );
    assert!(usual > Duration::ZERO && signed > 0);
}
