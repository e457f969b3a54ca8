//! Values as people read them.

use serde_json::{Value, json};

use super::aws::millis;
use crate::clock::Timestamp;

/// The longest document that is set out in lines.
const PRETTY_BYTES_MAX: usize = 512 * 1024;

/// A moment, for the template `time`: pages say it in UTC until a script says it in the reader's own time.
pub(super) fn time(at: Option<i64>) -> Value {
    let Some(at) = at else { return Value::Null };
    let iso = Timestamp::from_millis(at).to_iso8601();
    let text = iso.get(..19).unwrap_or(&iso).replacen('T', " ", 1);
    json!({ "iso": iso, "text": text })
}

/// A member of an output of AWS, likewise.
pub(super) fn time_of(value: &Value, member: &str) -> Value {
    time(millis(value, member))
}

/// How long something took.
pub(super) fn duration(millis: i64) -> String {
    let (millis, sign) = (millis.unsigned_abs(), if millis < 0 { "-" } else { "" });
    let (seconds, rest) = (millis / 1000, millis % 1000);
    let text = match seconds {
        0 => format!("{rest} ms"),
        1..60 if rest == 0 => format!("{seconds} s"),
        1..60 => format!("{seconds}.{:02} s", rest / 10),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    };
    format!("{sign}{text}")
}

/// Numbers of bytes.
pub(super) fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let (mut whole, mut unit) = (n * 10 / 1024, 0);
    while 10_240 <= whole && unit + 1 < UNITS.len() {
        (whole, unit) = (whole / 1024, unit + 1);
    }
    format!("{}.{} {}", whole / 10, whole % 10, UNITS[unit])
}

/// A document in lines, if it is JSON; any other text as it is.
pub(super) fn pretty(text: &str) -> String {
    if PRETTY_BYTES_MAX < text.len() {
        return text.to_owned();
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or_else(|_| text.to_owned()),
        Err(_) => text.to_owned(),
    }
}

/// The beginning of a document in lines, and how long the whole is if that is more.
pub(super) fn beginning(text: &str, bytes_max: usize) -> (String, Option<String>) {
    let mut shown = pretty(text);
    if shown.len() <= bytes_max {
        return (shown, None);
    }
    let whole = bytes(u64::try_from(shown.len()).unwrap_or(u64::MAX));
    let end = (0..=bytes_max).rev().find(|end| shown.is_char_boundary(*end)).unwrap_or(0);
    shown.truncate(end);
    shown.push('…');
    (shown, Some(whole))
}

/// The last part of an ARN or path.
pub(super) fn name_of(arn: &str) -> &str {
    arn.rsplit([':', '/']).next().unwrap_or(arn)
}

/// A status of AWS's, as a word of the styles and as people read it.
pub(super) fn status(word: &str) -> Value {
    let class = word.to_ascii_lowercase().replace('_', "-");
    let mut label = word.to_ascii_lowercase().replace('_', " ");
    if let Some(first) = label.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    json!({ "class": class, "label": label })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        for (millis, want) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (1_239, "1.23 s"),
            (61_000, "1 min 1 s"),
            (3_661_000, "1 h 1 min"),
            (90_000_000, "1 d 1 h"),
            (-5, "-5 ms"),
        ] {
            assert_eq!(duration(millis), want);
        }
    }

    #[test]
    fn sizes_have_one_digit_after_the_point() {
        for (n, want) in
            [(0, "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (1_536, "1.5 KiB"), (1 << 30, "1.0 GiB")]
        {
            assert_eq!(bytes(n), want);
        }
    }

    #[test]
    fn long_documents_are_cut_where_a_character_ends() {
        assert_eq!(beginning("abc", 3), ("abc".to_owned(), None));
        assert_eq!(beginning("aéé", 4), ("aé…".to_owned(), Some("5 B".to_owned())));
    }

    #[test]
    fn json_is_set_out_and_other_text_left_alone() {
        assert_eq!(pretty(r#"{"b":1,"a":[]}"#), "{\n  \"b\": 1,\n  \"a\": []\n}");
        assert_eq!(pretty("{oops"), "{oops");
        let large = format!("[{}]", " ".repeat(PRETTY_BYTES_MAX));
        assert_eq!(pretty(&large), large);
        assert_eq!(status("TIMED_OUT"), json!({"class": "timed-out", "label": "Timed out"}));
        assert_eq!(time(None), Value::Null);
        assert_eq!(time(Some(1_700_000_000_123))["text"], "2023-11-14 22:13:20");
    }
}
