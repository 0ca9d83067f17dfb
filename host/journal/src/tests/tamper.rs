//! Whoever changes anything in a journal's folder is found out: by the log itself as long as the hashes were not made
//! anew, by the checkpoints in the folder as long as their key was not used, and by a checkpoint kept elsewhere always.

use std::fs;

use writ_trust::{KeyFile, Note, PublicKey, SecretKey};

use super::*;
use crate::{
    AuditFault, Audited, BlobDigest, Checkpoint, Claims, JournalError, audit,
    digest::{Hash, NO_HASH},
    frame::{self, Head, Parsed},
    merkle::{Tree, leaf},
    scan::{Scan, Step},
    segment::{self, HEADER_BYTES, Header},
};

/// A closed journal of several segments, with blobs that events are in and that runs are pinned to, signed several times.
fn signed(dir: &Path) {
    let options = Options {
        checkpoint_events: 5,
        ..small()
    };
    let (journal, _) = Journal::open(dir, options).unwrap();
    for n in 0..14u64 {
        let of = run(1 + (n % 2) as u8);
        if n < 2 {
            let text = format!("workflow {n}");
            let Event::RunStarted {
                mut workflow,
                plugins,
                input,
                at_ms,
                seed,
                grants,
                signed,
            } = started("w")
            else {
                panic!("it starts a run")
            };
            workflow.digest = journal.put_blob(text.as_bytes()).unwrap().to_string();
            let start = Event::RunStarted {
                workflow,
                plugins,
                input,
                at_ms,
                seed,
                grants,
                signed,
            };
            journal.append(of, n, &[start]).unwrap();
        }
        let position = journal.append(of, n, &[done(n)]).unwrap();
        journal.flush_blocking(position).unwrap();
    }
    journal
        .append(run(1), 90, &[said("x".repeat(5000))])
        .unwrap();
    journal
        .append(run(2), 91, &[said("y".repeat(5000)), completed()])
        .unwrap();
    journal.close().unwrap();
}

fn done(n: u64) -> Event {
    Event::TaskCompleted {
        task: TaskId(n),
        reference: format!("/do/{n}/step").into(),
        index: vec![],
        output: None,
        context: None,
        case: None,
        at_ms: None,
    }
}

fn look(dir: &Path) -> Result<Audited, Box<AuditFault>> {
    audit(dir, &Claims::default())
}

/// All files that a verdict rests on.
fn evidence(dir: &Path) -> Vec<PathBuf> {
    let mut files = vec![dir.join("log.vkey")];
    let mut folders = vec![dir.join("log"), dir.join("blobs"), dir.join("checkpoints")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The newest checkpoint, as it would be carried away.
fn carried(dir: &Path) -> Claims {
    let newest = crate::checkpoints::Checkpoints::of(dir)
        .list()
        .unwrap()
        .pop()
        .unwrap();
    Claims {
        outside: vec![("usb".to_owned(), fs::read_to_string(newest.1).unwrap())],
        ..Claims::default()
    }
}

fn public(dir: &Path) -> PublicKey {
    fs::read_to_string(dir.join("log.vkey"))
        .unwrap()
        .trim_end()
        .parse()
        .unwrap()
}

#[test]
fn every_changed_byte_of_every_file_is_found() {
    let home = dir();
    signed(home.path());
    let whole = look(home.path()).unwrap();
    assert_eq!((whole.verified.events, whole.verified.runs), (19, 2));
    assert!(whole.verified.segments > 3, "{whole:?}");
    assert!(whole.claims.len() > 2 && whole.signed() == 19, "{whole:?}");
    assert_eq!(whole.blobs, 4);
    let mut tried = 0;
    for file in evidence(home.path()) {
        let content = fs::read(&file).unwrap();
        for at in 0..content.len() {
            let mut changed = content.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(&file, &changed).unwrap();
            assert!(look(home.path()).is_err(), "{} byte {at}", file.display());
            tried += 1;
        }
        fs::write(&file, &content).unwrap();
    }
    assert!(tried > 10_000, "{tried}");
    look(home.path()).unwrap();
}

#[test]
fn the_first_bad_event_is_named_with_what_was_expected() {
    let home = dir();
    signed(home.path());
    let segment = segments(home.path()).remove(1);
    let frames = frames(&segment);
    let mut content = fs::read(&segment).unwrap();
    // In the JSON of the second event of the second segment, behind everything that is told of it.
    let at = frames[1].0 as usize + frames[1].1.len() - 1;
    content[at] ^= 1;
    fs::write(&segment, &content).unwrap();
    let first: u64 = segment
        .file_stem()
        .unwrap()
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let fault = look(home.path()).unwrap_err();
    let bad = fault.at.as_ref().unwrap();
    assert_eq!(
        (bad.segment.clone(), bad.offset),
        (segment.clone(), frames[1].0)
    );
    assert_eq!((bad.position, fault.whole), (first + 1, first + 1));
    assert!(bad.run == Some(run(1)) || bad.run == Some(run(2)));
    assert!(bad.number.is_some());
    assert!(fault.expected.as_ref().unwrap().starts_with("checksum "));
    assert_ne!(fault.expected, fault.found);
    assert!(
        fault.to_string().contains("later segments follow")
            || fault.to_string().contains("whole events follow")
    );
    // A changed number is sealed again: then the chain shows it, and the whole event can be read.
    content[at] ^= 1;
    fs::write(&segment, content).unwrap();
    look(home.path()).unwrap();
    rewrite(home.path(), false, |position, frame| {
        if position == first + 1 {
            frame.number += 1;
        }
    });
    let fault = look(home.path()).unwrap_err();
    let bad = fault.at.unwrap();
    assert_eq!(bad.position, first + 1);
    assert!(bad.task.unwrap().starts_with("/do/"));
    assert_eq!(bad.kind.as_deref(), Some("task.completed"));
    assert!(
        fault
            .signed
            .is_some_and(|(_, checkpoint)| checkpoint.size <= first + 1)
    );
}

/// A frame's place and bytes, for each of a segment.
fn frames(segment: &Path) -> Vec<(u64, Vec<u8>)> {
    let content = fs::read(segment).unwrap();
    let mut scan = Scan::open(segment, HEADER_BYTES).unwrap();
    let mut found = Vec::new();
    while let Step::Frame { offset, frame } = scan.step().unwrap() {
        let end = offset + frame.bytes();
        found.push((offset, content[offset as usize..end as usize].to_vec()));
    }
    found
}

#[test]
fn frames_that_are_gone_moved_or_there_twice_are_found() {
    let home = dir();
    signed(home.path());
    for segment in segments(home.path()) {
        let content = fs::read(&segment).unwrap();
        let parts: Vec<Vec<u8>> = frames(&segment)
            .into_iter()
            .map(|(_, bytes)| bytes)
            .collect();
        let try_with = |parts: Vec<Vec<u8>>, what: &str| {
            let changed = [&content[..HEADER_BYTES as usize], &parts.concat()].concat();
            fs::write(&segment, changed).unwrap();
            assert!(
                look(home.path()).is_err(),
                "{what} in {}",
                segment.display()
            );
        };
        for at in 0..parts.len() {
            let mut less = parts.clone();
            less.remove(at);
            try_with(less, "one removed");
            let mut more = parts.clone();
            more.insert(at, parts[at].clone());
            try_with(more, "one doubled");
            try_with(parts[..at].to_vec(), "the rest cut off");
            for other in at + 1..parts.len() {
                let mut moved = parts.clone();
                moved.swap(at, other);
                try_with(moved, "two swapped");
            }
        }
        fs::write(&segment, &content).unwrap();
    }
    look(home.path()).unwrap();
}

#[test]
fn segments_and_blobs_that_are_gone_or_swapped_are_found() {
    let home = dir();
    signed(home.path());
    let files: Vec<PathBuf> = evidence(home.path())
        .into_iter()
        .filter(|path| !path.starts_with(home.path().join("checkpoints")))
        .collect();
    for file in &files {
        let content = fs::read(file).unwrap();
        fs::remove_file(file).unwrap();
        assert!(look(home.path()).is_err(), "{} is gone", file.display());
        for other in files.iter().filter(|other| *other != file) {
            fs::copy(other, file).unwrap();
            assert!(
                look(home.path()).is_err(),
                "{} in place of {}",
                other.display(),
                file.display()
            );
        }
        fs::write(file, &content).unwrap();
    }
    let all = segments(home.path());
    for pair in all.windows(2) {
        let contents = [fs::read(&pair[0]).unwrap(), fs::read(&pair[1]).unwrap()];
        fs::write(&pair[0], &contents[1]).unwrap();
        fs::write(&pair[1], &contents[0]).unwrap();
        assert!(look(home.path()).is_err());
        fs::write(&pair[0], &contents[0]).unwrap();
        fs::write(&pair[1], &contents[1]).unwrap();
    }
    look(home.path()).unwrap();
}

#[test]
fn checkpoints_that_are_swapped_or_of_another_log_are_found() {
    let (home, other) = (dir(), dir());
    signed(home.path());
    signed(other.path());
    let list = |dir: &Path| crate::checkpoints::Checkpoints::of(dir).list().unwrap();
    for (_, file) in list(home.path()) {
        let content = fs::read(&file).unwrap();
        for dir in [home.path(), other.path()] {
            for (_, strange) in list(dir)
                .into_iter()
                .filter(|(_, strange)| *strange != file)
            {
                fs::copy(&strange, &file).unwrap();
                assert!(look(home.path()).is_err());
                fs::write(&file, &content).unwrap();
            }
        }
    }
    assert!(audit(home.path(), &carried(home.path())).is_ok());
    assert!(audit(home.path(), &carried(other.path())).is_err());
    fs::remove_file(home.path().join("log.vkey")).unwrap();
    assert!(look(home.path()).is_err(), "no key to check with");
}

/// Writes a log anew, with every hash after a change made to fit; `rechain` false leaves the chains as they were.
fn rewrite(dir: &Path, rechain: bool, change: impl Fn(u64, &mut Head)) -> Tree {
    let (mut tree, mut position, mut head, mut previous) = (Tree::default(), 0, NO_HASH, None);
    let mut runs: BTreeMap<RunId, Hash> = BTreeMap::new();
    for path in segments(dir) {
        let header = Header {
            previous,
            first: position,
            before: head,
        };
        previous = Some(position);
        let mut content = header.encode().to_vec();
        for (_, bytes) in frames(&path) {
            let Parsed::Frame(old) = frame::parse(&bytes) else {
                panic!("it was just parsed")
            };
            let mut new = old.head.clone();
            change(position, &mut new);
            if rechain {
                new.before_in_log = head;
                new.before_in_run = runs.get(&new.run).copied().unwrap_or(NO_HASH);
            }
            let (mut made, hash) = frame::encode(&new, old.payload);
            if old.settled {
                frame::settle(&mut made);
            }
            tree.push(leaf(&hash));
            runs.insert(new.run, hash);
            head = hash;
            position += 1;
            content.extend(made);
        }
        fs::write(&path, content).unwrap();
    }
    tree
}

/// What someone who knows everything but has not the key can do: every hash fits, and the log tells another story.
#[test]
fn a_log_made_anew_is_found_by_the_checkpoints_alone() {
    for victim in 0..19 {
        let home = dir();
        signed(home.path());
        let away = carried(home.path());
        rewrite(home.path(), true, |position, head| {
            if position == victim {
                head.at_ms += 1;
            }
        });
        let fault = look(home.path()).unwrap_err();
        assert!(matches!(fault.error, JournalError::Checkpoint { .. }));
        let bad = fault.at.unwrap();
        let from = fault.signed.map_or(0, |(_, checkpoint)| checkpoint.size);
        assert!(bad.position == from && from <= victim, "{bad:?}");
        assert!(victim < fault.whole, "the next checkpoint shows it");
        // The host does not go on with it either.
        assert!(matches!(
            Journal::open(home.path(), small()).err().unwrap(),
            JournalError::Checkpoint { .. } | JournalError::Corrupt { .. }
        ));
        // Without checkpoints, nothing is left to tell; but for the one that was carried away.
        fs::remove_dir_all(home.path().join("checkpoints")).unwrap();
        assert_eq!(look(home.path()).unwrap().signed(), 0);
        assert!(audit(home.path(), &away).is_err());
    }
}

#[test]
fn a_checkpoint_forged_without_the_key_is_found() {
    let home = dir();
    signed(home.path());
    let tree = rewrite(home.path(), true, |_, head| head.at_ms += 1);
    let newest = crate::checkpoints::Checkpoints::of(home.path())
        .list()
        .unwrap()
        .pop()
        .unwrap();
    let old = Note::parse(&fs::read_to_string(&newest.1).unwrap()).unwrap();
    let mut said = Checkpoint::parse(old.text()).unwrap();
    let signature = fs::read_to_string(&newest.1).unwrap();
    let signature = signature.split_once("\n\n").unwrap().1.to_owned();
    said.root = tree.root();
    fs::remove_dir_all(home.path().join("checkpoints")).unwrap();
    fs::create_dir_all(home.path().join("checkpoints")).unwrap();
    fs::write(&newest.1, format!("{}\n{signature}", said.text())).unwrap();
    let fault = look(home.path()).unwrap_err().to_string();
    assert!(fault.contains("signature"), "{fault}");
}

/// Somebody who has the whole folder has its key, and can sign whatever they make. Only what is elsewhere tells.
#[test]
fn a_log_signed_anew_is_found_by_what_is_kept_elsewhere() {
    let home = dir();
    signed(home.path());
    let (away, key) = (carried(home.path()), public(home.path()));
    let tree = rewrite(home.path(), true, |_, head| head.at_ms += 1);
    let sign = |secret: &writ_trust::SecretKey| {
        let said = Checkpoint {
            origin: secret.public().name().to_string(),
            size: tree.size(),
            root: tree.root(),
        };
        fs::remove_dir_all(home.path().join("checkpoints")).unwrap();
        let checkpoints = crate::checkpoints::Checkpoints::of(home.path());
        checkpoints.prepare().unwrap();
        checkpoints
            .write(said.size, &Note::sign(&said.text(), &[secret]).unwrap())
            .unwrap();
    };
    let text = fs::read_to_string(home.path().join("log.key")).unwrap();
    sign(&KeyFile::parse(&text).unwrap().open(None).unwrap());
    assert_eq!(
        look(home.path()).unwrap().signed(),
        19,
        "nothing in the folder tells"
    );
    assert!(audit(home.path(), &away).is_err());

    let forger = writ_trust::SecretKey::from_seed(key.name().clone(), &[9; 32]);
    sign(&forger);
    fs::write(
        home.path().join("log.vkey"),
        format!("{}\n", forger.public()),
    )
    .unwrap();
    assert_eq!(look(home.path()).unwrap().signed(), 19);
    assert!(audit(home.path(), &away).is_err());
    let known = Claims {
        keys: vec![key],
        ..Claims::default()
    };
    assert!(audit(home.path(), &known).is_err(), "the key is another");
}

#[test]
fn a_cut_tail_is_found() {
    let home = dir();
    signed(home.path());
    let away = carried(home.path());
    let last = segments(home.path()).pop().unwrap();
    let all = frames(&last);
    let content = fs::read(&last).unwrap();
    fs::write(&last, &content[..all.last().unwrap().0 as usize]).unwrap();
    let fault = look(home.path()).unwrap_err();
    assert_eq!((fault.whole, fault.at.as_ref().unwrap().position), (18, 18));
    assert_eq!(fault.found.as_deref(), Some("18 events"));
    let refused = Journal::open(home.path(), small()).err().unwrap();
    assert!(
        refused.to_string().contains("gone from its end"),
        "{refused}"
    );
    // Whoever removes the checkpoints too is found only from elsewhere.
    fs::remove_dir_all(home.path().join("checkpoints")).unwrap();
    look(home.path()).unwrap();
    assert!(audit(home.path(), &away).is_err());
}

#[test]
fn a_blob_that_no_event_names_is_compared_too() {
    let home = dir();
    signed(home.path());
    let (journal, _) = open_small(home.path());
    let digest = journal.put_blob(b"named by nobody").unwrap();
    journal.close().unwrap();
    look(home.path()).unwrap();
    let name = digest.to_string();
    let path = home.path().join("blobs").join(&name[..2]).join(&name[2..]);
    fs::write(path, b"named by n0body").unwrap();
    let fault = look(home.path()).unwrap_err();
    assert!(
        matches!(fault.error, JournalError::BlobAltered { digest: altered, .. } if altered == digest)
    );
    assert_eq!(digest, BlobDigest::of(b"named by nobody"));
}

/// Who looks at a copy of a journal is not led to files of their own, and does not wait or read for ever.
#[test]
fn a_link_a_pipe_or_a_device_in_place_of_a_file_is_found() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let home = dir();
    signed(home.path());
    let elsewhere = dir();
    let aside = elsewhere.path().join("whole");
    let mut files = evidence(home.path());
    files.push(home.path().join("lock"));
    for file in files {
        fs::copy(&file, &aside).unwrap();
        let found = |what: &str| {
            let fault = look(home.path()).expect_err(what).to_string();
            assert!(fault.contains(what), "{}: {fault}", file.display());
            fs::remove_file(&file).unwrap();
        };
        fs::remove_file(&file).unwrap();
        for target in [aside.as_path(), Path::new("/dev/zero")] {
            std::os::unix::fs::symlink(target, &file).unwrap();
            found("it is a link");
        }
        mknodat(CWD, &file, FileType::Fifo, Mode::RUSR, 0).unwrap();
        found("a pipe or a device");
        fs::copy(&aside, &file).unwrap();
    }
    look(home.path()).unwrap();
}

#[test]
fn an_event_in_a_newer_format_is_named() {
    let home = dir();
    signed(home.path());
    let segment = segments(home.path()).remove(1);
    let first = segment::first_of(&segment).unwrap();
    let (offset, mut newer) = frames(&segment).remove(1);
    let mut content = fs::read(&segment).unwrap();
    newer[8] = 2;
    frame::settle(&mut newer);
    content[offset as usize..][..newer.len()].copy_from_slice(&newer);
    fs::write(&segment, &content).unwrap();
    let fault = look(home.path()).unwrap_err();
    assert!(matches!(
        fault.error,
        JournalError::Newer { version: 2, .. }
    ));
    let bad = fault.at.unwrap();
    assert_eq!((bad.segment, bad.offset), (segment.clone(), offset));
    assert_eq!((bad.position, fault.whole), (first + 1, first + 1));

    // The same for a whole segment.
    content[8] = 2;
    let crc = crc32fast::hash(&content[..60]);
    content[60..64].copy_from_slice(&crc.to_le_bytes());
    fs::write(&segment, &content).unwrap();
    let fault = look(home.path()).unwrap_err();
    let bad = fault.at.unwrap();
    assert_eq!((bad.segment, bad.offset, bad.position), (segment, 0, first));
}

/// An auditor can sign anything with their own key; only the log's says what the log is.
#[test]
fn a_checkpoint_that_only_auditors_signed_is_of_no_log() {
    let home = dir();
    signed(home.path());
    let audited = look(home.path()).unwrap();
    let secret = |name: &str, seed| SecretKey::from_seed(name.parse().unwrap(), &[seed; 32]);
    let (ann, bob) = (secret("ann", 1), secret("bob", 2));
    let auditors = vec![ann.public().clone(), bob.public().clone()];
    let against = |note: &str, keys: &[PublicKey]| {
        let claims = Claims {
            keys: keys.to_vec(),
            outside: vec![("usb".to_owned(), note.to_owned())],
            auditors: auditors.clone(),
        };
        audit(home.path(), &claims)
    };
    let of_bob = Checkpoint {
        origin: "bob".to_owned(),
        size: audited.verified.events,
        root: audited.root,
    };
    let note = Note::sign(&of_bob.text(), &[&ann, &bob]).unwrap();
    for keys in [vec![], vec![public(home.path())]] {
        let fault = against(&note, &keys).unwrap_err().to_string();
        assert!(fault.contains("no key of the log bob"), "{fault}");
    }
    let (_, newest) = carried(home.path()).outside.remove(0);
    let both = Note::parse(&newest)
        .unwrap()
        .and_signed(&[&ann, &bob])
        .unwrap();
    let signed_by = |keys: &[PublicKey]| {
        let audited = against(&both, keys).unwrap();
        audited.claims.last().unwrap().auditors.clone()
    };
    assert_eq!(signed_by(&[]), ["ann", "bob"]);
    // Who is also a key of the log, by whatever name, does not audit it.
    let also = secret("writ-log-2", 2).public().clone();
    assert_eq!(signed_by(&[public(home.path()), also]), ["ann"]);
}

/// A data folder can come with a stranger's app.
#[test]
fn a_journal_writes_through_no_link() {
    let elsewhere = dir();
    let victim = elsewhere.path().join("bashrc");
    fs::write(&victim, "mine").unwrap();
    for name in ["lock", "state.session", "unfinished.new", "log.key.new"] {
        let home = dir();
        signed(home.path());
        let path = home.path().join(name);
        let _ = fs::remove_file(&path);
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        match Journal::open(home.path(), small()) {
            Ok((journal, _)) => {
                journal.append(run(1), 99, &[said("more")]).unwrap();
                journal.close().unwrap();
            }
            Err(error) => assert!(error.to_string().contains("it is a link"), "{error}"),
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine", "{name}");
    }
}
