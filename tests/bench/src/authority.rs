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
    let target = target();
    let http = || {
        drop(black_box(authority.permit(HttpRequest {
            method: Method::GET,
            target: black_box(&target).clone(),
        })))
    };
    report.line("authority.permit-http-64-grants", ask(http), "ns");
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

fn target() -> Target {
    "https://erp.example/v1/orders-15"
        .parse()
        .expect("it is a URL")
}

/// Nanoseconds for one.
fn ask(one: impl Fn()) -> f64 {
    seconds(ROUNDS, || (0..ASKS).for_each(|_| one())) * 1e9 / f64::from(ASKS)
}

fn allocations(authority: &Authority) -> f64 {
    let target = target();
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
