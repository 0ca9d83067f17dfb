//! What asking the policy costs, with 64 grants of all kinds. The floor is a call that does nothing.

use std::hint::black_box;

use writ_grant::{Authority, ConfigRead, FileRead, HttpRequest, KvRead, Method, Target};

use crate::allocation;
use crate::guest::authority;
use crate::report::{Report, seconds};

const ASKS: u32 = 1_000_000;
const ROUNDS: u32 = 7;

pub(crate) fn measure(report: &mut Report) {
    let authority = many();
    assert_eq!(authority.capabilities().count(), 64);
    report.line("authority.nothing", ask(|| _ = black_box(&authority)), "ns");
    let kv = || {
        drop(black_box(authority.permit(KvRead {
            bucket: black_box("bucket-15"),
        })))
    };
    report.line("authority.permit-kv-64-grants", ask(kv), "ns");
    let config = || {
        drop(black_box(authority.permit(ConfigRead {
            key: black_box("key-15"),
        })))
    };
    report.line("authority.permit-config-64-grants", ask(config), "ns");
    let file = || {
        drop(black_box(authority.permit(FileRead {
            path: black_box("/folder-15/a/b.xml"),
        })))
    };
    report.line("authority.permit-file-64-grants", ask(file), "ns");
    let here = "https://erp.example/v1/orders-15";
    for (name, grants, url) in [
        ("authority.permit-http-64-grants", &authority, here),
        (
            "authority.permit-http-64-origins",
            &all_http("https://erp-N.example/v1/orders"),
            "https://erp-63.example/v1/orders",
        ),
        (
            "authority.permit-http-64-paths",
            &all_http("https://erp.example/v1/orders-N"),
            "https://erp.example/v1/orders-63",
        ),
    ] {
        report.line(name, http(grants, url), "ns");
    }
    report.line(
        "authority.allocations",
        allocations(&authority),
        "per 2000 permits",
    );
}

fn many() -> Authority {
    let kinds = [
        "kv:read:bucket-",
        "config:read:key-",
        "fs:read:/folder-",
        "http:GET https://erp.example/v1/orders-",
    ];
    let all: Vec<String> = kinds
        .iter()
        .flat_map(|kind| (0..16).map(move |n| format!("{kind}{n}")))
        .collect();
    authority(
        "bench",
        &all.iter().map(String::as_str).collect::<Vec<_>>(),
        "folder",
    )
}

/// 64 grants of requests: `N` in the URL is the number of each.
fn all_http(url: &str) -> Authority {
    let one = |n: u32| format!("http:GET {}", url.replace('N', &n.to_string()));
    let all: Vec<String> = (0..64).map(one).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    authority("bench", &all, "folder")
}

/// Nanoseconds for one request that is granted; a copy of its URL, which is what a permit takes, included.
fn http(authority: &Authority, url: &str) -> f64 {
    let target: Target = url.parse().expect("it is a URL");
    let permit = || {
        authority.permit(HttpRequest {
            method: Method::GET,
            target: black_box(&target).clone(),
        })
    };
    assert!(permit().is_ok(), "it was granted");
    ask(|| drop(black_box(permit())))
}

/// Nanoseconds for one.
fn ask(one: impl Fn()) -> f64 {
    seconds(ROUNDS, || (0..ASKS).for_each(|_| one())) * 1e9 / f64::from(ASKS)
}

fn allocations(authority: &Authority) -> f64 {
    let target: Target = "https://erp.example/v1/orders-15"
        .parse()
        .expect("it is a URL");
    let work = || {
        for _ in 0..1_000 {
            let permit = authority.permit(HttpRequest {
                method: Method::GET,
                target: target.clone(),
            });
            assert!(black_box(permit).is_ok(), "it was granted");
            let permit = authority.permit(KvRead {
                bucket: black_box("bucket-15"),
            });
            assert!(black_box(permit).is_ok(), "it was granted");
        }
    };
    allocation::during(work).1.calls as f64
}
