//! Needs, judgements and suggestions, on calls and policies made by hand.

use serde_json::{Value as Json, json};
use writ_grant::{Capability, Grants};
use writ_run::{HostCall, RunId};

use super::{
    attribute::Actor,
    need::{Need, of_call, of_file},
    policy::Policy,
    suggest::{Advice, advice, fragment},
    tally::{Place, Tally, Use},
};

const DIGEST: &str = "sha256:0707070707070707070707070707070707070707070707070707070707070707";
const OTHER: &str = "sha256:0808080808080808080808080808080808080808080808080808080808080808";

fn capability(text: &str) -> Capability {
    text.parse().unwrap()
}

fn exactly(text: &str) -> Need {
    Need::Exactly(capability(text))
}

fn call(interface: &str, arguments: serde_json::Value) -> HostCall {
    HostCall {
        interface: interface.to_owned(),
        function: "f".to_owned(),
        arguments,
    }
}

fn grants(lines: &str) -> Grants {
    Grants::parse(&format!(
        "version = 1\n[[writ]]\nplugin = \"tool\"\nversion = \"0.1.0\"\ndigest = \"{DIGEST}\"\n{lines}"
    ))
    .unwrap()
}

fn granted(capability: &str) -> String {
    let folder = if capability.starts_with("fs") {
        "folder = \"data\"\n"
    } else {
        ""
    };
    format!("[[writ.grant]]\ncapability = \"{capability}\"\n{folder}")
}

fn actor(digest: &str) -> Actor {
    Actor {
        name: "tool".to_owned(),
        digest: digest.to_owned(),
        is_workflow: false,
    }
}

const FIRST: Place = Place {
    position: 7,
    number: 3,
    at_ms: 0,
};

fn judged<'g>(grants: &'g Grants, digest: &str, needs: &[Need]) -> Tally<'g> {
    let mut tally = Tally::new(Policy::alone(grants));
    tally.meet(&actor(digest));
    for need in needs {
        let used = Use {
            times: 1,
            first: FIRST,
        };
        tally.judge(
            RunId::from_bytes([1; 16]),
            "/do/0/a",
            &[actor(digest)],
            need,
            used,
        );
    }
    tally
}

#[test]
fn a_call_says_what_it_needed() {
    let kv = call(
        "wasi:keyvalue/store",
        json!({ "bucket": "seen", "key": "k" }),
    );
    assert_eq!(
        of_call(&kv, &Json::Null, "kv:read:seen"),
        [exactly("kv:read:seen")]
    );
    let get = json!({ "method": "GET", "url": "https://erp.example/orders/7?x=1", "headers": [["authorization", "Bearer {{secret:erp}}"]] });
    assert_eq!(
        of_call(
            &call("wasi:http/outgoing-handler", get),
            &Json::Null,
            "http:GET,POST https://erp.example/**"
        ),
        [
            exactly("http:GET https://erp.example/orders/7"),
            exactly("secret:use:erp")
        ]
    );
    // A record without its fields, or of another time: the grant is what is known.
    assert_eq!(
        of_call(
            &call("wasi:http/outgoing-handler", json!({})),
            &Json::Null,
            "http:GET https://erp.example/**"
        ),
        [Need::Something(capability(
            "http:GET https://erp.example/**"
        ))]
    );
    assert!(matches!(
        of_call(&kv, &Json::Null, "by the old rule")[..],
        [Need::Unknown(_)]
    ));
}

#[test]
fn redirects_and_secrets_are_needed_too() {
    let get = json!({ "method": "GET", "url": "https://erp.example/a", "headers": [] });
    let grant = "http:GET https://erp.example/**";
    let hop = |url: &str, grant: &str| json!({ "method": "GET", "url": url, "status": 302, "grant": grant });
    let answer = json!({
        "Ok": {},
        "hops": [
            hop("https://erp.example/a", grant),
            hop("https://erp.example/b?q=1", grant),
            hop("https://cdn.example/c", "http:GET,HEAD https://cdn.example/**"),
            hop("https://cdn.example/d", "http:GET https://erp.example/**"),
            hop("https://cdn.example/e", "by the old rule"),
        ],
        "secrets": [{ "name": "erp", "grant": "secret:use:erp" }],
    });
    let call = call("wasi:http/outgoing-handler", get);
    assert_eq!(
        of_call(&call, &answer, grant),
        [
            exactly("http:GET https://erp.example/a"),
            exactly("http:GET https://erp.example/b"),
            exactly("http:GET https://cdn.example/c"),
            Need::Something(capability(grant)),
            Need::Unknown("wasi:http/outgoing-handler f".to_owned()),
            exactly("secret:use:erp"),
        ]
    );
}

#[test]
fn a_file_says_its_path_as_far_as_one_can_be_granted() {
    assert_eq!(
        of_file("/in/2025/a.txt", "fs:read:/in"),
        exactly("fs:read:/in/2025/a.txt")
    );
    assert_eq!(
        of_file("/in/a*b/c", "fs:write:/in"),
        exactly("fs:write:/in")
    );
    assert!(matches!(
        of_file("/elsewhere", "fs:read:/in"),
        Need::Something(_)
    ));
    assert!(matches!(of_file("/in", ""), Need::Unknown(_)));
}

#[test]
fn a_policy_allows_denies_or_cannot_be_asked() {
    let policy = grants(&granted("fs:read:/in/2025"));
    let tally = judged(
        &policy,
        DIGEST,
        &[
            exactly("fs:read:/in/2025/a.txt"),
            exactly("fs:read:/in/2024/a.txt"),
            exactly("kv:read:seen"),
            Need::Something(capability("fs:read:/in")),
            Need::Unknown("x".to_owned()),
        ],
    );
    let denied: Vec<&str> = tally
        .denied
        .keys()
        .map(|denial| denial.capability.as_str())
        .collect();
    assert_eq!(denied, ["fs:read:/in/2024/a.txt", "kv:read:seen"]);
    assert_eq!(
        tally.denied.values().next().map(|used| used.first),
        Some(FIRST)
    );
    assert_eq!((tally.judged, tally.unjudged.len()), (3, 2));
    let by_name = judged(&policy, OTHER, &[exactly("fs:read:/in/2025")]);
    assert_eq!(
        (
            by_name.denied_times(),
            by_name.policy.known().next().unwrap().1.matched.as_str()
        ),
        (0, "name")
    );
}

#[test]
fn a_writ_that_says_nothing_any_more_allows_nothing() {
    let revoked = grants(&format!("revoked = true\n{}", granted("kv:read:seen")));
    let tally = judged(&revoked, DIGEST, &[exactly("kv:read:seen")]);
    assert_eq!(tally.denied_times(), 1);
    let because = tally.policy.known().next().unwrap().1.because.clone();
    assert!(because.unwrap().contains("revoked"));
    let empty = Grants::default();
    assert_eq!(
        judged(&empty, DIGEST, &[exactly("kv:read:seen")]).denied_times(),
        1
    );
}

fn advised(policy: &Grants, needs: &[Need]) -> Vec<(String, Advice)> {
    let tally = judged(policy, DIGEST, needs);
    let advice = advice(&tally);
    let grants = advice.iter().flat_map(|advice| &advice.grants);
    grants
        .map(|(grant, _, advice)| (grant.capability.to_string(), advice.clone()))
        .collect()
}

/// What each grant is narrowed to.
fn narrowed(policy: &Grants, needs: &[Need]) -> Vec<String> {
    let one = |(granted, advice): (String, Advice)| match advice {
        Advice::Keep => granted,
        Advice::Drop => "dropped".to_owned(),
        Advice::Narrow(grant) => {
            format!("{} {}", grant.capability, grant.folder.unwrap_or_default())
                .trim_end()
                .to_owned()
        }
        Advice::Required(_) => "required".to_owned(),
    };
    advised(policy, needs).into_iter().map(one).collect()
}

#[test]
fn the_least_that_would_have_been_enough() {
    let files = |uses: &[&str]| {
        let needs: Vec<Need> = uses
            .iter()
            .map(|path| exactly(&format!("fs:read:{path}")))
            .collect();
        narrowed(&grants(&granted("fs:read:/in")), &needs).remove(0)
    };
    assert_eq!(files(&[]), "dropped");
    assert_eq!(files(&["/in/2025/a.txt"]), "fs:read:/in/2025 data/2025");
    assert_eq!(
        files(&["/in/2025/a.txt", "/in/2025/b/c.txt"]),
        "fs:read:/in/2025 data/2025"
    );
    assert_eq!(
        files(&["/in/2025/b", "/in/2025/b/c.txt"]),
        "fs:read:/in/2025/b data/2025/b"
    );
    assert_eq!(files(&["/in/2025/a.txt", "/in/2024/a.txt"]), "fs:read:/in");
    assert_eq!(files(&["/in/a.txt"]), "fs:read:/in");

    let requests = |uses: &[&str]| {
        let needs: Vec<Need> = uses.iter().map(|text| exactly(text)).collect();
        narrowed(
            &grants(&granted("http:GET,POST https://erp.example/**")),
            &needs,
        )
        .remove(0)
    };
    assert_eq!(
        requests(&["http:GET https://erp.example/orders/7"]),
        "http:GET https://erp.example/orders/7"
    );
    assert_eq!(
        requests(&[
            "http:GET https://erp.example/orders/7",
            "http:GET https://erp.example/orders/8"
        ]),
        "http:GET https://erp.example/orders/**"
    );
    assert_eq!(
        requests(&[
            "http:GET https://erp.example/orders/7",
            "http:POST https://erp.example/orders/7"
        ]),
        "http:GET,POST https://erp.example/orders/7"
    );
    assert_eq!(
        requests(&[
            "http:POST https://erp.example/a",
            "http:POST https://erp.example/b/c"
        ]),
        "http:POST https://erp.example/**"
    );
}

#[test]
fn one_folder_is_narrowed_as_one() {
    let policy = grants(&format!(
        "{}{}",
        granted("fs:read:/x"),
        granted("fs:write:/x")
    ));
    assert_eq!(
        narrowed(
            &policy,
            &[exactly("fs:read:/x/a/1"), exactly("fs:write:/x/a/b/2")]
        ),
        ["fs:read:/x/a data/a", "fs:write:/x/a data/a"]
    );
    assert_eq!(
        narrowed(
            &policy,
            &[exactly("fs:read:/x/a/1"), exactly("fs:write:/x/2")]
        ),
        ["fs:read:/x", "fs:write:/x"]
    );
    assert_eq!(
        narrowed(&policy, &[exactly("fs:read:/x/a/1")]),
        ["fs:read:/x/a data/a", "dropped"]
    );
}

#[test]
fn a_suggestion_is_a_policy_that_allows_the_same() {
    let policy = grants(&format!(
        "{}{}{}",
        granted("fs:read:/in"),
        granted("kv:write:seen"),
        granted("http:GET,POST https://erp.example/**")
    ));
    let needs = [
        exactly("fs:read:/in/2025/a"),
        exactly("http:GET https://erp.example/orders/7"),
        exactly("http:GET https://erp.example/orders/8"),
    ];
    let text = fragment(&judged(&policy, DIGEST, &needs));
    let narrower = Grants::parse(&text).unwrap();
    assert_eq!(
        judged(&narrower, DIGEST, &needs).denied_times(),
        0,
        "{text}"
    );
    assert!(
        text.contains("# tool: kv:write:seen was never used"),
        "{text}"
    );
    let again = fragment(&judged(&narrower, DIGEST, &needs));
    assert!(
        !again.contains("never used") && !again.contains("narrowed"),
        "{again}"
    );
}
