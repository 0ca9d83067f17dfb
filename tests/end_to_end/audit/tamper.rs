//! Changes to a real journal's files, found by the real binary: a sample of what the journal's own tests try in full.

use std::fs;

use super::{after, carry, evidence};

/// Changes a file for each round are this far apart, so that the whole is over in seconds.
const ROUNDS_PER_FILE: usize = 6;

#[test]
fn changed_bytes_anywhere_are_found() {
    let app = after(2);
    let _ = app.writ(&["audit", "verify"]).expect(0);
    for file in evidence(&app) {
        let whole = fs::read(&file).expect("files can be read");
        // The end of a log may be space that was set aside: nobody says what is there.
        let length = whole
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |last| last + 1);
        for round in 0..ROUNDS_PER_FILE {
            let at = (length - 1) * round / (ROUNDS_PER_FILE - 1);
            let mut changed = whole.clone();
            changed[at] ^= 1 << (round % 8);
            fs::write(&file, &changed).expect("files can be written");
            let said = app.writ(&["audit", "verify", "--json"]);
            assert_eq!(said.code, 5, "{} byte {at}: {}", file.display(), said.out);
            assert_eq!(said.json()["ok"], false);
        }
        fs::write(&file, &whole).expect("files can be written");
    }
    let _ = app.writ(&["audit", "verify"]).expect(0);
}

#[test]
fn files_that_are_gone_are_found() {
    let app = after(1);
    let away = carry(&app);
    for file in evidence(&app) {
        let whole = fs::read(&file).expect("files can be read");
        fs::remove_file(&file).expect("files can be removed");
        let code = app.writ(&["audit", "verify", "--checkpoint", &away]).code;
        let is_checkpoint = file.extension().is_some_and(|end| end == "checkpoint");
        // With a copy elsewhere, the one in the folder is not missed.
        assert_eq!(
            code,
            if is_checkpoint { 0 } else { 5 },
            "{}",
            file.display()
        );
        fs::write(&file, &whole).expect("files can be written");
    }
}
