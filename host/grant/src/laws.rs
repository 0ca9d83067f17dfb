//! What must hold for all requests, grants and actions. The world here is small on purpose, so that things often meet.

use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    Access, Authority, Capability, ConfigRead, Denied, Digest, Effect, EnvRead, FileRead,
    FileWrite, Grant, KvRead, KvWrite, RealClock, RealRandom, Request, Writ,
};

const DIGEST: Digest = Digest::from_bytes([1; 32]);

fn a_path() -> impl Strategy<Value = String> {
    vec(select(vec!["a", "b", "ab", "a-b", "ä"]), 0..4)
        .prop_map(|segments| format!("/{}", segments.join("/")))
}

fn a_url_path() -> impl Strategy<Value = String> {
    let deep = a_path().prop_map(|path| format!("{}/**", path.trim_end_matches('/')));
    prop_oneof![a_path(), deep].prop_map(|path| path.replace('ä', "%C3%A4"))
}

fn a_text() -> impl Strategy<Value = String> {
    let name = || select(vec!["a", "b", "a.b"]);
    let way = || select(vec!["read", "write"]);
    let methods = select(vec!["GET", "GET,POST", "POST,GET,GET", "PUT"]);
    let origin = select(vec![
        "https://a.example",
        "https://a.example:443",
        "http://a.example",
        "http://[::1]:8080",
    ]);
    prop_oneof![
        3 => (way(), a_path()).prop_map(|(way, path)| format!("fs:{way}:{path}")),
        2 => (methods, origin, a_url_path()).prop_map(|(methods, origin, path)| format!("http:{methods} {origin}{path}")),
        1 => (way(), name()).prop_map(|(way, name)| format!("kv:{way}:{name}")),
        1 => (way(), name()).prop_map(|(way, name)| format!("memory:{way}:{name}")),
        1 => (name(), name()).prop_map(|(a, b)| format!("tool:call:{a}/{b}")),
        1 => (select(vec!["config:read", "secret:use", "model:chat", "human:ask"]), name()).prop_map(|(kind, name)| format!("{kind}:{name}")),
        1 => select(vec!["env:read:A", "env:read:_b", "clock:real", "random:real"]).prop_map(str::to_owned),
    ]
}

fn a_capability() -> impl Strategy<Value = Capability> {
    a_text().prop_map(|text| text.parse().expect("the texts above are capabilities"))
}

fn request(capability: &Capability) -> Request {
    Request {
        capability: capability.clone(),
        reason: String::new(),
        optional: false,
    }
}

/// A grant with what its kind needs. One folder for all: what overlaps differs by path or access only.
fn grant(capability: &Capability) -> Grant {
    Grant {
        capability: capability.clone(),
        folder: capability.takes_folder().then(|| "folder".to_owned()),
        value: None,
    }
}

fn writ(grants: Vec<Grant>) -> Writ {
    Writ {
        plugin: "p".to_owned(),
        version: String::new(),
        digest: DIGEST,
        grants,
        approved_ms: None,
        expires_ms: None,
        revoked: false,
    }
}

/// Those of the grants that a careful reviewer could give: each requested and available, none twice, no overlap of paths.
fn givable(requests: &[Capability], grants: &[Capability]) -> Vec<Capability> {
    let mut given: Vec<Capability> = Vec::new();
    for grant in grants {
        let asked = requests.iter().any(|request| request.covers(grant));
        if asked && grant.available() && !given.iter().any(|other| clash(other, grant)) {
            given.push(grant.clone());
        }
    }
    given
}

fn clash(a: &Capability, b: &Capability) -> bool {
    match (a, b) {
        (Capability::Fs { access: x, path: a }, Capability::Fs { access: y, path: b }) => {
            a.overlaps(b) && (a != b || x == y)
        }
        (a, b) => a == b,
    }
}

/// Asks for exactly what a capability allows; none for kinds that have no action yet.
fn ask(authority: &Authority, capability: &Capability) -> Option<Result<Capability, Denied>> {
    fn answer<A: crate::Action>(
        authority: &Authority,
        action: A,
    ) -> Option<Result<Capability, Denied>> {
        Some(
            authority
                .permit(action)
                .map(|permit| permit.decided_by().clone()),
        )
    }
    match capability {
        Capability::Fs {
            access: Access::Read,
            path,
        } => answer(
            authority,
            FileRead {
                path: path.as_str(),
            },
        ),
        Capability::Fs {
            access: Access::Write,
            path,
        } => answer(
            authority,
            FileWrite {
                path: path.as_str(),
            },
        ),
        Capability::Kv {
            access: Access::Read,
            bucket,
        } => answer(
            authority,
            KvRead {
                bucket: bucket.as_str(),
            },
        ),
        Capability::Kv {
            access: Access::Write,
            bucket,
        } => answer(
            authority,
            KvWrite {
                bucket: bucket.as_str(),
            },
        ),
        Capability::Config { key } => answer(authority, ConfigRead { key: key.as_str() }),
        Capability::Env { name } => answer(
            authority,
            EnvRead {
                name: name.as_str(),
            },
        ),
        Capability::ClockReal => answer(authority, RealClock),
        Capability::RandomReal => answer(authority, RealRandom),
        Capability::Http { .. }
        | Capability::SecretUse { .. }
        | Capability::ModelChat { .. }
        | Capability::Memory { .. }
        | Capability::ToolCall { .. }
        | Capability::HumanAsk { .. } => None,
    }
}

fn authority(requests: &[Capability], grants: &[Capability]) -> Authority {
    let requests: Vec<Request> = requests.iter().map(request).collect();
    let writ = writ(grants.iter().map(grant).collect());
    Authority::effective("p", &DIGEST, &requests, Some(&writ), 0).expect("the grants can be given")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn text_and_back(capability in a_capability()) {
        prop_assert_eq!(capability.to_string().parse::<Capability>(), Ok(capability));
    }

    #[test]
    fn what_is_read_has_one_spelling(text in "[a-z]{2,6}:[a-zA-Z, /:.*%@0-9]{0,24}|\\PC{0,24}") {
        if let Ok(capability) = text.parse::<Capability>() {
            let written = capability.to_string();
            prop_assert_eq!(written.parse::<Capability>().map(|again| again.to_string()), Ok(written));
        }
    }

    #[test]
    fn covers_is_a_partial_order(a in a_capability(), b in a_capability(), c in a_capability()) {
        prop_assert!(a.covers(&a));
        prop_assert!(!(a.covers(&b) && b.covers(&a)) || a == b);
        prop_assert!(!(a.covers(&b) && b.covers(&c)) || a.covers(&c));
    }

    #[test]
    fn permit_needs_both_keys(
        requests in vec(a_capability(), 0..8),
        extra in vec(a_capability(), 0..8),
        asked in vec(a_capability(), 1..8),
    ) {
        let wanted: Vec<Capability> = extra.into_iter().chain(requests.iter().cloned()).collect();
        let grants = givable(&requests, &wanted);
        let authority = authority(&requests, &grants);
        for action in asked.iter().chain(&wanted) {
            let covered = |keys: &[Capability]| keys.iter().any(|key| key.covers(action));
            let Some(answer) = ask(&authority, action) else { continue };
            prop_assert_eq!(answer.is_ok(), covered(&requests) && covered(&grants), "{}", action);
            match answer {
                Ok(decided) => prop_assert!(decided.covers(action) && grants.contains(&decided)),
                Err(denied) => {
                    prop_assert!(denied.capability.covers(action));
                    prop_assert_eq!(denied.requested, covered(&requests));
                    prop_assert!(!denied.granted && denied.nameable);
                }
            }
        }
    }

    #[test]
    fn nothing_is_granted_unasked(requests in vec(a_capability(), 0..4), grants in vec(a_capability(), 0..4)) {
        let keys: Vec<Request> = requests.iter().map(request).collect();
        let writ = writ(grants.iter().map(grant).collect());
        let asked = |capability: &Capability| requests.iter().any(|request| request.covers(capability));
        match Authority::effective("p", &DIGEST, &keys, Some(&writ), 0) {
            Ok(authority) => prop_assert!(authority.capabilities().all(asked)),
            Err(_) => prop_assert!(givable(&requests, &grants) != grants),
        }
    }

    #[test]
    fn missing_is_what_is_required_and_not_covered(requests in vec(a_capability(), 0..8), keep in any::<u8>()) {
        let some: Vec<Capability> =
            requests.iter().enumerate().filter(|(i, _)| keep & 1 << i != 0).map(|(_, request)| request.clone()).collect();
        let grants = givable(&requests, &some);
        let authority = authority(&requests, &grants);
        for request in &requests {
            let covered = grants.iter().any(|grant| grant.covers(request));
            prop_assert_eq!(authority.missing().contains(request), !covered);
        }
    }

    #[test]
    fn without_changes_only_takes_away(requests in vec(a_capability(), 0..8), asked in vec(a_capability(), 1..8)) {
        let full = authority(&requests, &givable(&requests, &requests));
        let pure = full.without_changes();
        prop_assert!(pure.effect() < Effect::Changes);
        for action in asked.iter().chain(&requests) {
            let (Some(before), Some(after)) = (ask(&full, action), ask(&pure, action)) else { continue };
            prop_assert_eq!(after.is_ok(), before.is_ok() && action.effect() != Effect::Changes);
            if let Err(denied) = after {
                prop_assert_eq!(denied.granted, before.is_ok());
            }
        }
    }

    #[test]
    fn strange_questions_are_denied(text in "\\PC{0,12}|/[/.a]{0,8}") {
        let requests: Vec<Capability> = ["kv:read:a", "fs:read:/a", "env:read:A"].map(|text| text.parse().expect("a capability")).to_vec();
        let authority = authority(&requests, &requests);
        prop_assert_eq!(authority.permit(KvRead { bucket: &text }).is_ok(), text == "a");
        prop_assert_eq!(authority.permit(EnvRead { name: &text }).is_ok(), text == "A");
        let climbs = text.split('/').skip(1).any(|segment| matches!(segment, "" | "." | ".."));
        let within = text == "/a" || text.starts_with("/a/") && !climbs;
        prop_assert_eq!(authority.permit(FileRead { path: &text }).is_ok(), within);
    }
}
