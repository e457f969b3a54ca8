//! Egress rules: which hosts and addresses this server may call, checked against the address that is actually dialled.
//!
//! The addresses of integrations and tasks are written by anyone who may define APIs and state machines. They must not
//! get access to what only this machine can reach: metadata services of clouds hand out credentials, and this server's
//! own control listener trusts local callers. A name is resolved once, and the resulting addresses are both checked and
//! dialled, so that a name can't resolve differently for the check and for the connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

/// Rules for outbound connections. Clones share what is set later.
#[derive(Clone, Debug, Default)]
pub struct Egress {
    allow: Vec<Rule>,
    deny: Vec<Rule>,
    /// The listeners of this server that serve more than deployed APIs.
    own: Arc<OnceLock<Vec<SocketAddr>>>,
}

/// A call that the rules refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("calls of {host}:{port} are refused by the egress rules: {reason}")]
pub struct Refused {
    /// The host as the caller named it.
    pub host: String,
    /// The port of the call.
    pub port: u16,
    /// The reason for the refusal.
    pub reason: Reason,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A `deny` rule of the settings matches.
    #[error("it is denied")]
    Denied,
    /// The address is link-local, or a cloud's metadata service.
    #[error("it is a link-local address or a metadata service's")]
    LinkLocal,
    /// The address is one of this server's own listeners.
    #[error("it is a listener of this server that serves the AWS APIs")]
    OwnListener,
}

/// A text that is not a valid rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address, network or host, perhaps with a port")]
pub struct NoRule(String);

/// A rule: `10.0.0.0/8`, `10.1.2.3`, `fd00::/8`, `[::1]:8080`, `10.1.2.3:80`, `example.com`, `*.example.com:443`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    who: Who,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    /// A network: an address and the number of its leading bits.
    Network(IpAddr, u8),
    /// Exactly this name.
    Name(String),
    /// Every name with this ending, which includes the leading dot.
    Below(String),
}

/// Addresses that are refused unless they are allowed: link-local ones, which include the metadata services of AWS,
/// Azure, Google and others, and metadata services at other addresses.
const LINK_LOCAL: [(IpAddr, u8); 6] = [
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
    // The metadata services of AWS and of Google.
    (IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0)), 32),
    (IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0)), 32),
    // The metadata service of Alibaba, and Azure's platform address.
    (IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), 32),
    (IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)), 32),
];

impl Egress {
    /// The rules from the settings, in addition to the built-in ones. `allow` overrides everything else.
    ///
    /// # Errors
    /// [`NoRule`] for a text that is not a rule.
    pub fn new(allow: &[String], deny: &[String]) -> Result<Self, NoRule> {
        let rules = |texts: &[String]| texts.iter().map(|text| Rule::parse(text)).collect::<Result<_, _>>();
        Ok(Self { allow: rules(allow)?, deny: rules(deny)?, own: Arc::default() })
    }

    /// Sets the listeners that serve more than deployed APIs. Called once, when they are bound.
    pub fn protect(&self, listeners: Vec<SocketAddr>) {
        // A server binds its listeners only once.
        let _ = self.own.set(listeners);
    }

    /// The addresses of `host` that may be dialled, in their order.
    ///
    /// # Errors
    /// [`Refused`] if there are addresses but none is allowed.
    pub(super) fn allowed(&self, host: &str, resolved: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let mut refused = None;
        let mut allowed = Vec::with_capacity(resolved.len());
        for address in resolved {
            match self.judge(host, address) {
                Ok(()) => allowed.push(address),
                Err(reason) => refused = Some((address.port(), reason)),
            }
        }
        match refused {
            Some((port, reason)) if allowed.is_empty() => {
                Err(Refused { host: host.to_owned(), port, reason })
            }
            Some(_) | None => Ok(allowed),
        }
    }

    fn judge(&self, host: &str, address: SocketAddr) -> Result<(), Reason> {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let ips = meanings(address.ip());
        let is_among = |rules: &[Rule]| rules.iter().any(|rule| rule.is_about(&host, &ips, address.port()));
        if is_among(&self.allow) {
            return Ok(());
        }
        if is_among(&self.deny) {
            return Err(Reason::Denied);
        }
        if LINK_LOCAL.iter().any(|(network, bits)| ips.iter().any(|ip| is_within(*ip, *network, *bits))) {
            return Err(Reason::LinkLocal);
        }
        let own = self.own.get().map(Vec::as_slice).unwrap_or_default();
        let is_own = |own: &SocketAddr| {
            own.port() == address.port() && ips.iter().any(|ip| is_same_machine(own.ip(), *ip))
        };
        if own.iter().any(is_own) { Err(Reason::OwnListener) } else { Ok(()) }
    }

    /// Checks whether a connection has reached a listener of this server through any of the machine's addresses. If the
    /// listener is bound to all addresses, both ends of such a connection have the same address.
    pub(super) fn check_connected(
        &self,
        host: &str,
        local: SocketAddr,
        peer: SocketAddr,
    ) -> Result<(), Refused> {
        let own = self.own.get().map(Vec::as_slice).unwrap_or_default();
        let is_own = |own: &SocketAddr| own.port() == peer.port() && own.ip().is_unspecified();
        let refused = || Refused { host: host.to_owned(), port: peer.port(), reason: Reason::OwnListener };
        let is_allowed =
            || self.allow.iter().any(|rule| rule.is_about(host, &meanings(peer.ip()), peer.port()));
        if local.ip().to_canonical() == peer.ip().to_canonical() && own.iter().any(is_own) && !is_allowed() {
            return Err(refused());
        }
        Ok(())
    }
}

/// Whether a connection to `ip` reaches a listener bound to `own`.
fn is_same_machine(own: IpAddr, ip: IpAddr) -> bool {
    let own = own.to_canonical();
    let is_here = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
    own == ip || (is_here(ip) && own.is_unspecified()) || (ip.is_unspecified() && own.is_loopback())
}

/// An address, and the IPv4 address embedded in it: mapped, translated (RFC 6052) or 6to4 (RFC 3056).
fn meanings(ip: IpAddr) -> Vec<IpAddr> {
    let ip = ip.to_canonical();
    let mut all = vec![ip];
    if let IpAddr::V6(v6) = ip {
        let octets = v6.octets();
        let v4 = |a: u8, b: u8, c: u8, d: u8| IpAddr::V4(Ipv4Addr::new(a, b, c, d));
        match octets {
            [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
            | [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
                if !v6.is_loopback() && !v6.is_unspecified() =>
            {
                all.push(v4(a, b, c, d));
            }
            [0x20, 0x02, a, b, c, d, ..] => all.push(v4(a, b, c, d)),
            _ => {}
        }
    }
    all
}

fn is_within(ip: IpAddr, network: IpAddr, bits: u8) -> bool {
    let agree = |left: &[u8], right: &[u8]| {
        let whole = usize::from(bits / 8);
        let rest = bits % 8;
        let mask = if rest == 0 { 0 } else { u8::MAX << (8 - rest) };
        left.iter().zip(right).enumerate().all(|(index, (a, b))| match index.cmp(&whole) {
            std::cmp::Ordering::Less => a == b,
            std::cmp::Ordering::Equal => a & mask == b & mask,
            std::cmp::Ordering::Greater => true,
        })
    };
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => agree(&ip.octets(), &network.octets()),
        (IpAddr::V6(ip), IpAddr::V6(network)) => agree(&ip.octets(), &network.octets()),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, NoRule> {
        let none = || NoRule(text.to_owned());
        if let Some(who) = network(text) {
            return Ok(Self { who, port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| none())?)),
            None => (text, None),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if let Some(who) = network(bare.unwrap_or(host)) {
            return Ok(Self { who, port });
        }
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
        };
        let who = match host.strip_prefix('*') {
            Some(rest) if rest.strip_prefix('.').is_some_and(is_name) => {
                Who::Below(rest.to_ascii_lowercase())
            }
            None if is_name(host) => Who::Name(host.to_ascii_lowercase()),
            Some(_) | None => return Err(none()),
        };
        Ok(Self { who, port })
    }

    fn is_about(&self, host: &str, ips: &[IpAddr], port: u16) -> bool {
        self.port.is_none_or(|own| own == port)
            && match &self.who {
                Who::Network(network, bits) => ips.iter().any(|ip| is_within(*ip, *network, *bits)),
                Who::Name(name) => host == name,
                Who::Below(end) => host.len() > end.len() && host.ends_with(end.as_str()),
            }
    }
}

/// Parses an address, or a network with its prefix length.
fn network(text: &str) -> Option<Who> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address.parse::<IpAddr>().ok()?, Some(bits.parse::<u8>().ok()?)),
        None => (text.parse::<IpAddr>().ok()?, None),
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(most);
    (bits <= most).then_some(Who::Network(address, bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn egress(allow: &[&str], deny: &[&str]) -> Egress {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Egress::new(&texts(allow), &texts(deny)).unwrap()
    }

    fn judged(egress: &Egress, host: &str, address: &str) -> Result<(), Reason> {
        egress.judge(host, address.parse().unwrap())
    }

    #[test]
    fn link_local_addresses_and_metadata_services_are_refused_in_every_writing() {
        let egress = Egress::default();
        for address in [
            "169.254.169.254:80",
            "169.254.0.1:8080",
            "[::ffff:169.254.169.254]:80",
            "[64:ff9b::a9fe:a9fe]:80",
            "[::169.254.169.254]:80",
            "[2002:a9fe:a9fe::1]:80",
            "[fe80::1]:80",
            "[febf::1]:80",
            "[fd00:ec2::254]:80",
            "[fd20:ce::254]:80",
            "100.100.100.200:80",
            "168.63.129.16:80",
        ] {
            assert_eq!(judged(&egress, "h", address), Err(Reason::LinkLocal), "{address}");
        }
        for address in [
            "127.0.0.1:80",
            "[::1]:80",
            "10.0.0.1:80",
            "169.253.0.1:80",
            "[fec0::1]:80",
            "[fd00::1]:80",
            "0.0.0.0:1",
        ] {
            assert_eq!(judged(&egress, "h", address), Ok(()), "{address}");
        }
    }

    #[test]
    fn own_listeners_are_refused_by_whatever_address() {
        let own = |listeners: &[&str]| {
            let egress = Egress::default();
            egress.protect(listeners.iter().map(|it| it.parse().unwrap()).collect());
            egress
        };
        let one = own(&["127.0.0.1:4566"]);
        for (address, expect) in [
            ("127.0.0.1:4566", Err(Reason::OwnListener)),
            ("[::ffff:127.0.0.1]:4566", Err(Reason::OwnListener)),
            ("0.0.0.0:4566", Err(Reason::OwnListener)),
            ("[::]:4566", Err(Reason::OwnListener)),
            ("127.0.0.1:4567", Ok(())),
            ("10.0.0.1:4566", Ok(())),
        ] {
            assert_eq!(judged(&one, "h", address), expect, "{address}");
        }
        let all = own(&["0.0.0.0:4566"]);
        for address in ["127.0.0.1:4566", "127.8.8.8:4566", "[::1]:4566", "0.0.0.0:4566"] {
            assert_eq!(judged(&all, "h", address), Err(Reason::OwnListener), "{address}");
        }
        let (here, there) = ("10.0.0.1:4566".parse().unwrap(), "10.0.0.2:4566".parse().unwrap());
        let from = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 50_000);
        assert!(all.check_connected("h", from("10.0.0.1"), here).is_err());
        assert!(all.check_connected("h", from("10.0.0.1"), there).is_ok());
        assert!(one.check_connected("h", from("10.0.0.1"), here).is_ok());
        let allowed = egress(&["10.0.0.1:4566"], &[]);
        allowed.protect(vec!["0.0.0.0:4566".parse().unwrap()]);
        assert!(allowed.check_connected("h", from("10.0.0.1"), here).is_ok());
    }

    #[test]
    fn what_is_allowed_wins_over_what_is_denied() {
        let allow = ["10.1.0.0/16", "*.good.example:443", "169.254.170.2"];
        let rules = egress(&allow, &["10.0.0.0/8", "bad.example", "fd00::/8"]);
        for (host, address, expect) in [
            ("h", "10.2.0.1:80", Err(Reason::Denied)),
            ("h", "10.1.0.1:80", Ok(())),
            ("bad.example", "192.0.2.1:80", Err(Reason::Denied)),
            ("BAD.example.", "192.0.2.1:80", Err(Reason::Denied)),
            ("not-bad.example", "192.0.2.1:80", Ok(())),
            ("a.good.example", "10.9.9.9:443", Ok(())),
            ("a.good.example", "10.9.9.9:80", Err(Reason::Denied)),
            ("good.example", "10.9.9.9:443", Err(Reason::Denied)),
            ("h", "169.254.170.2:80", Ok(())),
            ("h", "169.254.169.254:80", Err(Reason::LinkLocal)),
            ("h", "[fd00::7]:80", Err(Reason::Denied)),
        ] {
            assert_eq!(judged(&rules, host, address), expect, "{host} {address}");
        }
        let everybody = egress(&["192.0.2.0/25"], &["0.0.0.0/0", "::/0"]);
        assert_eq!(judged(&everybody, "h", "192.0.2.127:1"), Ok(()));
        assert_eq!(judged(&everybody, "h", "192.0.2.128:1"), Err(Reason::Denied));
        let resolved =
            |texts: &[&str]| texts.iter().map(|it| it.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let both = resolved(&["198.51.100.1:1", "192.0.2.1:1"]);
        assert_eq!(everybody.allowed("h", both), Ok(resolved(&["192.0.2.1:1"])));
        assert!(everybody.allowed("h", resolved(&["198.51.100.1:1"])).is_err());
        assert_eq!(everybody.allowed("h", Vec::new()), Ok(Vec::new()));
    }

    #[test]
    fn rules_are_addresses_networks_and_names() {
        for text in
            ["10.0.0.0/8", "::1", "[::1]:80", "10.0.0.1:80", "h", "*.h.example", "h:1", "0.0.0.0/0", "::/0"]
        {
            assert!(Rule::parse(text).is_ok(), "{text}");
        }
        for text in
            ["", "*", "*h", "10.0.0.0/33", "::/129", "h:x", "h:99999", "http://h", "a b", ":80", "a/b"]
        {
            assert_eq!(Rule::parse(text), Err(NoRule(text.to_owned())), "{text}");
        }
    }
}
