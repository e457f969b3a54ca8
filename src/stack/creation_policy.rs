//! `CreationPolicy`: the signals that have to be heard of a resource before it counts as made.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-creationpolicy.html>

use serde_json::Value;

/// Signals that are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Awaited {
    pub(super) count: u64,
    pub(super) seconds: u64,
}

/// How long signals are waited for unless the policy says otherwise, and at most.
const TIMEOUT_S: u64 = 300;
const TIMEOUT_MAX_S: u64 = 43_200;
/// The most signals of a resource, as this server keeps all of them.
const COUNT_MAX: u64 = 1_000;

impl Awaited {
    /// What a policy asks for, or what is wrong with it; `None` if it asks for no signals.
    pub(super) fn of(policy: &Value) -> Result<Option<Self>, String> {
        let Some(signal) = policy.get("ResourceSignal").filter(|signal| !signal.is_null()) else {
            return Ok(None);
        };
        let count = match signal.get("Count") {
            None | Some(Value::Null) => 1,
            Some(count) => {
                let text = count.as_str().map_or_else(|| count.to_string(), str::to_owned);
                let count = text.parse().ok().filter(|count| *count <= COUNT_MAX);
                count.ok_or_else(|| format!("Count must be an integer of at most {COUNT_MAX}"))?
            }
        };
        let seconds = match signal.get("Timeout") {
            None | Some(Value::Null) => TIMEOUT_S,
            Some(timeout) => timeout
                .as_str()
                .and_then(seconds)
                .filter(|seconds| *seconds <= TIMEOUT_MAX_S)
                .ok_or("Timeout must be a duration of at most 12 hours, such as PT15M")?,
        };
        Ok((0 < count).then_some(Self { count, seconds }))
    }
}

/// The seconds of a duration like `PT1H30M` or `P1DT2S`.
fn seconds(duration: &str) -> Option<u64> {
    let (days, time) = match duration.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (duration.strip_prefix('P')?, ""),
    };
    if days.is_empty() && time.is_empty() {
        return None;
    }
    let days = of_units(days, &[('D', 86_400)])?;
    days.checked_add(of_units(time, &[('H', 3_600), ('M', 60), ('S', 1)])?)
}

/// Numbers with these units behind them, each once and in this order.
fn of_units(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut sum = 0_u64;
    for (unit, seconds) in units {
        let Some((number, rest)) = text.split_once(*unit) else { continue };
        sum = sum.checked_add(number.parse::<u64>().ok()?.checked_mul(*seconds)?)?;
        text = rest;
    }
    text.is_empty().then_some(sum)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn policies_say_how_many_signals_and_how_long() {
        let check = |signal: Value, want: Option<(u64, u64)>| {
            let awaited = Awaited::of(&json!({ "ResourceSignal": signal })).unwrap();
            assert_eq!(awaited.map(|awaited| (awaited.count, awaited.seconds)), want);
        };
        check(json!({}), Some((1, 300)));
        check(json!({"Count": "3", "Timeout": "PT15M"}), Some((3, 900)));
        check(json!({"Count": 1_000, "Timeout": "PT12H"}), Some((1_000, 43_200)));
        check(json!({"Count": 0}), None);
        assert_eq!(Awaited::of(&json!({"AutoScalingCreationPolicy": {}})), Ok(None));
        for bad in [
            json!({"Count": 1_001}),
            json!({"Count": -1}),
            json!({"Timeout": "PT12H1S"}),
            json!({"Timeout": 5}),
        ] {
            assert!(Awaited::of(&json!({ "ResourceSignal": bad })).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_are_those_of_iso_8601() {
        for (text, want) in
            [("PT1H30M", 5_400), ("PT5S", 5), ("P1DT1M", 86_460), ("P2D", 172_800), ("PT0S", 0)]
        {
            assert_eq!(seconds(text), Some(want), "{text}");
        }
        for bad in ["", "P", "PT", "5M", "PT5", "PTM", "PT1M1H", "PT1.5S", "P1H", "PT99999999999999999999S"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
