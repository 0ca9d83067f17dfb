//! Addresses by example: the edges of every block, the forms one address has, and ranges that no grant may name.

use super::*;

fn kind(text: &str) -> AddressKind {
    AddressKind::of(text.parse().unwrap())
}

#[test]
fn every_block_has_its_edges() {
    use AddressKind::*;
    for (first, last, inside) in [
        ("0.0.0.0", "0.255.255.255", Unspecified),
        ("10.0.0.0", "10.255.255.255", Private),
        ("100.64.0.0", "100.127.255.255", Shared),
        ("127.0.0.0", "127.255.255.255", Loopback),
        ("169.254.0.0", "169.254.255.255", LinkLocal),
        ("172.16.0.0", "172.31.255.255", Private),
        ("192.0.0.0", "192.0.0.255", Reserved),
        ("192.0.2.0", "192.0.2.255", Documentation),
        ("192.88.99.0", "192.88.99.255", Tunnelled),
        ("192.168.0.0", "192.168.255.255", Private),
        ("198.18.0.0", "198.19.255.255", Benchmarking),
        ("198.51.100.0", "198.51.100.255", Documentation),
        ("203.0.113.0", "203.0.113.255", Documentation),
        ("224.0.0.0", "239.255.255.255", Multicast),
        ("240.0.0.0", "255.255.255.254", Reserved),
        ("::1", "::1", Loopback),
        (
            "64:ff9b:1::",
            "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
            Translated,
        ),
        ("100::", "100::ffff:ffff:ffff:ffff", Reserved),
        ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Tunnelled),
        (
            "2001:2::",
            "2001:2:0:ffff:ffff:ffff:ffff:ffff",
            Benchmarking,
        ),
        (
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            Documentation,
        ),
        (
            "2002::",
            "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            Tunnelled,
        ),
        (
            "3fff::",
            "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
            Documentation,
        ),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private),
        (
            "fe80::",
            "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            LinkLocal,
        ),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Private),
        (
            "ff00::",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            Multicast,
        ),
    ] {
        assert_eq!(
            (kind(first), kind(last)),
            (inside, inside),
            "{first} to {last}"
        );
    }
    assert_eq!(kind("255.255.255.255"), Multicast);
    assert_eq!(kind("::"), Unspecified);
}

#[test]
fn what_is_beside_a_block_is_public() {
    for text in [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::",
        "2001:db7::1",
        "2001:db9::1",
        "2003::1",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "3ffe::1",
    ] {
        assert_eq!(kind(text), AddressKind::Public, "{text}");
    }
}

#[test]
fn an_address_in_other_clothes_is_what_it_was() {
    for (text, expected) in [
        ("::ffff:127.0.0.1", AddressKind::Loopback),
        ("::ffff:7f00:1", AddressKind::Loopback),
        ("::ffff:10.0.0.1", AddressKind::Private),
        ("::ffff:169.254.169.254", AddressKind::Metadata),
        ("::ffff:8.8.8.8", AddressKind::Public),
        // `::127.0.0.1`
        ("::7f00:1", AddressKind::Reserved),
        ("64:ff9b::10.0.0.1", AddressKind::Translated),
        ("64:ff9b::169.254.169.254", AddressKind::Metadata),
        ("64:ff9b::8.8.8.8", AddressKind::Public),
        ("64:ff9b:1::8.8.8.8", AddressKind::Translated),
        // 6to4 and Teredo of 10.0.0.1 and of a public address alike.
        ("2002:a00:1::1", AddressKind::Tunnelled),
        ("2002:808:808::1", AddressKind::Tunnelled),
        ("2001:0:a00:1::1", AddressKind::Tunnelled),
        ("4000::1", AddressKind::Reserved),
        ("1::1", AddressKind::Reserved),
    ] {
        assert_eq!(kind(text), expected, "{text}");
    }
}

#[test]
fn clouds_credentials_are_known_wherever_they_are() {
    for text in [
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fd00:c1::a9fe:a9fe",
        "fd00:42::42",
    ] {
        assert_eq!(kind(text), AddressKind::Metadata, "{text}");
    }
}

#[test]
fn clouds_credentials_are_known_behind_translators_and_tunnels() {
    for (range, address) in [
        ("64:ff9b::/96", "64:ff9b::a9fe:a9fe"),
        ("64:ff9b::/96", "64:ff9b::100.100.100.200"),
        // Prefixes of 96, 64, 56 and 48 bits; the byte in the middle is not part of any.
        ("64:ff9b:1::/48", "64:ff9b:1::a9fe:a9fe"),
        ("64:ff9b:1::/48", "64:ff9b:1:7:a9:fea9:fe00:0"),
        ("64:ff9b:1::/48", "64:ff9b:1:7a9:fe:a9fe::"),
        ("64:ff9b:1::/48", "64:ff9b:1:a9fe:a9:fe00::"),
        ("2002::/16", "2002:a9fe:a9fe::1"),
        ("2001::/32", "2001:0:a9fe:a9fe:0:0:5555:5555"),
        ("2001::/32", "2001:0:808:808:0:0:5601:5601"),
        ("::/96", "::a9fe:a9fe"),
    ] {
        assert_eq!(kind(address), AddressKind::Metadata, "{address}");
        let address: IpAddr = address.parse().unwrap();
        let wide: AddressRange = range.parse().unwrap();
        let single = AddressRange::single(address);
        assert!(wide.contains(address) && !wide.names(address), "{address}");
        assert!(single.names(address), "{address}");
        assert_eq!(single.to_string().parse(), Ok(single));
        assert_eq!(single.kind(), AddressKind::Metadata, "{address}");
        assert_eq!(wide.intersect(&single), None, "{address}");
    }
    for beside in ["64:ff9b::a9fe:a9fd", "64:ff9b:1::a9fe:a9ff"] {
        assert_eq!(kind(beside), AddressKind::Translated, "{beside}");
    }
    assert_eq!(kind("2002:a9fe:a9ff::"), AddressKind::Tunnelled);
}

#[test]
fn ranges_are_named_in_one_way_and_in_one_block() {
    let error = |text: &str| text.parse::<AddressRange>().unwrap_err().to_string();
    for good in [
        "10.1.0.0/16",
        "127.0.0.1/32",
        "::1/128",
        "fd00:1::/64",
        "169.254.169.254/32",
        "168.63.129.16/32",
    ] {
        assert_eq!(good.parse::<AddressRange>().unwrap().to_string(), good);
    }
    assert_eq!(error("10.1.2.3/16"), "write this range as 10.1.0.0/16");
    assert_eq!(error("fd00:0::/64"), "write this range as fd00::/64");
    assert_eq!(error("10.0.0.0/08"), "write this range as 10.0.0.0/8");
    for form in [
        "10.0.0.1",
        "10.0.0.0/33",
        "::1/129",
        "10/8",
        "private",
        "",
        "/8",
        "10.0.0.0/-1",
        "::ffff:10.0.0.0/104",
        "[::1]/128",
        "010.0.0.0/8",
    ] {
        assert!(error(form).contains("is no range of addresses"), "{form}");
    }
    for wide in [
        "0.0.0.0/0",
        "::/0",
        "8.8.8.8/32",
        "10.0.0.0/7",
        "2000::/3",
        "2606:4700::/32",
    ] {
        assert!(
            error(wide).contains("is not within one block"),
            "{wide}: {}",
            error(wide)
        );
    }
    for nothing in ["0.0.0.0/8", "224.0.0.1/32", "::/128", "ff02::/16"] {
        assert!(
            error(nothing).contains("no service has such an address"),
            "{nothing}"
        );
    }
}

#[test]
fn a_range_knows_its_kind() {
    for (text, kind) in [
        ("10.1.0.0/16", AddressKind::Private),
        ("127.0.0.1/32", AddressKind::Loopback),
        ("169.254.0.0/16", AddressKind::LinkLocal),
        ("169.254.169.254/32", AddressKind::Metadata),
        ("64:ff9b::/96", AddressKind::Translated),
    ] {
        assert_eq!(text.parse::<AddressRange>().unwrap().kind(), kind, "{text}");
    }
}
