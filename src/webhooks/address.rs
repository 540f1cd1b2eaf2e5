//! Which addresses may be called: an endpoint is given by whoever manages them, and is not to reach
//! into the network that the server stands in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Resolves names to addresses that may be called. The connection is made to these very addresses,
/// so a name that answers otherwise the next time gains nothing.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// Private, loopback and link-local addresses too.
    pub allow_private: bool,
}

impl Guard {
    /// Whether this address may be called.
    #[must_use]
    pub fn admits(self, address: IpAddr) -> bool {
        self.allow_private || is_public(address)
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let (good, bad): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.partition(|address| guard.admits(address.ip()));
            if good.is_empty() {
                let why = if bad.is_empty() {
                    "the name has no address"
                } else {
                    REFUSED
                };
                return Err(why.into());
            }
            Ok(Box::new(good.into_iter()) as Addrs)
        })
    }
}

/// Whether a URL shows by itself that it leads to a private address: one that is written out, or the
/// name of this machine. What other names lead to is seen when they are called.
#[must_use]
pub fn shows_private(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    literal(&url).is_some_and(|address| !is_public(address))
        || host == "localhost"
        || host.ends_with(".localhost")
}

/// The address that is written out in a URL, which never reaches the resolver.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_matches(['[', ']']).parse().ok()
}

/// What is told of an address that may not be called.
pub const REFUSED: &str = "the address is private; the setting webhook_private_addresses allows it";

/// Whether an address is one of the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let [a, b, ..] = parts;
    // Addresses that carry an IPv4 address are as public as that one.
    let [.., high, low] = parts;
    let carried = Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    if address.to_ipv4_mapped().is_some() || (a == 0x64 && b == 0xff9b) {
        return is_public_v4(carried);
    }
    if a == 0x2002 {
        let [_, high, low, ..] = parts;
        return is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    }
    // Global unicast, less Teredo and the other special uses at its start, and documentation.
    (a & 0xe000) == 0x2000
        && !(a == 0x2001 && b < 0x0200)
        && !(a == 0x2001 && b == 0x0db8)
        && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_are_not_public_whatever_they_are_written_as() {
        for inside in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "fec0::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::",
            "2001:0:1::1",
            "2001:db8::1",
        ] {
            let address = inside.parse().expect(inside);
            assert!(!is_public(address), "{inside}");
        }
    }

    #[test]
    fn a_url_shows_a_private_address_in_whatever_form_it_is_written() {
        for inside in [
            "http://127.0.0.1:80/x",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::1]:8080/",
            "http://[::ffff:169.254.169.254]/",
            "https://LOCALHOST/",
            "https://localhost./",
            "https://a.localhost/",
        ] {
            assert!(shows_private(inside), "{inside}");
        }
        for outside in ["https://example.com/", "http://8.8.8.8/", "no url"] {
            assert!(!shows_private(outside), "{outside}");
        }
    }

    #[test]
    fn addresses_outside_are_public() {
        for outside in [
            "1.1.1.1",
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            let address = outside.parse().expect(outside);
            assert!(is_public(address), "{outside}");
        }
    }
}
