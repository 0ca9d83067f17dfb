//! Where a connection goes: to what the permit reaches, at the address that was looked up for it, and nowhere else.

use writ_tests::net::{Dns, Http, Reply};

use super::support::{action, client, get, grant, granting, quick};
use crate::{Client, HttpFailure, Injection, Request, ResolveFlaw};

fn world() -> (Http, Dns, Client) {
    let http = Http::start(|_| Reply::ok("hello").header("x-one", "1"));
    let dns = Dns::start();
    let client = client(&dns);
    (http, dns, client)
}

fn denied(failure: HttpFailure) -> String {
    assert_eq!(failure.code(), "destination-IP-prohibited");
    assert!(!failure.sent());
    failure.denied().expect("it was denied").to_string()
}

#[tokio::test]
async fn a_granted_address_answers() {
    let (http, dns, client) = world();
    let url = format!("GET http://127.0.0.1:{}/x", http.port());
    let authority = granting(vec![grant(&url, &[])]);
    let response = get(&client, &authority, &format!("{url}?q=1"))
        .await
        .unwrap();
    assert_eq!((response.status, &response.body[..]), (200, &b"hello"[..]));
    assert_eq!(response.headers["x-one"], "1");
    let received = &http.received()[0];
    assert_eq!(
        (received.method.as_str(), received.path.as_str()),
        ("GET", "/x?q=1")
    );
    let host = format!("127.0.0.1:{}", http.port());
    assert_eq!(received.header("host"), Some(host.as_str()));
    assert_eq!(received.header("accept-encoding"), None);
    assert!(dns.asked().is_empty(), "an address is not looked up");
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_unless_its_grant_names_the_addresses() {
    let (http, dns, client) = world();
    dns.answer("erp.example", &[&["127.0.0.1"]]);
    let url = format!("GET http://erp.example:{}/", http.port());
    let failure = get(&client, &granting(vec![grant(&url, &[])]), &url)
        .await
        .unwrap_err();
    assert!(denied(failure).contains("leads to 127.0.0.1 (loopback)"));
    assert!(http.received().is_empty(), "nothing was connected to");

    let named = granting(vec![grant(&url, &["127.0.0.1/32"])]);
    let response = get(&client, &named, &url).await.unwrap();
    assert_eq!(response.status, 200);
    let host = format!("erp.example:{}", http.port());
    assert_eq!(http.received()[0].header("host"), Some(host.as_str()));
}

#[tokio::test]
async fn every_form_of_an_inner_address_is_refused() {
    let (http, dns, client) = world();
    for address in [
        "127.0.0.1",
        "127.8.8.8",
        "::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "10.0.0.1",
        "fd00::1",
        "fe80::1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "224.0.0.1",
        "255.255.255.255",
    ] {
        dns.answer("erp.example", &[&[address]]);
        let url = format!("GET http://erp.example:{}/", http.port());
        let failure = get(&client, &granting(vec![grant(&url, &[])]), &url)
            .await
            .unwrap_err();
        denied(failure);
    }
    assert!(http.received().is_empty());
}

#[tokio::test]
async fn a_name_that_becomes_private_is_refused_the_second_time() {
    let (http, dns, client) = world();
    // The first answer is an address that the grant names, the second is not.
    dns.answer("rebind.example", &[&["127.0.0.1"], &["127.0.0.2"]]);
    let url = format!("GET http://rebind.example:{}/", http.port());
    let authority = granting(vec![grant(&url, &["127.0.0.1/32"])]);
    assert_eq!(get(&client, &authority, &url).await.unwrap().status, 200);
    let failure = get(&client, &authority, &url).await.unwrap_err();
    assert!(denied(failure).contains("127.0.0.2"));
    assert_eq!(http.received().len(), 1);
}

#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_connected_to() {
    let (http, dns, client) = world();
    // Whoever asked twice in one exchange would be led elsewhere the second time.
    dns.answer("erp.example", &[&["127.0.0.1"], &["127.0.0.3"]]);
    let url = format!("GET http://erp.example:{}/", http.port());
    let authority = granting(vec![grant(&url, &["127.0.0.0/8"])]);
    assert_eq!(get(&client, &authority, &url).await.unwrap().status, 200);
    assert_eq!(
        dns.asked(),
        ["erp.example", "erp.example"],
        "one question of each kind"
    );
}

#[tokio::test]
async fn only_the_addresses_that_are_reached_are_tried() {
    let (http, dns, client) = world();
    dns.answer("erp.example", &[&["127.0.0.9", "::1", "127.0.0.1"]]);
    let url = format!("GET http://erp.example:{}/", http.port());
    let authority = granting(vec![grant(&url, &["127.0.0.1/32"])]);
    assert_eq!(get(&client, &authority, &url).await.unwrap().status, 200);
}

#[tokio::test]
async fn what_is_not_granted_is_not_looked_up() {
    let (http, dns, _) = world();
    dns.answer("other.example", &[&["127.0.0.1"]]);
    let port = http.port();
    let granted = format!("GET http://erp.example:{port}/v1/**");
    let authority = granting(vec![grant(&granted, &["127.0.0.1/32"])]);
    for other in [
        format!("GET http://other.example:{port}/v1/x"),
        format!("GET http://erp.example:{port}/v1evil"),
        format!("GET http://erp.example:{port}/v1"),
        format!("POST http://erp.example:{port}/v1/x"),
        format!("GET https://erp.example:{port}/v1/x"),
    ] {
        assert!(authority.permit(action(&other)).is_err(), "{other}");
    }
    assert!(dns.asked().is_empty() && http.received().is_empty());
}

#[tokio::test]
async fn ipv6_is_spoken_where_it_is_named() {
    let Ok(_) = std::net::TcpListener::bind("[::1]:0") else {
        return;
    };
    let http = Http::at("[::1]:0", |_| Reply::ok("six"));
    let dns = Dns::start();
    let client = client(&dns);
    let url = format!("GET http://[::1]:{}/", http.port());
    let response = get(&client, &granting(vec![grant(&url, &[])]), &url)
        .await
        .unwrap();
    assert_eq!(&response.body[..], b"six");
    dns.answer("six.example", &[&["::1"]]);
    let url = format!("GET http://six.example:{}/", http.port());
    let authority = granting(vec![grant(&url, &["::1/128"])]);
    assert_eq!(get(&client, &authority, &url).await.unwrap().status, 200);
}

#[tokio::test]
async fn names_that_lead_nowhere_say_so() {
    let (http, dns, client) = world();
    dns.answer("empty.example", &[&[]]);
    dns.silence("silent.example");
    for (name, code) in [
        ("missing.example", "destination-not-found"),
        ("empty.example", "destination-not-found"),
        ("silent.example", "DNS-timeout"),
    ] {
        let url = format!("GET http://{name}:{}/", http.port());
        let failure = get(&client, &granting(vec![grant(&url, &[])]), &url)
            .await
            .unwrap_err();
        assert_eq!(failure.code(), code, "{failure}");
        assert!(
            !failure.sent() && failure.to_string().contains(name),
            "{failure}"
        );
    }
    let url = "GET http://silent.example/";
    let authority = granting(vec![grant(url, &[])]);
    let failure = get(&client, &authority, url).await.unwrap_err();
    let slow = ResolveFlaw::Timeout { ms: 400 };
    assert!(
        matches!(&failure, HttpFailure::Resolve { flaw, .. } if *flaw == slow),
        "{failure}"
    );
}

#[tokio::test]
async fn many_answers_are_cut() {
    let (http, dns, client) = world();
    let mut addresses: Vec<String> = (2..40).map(|n| format!("127.0.0.{n}")).collect();
    addresses.push("127.0.0.1".to_owned());
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    dns.answer("many.example", &[&addresses]);
    let url = format!("GET http://many.example:{}/", http.port());
    let authority = granting(vec![grant(&url, &["127.0.0.1/32"])]);
    let failure = get(&client, &authority, &url).await.unwrap_err();
    let text = denied(failure);
    assert_eq!(
        text.matches("(loopback)").count(),
        quick().addresses_max,
        "{text}"
    );
}

#[tokio::test]
async fn nobody_at_home() {
    let (_, dns, client) = world();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "GET http://127.0.0.1:{}/",
        free.local_addr().unwrap().port()
    );
    drop(free);
    let failure = get(&client, &granting(vec![grant(&url, &[])]), &url)
        .await
        .unwrap_err();
    assert_eq!(
        (failure.code(), failure.sent()),
        ("connection-refused", false)
    );
    drop(dns);
}

#[tokio::test]
async fn a_body_goes_out_with_its_length() {
    let (http, dns, client) = world();
    let url = format!("POST http://127.0.0.1:{}/", http.port());
    let authority = granting(vec![grant(&url, &[])]);
    let request = super::support::request(&[("content-type", "text/plain")], "some text");
    let limits = quick();
    let permit = authority.permit(action(&url)).unwrap();
    let answer = client.exchange(permit, request, Injection::none(), &limits);
    assert_eq!(answer.await.unwrap().status, 200);
    let permit = authority.permit(action(&url)).unwrap();
    let answer = client.exchange(permit, Request::default(), Injection::none(), &limits);
    assert_eq!(answer.await.unwrap().status, 200);
    let received = http.received();
    assert_eq!(
        (received[0].header("content-length"), &received[0].body[..]),
        (Some("9"), &b"some text"[..])
    );
    assert_eq!(received[0].header("content-type"), Some("text/plain"));
    assert_eq!(received[1].header("content-length"), Some("0"));
    drop(dns);
}
