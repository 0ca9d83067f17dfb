//! What must hold for all requests, grants and actions. The world here is small on purpose, so that things often meet.

use proptest::{collection::vec, prelude::*, sample::select};

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{
    Access, AddressKind, AddressRange, Authority, Capability, ConfigRead, Denied, Digest, Effect,
    EnvRead, FileRead, FileWrite, Grant, HttpRequest, KvRead, KvWrite, Method, Methods, Origin,
    Permit, RealClock, RealRandom, Request, SecretPlace, SecretUse, Target, ToolCall, Writ,
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
        folder: capability.takes_folder().then(|| "folder".to_owned()),
        host: capability.takes_place().then(secret_origin),
        header: capability
            .takes_place()
            .then(|| "authorization".parse().expect("a header")),
        ..Grant::of(capability.clone())
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
        Capability::Http { .. } => answer(authority, requests_of(capability).remove(0)),
        Capability::SecretUse { name } => answer(
            authority,
            SecretUse {
                name: name.as_str().to_owned(),
                origin: secret_origin(),
                place: SecretPlace::Header("authorization".to_owned()),
            },
        ),
        Capability::ToolCall { plugin, function } => answer(
            authority,
            ToolCall {
                tool: &format!("{plugin}/{function}"),
            },
        ),
        Capability::ModelChat { .. } | Capability::Memory { .. } | Capability::HumanAsk { .. } => {
            None
        }
    }
}

fn secret_origin() -> Origin {
    "https://a.example".parse().expect("an origin")
}

/// A capability as single things to ask for: of http, one for each method.
fn questions(capabilities: &[Capability]) -> Vec<Capability> {
    let single = |capability: &Capability| {
        if !matches!(capability, Capability::Http { .. }) {
            return vec![capability.clone()];
        }
        requests_of(capability)
            .iter()
            .map(|request| format!("http:{} {}", request.method, request.target))
            .map(|text| text.parse().expect("a capability"))
            .collect()
    };
    capabilities.iter().flat_map(single).collect()
}

/// One request a method, the path being the capability's own or one below it.
fn requests_of(capability: &Capability) -> Vec<HttpRequest> {
    let text = capability.to_string();
    let url = text.split_once(' ').map_or("", |(_, url)| url);
    let target: Target = url.replace("/**", "/below/x").parse().expect("a URL");
    let methods = text.trim_start_matches("http:").split(' ').next();
    let methods: Methods = methods.unwrap_or_default().parse().expect("methods");
    let request = |method| HttpRequest {
        method,
        target: target.clone(),
    };
    methods.iter().map(request).collect()
}

fn an_address() -> impl Strategy<Value = IpAddr> {
    let near = select(vec![
        "10.0.0.0",
        "10.255.255.255",
        "11.0.0.0",
        "127.0.0.1",
        "169.254.169.254",
        "169.254.1.1",
        "192.168.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "100.64.0.1",
        "8.8.8.8",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::a00:1",
        "64:ff9b::808:808",
        "fd00::1",
        "fe80::1",
        "2001:db8::1",
        "2606:4700::1",
        "ff02::1",
        "2002:a00:1::",
    ]);
    prop_oneof![
        3 => near.prop_map(|text| text.parse().expect("an address")),
        1 => any::<u32>().prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        1 => any::<u128>().prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))),
        1 => any::<u32>().prop_map(|bits| IpAddr::V6(Ipv4Addr::from_bits(bits).to_ipv6_mapped())),
    ]
}

fn a_range() -> impl Strategy<Value = AddressRange> {
    select(vec![
        "10.0.0.0/8",
        "10.0.0.1/32",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "169.254.169.254/32",
        "::1/128",
        "fd00::/8",
        "fe80::/10",
        "64:ff9b::/96",
        "192.168.0.0/24",
    ])
    .prop_map(|text| text.parse().expect("a range"))
}

fn http_permit(url: &str, addresses: Vec<AddressRange>) -> Permit<HttpRequest> {
    let capability: Capability = format!("http:GET {url}").parse().expect("a capability");
    let grant = Grant {
        addresses,
        ..Grant::of(capability.clone())
    };
    let authority = Authority::effective(
        "p",
        &DIGEST,
        &[request(&capability)],
        Some(&writ(vec![grant])),
        0,
    );
    let action = requests_of(&capability).remove(0);
    authority
        .expect("it can be given")
        .permit(action)
        .expect("it was granted")
}

fn authority(requests: &[Capability], grants: &[Capability]) -> Authority {
    held(requests, grants.iter().map(grant).collect())
}

fn held(requests: &[Capability], grants: Vec<Grant>) -> Authority {
    let requests: Vec<Request> = requests.iter().map(request).collect();
    Authority::effective("p", &DIGEST, &requests, Some(&writ(grants)), 0)
        .expect("the grants can be given")
}

/// An authority that holds as many of these as one plugin can: folders, fixed values, addresses and places of secrets differ.
fn a_holder() -> impl Strategy<Value = (Authority, Vec<Grant>)> {
    let folder = select(vec!["a", "a/b", "./a/b", "ab", "../a", "a/../b", "/a"]);
    let value = select(vec![None, Some("x"), Some("y")]);
    let addresses = vec(a_range(), 0..3);
    let header = select(vec!["authorization", "x-key"]);
    vec((a_capability(), folder, value, addresses, header), 0..8).prop_map(|wanted| {
        let capabilities: Vec<Capability> = wanted.iter().map(|one| one.0.clone()).collect();
        let mut grants: Vec<Grant> = Vec::new();
        for (capability, folder, value, addresses, header) in wanted {
            let fits = grants
                .iter()
                .all(|other| !meets(&other.capability, &capability));
            if fits && capability.available() {
                grants.push(Grant {
                    folder: capability.takes_folder().then(|| folder.to_owned()),
                    value: value
                        .filter(|_| capability.takes_value())
                        .map(str::to_owned),
                    addresses: of_a_name(&capability, addresses),
                    header: capability
                        .takes_place()
                        .then(|| header.parse().expect("a header")),
                    ..grant(&capability)
                });
            }
        }
        (held(&capabilities, grants.clone()), grants)
    })
}

/// Only a grant for a named host says addresses; each once.
fn of_a_name(capability: &Capability, mut addresses: Vec<AddressRange>) -> Vec<AddressRange> {
    addresses.sort();
    addresses.dedup();
    let named = capability.to_string().contains("a.example");
    addresses.retain(|_| named);
    addresses
}

/// Whether one plugin can't hold both with folders of their own.
fn meets(a: &Capability, b: &Capability) -> bool {
    match (a, b) {
        (Capability::Fs { path: a, .. }, Capability::Fs { path: b, .. }) => a.overlaps(b),
        (a, b) => a == b,
    }
}

/// Whether some grant of the caller allows what this grant of the callee reaches: the rule of a chain, said once more and simply.
fn holds(callers: &[Grant], grant: &Grant) -> bool {
    let folder = |grant: &Grant| grant.folder.clone().unwrap_or_default().replace("./a", "a");
    callers
        .iter()
        .any(|held| match (&held.capability, &grant.capability) {
            (Capability::Fs { access: a, .. }, Capability::Fs { access: b, .. }) => {
                let (outer, inner) = (folder(held), folder(grant));
                a == b && (outer == inner || (outer.as_str(), inner.as_str()) == ("a", "a/b"))
            }
            (a, b) => a.covers(b) && (&held.value, &held.header) == (&grant.value, &grant.header),
        })
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
    fn intersect_is_what_both_cover(a in a_capability(), b in a_capability(), c in a_capability()) {
        let both = a.intersect(&b);
        prop_assert_eq!(&both, &b.intersect(&a));
        prop_assert_eq!(a.intersect(&a), Some(a.clone()));
        let covers = |wide: &Option<Capability>| wide.as_ref().is_some_and(|wide| wide.covers(&c));
        prop_assert_eq!(covers(&both), a.covers(&c) && b.covers(&c));
        if let Some(both) = &both {
            prop_assert!(a.covers(both) && b.covers(both));
        }
        let either_way = (both.and_then(|both| both.intersect(&c)), b.intersect(&c).and_then(|both| a.intersect(&both)));
        prop_assert_eq!(either_way.0, either_way.1);
    }

    #[test]
    fn a_chain_allows_what_all_on_it_hold((caller, held) in a_holder(), (callee, grants) in a_holder(), others in vec(a_capability(), 0..4)) {
        let within = callee.within(&caller);
        let own: Vec<Capability> = grants.iter().map(|grant| grant.capability.clone()).collect();
        for action in questions(&own).iter().chain(&questions(&others)) {
            let (Some(alone), Some(called)) = (ask(&callee, action), ask(&within, action)) else { continue };
            let mut exact = grants
                .iter()
                .filter(|grant| grant.capability.covers(action))
                .map(|grant| Grant { capability: action.clone(), ..grant.clone() });
            let secret_elsewhere = matches!(action, Capability::SecretUse { .. }) && alone.is_err();
            prop_assert_eq!(called.is_ok(), !secret_elsewhere && exact.any(|exact| holds(&held, &exact)), "{}", action);
            if let (Ok(_), Err(denied)) = (alone, called) {
                let remedy = denied.remedy();
                prop_assert!(denied.called.is_some_and(|called| called.lacking.is_some()) && remedy.contains("on whose behalf"), "{}", remedy);
            }
        }
        prop_assert!(within.effect() <= callee.effect());
        prop_assert_eq!(within.mounts().count() <= callee.mounts().count(), true);
    }

    #[test]
    fn a_chain_reaches_the_addresses_that_all_name(a in vec(a_range(), 0..3), b in vec(a_range(), 0..3), address in an_address()) {
        let text = "http:GET https://a.example/**";
        let capability: Capability = text.parse().expect("a capability");
        let holder = |addresses: &[AddressRange]| {
            let grant = Grant { addresses: of_a_name(&capability, addresses.to_vec()), ..Grant::of(capability.clone()) };
            held(std::slice::from_ref(&capability), vec![grant])
        };
        let reaches = |authority: &Authority| {
            let permit = authority.permit(requests_of(&capability).remove(0)).expect("it is granted");
            permit.reaches(address)
        };
        let (callee, caller) = (holder(&a), holder(&b));
        let within = callee.within(&caller);
        prop_assert_eq!(reaches(&within), reaches(&callee) && reaches(&caller));
        let permit = within.permit(requests_of(&capability).remove(0)).expect("it is granted");
        let denied = permit.unreachable(&[address]);
        let taken = reaches(&callee) && !reaches(&within);
        prop_assert!(!taken || denied.called.is_some_and(|called| called.lacking.is_some()));
    }

    #[test]
    fn a_chain_can_only_narrow((a, _) in a_holder(), (b, _) in a_holder(), (c, _) in a_holder(), asked in vec(a_capability(), 1..8)) {
        let (two, three) = (c.within(&b), c.within(&b.within(&a)));
        for action in &asked {
            let allowed = |authority: &Authority| ask(authority, action).is_some_and(|answer| answer.is_ok());
            prop_assert!(!allowed(&three) || allowed(&two) && allowed(&c));
            prop_assert_eq!(allowed(&c.within(&c)), allowed(&c));
            prop_assert!(!allowed(&c.within(&Authority::none("nobody"))));
        }
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
        for action in &questions(&[asked, wanted].concat()) {
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
        for action in &questions(&[asked, requests].concat()) {
            let (Some(before), Some(after)) = (ask(&full, action), ask(&pure, action)) else { continue };
            let mut harmless = full.capabilities().filter(|grant| grant.effect() != Effect::Changes);
            prop_assert_eq!(after.is_ok(), before.is_ok() && harmless.any(|grant| grant.covers(action)));
            if let Err(denied) = after {
                prop_assert_eq!(denied.granted, before.is_ok());
            }
        }
    }

    #[test]
    fn reaches_only_what_is_public_or_named(address in an_address(), ranges in vec(a_range(), 0..3)) {
        let permit = http_permit("https://a.example/", ranges.clone());
        let named = ranges.iter().any(|range| range.contains(address));
        let kind = AddressKind::of(address);
        let expected = match kind == AddressKind::Metadata {
            true => ranges.contains(&AddressRange::single(address)),
            false => kind == AddressKind::Public || named && kind.can_be_named(),
        };
        prop_assert_eq!(permit.reaches(address), expected);
    }

    #[test]
    fn clothes_do_not_matter(bits in any::<u32>(), ranges in vec(a_range(), 0..3)) {
        let plain = Ipv4Addr::from_bits(bits);
        let (plain, mapped) = (IpAddr::V4(plain), IpAddr::V6(plain.to_ipv6_mapped()));
        prop_assert_eq!(AddressKind::of(plain), AddressKind::of(mapped));
        let permit = http_permit("https://a.example/", ranges);
        prop_assert_eq!(permit.reaches(plain), permit.reaches(mapped));
    }

    #[test]
    fn more_ranges_reach_more(address in an_address(), some in vec(a_range(), 0..3), more in a_range()) {
        let fewer = http_permit("https://a.example/", some.clone()).reaches(address);
        let wider = http_permit("https://a.example/", some.into_iter().chain([more]).collect());
        prop_assert!(!fewer || wider.reaches(address));
    }

    #[test]
    fn fewer_grants_reach_no_more(
        grants in vec((a_url_path(), select(vec!["GET", "GET,POST", "POST"]), vec(a_range(), 0..3)), 1..6),
        keep in any::<u8>(),
        asked in a_path(),
        address in an_address(),
    ) {
        let mut seen = Vec::new();
        let mut all = Vec::new();
        for (path, methods, addresses) in grants {
            let capability: Capability = format!("http:{methods} https://a.example{path}").parse().expect("a capability");
            if !seen.contains(&capability) {
                seen.push(capability.clone());
                all.push(Grant { addresses, ..Grant::of(capability) });
            }
        }
        let requests: Vec<Request> = seen.iter().map(request).collect();
        let some = all.iter().enumerate().filter(|(i, _)| keep & 1 << i != 0).map(|(_, grant)| grant.clone()).collect();
        let asked = asked.replace('ä', "%C3%A4");
        let reaches = |grants: Vec<Grant>, pure: bool| {
            let authority = Authority::effective("p", &DIGEST, &requests, Some(&writ(grants)), 0).expect("it can be given");
            let authority = if pure { authority.without_changes() } else { authority };
            let target: Target = format!("https://a.example{asked}").parse().expect("a URL");
            let permit = authority.permit(HttpRequest { method: Method::GET, target });
            permit.is_ok_and(|permit| permit.reaches(address))
        };
        let full = reaches(all.clone(), false);
        prop_assert!(full || !reaches(some, false) && !reaches(all, true));
    }

    #[test]
    fn a_host_that_is_an_address_reaches_itself_and_what_is_public(host in an_address(), other in an_address()) {
        let url = match host {
            IpAddr::V4(host) => format!("http://{host}/"),
            IpAddr::V6(host) => format!("http://[{host}]/"),
        };
        let permit = http_permit(&url, Vec::new());
        let kind = AddressKind::of(host);
        prop_assert_eq!(permit.reaches(host), kind == AddressKind::Public || kind.can_be_named());
        let same = host.to_canonical() == other.to_canonical();
        prop_assert!(same || permit.reaches(other) == (AddressKind::of(other) == AddressKind::Public));
    }

    #[test]
    fn a_range_has_one_spelling(text in "[0-9a-f.:]{1,12}/[0-9]{1,3}") {
        if let Ok(range) = text.parse::<AddressRange>() {
            prop_assert_eq!(range.to_string(), text);
            prop_assert!(range.kind().can_be_named());
        }
    }

    #[test]
    fn a_target_has_one_spelling(text in "https?://[a-z0-9.:\\[\\]@%-]{1,12}[/a-z%.*A-F0-9?#\\\\ ]{0,16}") {
        if let Ok(target) = text.parse::<Target>() {
            let written = target.to_string();
            prop_assert_eq!(written.parse::<Target>(), Ok(target.clone()));
            let climbs = target.path().split('/').any(|segment| matches!(segment, "." | ".."));
            prop_assert!(!climbs && !target.path().contains("//") && !target.path().contains('\\'));
        }
    }

    #[test]
    fn no_redirect_leaves_what_a_target_may_be(location in "\\PC{0,20}|[/.?#:a-z\\\\]{0,16}") {
        let base: Target = "https://a.example/x/y?q".parse().expect("a URL");
        if let Ok(target) = base.join(&location) {
            prop_assert_eq!(target.to_string().parse::<Target>(), Ok(target));
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
