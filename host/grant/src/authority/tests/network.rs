//! Http and secrets by example: which grant decides, and what a denial says.

use std::net::IpAddr;

use super::*;
use crate::{AddressRange, HttpRequest, Permit, SecretPlace, SecretUse, UnfitRequest};

fn request(text: &str) -> HttpRequest {
    let (method, target) = text.split_once(' ').unwrap();
    HttpRequest {
        method: method.parse().unwrap(),
        target: target.parse().unwrap(),
    }
}

fn decided(authority: &Authority, text: &str) -> Option<String> {
    let permit = authority.permit(request(text)).ok()?;
    Some(permit.decided_by().to_string())
}

fn with_addresses(capability: &str, addresses: &[&str]) -> Authority {
    let mut writ = writ(&[capability]);
    writ.grants[0].addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
    effective(&[capability], &writ).unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn requests_are_allowed_by_method_origin_and_whole_segments() {
    let all = ["http:GET,POST https://erp.example/v1/**"];
    let authority = authority(&all, &all);
    for within in [
        "GET https://erp.example/v1/orders",
        "POST https://erp.example:443/v1/a/b?c=d/../e",
        "GET https://erp.example/v1/",
    ] {
        assert!(decided(&authority, within).is_some(), "{within}");
    }
    for outside in [
        "PUT https://erp.example/v1/orders",
        "GET http://erp.example/v1/orders",
        "GET https://erp.example:8443/v1/orders",
        "GET https://evil.erp.example/v1/orders",
        "GET https://erp.example/v1evil",
        "GET https://erp.example/v1evil/x",
        "GET https://erp.example/v1",
        "GET https://erp.example/",
        "GET https://erp.example/v2/v1/x",
    ] {
        assert!(decided(&authority, outside).is_none(), "{outside}");
    }
}

#[test]
fn what_is_no_request_is_denied_whatever_is_granted_and_said_without_what_is_secret() {
    let all = ["http:GET,POST https://erp.example/**"];
    let authority = authority(&all, &all);
    for (method, url, capability, asked) in [
        (
            "GET",
            "https://erp.example/v1/../admin?key=k",
            "http:GET https://erp.example/",
            "GET https://erp.example/v1/../admin",
        ),
        (
            "POST",
            "https://me:pw@erp.example:8443/x#y",
            "http:POST https://erp.example:8443/",
            "POST https://erp.example:8443/x",
        ),
        (
            "CONNECT",
            "http://erp.example/",
            "http:GET http://erp.example/",
            "CONNECT http://erp.example/",
        ),
        (
            "GET",
            "http://0x7f.1/",
            "http:GET https://invalid/",
            "GET http://0x7f.1/",
        ),
        ("GET", "", "http:GET https://invalid/", "GET "),
        ("GET", "a@b://c", "http:GET https://invalid/", "GET a@b://c"),
    ] {
        let denied = authority.permit(UnfitRequest { method, url }).unwrap_err();
        assert_eq!(denied.capability.to_string(), capability, "{url}");
        assert_eq!(&*denied.asked, format!("{asked:?}"), "{url}");
        assert!(!denied.nameable && !denied.requested && !denied.granted);
        assert!(denied.to_string().contains("which nothing can allow"));
        assert!(
            denied.remedy().contains("one way only"),
            "{}",
            denied.remedy()
        );
        for secret in ["pw", "key"] {
            assert!(!denied.remedy().contains(secret), "{}", denied.remedy());
        }
    }
}

#[test]
fn the_nearest_path_decides_and_then_the_fewest_methods() {
    let all = [
        "http:GET,POST,PUT https://a.example/**",
        "http:GET,POST https://a.example/x/**",
        "http:GET https://a.example/x/**",
        "http:POST https://a.example/x/y",
    ];
    let authority = authority(&all, &all);
    for (text, index) in [
        ("GET https://a.example/", 0),
        ("GET https://a.example/x", 0),
        ("GET https://a.example/x/z", 2),
        ("POST https://a.example/x/z", 1),
        ("PUT https://a.example/x/z", 0),
        ("POST https://a.example/x/y", 3),
        ("GET https://a.example/x/y", 2),
    ] {
        assert_eq!(
            decided(&authority, text).as_deref(),
            Some(all[index]),
            "{text}"
        );
    }
}

#[test]
fn addresses_of_every_grant_that_covers_the_request_count_and_no_others() {
    let all = [
        "http:GET https://a.example/**",
        "http:GET https://a.example/in/**",
        "http:GET https://a.example/in/deep/**",
        "http:POST https://a.example/**",
    ];
    let mut writ = writ(&all);
    writ.grants[1].addresses = vec!["10.1.0.0/16".parse().unwrap()];
    writ.grants[3].addresses = vec!["10.2.0.0/16".parse().unwrap()];
    let authority = effective(&all, &writ).unwrap();
    let permit = |text: &str| authority.permit(request(text)).unwrap();
    assert!(permit("GET https://a.example/in/x").reaches(address("10.1.2.3")));
    assert!(!permit("GET https://a.example/in/x").reaches(address("10.2.2.3")));
    assert!(permit("GET https://a.example/in/deep/x").reaches(address("10.1.2.3")));
    assert!(!permit("GET https://a.example/x").reaches(address("10.1.2.3")));
    assert!(!permit("POST https://a.example/in/x").reaches(address("10.1.2.3")));
    assert!(permit("GET https://a.example/x").reaches(address("93.184.216.34")));
}

#[test]
fn what_is_this_machine_or_near_it_has_to_be_named() {
    let plain = with_addresses("http:GET https://a.example/", &[]);
    let permit = plain.permit(request("GET https://a.example/")).unwrap();
    for text in [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "10.0.0.1",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fe80::1",
        "fd00:ec2::254",
        "168.63.129.16",
    ] {
        assert!(!permit.reaches(address(text)), "{text}");
    }
}

#[test]
fn a_link_local_range_is_not_the_metadata_service() {
    let reaches = |ranges: &[&str], text: &str| {
        let authority = with_addresses("http:GET http://a.example/", ranges);
        let permit: Permit<HttpRequest> =
            authority.permit(request("GET http://a.example/")).unwrap();
        permit.reaches(address(text))
    };
    assert!(reaches(&["169.254.0.0/16"], "169.254.1.1"));
    assert!(!reaches(&["169.254.0.0/16"], "169.254.169.254"));
    assert!(!reaches(&["169.254.169.254/31"], "169.254.169.254"));
    assert!(reaches(&["169.254.169.254/32"], "169.254.169.254"));
}

#[test]
fn an_unreachable_name_is_a_denial_with_a_remedy() {
    let authority = with_addresses("http:GET https://erp.example/**", &[]);
    let permit = authority
        .permit(request("GET https://erp.example/a?key=hidden"))
        .unwrap();
    let denied = permit.unreachable(&[address("10.0.0.3"), address("::ffff:127.0.0.1")]);
    assert_eq!(
        denied.to_string(),
        "plugin p may not send GET requests to https port 443 of host erp.example, path /** (asked for \"GET \
         https://erp.example/a\"): http:GET https://erp.example/** leads to 10.0.0.3 (private), 127.0.0.1 (loopback), which its \
         grant does not name"
    );
    assert_eq!(
        denied.remedy(),
        "if it shall reach them, add `addresses = [\"10.0.0.3/32\", \"127.0.0.1/32\"]`, or the range that is meant, to the grant of \
         http:GET https://erp.example/**"
    );
    let never = permit.unreachable(&[address("0.0.0.0")]);
    assert!(
        never.remedy().contains("no grant can name"),
        "{}",
        never.remedy()
    );
}

#[test]
fn a_denied_request_names_the_narrowest_capability_and_no_query() {
    let authority = authority(&[], &[]);
    let denied = authority
        .permit(request("POST http://a.example:81/x?token=1"))
        .unwrap_err();
    assert_eq!(
        denied.capability.to_string(),
        "http:POST http://a.example:81/x"
    );
    assert!(!denied.to_string().contains("token"), "{denied}");
}

fn secret_authority() -> Authority {
    let mut writ = writ(&["secret:use:erp"]);
    writ.grants[0].host = Some("https://erp.example".parse().unwrap());
    writ.grants[0].header = Some("authorization".parse().unwrap());
    effective(&["secret:use:erp", "secret:use:other"], &writ).unwrap()
}

fn secret(name: &str, origin: &str, place: SecretPlace) -> SecretUse {
    SecretUse {
        name: name.to_owned(),
        origin: origin.parse().unwrap(),
        place,
    }
}

fn header(name: &str) -> SecretPlace {
    SecretPlace::Header(name.to_owned())
}

#[test]
fn a_secret_goes_to_one_place() {
    let authority = secret_authority();
    let here = secret("erp", "https://erp.example", header("authorization"));
    assert!(authority.permit(here).is_ok());
    for elsewhere in [
        secret("erp", "https://erp.example", header("x-key")),
        secret("erp", "https://erp.example", SecretPlace::Url),
        secret("erp", "https://erp.example", SecretPlace::Body),
        secret("erp", "http://erp.example", header("authorization")),
        secret("erp", "https://erp.example:8443", header("authorization")),
        secret("erp", "https://evil.example", header("authorization")),
    ] {
        let denied = authority.permit(elsewhere).unwrap_err();
        assert!(denied.granted && denied.bound.is_some(), "{denied}");
        let text = denied.to_string();
        assert!(
            text.ends_with(
                "secret:use:erp is granted for the header authorization to https://erp.example only"
            ),
            "{text}"
        );
    }
    let other = secret("other", "https://erp.example", header("authorization"));
    let denied = authority.permit(other).unwrap_err();
    assert!(
        denied.requested && !denied.granted && denied.bound.is_none(),
        "{denied}"
    );
    let odd = secret("a b", "https://erp.example", header("authorization"));
    assert!(!authority.permit(odd).unwrap_err().nameable);
}

#[test]
fn a_secret_survives_where_changes_do_not() {
    let pure = secret_authority().without_changes();
    let here = secret("erp", "https://erp.example", header("authorization"));
    assert!(pure.permit(here).is_ok());
}

#[test]
fn ranges_cover_ranges() {
    let range = |text: &str| text.parse::<AddressRange>().unwrap();
    assert!(range("10.0.0.0/8").covers(&range("10.1.0.0/16")));
    assert!(!range("10.1.0.0/16").covers(&range("10.0.0.0/8")));
    assert!(!range("10.0.0.0/8").covers(&range("127.0.0.1/32")));
    assert!(!range("::1/128").covers(&range("127.0.0.1/32")));
}
