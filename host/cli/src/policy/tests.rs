//! What is remembered, by more than one process.

use super::*;

const NOW_MS: u64 = 1_800_000_000_000;

/// The policy of a process that has read the memory of a data folder.
fn policy(data: &Path) -> Policy {
    let root = TrustRoot::parse("version = 1\nepoch = 3\n").unwrap();
    Policy {
        grants: Grants::default(),
        papers: BTreeMap::new(),
        root: Some((data.join(ROOT_FILE), root)),
        strict: true,
        place: None,
        seen: memory::recall(data).unwrap(),
        start: Start::New,
        writs: data.join("writs"),
        data: data.to_owned(),
    }
}

fn believed(name: &str, approved_ms: u64) -> Verdict {
    let digest = Digest::from_bytes([7; 32]);
    Verdict {
        writ: Writ {
            plugin: name.to_owned(),
            version: "0.1.0".to_owned(),
            digest,
            grants: Vec::new(),
            approved_ms: Some(approved_ms),
            expires_ms: None,
            revoked: false,
        },
        payload: digest,
        epoch: 3,
        reviewers: Vec::new(),
        authors: Vec::new(),
        signers: Vec::new(),
    }
}

#[test]
fn what_another_process_remembered_meanwhile_counts_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let (first, second) = (policy(data), policy(data));
    let own = TakenFolder::take(data).unwrap();
    first.remember(&own, &[believed("files", NOW_MS)]).unwrap();
    // The second has read nothing of that.
    let older = believed("files", NOW_MS - 1);
    let refused = second
        .remember(&own, std::slice::from_ref(&older))
        .unwrap_err();
    assert!(refused.message.contains("an old one was put back"));
    second.remember(&own, &[believed("other", NOW_MS)]).unwrap();
    let seen = memory::recall(data).unwrap();
    for name in ["files", "other"] {
        assert!(seen.allows(&believed(name, NOW_MS)).is_ok());
        assert!(seen.allows(&believed(name, NOW_MS - 1)).is_err());
    }
    // A run that began with the older one may go on, and nothing is forgotten by it.
    let again = Policy {
        start: Start::Again(vec![older.payload]),
        ..second
    };
    again.remember(&own, &[older]).unwrap();
    assert_eq!(memory::recall(data).unwrap(), seen);
}

#[test]
fn an_older_root_is_not_remembered_over_a_newer_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let older = policy(data);
    let newer = TrustRoot::parse("version = 1\nepoch = 4\n").unwrap();
    let newer = Policy {
        root: Some((data.join(ROOT_FILE), newer)),
        ..policy(data)
    };
    let own = TakenFolder::take(data).unwrap();
    newer.remember(&own, &[]).unwrap();
    let refused = older.remember(&own, &[]).unwrap_err();
    assert!(refused.message.contains("epoch 3"), "{}", refused.message);
}
