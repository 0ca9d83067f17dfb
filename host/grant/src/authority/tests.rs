//! Authority by example (http and secrets in `network`): the two keys, writs that are refused, and what a denial says. The laws are in `crate::laws`.

mod network;

use super::*;
use crate::{
    ConfigRead, EnvRead, FileRead, FileWrite, KvRead, KvWrite, RealClock, RealRandom, ToolCall,
};

const DIGEST: Digest = Digest::from_bytes([7; 32]);
const NOW_MS: u64 = 1_000_000;

fn capability(text: &str) -> Capability {
    text.parse().unwrap()
}

fn requests(texts: &[&str]) -> Vec<Request> {
    let request = |text: &&str| Request {
        capability: capability(text),
        reason: "a reason".to_owned(),
        optional: false,
    };
    texts.iter().map(request).collect()
}

/// `capability` or `capability=folder`.
fn grant(text: &str) -> Grant {
    let (text, folder) = text.split_once('=').map_or((text, None), |(text, folder)| {
        (text, Some(folder.to_owned()))
    });
    Grant {
        folder,
        ..Grant::of(capability(text))
    }
}

fn writ(grants: &[&str]) -> Writ {
    Writ {
        plugin: "p".to_owned(),
        version: "1.0.0".to_owned(),
        digest: DIGEST,
        grants: grants.iter().map(|text| grant(text)).collect(),
        approved_ms: Some(NOW_MS - 1),
        expires_ms: None,
        revoked: false,
    }
}

fn effective(requested: &[&str], writ: &Writ) -> Result<Authority, Refusal> {
    Authority::effective("p", &DIGEST, &requests(requested), Some(writ), NOW_MS)
}

fn authority(requested: &[&str], granted: &[&str]) -> Authority {
    effective(requested, &writ(granted)).unwrap()
}

fn named(plugin: &str, requested: &[&str], granted: &[&str]) -> Authority {
    let writ = Writ {
        plugin: plugin.to_owned(),
        ..writ(granted)
    };
    Authority::effective(plugin, &DIGEST, &requests(requested), Some(&writ), NOW_MS).unwrap()
}

fn texts<'a>(capabilities: impl IntoIterator<Item = &'a Capability>) -> Vec<String> {
    capabilities
        .into_iter()
        .map(Capability::to_string)
        .collect()
}

#[test]
fn nothing_without_a_writ() {
    let requested = requests(&["kv:read:a", "clock:real"]);
    let authority = Authority::effective("p", &DIGEST, &requested, None, NOW_MS).unwrap();
    assert_eq!(authority.capabilities().count(), 0);
    assert_eq!(texts(authority.missing()), ["kv:read:a", "clock:real"]);
    assert_eq!(
        (authority.effect(), authority.plugin()),
        (Effect::None, "p")
    );
    let denied = authority.permit(RealClock).unwrap_err();
    assert!(denied.requested && !denied.granted);
    assert!(
        !Authority::none("p")
            .permit(RealClock)
            .unwrap_err()
            .requested
    );
}

#[test]
fn every_action_asks_for_its_own_capability() {
    let all = [
        "kv:read:b",
        "kv:write:b",
        "config:read:k",
        "env:read:E",
        "clock:real",
        "random:real",
        "fs:read:/r",
        "fs:write:/w",
    ];
    for text in all {
        let given = if text.starts_with("fs") {
            format!("{text}=folder")
        } else {
            text.to_owned()
        };
        let authority = authority(&all, &[&given]);
        let decided = [
            authority.permit(KvRead { bucket: "b" }).is_ok(),
            authority.permit(KvWrite { bucket: "b" }).is_ok(),
            authority.permit(ConfigRead { key: "k" }).is_ok(),
            authority.permit(EnvRead { name: "E" }).is_ok(),
            authority.permit(RealClock).is_ok(),
            authority.permit(RealRandom).is_ok(),
            authority.permit(FileRead { path: "/r/x" }).is_ok(),
            authority.permit(FileWrite { path: "/w/x" }).is_ok(),
        ];
        assert_eq!(decided, all.map(|other| other == text), "{text}");
    }
}

#[test]
fn a_permit_names_its_grant() {
    let authority = authority(
        &["fs:read:/", "kv:read:b"],
        &[
            "kv:read:b",
            "fs:read:/a=1",
            "fs:read:/a-b=2",
            "fs:read:/ab/c=3",
        ],
    );
    for (path, grant) in [
        ("/a", Some("fs:read:/a")),
        ("/a/b/c", Some("fs:read:/a")),
        ("/a-b/x*y", Some("fs:read:/a-b")),
        ("/ab/c/d", Some("fs:read:/ab/c")),
        ("/ab", None),
        ("/a!", None),
        ("/", None),
        ("/b", None),
    ] {
        let permit = authority.permit(FileRead { path }).ok();
        assert_eq!(
            permit
                .map(|permit| permit.decided_by().to_string())
                .as_deref(),
            grant,
            "{path}"
        );
    }
    let permit = authority.permit(KvRead { bucket: "b" }).unwrap();
    assert_eq!(permit.action().bucket, "b");
    assert_eq!(permit.into_action(), KvRead { bucket: "b" });
}

#[test]
fn paths_that_climb_are_denied_whatever_is_granted() {
    let authority = authority(&["fs:read:/"], &["fs:read:/=all"]);
    assert!(authority.permit(FileRead { path: "/a/b" }).is_ok());
    for path in ["/a/../b", "/a/./b", "//a", "/a/", "a", "", "/..", "/a\0"] {
        let denied = authority.permit(FileRead { path }).unwrap_err();
        assert!(
            !denied.nameable && !denied.requested && !denied.granted,
            "{path}"
        );
    }
}

#[test]
fn mounts_are_the_granted_folders() {
    let authority = authority(
        &[
            "fs:read:/in",
            "fs:write:/out",
            "fs:read:/both",
            "fs:write:/both",
            "kv:read:b",
        ],
        &[
            "fs:read:/in=a",
            "fs:write:/out=b",
            "fs:read:/both=c",
            "kv:read:b",
            "fs:write:/both=c",
        ],
    );
    let mounts: Vec<Mount> = authority.mounts().map(Permit::into_action).collect();
    let shown: Vec<_> = mounts
        .iter()
        .map(|mount| (mount.path.as_str(), mount.access, mount.folder.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("/in", Access::Read, "a"),
            ("/out", Access::Write, "b"),
            ("/both", Access::Write, "c")
        ]
    );
    assert!(authority.permit(FileRead { path: "/both/x" }).is_ok());
    assert!(authority.permit(FileRead { path: "/out/x" }).is_err());
    let [input, ..] = &mounts[..] else {
        panic!("three mounts")
    };
    assert!(authority.permit(input.clone()).is_ok());
    assert!(
        authority
            .permit(Mount {
                folder: "elsewhere".to_owned(),
                ..input.clone()
            })
            .is_err()
    );
    assert!(
        authority
            .permit(Mount {
                access: Access::Write,
                ..input.clone()
            })
            .is_err()
    );
    assert!(
        authority
            .permit(Mount {
                path: "/in/below".parse().unwrap(),
                ..input.clone()
            })
            .is_err()
    );
}

#[test]
fn a_writ_is_for_one_component_and_in_its_time() {
    let good = writ(&["clock:real"]);
    let refusal = |writ: Writ| effective(&["clock:real"], &writ).unwrap_err();
    assert!(matches!(
        refusal(Writ {
            digest: Digest::from_bytes([8; 32]),
            ..good.clone()
        }),
        Refusal::OtherDigest { .. }
    ));
    assert!(matches!(
        refusal(Writ {
            plugin: "q".to_owned(),
            ..good.clone()
        }),
        Refusal::OtherPlugin { .. }
    ));
    assert!(matches!(
        refusal(Writ {
            revoked: true,
            ..good.clone()
        }),
        Refusal::Revoked { .. }
    ));
    assert!(matches!(
        refusal(Writ {
            expires_ms: Some(NOW_MS),
            ..good.clone()
        }),
        Refusal::Expired { .. }
    ));
    let lasting = effective(
        &["clock:real"],
        &Writ {
            expires_ms: Some(NOW_MS + 1),
            ..good.clone()
        },
    )
    .unwrap();
    // Whoever keeps it asks again; a chain lasts as long as the shortest on it.
    let forever = effective(&["clock:real"], &good).unwrap();
    for kept in [
        &lasting,
        &lasting.without_changes(),
        &lasting.within(&forever),
        &forever.within(&lasting),
    ] {
        assert!(kept.lasts(NOW_MS).is_ok());
        assert!(matches!(
            kept.lasts(NOW_MS + 1),
            Err(Refusal::Expired { .. })
        ));
    }
    assert!(forever.lasts(u64::MAX).is_ok());
}

#[test]
fn a_grant_needs_the_authors_key() {
    for (requested, granted) in [
        ("kv:read:a", "kv:read:b"),
        ("kv:read:a", "kv:write:a"),
        ("fs:read:/a/b", "fs:read:/a=x"),
        ("fs:read:/a", "fs:read:/ab=x"),
    ] {
        let refusal = effective(&[requested], &writ(&[granted])).unwrap_err();
        assert!(
            matches!(&refusal, Refusal::NotRequested { .. }),
            "{refusal}"
        );
        let granted = grant(granted).capability.to_string();
        assert!(
            refusal.to_string().contains(&granted) && refusal.remedy().contains(&granted),
            "{refusal}"
        );
    }
}

#[test]
fn a_reviewer_may_grant_less() {
    let authority = authority(&["fs:read:/a"], &["fs:read:/a/b=x"]);
    assert!(authority.permit(FileRead { path: "/a/b/c" }).is_ok());
    assert!(authority.permit(FileRead { path: "/a/c" }).is_err());
    assert_eq!(texts(authority.missing()), ["fs:read:/a"]);
}

#[test]
fn optional_requests_are_not_missing() {
    let mut requested = requests(&["kv:read:a", "kv:read:b"]);
    requested[0].optional = true;
    let authority =
        Authority::effective("p", &DIGEST, &requested, Some(&writ(&[])), NOW_MS).unwrap();
    assert_eq!(texts(authority.missing()), ["kv:read:b"]);
}

#[test]
fn what_cannot_be_kept_is_refused() {
    for text in ["model:chat:a", "memory:read:a", "human:ask:a"] {
        let refusal = effective(&[text], &writ(&[text])).unwrap_err();
        assert!(matches!(refusal, Refusal::NotAvailable { .. }), "{refusal}");
    }
    let refusal = effective(&["fs:read:/a"], &writ(&["fs:read:/a"])).unwrap_err();
    assert!(matches!(refusal, Refusal::NoFolder { .. }), "{refusal}");
    let refusal = effective(&["kv:read:a"], &writ(&["kv:read:a=folder"])).unwrap_err();
    assert!(
        matches!(
            refusal,
            Refusal::Misplaced {
                field: "folder",
                ..
            }
        ),
        "{refusal}"
    );
    let mut odd = writ(&["kv:read:a"]);
    odd.grants[0].value = Some("v".to_owned());
    assert!(matches!(
        effective(&["kv:read:a"], &odd).unwrap_err(),
        Refusal::Misplaced { field: "value", .. }
    ));
    let refusal = effective(&["secret:use:a"], &writ(&["secret:use:a"])).unwrap_err();
    assert!(matches!(refusal, Refusal::NoPlace { .. }), "{refusal}");
    for field in ["addresses", "host", "header"] {
        let mut odd = writ(&["kv:read:a"]);
        match field {
            "addresses" => odd.grants[0].addresses = vec!["10.0.0.0/8".parse().unwrap()],
            "host" => odd.grants[0].host = Some("https://a.example".parse().unwrap()),
            _ => odd.grants[0].header = Some("x-key".parse().unwrap()),
        }
        let refusal = effective(&["kv:read:a"], &odd).unwrap_err();
        assert!(
            matches!(&refusal, Refusal::Misplaced { field: found, .. } if *found == field),
            "{refusal}"
        );
    }
    let mut literal = writ(&["http:GET http://10.0.0.1/"]);
    literal.grants[0].addresses = vec!["10.0.0.0/8".parse().unwrap()];
    let refusal = effective(&["http:GET http://10.0.0.1/"], &literal).unwrap_err();
    assert!(matches!(refusal, Refusal::Misplaced { .. }), "{refusal}");
    let refusal = effective(&["fs:read:/a"], &writ(&["fs:read:/a=x\ny"])).unwrap_err();
    assert!(
        matches!(
            refusal,
            Refusal::Unfit {
                field: "folder",
                ..
            }
        ),
        "{refusal}"
    );
    let mut odd = writ(&["config:read:a"]);
    odd.grants[0].value = Some("x".repeat(crate::VALUE_BYTES_MAX + 1));
    let refusal = effective(&["config:read:a"], &odd).unwrap_err();
    assert!(
        matches!(refusal, Refusal::Unfit { field: "value", .. }),
        "{refusal}"
    );
    let refusal = effective(&["kv:read:a"], &writ(&["kv:read:a", "kv:read:a"])).unwrap_err();
    assert!(matches!(refusal, Refusal::Repeated { .. }), "{refusal}");
    let many = writ(&["clock:real"; crate::GRANTS_PER_WRIT_MAX + 1]);
    assert!(matches!(
        effective(&["clock:real"], &many).unwrap_err(),
        Refusal::TooMany { .. }
    ));
}

#[test]
fn overlapping_folders_are_refused() {
    let all = ["fs:read:/", "fs:write:/"];
    for (first, second) in [
        ("fs:read:/a=x", "fs:write:/a=y"),
        ("fs:read:/a=x", "fs:write:/a/b=x"),
        ("fs:write:/a/b=x", "fs:read:/a=y"),
        ("fs:read:/a=x", "fs:read:/a/b=y"),
        ("fs:write:/=x", "fs:write:/a=y"),
    ] {
        let refusal = effective(&all, &writ(&[first, second])).unwrap_err();
        assert!(
            matches!(refusal, Refusal::Overlap { .. }),
            "{first} {second}: {refusal}"
        );
    }
    for (first, second) in [
        ("fs:read:/a=x", "fs:write:/a=x"),
        ("fs:read:/a=x", "fs:write:/ab=y"),
        ("fs:read:/a/b=x", "fs:read:/a/c=x"),
    ] {
        assert!(
            effective(&all, &writ(&[first, second])).is_ok(),
            "{first} {second}"
        );
    }
}

#[test]
fn without_changes_says_why() {
    let full = authority(
        &["fs:write:/out", "kv:write:b"],
        &["fs:write:/out=o", "kv:write:b"],
    );
    assert_eq!(full.effect(), Effect::Changes);
    for pure in [
        full.without_changes(),
        full.without_changes().without_changes(),
    ] {
        assert_eq!(texts(pure.capabilities()), ["kv:write:b"]);
        assert_eq!((pure.effect(), pure.mounts().count()), (Effect::None, 0));
        assert!(pure.permit(KvWrite { bucket: "b" }).is_ok());
        let denied = pure.permit(FileWrite { path: "/out/x" }).unwrap_err();
        assert!(denied.granted && denied.requested);
        assert!(
            denied.remedy().contains("effects = \"none\""),
            "{}",
            denied.remedy()
        );
    }
}

#[test]
fn fixed_values() {
    let mut writ = writ(&["config:read:a", "config:read:b"]);
    writ.grants[0].value = Some("EUR".to_owned());
    let authority = effective(&["config:read:a", "config:read:b"], &writ).unwrap();
    assert_eq!(
        authority.grant_value(&capability("config:read:a")),
        Some("EUR")
    );
    assert_eq!(authority.grant_value(&capability("config:read:b")), None);
    assert_eq!(authority.grant_value(&capability("config:read:c")), None);
}

#[test]
fn denials_name_plugin_capability_and_remedy() {
    let authority = authority(&["fs:read:/orders", "kv:read:b"], &["kv:read:b"]);
    let denied = authority
        .permit(FileRead {
            path: "/orders/1.json",
        })
        .unwrap_err();
    assert_eq!(
        denied.to_string(),
        "plugin p may not read files below /orders (asked for \"/orders/1.json\"): fs:read:/orders is requested but not granted"
    );
    assert_eq!(
        denied.remedy(),
        "`writ grant approve APP p --allow 'fs:read:/orders'`"
    );

    let denied = authority.permit(KvWrite { bucket: "b" }).unwrap_err();
    assert_eq!(
        denied.to_string(),
        "plugin p may not change the key-value bucket b (asked for \"b\"): kv:write:b is not requested by its author"
    );
    assert_eq!(
        denied.remedy(),
        "add a [[request]] with capability = \"kv:write:b\" and a reason to the plugin.toml of p, build it again, then `writ grant \
         review APP p`"
    );

    let denied = authority
        .permit(KvRead {
            bucket: "b\u{1b}[2J",
        })
        .unwrap_err();
    assert_eq!(
        denied.to_string(),
        "plugin p asked for \"b\\u{1b}[2J\", which nothing can allow"
    );
    assert!(!denied.requested && !denied.nameable);
}

#[test]
fn a_name_that_looks_like_a_granted_one_is_another() {
    let authority = authority(&["kv:read:axb"], &["kv:read:axb"]);
    for bucket in ["a b", "axb ", "AXB", "axb\0", ""] {
        let denied = authority.permit(KvRead { bucket }).unwrap_err();
        assert!(!denied.granted && !denied.requested, "{bucket:?}");
    }
}

#[test]
fn every_refusal_has_a_remedy() {
    let all = [
        effective(&[], &writ(&["clock:real"])),
        effective(&["fs:read:/a"], &writ(&["fs:read:/a"])),
        effective(
            &["clock:real"],
            &Writ {
                expires_ms: Some(0),
                ..writ(&["clock:real"])
            },
        ),
        effective(&["model:chat:a"], &writ(&["model:chat:a"])),
    ];
    let said: Vec<String> = all
        .into_iter()
        .map(|result| result.unwrap_err())
        .map(|r| format!("{r} -> {}", r.remedy()))
        .collect();
    assert_eq!(
        said,
        [
            "the writ grants clock:real to plugin p, whose author did not request it -> take the grant out of grants.toml, or add a \
             [[request]] with capability = \"clock:real\" and a reason to the plugin.toml of p, build it again and review it",
            "the writ grants fs:read:/a to plugin p without saying which host folder -> `writ grant approve APP p --allow \
             'fs:read:/a=FOLDER'`",
            "the writ of plugin p expired 1970-01-01T00:00:00.000Z -> review it with `writ grant review APP p`, then `writ grant \
             approve APP p --all-requested`",
            "the writ grants model:chat:a to plugin p, which is not available yet -> take the grant out of grants.toml; `writ grant \
             review APP p` shows what can be granted",
        ]
    );
}

#[test]
fn answers_stay_small() {
    // A host call returns one of these: it should not have to move much.
    assert!(size_of::<Result<Permit<KvRead<'_>>, Denied>>() <= 128);
    assert!(size_of::<Permit<RealClock>>() <= 16);
}

fn chain(denied: &Denied) -> &[String] {
    &denied.called.as_ref().unwrap().chain
}

#[test]
fn what_a_plugin_calls_is_denied_with_both_ends_of_the_chain() {
    let texts = ["kv:write:b", "fs:write:/out", "tool:call:c/f"];
    let callee = authority(
        &texts,
        &["kv:write:b", "fs:write:/out=data/out", "tool:call:c/f"],
    );
    let caller = named(
        "caller",
        &["kv:write:b", "tool:call:c/f"],
        &["tool:call:c/f"],
    );
    let within = callee.within(&caller);
    assert_eq!(
        within
            .permit(ToolCall { tool: "c/f" })
            .unwrap()
            .decided_by()
            .to_string(),
        "tool:call:c/f"
    );
    let denied = within.permit(KvWrite { bucket: "b" }).unwrap_err();
    assert_eq!(chain(&denied), ["caller", "p"]);
    let said = denied.to_string();
    assert!(
        said.contains("plugin p, called by caller, may not change"),
        "{said}"
    );
    assert_eq!(
        denied.remedy(),
        "p is granted it, but caller, on whose behalf it is called, is not: `writ grant approve APP caller --allow 'kv:write:b'`"
    );
    let denied = within.permit(FileWrite { path: "/out/x" }).unwrap_err();
    let remedy = denied.remedy();
    assert!(
        remedy.contains("plugin.toml of caller") && remedy.contains("\"data/out\""),
        "{remedy}"
    );
    // One further on, it is still the first who lacks it.
    let third = named("third", &["kv:write:b"], &["kv:write:b"]).within(&within);
    let denied = third.permit(KvWrite { bucket: "b" }).unwrap_err();
    assert_eq!(chain(&denied), ["caller", "p", "third"]);
    assert_eq!(denied.called.unwrap().lacking.unwrap().plugin, "caller");
    // What it lacks itself is its own affair.
    let denied = within.permit(KvRead { bucket: "b" }).unwrap_err();
    let remedy = denied.remedy();
    assert!(denied.called.unwrap().lacking.is_none() && remedy.contains("plugin.toml of p"));
}

#[test]
fn a_caller_without_effects_gives_none_to_what_it_calls() {
    let texts = ["fs:write:/out", "kv:write:b"];
    let grants = ["fs:write:/out=out", "kv:write:b"];
    let callee = authority(&texts, &grants);
    let within = callee.within(&named("caller", &texts, &grants).without_changes());
    assert!(within.permit(KvWrite { bucket: "b" }).is_ok());
    let denied = within.permit(FileWrite { path: "/out" }).unwrap_err();
    assert!(
        denied
            .remedy()
            .contains("the function of caller is declared with effects"),
        "{}",
        denied.remedy()
    );
    assert!(within.effect() < Effect::Changes);
}
