//! Numbers as Java's `BigDecimal` compares and prints them: exactly, in decimal.

use std::cmp::Ordering;

use serde_json::Number;

use crate::json::java_double;

/// `digits × 10^-scale`, signed. `digits` has no leading zeros; zero is `"0"`.
#[derive(Debug, Clone)]
pub(super) struct Decimal {
    negative: bool,
    digits: String,
    scale: i64,
    /// The value, if it is written as an integer of that size.
    integer: Option<i64>,
}

/// Larger exponents are refused, as `BigDecimal` refuses those that do not fit an int.
const EXPONENT_MAX: i64 = i32::MAX as i64;

impl Decimal {
    /// Parses `[+-]digits[.digits][e[+-]digits]`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = || whole.bytes().chain(fraction.bytes());
        if all().next().is_none() || !all().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut digits = format!("{whole}{fraction}");
        let zeros = digits.len() - digits.trim_start_matches('0').len();
        digits.drain(..zeros.min(digits.len() - 1));
        let scale = i64::try_from(fraction.len()).ok()? - exponent;
        if EXPONENT_MAX < scale.abs() {
            return None;
        }
        let negative = negative && digits != "0";
        let size = if scale == 0 { digits.parse::<i64>().ok() } else { None };
        let integer = size.map(|size| if negative { -size } else { size });
        Some(Self { negative, digits, scale, integer })
    }

    /// A JSON number, through the text that Java has for it.
    pub(super) fn from_number(number: &Number) -> Option<Self> {
        match number.as_f64() {
            Some(double) if number.is_f64() => Self::parse(&java_double(double)),
            _ => Self::parse(&number.to_string()),
        }
    }

    /// The integral part, if it fits.
    pub(super) fn to_i64(&self) -> Option<i64> {
        let n_digits = i64::try_from(self.digits.len()).ok()?;
        let n_whole = n_digits - self.scale;
        if n_whole <= 0 || self.digits == "0" {
            return Some(0);
        }
        if 19 < n_whole {
            return None;
        }
        let n_whole = usize::try_from(n_whole).ok()?;
        let mut whole: String = self.digits.chars().take(n_whole).collect();
        whole.extend(std::iter::repeat_n('0', n_whole - whole.len()));
        let size: i64 = whole.parse().ok()?;
        Some(if self.negative { -size } else { size })
    }

    /// The number, if it is written as an integer that fits.
    pub(super) fn as_integer(&self) -> Option<i64> {
        self.integer
    }

    fn is_zero(&self) -> bool {
        self.digits == "0"
    }

    /// The position of the first digit: 0.5 is 0, 5 is 1, 50 is 2.
    fn magnitude(&self) -> i64 {
        self.digits.len() as i64 - self.scale
    }

    fn cmp_size(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        let significant = |d: &'_ str| d.trim_end_matches('0').to_owned();
        self.magnitude()
            .cmp(&other.magnitude())
            .then_with(|| significant(&self.digits).cmp(&significant(&other.digits)))
    }
}

fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || 10 < digits.len() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let size: i64 = digits.parse().ok()?;
    Some(if text.starts_with('-') { -size } else { size })
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    /// By value, as `compareTo`: 1.0 equals 1.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.cmp_size(other),
            (true, true) => other.cmp_size(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl std::fmt::Display for Decimal {
    /// As `BigDecimal.toString`: plain where that is short, scientific (`1.5E+10`) otherwise.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let digits = &self.digits;
        let adjusted = self.magnitude() - 1;
        if self.scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        if 0 < self.scale && -6 <= adjusted {
            let scale = usize::try_from(self.scale).unwrap_or_default();
            return match digits.len().checked_sub(scale).filter(|n| 0 < *n) {
                Some(point) => {
                    let (whole, fraction) = digits.split_at(point);
                    write!(f, "{sign}{whole}.{fraction}")
                }
                None => write!(f, "{sign}0.{digits:0>scale$}"),
            };
        }
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let plus = if 0 <= adjusted { "+" } else { "" };
        if adjusted == 0 {
            return write!(f, "{sign}{first}{point}{rest}");
        }
        write!(f, "{sign}{first}{point}{rest}E{plus}{adjusted}")
    }
}

#[cfg(test)]
mod tests {
    use super::Decimal;

    #[test]
    fn prints_as_big_decimal() {
        for (text, expect) in [
            ("1", "1"),
            ("-007", "-7"),
            ("1.0", "1.0"),
            ("1e3", "1E+3"),
            ("1.0E10", "1.0E+10"),
            ("1E-7", "1E-7"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1E-7"),
            (".5", "0.5"),
            ("5.", "5"),
            ("12.50", "12.50"),
            ("+3", "3"),
            ("0.0", "0.0"),
            ("-0", "0"),
        ] {
            assert_eq!(Decimal::parse(text).unwrap().to_string(), expect, "{text}");
        }
    }

    #[test]
    fn compares_by_value() {
        for (left, right) in [
            ("1", "2"),
            ("-2", "-1"),
            ("-1", "0"),
            ("0.1", "1e3"),
            ("9", "10"),
            ("1e-9", "1e9"),
            ("99", "1e2"),
        ] {
            let (left, right) = (Decimal::parse(left).unwrap(), Decimal::parse(right).unwrap());
            assert!(left < right);
        }
        for (left, right) in [("1", "1.00"), ("1e3", "1000"), ("0", "-0.0"), ("12.50", "1.25e1")] {
            assert_eq!(Decimal::parse(left), Decimal::parse(right));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", ".", "1.2.3", "1e", "e5", "1e99999999999", "0x1", " 1", "1-2"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn integral_part_is_cut_off() {
        for (text, expect) in
            [("2.9", Some(2)), ("-2.9", Some(-2)), ("1e2", Some(100)), ("0.1", Some(0)), ("1e30", None)]
        {
            assert_eq!(Decimal::parse(text).unwrap().to_i64(), expect);
        }
    }
}
