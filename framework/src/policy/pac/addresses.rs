//! The functions of a PAC script that compute with addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `convert_addr`: an IPv4 address as a number; 0 for what is none.
pub(crate) fn convert_addr(address: &str) -> u32 {
    address.trim().parse::<Ipv4Addr>().map_or(0, u32::from)
}

/// `isInNet`, of a host that is an address already: the bits of the mask are equal. What is no address is in no net.
pub(crate) fn is_in_net(address: Ipv4Addr, pattern: &str, mask: &str) -> bool {
    let parsed = (pattern.trim().parse::<Ipv4Addr>(), mask.trim().parse::<Ipv4Addr>());
    let (Ok(pattern), Ok(mask)) = parsed else { return false };
    let mask = u32::from(mask);
    u32::from(address) & mask == u32::from(pattern) & mask
}

/// Microsoft's `isInNetEx`: the address is in a net that is written as a prefix, `198.95.0.0/16` or `3ffe:8311::/32`.
pub(crate) fn is_in_net_ex(address: IpAddr, prefix: &str) -> bool {
    let Some((net, bits)) = prefix.trim().split_once('/') else { return false };
    let (Ok(net), Ok(bits)) = (net.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
    let equal = |one: u128, other: u128, width: u32| {
        bits <= width && (bits == 0 || (one ^ other).checked_shr(width - bits).unwrap_or(0) == 0)
    };
    match (address, net) {
        (IpAddr::V4(address), IpAddr::V4(net)) => equal(u32::from(address).into(), u32::from(net).into(), 32),
        (IpAddr::V6(address), IpAddr::V6(net)) => equal(address.into(), net.into(), 128),
        _ => false,
    }
}

/// Microsoft's `sortIpAddressList`: those of IPv6 first, each family in ascending order; `None` if one is no address.
///
/// So is a list that is too long to be meant: what is made of it here counts for none of a script's memory, and takes many times its own.
pub(crate) fn sort_addresses(list: &str) -> Option<String> {
    if list.len() > LONGEST_LIST {
        return None;
    }
    let mut addresses: Vec<IpAddr> = list.split(';').map(|one| one.trim().parse()).collect::<Result<_, _>>().ok()?;
    addresses.sort_by_key(|address| match address {
        IpAddr::V6(address) => (false, *address),
        IpAddr::V4(address) => (true, Ipv6Addr::from(u128::from(u32::from(*address)))),
    });
    Some(addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(";"))
}

const LONGEST_LIST: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn convert_addr_is_the_number_of_an_address() {
        assert_eq!(convert_addr("104.16.41.2"), 1_745_889_538);
        assert_eq!(convert_addr("255.255.255.255"), u32::MAX);
        for none in ["", "::1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "host"] {
            assert_eq!(convert_addr(none), 0, "{none}");
        }
    }

    #[test]
    fn is_in_net_compares_the_bits_of_the_mask() {
        let address = Ipv4Addr::new(198, 95, 249, 79);
        assert!(is_in_net(address, "198.95.249.79", "255.255.255.255"));
        assert!(is_in_net(address, "198.95.0.0", "255.255.0.0"));
        assert!(is_in_net(address, "198.95.249.80", "255.255.255.0"));
        assert!(!is_in_net(address, "198.95.249.80", "255.255.255.255"));
        assert!(is_in_net(address, "9.9.9.9", "0.0.0.0"));
        for (pattern, mask) in [("198.95.0.0", "16"), ("", ""), ("198.95", "255.255.0.0"), ("::", "::")] {
            assert!(!is_in_net(address, pattern, mask), "{pattern} {mask}");
        }
    }

    #[test]
    fn is_in_net_ex_takes_prefixes_of_both_families() {
        let within = |address: &str, prefix| is_in_net_ex(address.parse().unwrap(), prefix);
        assert!(within("198.95.249.79", "198.95.249.79/32"));
        assert!(within("198.95.249.79", "198.95.0.0/16"));
        assert!(!within("198.96.0.1", "198.95.0.0/16"));
        assert!(within("3ffe:8311:ffff:abcd:1234:dead:beef:101", "3ffe:8311:ffff::/48"));
        assert!(!within("3ffe:8311:fffe::1", "3ffe:8311:ffff::/48"));
        assert!(within("1.2.3.4", "0.0.0.0/0") && within("::1", "::/0"));
        for bad in ["198.95.0.0", "198.95.0.0/33", "198.95.0.0/-1", "::/129", "::/16", "/", "x/8"] {
            assert!(!within("198.95.249.79", bad), "{bad}");
        }
    }

    #[test]
    fn a_list_is_sorted_ipv6_first() {
        let sorted = sort_addresses("10.2.3.9;2001:4898:28:3:201:2ff:feea:fc14;::1;127.0.0.1;::9");
        assert_eq!(sorted.unwrap(), "::1;::9;2001:4898:28:3:201:2ff:feea:fc14;10.2.3.9;127.0.0.1");
        assert_eq!(sort_addresses("10.2.3.9;host"), None);
        assert_eq!(sort_addresses(""), None);
    }

    #[test]
    fn a_list_that_is_too_long_to_be_meant_is_not_sorted() {
        let list = |addresses: usize| vec!["::1"; addresses].join(";");
        assert!(sort_addresses(&list(LONGEST_LIST / 4)).is_some());
        assert_eq!(sort_addresses(&list(LONGEST_LIST / 4 + 2)), None);
    }
}
