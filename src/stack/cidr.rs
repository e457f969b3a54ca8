//! `Fn::Cidr`: divides a block of addresses into smaller ones.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-cidr.html>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The first `count` blocks in `block`, each with `bits` bits for hosts.
///
/// # Errors
/// What is wrong: an invalid block or number, or not enough room.
pub(super) fn blocks(block: &str, count: &str, bits: &str) -> Result<Vec<String>, String> {
    let parsed = block
        .split_once('/')
        .and_then(|(address, prefix)| Some((address.parse::<IpAddr>().ok()?, prefix.parse::<u32>().ok()?)));
    let (address, prefix) = parsed.ok_or_else(|| format!("{block:?} is no block of addresses"))?;
    let count = count.parse::<u32>().ok().filter(|count| (1..=256).contains(count));
    let count = count.ok_or("the count is a number from 1 to 256")?;
    let bits = bits.parse::<u32>().map_err(|_| "the number of bits is no number")?;
    let (start, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32_u32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let no_room = || format!("{block} has no room for {count} blocks with {bits} bits");
    // Of the bits that `block` leaves free, `bits` are for hosts, and the others number the blocks.
    let free =
        u32::checked_sub(width, prefix).ok_or_else(|| format!("{block:?} is no block of addresses"))?;
    let numbering = free.checked_sub(bits).ok_or_else(no_room)?;
    if numbering < 32 && (1 << numbering) < count {
        return Err(no_room());
    }
    let mask = u128::MAX.checked_shl(free).unwrap_or(0);
    let nth = |n: u32| {
        let start = (start & mask) + (u128::from(n) << bits.min(127));
        let address = match address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(start).unwrap_or(u32::MAX))),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(start)),
        };
        format!("{address}/{}", width - bits)
    };
    Ok((0..count).map(nth).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_cut_from_the_start() {
        let check = |block, count, bits, want: &[&str]| {
            assert_eq!(blocks(block, count, bits).unwrap(), want, "{block}");
        };
        check("10.0.0.0/16", "3", "8", &["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]);
        check("192.168.7.9/24", "2", "5", &["192.168.7.0/27", "192.168.7.32/27"]);
        check("10.0.0.0/24", "1", "8", &["10.0.0.0/24"]);
        check("0.0.0.0/0", "1", "32", &["0.0.0.0/0"]);
        check("2001:db8::/56", "2", "64", &["2001:db8::/64", "2001:db8:0:1::/64"]);
    }

    #[test]
    fn what_can_not_be_cut_is_refused() {
        for (block, count, bits, want) in [
            ("10.0.0.0", "1", "8", "no block"),
            ("10.0.0.0/33", "1", "8", "no block"),
            ("10.0.0.0/16", "257", "8", "from 1 to 256"),
            ("10.0.0.0/16", "1", "x", "no number"),
            ("10.0.0.0/16", "1", "17", "no room"),
            ("10.0.0.0/24", "3", "7", "no room"),
        ] {
            let error = blocks(block, count, bits).unwrap_err();
            assert!(error.contains(want), "{block} {count} {bits}: {error}");
        }
    }
}
