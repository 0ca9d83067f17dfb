//! A log of format 1, made byte by byte without the code under test: as long as this opens, old journals do.

use std::fs;

use sha2::{Digest as _, Sha256};
use writ_run::Status;

use super::*;

fn body(
    number: u64,
    before_in_log: [u8; 32],
    before_in_run: [u8; 32],
    flags: u8,
    json: &str,
) -> Vec<u8> {
    let mut body = vec![1, flags];
    body.extend([5; 16]);
    body.extend(number.to_le_bytes());
    body.extend((1000 + number).to_le_bytes());
    body.extend(before_in_log);
    body.extend(before_in_run);
    body.extend(json.bytes());
    body
}

fn framed(body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_le_bytes();
    let crc = crc32fast::hash(&[&length, body].concat()).to_le_bytes();
    [&length[..], &crc, body].concat()
}

fn segment(previous: u64, first: u64, before: [u8; 32]) -> Vec<u8> {
    let mut header = b"writlog\n".to_vec();
    header.extend(1u32.to_le_bytes());
    header.extend(previous.to_le_bytes());
    header.extend(first.to_le_bytes());
    header.extend(before);
    header.extend(crc32fast::hash(&header).to_le_bytes());
    header
}

#[test]
fn a_journal_of_format_1_opens() {
    let home = dir();
    let start = format!(
        r#"{{"type":"run.started","workflow":{{"namespace":"n","name":"w","version":"0.1.0","digest":"{}"}},"plugins":{{}},"input":{{}},"at_ms":1,"seed":2}}"#,
        "0".repeat(64)
    );
    let mut second = serde_json::to_string(&said("in a blob")).unwrap();
    let digest: [u8; 32] = Sha256::digest(second.as_bytes()).into();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let blob = home.path().join("blobs").join(&hex[..2]);
    fs::create_dir_all(&blob).unwrap();
    fs::write(blob.join(&hex[2..]), &second).unwrap();
    let first = body(0, [0; 32], [0; 32], 2, &start);
    let hash: [u8; 32] = Sha256::digest(&first).into();
    let bytes = second.len() as u64;
    second.clear();
    let mut named = body(1, hash, hash, 1, &second);
    named.extend(digest);
    named.extend(bytes.to_le_bytes());
    let head: [u8; 32] = Sha256::digest(&named).into();

    let log = home.path().join("log");
    fs::create_dir_all(&log).unwrap();
    let content = [segment(u64::MAX, 0, [0; 32]), framed(&first), vec![0; 500]].concat();
    fs::write(log.join("00000000000000000000.log"), content).unwrap();
    let content = [segment(0, 1, hash), framed(&named)].concat();
    fs::write(log.join("00000000000000000001.log"), content).unwrap();

    assert_eq!(crate::audit::verify(home.path()).unwrap().head, head);
    let (journal, opened) = open(home.path());
    assert_eq!((opened.repairs, opened.unfinished), (vec![], vec![run(5)]));
    assert_eq!(texts(&journal, run(5)), ["in a blob"]);
    let summary = journal.run(run(5)).unwrap().unwrap();
    assert_eq!(
        (summary.name.as_str(), summary.status, summary.changed_ms),
        ("w", Status::Running, 1001)
    );
}
