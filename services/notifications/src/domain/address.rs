//! Which addresses a webhook may reach: the public internet, and what the operator allows besides.
//!
//! # Source
//! IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890).

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// Nothing in these is the public internet.
const NOT_PUBLIC_V4: [(Ipv4Addr, u8); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16), // link-local, and the metadata of clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];
/// All of the public internet's IPv6 …
const GLOBAL_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// … but for these: Teredo and protocol assignments, documentation, 6to4 (which hides a v4 address).
const NOT_PUBLIC_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Is it an address of the public internet?
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => !NOT_PUBLIC_V4.iter().any(|(network, bits)| in_v4(v4, *network, *bits)),
        IpAddr::V6(v6) => {
            let inside = |(network, bits): &(Ipv6Addr, u8)| in_v6(v6, *network, *bits);
            inside(&GLOBAL_V6) && !NOT_PUBLIC_V6.iter().any(inside)
        }
    }
}

fn in_v4(address: Ipv4Addr, network: Ipv4Addr, bits: u8) -> bool {
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits.into())).unwrap_or(0);
    address.to_bits() & mask == network.to_bits() & mask
}

fn in_v6(address: Ipv6Addr, network: Ipv6Addr, bits: u8) -> bool {
    let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits.into())).unwrap_or(0);
    address.to_bits() & mask == network.to_bits() & mask
}

/// Networks webhooks may reach although they are not public. Empty in production.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowList(Vec<(IpAddr, u8)>);

/// Not a list of networks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a network; write them like 127.0.0.0/8,::1/128")]
pub struct NotANetwork(String);

impl AllowList {
    pub fn has(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|(network, bits)| match (address, network) {
            (IpAddr::V4(address), IpAddr::V4(network)) => in_v4(address, *network, *bits),
            (IpAddr::V6(address), IpAddr::V6(network)) => in_v6(address, *network, *bits),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        })
    }
}

impl FromStr for AllowList {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<AllowList, NotANetwork> {
        let networks = text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(network);
        networks.collect::<Result<_, _>>().map(AllowList)
    }
}

fn network(text: &str) -> Result<(IpAddr, u8), NotANetwork> {
    let read = || {
        let (address, bits) = text.split_once('/')?;
        let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
        let longest = if address.is_ipv4() { 32 } else { 128 };
        (bits <= longest).then_some((address, bits))
    };
    read().ok_or_else(|| NotANetwork(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn every_private_range_is_refused_in_v4_v6_and_mapped_form() {
        for private in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.19.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001::1",
            "2001:db8::1",
            "fec0::1",
        ] {
            assert!(!is_public(ip(private)), "{private}");
        }
    }

    #[test]
    fn the_public_internet_is_reachable() {
        for public in
            ["8.8.8.8", "172.32.0.1", "100.128.0.1", "193.188.97.1", "2606:4700::1111", "2a00:1450::1"]
        {
            assert!(is_public(ip(public)), "{public}");
        }
    }

    #[test]
    fn the_list_allows_its_networks_and_nothing_else() {
        let list: AllowList = "127.0.0.0/8, ::1/128".parse().unwrap();
        assert!(list.has(ip("127.9.9.9")) && list.has(ip("::ffff:127.0.0.1")) && list.has(ip("::1")));
        assert!(!list.has(ip("10.0.0.1")) && !list.has(ip("::2")));
        assert_eq!("".parse(), Ok(AllowList::default()));
        for bad in ["127.0.0.1", "127.0.0.0/33", "x/8", "::1/129"] {
            assert!(bad.parse::<AllowList>().is_err(), "{bad}");
        }
    }
}
