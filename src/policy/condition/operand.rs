//! The values that operators compare with: strings, numbers, dates, addresses, ARNs, bytes.

use std::borrow::Cow;
// From `core`: the addresses are plain values; nothing here opens a socket.
use core::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Kind, operand_error};
use crate::policy::decide::Facts;
use crate::policy::error::Error;
use crate::policy::pattern::{ArnPattern, Case, Pattern, Syntax, Unresolved};

/// How a request's value has to compare to the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The values of one condition. One match is enough.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operands {
    Texts(Vec<Pattern>, Case),
    Numbers(Vec<f64>, Relation),
    Dates(Vec<Timestamp>, Relation),
    Booleans(Vec<bool>),
    Bytes(Vec<Vec<u8>>),
    Networks(Vec<Network>),
    Arns(Vec<ArnPattern>),
}

impl Operands {
    pub(super) fn parse(
        kind: Kind,
        values: &[Cow<'_, str>],
        variables: bool,
        operator: &str,
    ) -> Result<Self, Error> {
        let wrong = |value: &str| operand_error(operator, value);
        Ok(match kind {
            Kind::Text(case) => {
                let syntax = Syntax { wildcards: false, variables };
                Self::Texts(all(values, |value| Pattern::compile(value, syntax))?, case)
            }
            Kind::Like => {
                let syntax = Syntax { wildcards: true, variables };
                Self::Texts(all(values, |value| Pattern::compile(value, syntax))?, Case::Sensitive)
            }
            Kind::Number(relation) => {
                Self::Numbers(all(values, |value| number(value).ok_or_else(|| wrong(value)))?, relation)
            }
            Kind::Date(relation) => {
                Self::Dates(all(values, |value| date(value).ok_or_else(|| wrong(value)))?, relation)
            }
            Kind::Bool => Self::Booleans(all(values, |value| boolean(value).ok_or_else(|| wrong(value)))?),
            Kind::Binary => {
                Self::Bytes(all(values, |value| STANDARD.decode(value).map_err(|_| wrong(value)))?)
            }
            Kind::Address => {
                Self::Networks(all(values, |value| Network::parse(value).ok_or_else(|| wrong(value)))?)
            }
            Kind::Arn => {
                let syntax = Syntax { wildcards: true, variables };
                Self::Arns(all(values, |value| ArnPattern::compile(value, syntax))?)
            }
        })
    }

    /// Whether a request's value matches one of these. A value of another type never matches.
    pub(super) fn include(&self, value: &str, facts: &dyn Facts) -> Result<bool, Unresolved> {
        Ok(match self {
            Self::Texts(patterns, case) => {
                return any(patterns, |pattern| pattern.matches(value, *case, facts));
            }
            Self::Arns(patterns) => return any(patterns, |pattern| pattern.matches(value, facts)),
            Self::Numbers(numbers, relation) => {
                number(value).is_some_and(|own| numbers.iter().any(|other| relation.holds(&own, other)))
            }
            Self::Dates(dates, relation) => {
                date(value).is_some_and(|own| dates.iter().any(|other| relation.holds(&own, other)))
            }
            Self::Booleans(booleans) => boolean(value).is_some_and(|own| booleans.contains(&own)),
            Self::Bytes(bytes) => STANDARD.decode(value).is_ok_and(|own| bytes.contains(&own)),
            Self::Networks(networks) => {
                let address = value.parse().map(|address: IpAddr| address.to_canonical());
                address.is_ok_and(|own| networks.iter().any(|network| network.contains(own)))
            }
        })
    }
}

fn all<T>(values: &[Cow<'_, str>], read: impl Fn(&str) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    values.iter().map(|value| read(value)).collect()
}

/// One match is enough, even if the others have variables without a value.
fn any<T>(patterns: &[T], matches: impl Fn(&T) -> Result<bool, Unresolved>) -> Result<bool, Unresolved> {
    let mut result = Ok(false);
    for pattern in patterns {
        match matches(pattern) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(unresolved) => result = Err(unresolved),
        }
    }
    result
}

impl Relation {
    fn holds<T: PartialOrd>(self, own: &T, other: &T) -> bool {
        match self {
            Self::Equal => own == other,
            Self::Less => own < other,
            Self::LessOrEqual => own <= other,
            Self::Greater => own > other,
            Self::GreaterOrEqual => own >= other,
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// `true` or `false`, in upper or lower case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A W3C form of ISO 8601, or seconds since the epoch.
fn date(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse() {
        return Timestamp::from_second(seconds).ok();
    }
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let day: Date = text.parse().ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A CIDR block, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(width), |bits| bits.parse().ok().filter(|bits| *bits <= width))?;
        Some(Self { address, bits })
    }

    fn contains(self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}
