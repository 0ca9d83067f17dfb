//! The verdict, reason by reason. Every case changes one thing of papers that are in order.

use proptest::prelude::*;

use super::*;
use crate::key::SecretKey;

const DIGEST: Digest = Digest::from_bytes([7; 32]);
const NOW_MS: u64 = 1_800_000_000_000;

fn key(name: &str, seed: u8) -> SecretKey {
    SecretKey::from_seed(name.parse().unwrap(), &[seed; 32])
}

fn requests() -> Vec<Request> {
    vec![Request {
        capability: "fs:read:/in".parse().unwrap(),
        reason: "to read".to_owned(),
        optional: false,
    }]
}

fn signed() -> SignedWrit {
    SignedWrit {
        writ: Writ {
            plugin: "files".to_owned(),
            version: "0.1.0".to_owned(),
            digest: DIGEST,
            grants: Vec::new(),
            approved_ms: Some(NOW_MS - 1000),
            expires_ms: Some(NOW_MS + 1000),
            revoked: false,
        },
        place: None,
        epoch: 3,
        imports: vec!["wasi:cli/environment@0.2.6".to_owned()],
        requests: requests(),
    }
}

fn word() -> AuthorsWord {
    let SignedWrit {
        imports, requests, ..
    } = signed();
    AuthorsWord {
        name: "files".to_owned(),
        digest: DIGEST,
        version: "0.1.0".to_owned(),
        imports,
        requests,
    }
}

/// A root of alice and carol (reviewers), bob (author) and dora (both), who want so many reviewers and authors.
fn root(reviewers: usize, authors: usize) -> TrustRoot {
    let entry = |name, seed, roles: &str| {
        format!(
            "[[key]]\npublic = \"{}\"\nroles = [{roles}]\n",
            key(name, seed).public()
        )
    };
    let text = [
        format!(
            "version = 1\nepoch = 3\n[threshold]\nreviewer = {reviewers}\nauthor = {authors}\n"
        ),
        entry("alice", 1, "\"reviewer\""),
        entry("carol", 3, "\"reviewer\""),
        entry("bob", 2, "\"author\""),
        entry("dora", 4, "\"author\", \"reviewer\""),
        entry("dora", 5, "\"author\", \"reviewer\""),
        entry("past", 6, "\"reviewer\"") + "not_after = \"2020-01-01T00:00:00Z\"\n",
    ];
    TrustRoot::parse(&text.concat()).unwrap()
}

fn sealed(statement: &Statement, keys: &[&SecretKey]) -> Envelope {
    Envelope::sign(statement.to_payload(), keys).unwrap()
}

fn papers(signed: SignedWrit, keys: &[&SecretKey]) -> Papers {
    let mut papers = Papers::default();
    let statement = Statement::Writ(signed);
    papers.add(sealed(&statement, keys), statement);
    papers
}

fn and_author(mut papers: Papers, word: AuthorsWord, keys: &[&SecretKey]) -> Papers {
    let statement = Statement::Plugin(word);
    papers.add(sealed(&statement, keys), statement);
    papers
}

fn and_revoked(mut papers: Papers, revoked_ms: u64, keys: &[&SecretKey]) -> Papers {
    let revocation = Revocation {
        name: "files".to_owned(),
        digest: DIGEST,
        revoked_ms,
        reason: Some("it leaks".to_owned()),
    };
    let statement = Statement::Revocation(revocation);
    papers.add(sealed(&statement, keys), statement);
    papers
}

fn decide(root: &TrustRoot, papers: &Papers) -> Result<Verdict, Distrust> {
    decide_by(verdict, root, papers)
}

type Rule = fn(Ground<'_>, Artefact<'_>, &Papers) -> Result<Verdict, Distrust>;

fn decide_by(rule: Rule, root: &TrustRoot, papers: &Papers) -> Result<Verdict, Distrust> {
    let (requests, imports) = (requests(), signed().imports);
    let subject = Artefact {
        name: "files",
        version: "0.1.0",
        digest: &DIGEST,
        requests: &requests,
        imports: &imports,
        authored: true,
    };
    rule(
        Ground {
            root,
            place: None,
            now_ms: NOW_MS,
        },
        subject,
        papers,
    )
}

fn names(keys: &[PublicKey]) -> Vec<String> {
    keys.iter().map(|key| key.name().to_string()).collect()
}

#[test]
fn papers_in_order() {
    let found = decide(&root(1, 0), &papers(signed(), &[&key("alice", 1)])).unwrap();
    assert_eq!(
        (found.writ, names(&found.reviewers)),
        (signed().writ, vec!["alice".to_owned()])
    );
    let both = and_author(
        papers(signed(), &[&key("alice", 1), &key("carol", 3)]),
        word(),
        &[&key("bob", 2)],
    );
    let found = decide(&root(2, 1), &both).unwrap();
    assert_eq!(names(&found.reviewers), ["alice", "carol"]);
    assert_eq!(names(&found.authors), ["bob"]);
}

#[test]
fn unsigned_unknown_and_too_few() {
    let alice = key("alice", 1);
    assert!(matches!(
        decide(&root(1, 0), &Papers::default()),
        Err(Distrust::Unsigned { .. })
    ));
    let stranger = papers(signed(), &[&key("alice", 99)]);
    assert!(matches!(
        decide(&root(1, 0), &stranger),
        Err(Distrust::UnknownKey { .. })
    ));
    let one = decide(&root(2, 0), &papers(signed(), &[&alice])).unwrap_err();
    assert!(
        matches!(
            &one,
            Distrust::TooFew {
                have: 1,
                need: 2,
                role: Role::Reviewer,
                ..
            }
        ),
        "{one}"
    );
    // Bob is no reviewer, and one party with two keys is one; a key past its time counts for nothing.
    for (keys, why) in [
        (vec![key("bob", 2)], "bob+"),
        (vec![key("past", 6)], "counted until 2020-01-01"),
        (vec![key("dora", 4), key("dora", 5)], "1 of 2"),
        (vec![key("alice", 1), key("eve", 77)], "1 of 2"),
    ] {
        let refused = decide(
            &root(2, 0),
            &papers(signed(), &keys.iter().collect::<Vec<_>>()),
        )
        .unwrap_err();
        assert!(matches!(refused, Distrust::TooFew { .. }), "{refused}");
        let text = refused.to_string();
        assert!(text.contains(why), "{text}");
    }
}

#[test]
fn time_epoch_and_place() {
    let alice = key("alice", 1);
    type Change = fn(&mut SignedWrit);
    type Reason = fn(&Distrust) -> bool;
    let cases: [(Change, Reason); 8] = [
        (
            |s| s.writ.expires_ms = Some(NOW_MS),
            |d| matches!(d, Distrust::Expired { .. }),
        ),
        (
            |s| s.writ.approved_ms = Some(NOW_MS + CLOCK_SKEW_MS_MAX + 1),
            |d| matches!(d, Distrust::NotYetValid { .. }),
        ),
        (
            |s| s.epoch = 2,
            |d| {
                matches!(
                    d,
                    Distrust::OldEpoch {
                        signed: 2,
                        root: 3,
                        ..
                    }
                )
            },
        ),
        (
            |s| s.epoch = 4,
            |d| {
                matches!(
                    d,
                    Distrust::NewEpoch {
                        signed: 4,
                        root: 3,
                        ..
                    }
                )
            },
        ),
        (
            |s| s.place = Some("test".to_owned()),
            |d| matches!(d, Distrust::WrongPlace { .. }),
        ),
        (
            |s| s.writ.plugin = "other".to_owned(),
            |d| matches!(d, Distrust::WrongSubject { .. }),
        ),
        (
            |s| s.writ.version = "0.2.0".to_owned(),
            |d| matches!(d, Distrust::WrongSubject { .. }),
        ),
        (
            |s| s.writ.digest = Digest::from_bytes([8; 32]),
            |d| matches!(d, Distrust::WrongSubject { .. }),
        ),
    ];
    for (change, reason) in cases {
        let mut signed = signed();
        change(&mut signed);
        let refused = decide(&root(1, 0), &papers(signed, &[&alice])).unwrap_err();
        assert!(reason(&refused), "{refused}");
        assert!(!refused.remedy().is_empty());
    }
    let mut late = signed();
    late.writ.approved_ms = Some(NOW_MS + CLOCK_SKEW_MS_MAX);
    assert!(
        decide(&root(1, 0), &papers(late, &[&alice])).is_ok(),
        "clocks differ a little"
    );
}

#[test]
fn what_the_reviewer_saw_must_be_what_is_there() {
    let alice = key("alice", 1);
    for (requests, imports, what) in [
        (Vec::new(), signed().imports, "requests"),
        (requests(), Vec::new(), "imports"),
    ] {
        let other = SignedWrit {
            requests,
            imports,
            ..signed()
        };
        let refused = decide(&root(1, 0), &papers(other, &[&alice])).unwrap_err();
        assert!(
            matches!(&refused, Distrust::Misstated { what: said, .. } if *said == what),
            "{refused}"
        );
    }
}

#[test]
fn one_reviewer_revokes_what_was_approved_until_then() {
    let alice = key("alice", 1);
    let good = || papers(signed(), &[&alice]);
    let at = NOW_MS - 1000;
    let refused = decide(&root(1, 0), &and_revoked(good(), at, &[&key("carol", 3)])).unwrap_err();
    assert!(
        refused.to_string().contains("revoked by carol+")
            && refused.to_string().contains("it leaks"),
        "{refused}"
    );
    assert!(
        decide(
            &root(1, 0),
            &and_revoked(good(), at - 1, &[&key("carol", 3)])
        )
        .is_ok(),
        "approved again later"
    );
    // A key past its time still stops things, and so does one without its writ.
    for revoked in [
        and_revoked(good(), at, &[&key("past", 6)]),
        and_revoked(Papers::default(), at, &[&alice]),
    ] {
        assert!(matches!(
            decide(&root(1, 0), &revoked),
            Err(Distrust::Revoked { .. })
        ));
    }
    for nobody in [key("bob", 2), key("eve", 50)] {
        let refused = decide(&root(1, 0), &and_revoked(good(), at, &[&nobody])).unwrap_err();
        assert!(matches!(refused, Distrust::UnknownKey { .. }), "{refused}");
    }
}

#[test]
fn nobody_reviews_their_own() {
    let (alice, dora, dora_too) = (key("alice", 1), key("dora", 4), key("dora", 5));
    let by = |reviewers: &[&SecretKey], author: &SecretKey| {
        and_author(papers(signed(), reviewers), word(), &[author])
    };
    for reviewer in [&dora, &dora_too] {
        let refused = decide(&root(1, 0), &by(&[reviewer], &dora)).unwrap_err();
        assert!(
            matches!(
                &refused,
                Distrust::AuthorIsReviewer {
                    have: 0,
                    need: 1,
                    ..
                }
            ),
            "{refused}"
        );
    }
    assert!(matches!(
        decide(&root(2, 1), &by(&[&alice, &dora], &dora)),
        Err(Distrust::AuthorIsReviewer { have: 1, .. })
    ));
    let found = decide(&root(1, 1), &by(&[&alice, &dora], &dora)).unwrap();
    assert_eq!(
        names(&found.reviewers),
        ["alice"],
        "the other signature is passed over"
    );
    // Whoever signed as author is one here, with the role or without.
    assert!(matches!(
        decide(&root(1, 0), &by(&[&alice], &alice)),
        Err(Distrust::AuthorIsReviewer { .. })
    ));
    assert!(decide(&root(1, 1), &by(&[&dora], &key("bob", 2))).is_ok());
}

#[test]
fn authors_where_they_are_wanted() {
    let (alice, bob) = (key("alice", 1), key("bob", 2));
    let good = || papers(signed(), &[&alice]);
    assert!(matches!(
        decide(&root(1, 1), &good()),
        Err(Distrust::NoAuthor { .. })
    ));
    let unknown = and_author(good(), word(), &[&key("eve", 50)]);
    assert!(matches!(
        decide(&root(1, 1), &unknown),
        Err(Distrust::UnknownKey { .. })
    ));
    assert!(
        decide(&root(1, 0), &unknown).is_ok(),
        "nobody asked who made it"
    );
    let other = AuthorsWord {
        version: "9.0.0".to_owned(),
        ..word()
    };
    assert!(matches!(
        decide(&root(1, 0), &and_author(good(), other, &[&bob])),
        Err(Distrust::WrongSubject { .. })
    ));
    let other = AuthorsWord {
        requests: Vec::new(),
        ..word()
    };
    assert!(matches!(
        decide(&root(1, 0), &and_author(good(), other, &[&bob])),
        Err(Distrust::Misstated { .. })
    ));
    assert!(matches!(
        decide(&root(1, 1), &and_author(good(), word(), &[&alice])),
        Err(Distrust::TooFew {
            role: Role::Author,
            ..
        })
    ));
}

#[test]
fn the_newest_writ_counts() {
    let alice = key("alice", 1);
    let mut both = papers(signed(), &[&alice]);
    let mut newer = signed();
    newer.writ.approved_ms = Some(NOW_MS - 1);
    newer.writ.expires_ms = Some(NOW_MS - 1);
    let statement = Statement::Writ(newer);
    both.add(sealed(&statement, &[&alice]), statement);
    assert!(matches!(
        decide(&root(1, 0), &both),
        Err(Distrust::Expired { .. })
    ));
}

#[test]
fn what_is_over_was_approved_all_the_same() {
    let alice = key("alice", 1);
    let over = |change: fn(&mut SignedWrit), keys: &[&SecretKey]| {
        let mut signed = signed();
        change(&mut signed);
        papers(signed, keys)
    };
    let expire: fn(&mut SignedWrit) = |s| s.writ.expires_ms = Some(NOW_MS - 1);
    let age: fn(&mut SignedWrit) = |s| s.epoch = 2;
    for change in [expire, age] {
        let found = over(change, &[&alice]);
        assert!(decide(&root(1, 0), &found).is_err());
        assert!(decide_by(approved, &root(1, 0), &found).is_ok());
        // Out of its time is not out of the rules.
        for (wants, papers) in [
            (2, over(change, &[&alice])),
            (1, over(change, &[&key("bob", 2)])),
            (1, over(change, &[&key("eve", 50)])),
            (1, and_revoked(over(change, &[&alice]), NOW_MS, &[&alice])),
        ] {
            assert!(decide_by(approved, &root(wants, 0), &papers).is_err());
        }
    }
    let elsewhere = over(|s| s.place = Some("test".to_owned()), &[&alice]);
    assert!(decide_by(approved, &root(1, 0), &elsewhere).is_err());
}

#[test]
fn only_reviewers_tell_what_was_revoked_and_when_it_was_approved() {
    let (alice, bob, eve) = (key("alice", 1), key("bob", 2), key("eve", 50));
    let root = root(1, 0);
    let at = NOW_MS - 1000;
    let mut both = papers(signed(), &[&alice]);
    let mut forged = signed();
    forged.writ.approved_ms = Some(u64::MAX / 4);
    let statement = Statement::Writ(forged);
    both.add(sealed(&statement, &[&eve]), statement);
    assert_eq!(both.approved_last(&root), Some(at));
    for nobody in [&bob, &eve] {
        assert!(!and_revoked(both.clone(), at, &[nobody]).is_revoked(&root));
    }
    assert!(and_revoked(both.clone(), at, &[&alice]).is_revoked(&root));
    assert!(!and_revoked(both, at - 1, &[&alice]).is_revoked(&root));
}

proptest! {
    /// Whatever byte of any paper is changed: a refusal, or the same verdict.
    #[test]
    fn one_changed_byte_is_refused_or_decides_the_same(at in any::<prop::sample::Index>(), with in any::<u8>(), which in 0..2) {
        let whole = and_author(papers(signed(), &[&key("alice", 1), &key("carol", 3)]), word(), &[&key("bob", 2)]);
        let expected = decide(&root(2, 1), &whole).unwrap();
        let envelope = if which == 0 { &whole.writs[0].0 } else { &whole.authors[0].0 };
        let mut bytes = envelope.to_json().into_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != with);
        bytes[at] = with;
        let changed = String::from_utf8(bytes).ok().and_then(|text| Envelope::parse(&text).ok());
        let Some(changed) = changed else { return Ok(()) };
        let Ok(statement) = Statement::parse(changed.payload()) else { return Ok(()) };
        let mut papers = whole.clone();
        if which == 0 { papers.writs.clear() } else { papers.authors.clear() }
        papers.add(changed, statement);
        if let Ok(found) = decide(&root(2, 1), &papers) {
            prop_assert_eq!(found, expected);
        }
    }
}
