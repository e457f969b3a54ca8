//! Event patterns: which records of an event source a function is to handle.
//!
//! A pattern is a JSON object with the shape of a record. Its leaves are lists of what a value may be: values, and rules like
//! `{"prefix": "a"}`. A record matches if all members of the pattern do.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html> and
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use serde_json::{Map, Number, Value};

/// How deep a pattern may nest.
const DEPTH_MAX: usize = 32;
/// Numbers that rules compare with, on AWS.
const NUMBER_MAX: f64 = 5e9;
/// Asterisks of one wildcard.
const ASTERISKS_MAX: usize = 16;

/// What a record must be like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pattern(Node);

/// All of these hold.
#[derive(Clone, Debug, PartialEq)]
struct Node {
    members: Vec<(String, Wanted)>,
    /// One of each of these lists, too.
    alternatives: Vec<Vec<Self>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Node(Node),
    /// One of these holds.
    Rules(Vec<Rule>),
}

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    Is(Value),
    Text(TextRule),
    Numeric(Vec<(Order, f64)>),
    Exists(bool),
    NoneOf(Vec<Value>),
    NoText(Vec<TextRule>),
}

#[derive(Clone, Debug, PartialEq)]
enum TextRule {
    Prefix(String),
    Suffix(String),
    IgnoringCase(String),
    PrefixIgnoringCase(String),
    SuffixIgnoringCase(String),
    /// The parts between asterisks.
    Wildcard(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

// === impl Pattern ===

impl Pattern {
    /// Reads a pattern; what is wrong with it otherwise.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) if !members.is_empty() => node(&members, 0).map(Self),
            Ok(_) => Err("a pattern is a JSON object with at least one member".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whether a record is as wanted.
    pub(crate) fn matches(&self, record: &Value) -> bool {
        self.0.matches(record)
    }

    /// What it wants of a member of records, if that has members itself: of text that is JSON, then, rather than of the text.
    pub(crate) fn wants_members_of(&self, name: &str) -> bool {
        self.0.wants_members_of(name)
    }
}

fn node(members: &Map<String, Value>, depth: usize) -> Result<Node, String> {
    if DEPTH_MAX < depth {
        return Err(format!("more than {DEPTH_MAX} levels"));
    }
    let mut node_ = Node { members: Vec::with_capacity(members.len()), alternatives: Vec::new() };
    for (name, wanted) in members {
        let wanted = match wanted {
            // With less than two objects, it is a member of this name.
            Value::Array(items) if name == "$or" && 1 < items.len() && items.iter().all(Value::is_object) => {
                let items = items.iter().filter_map(Value::as_object);
                node_.alternatives.push(items.map(|item| node(item, depth + 1)).collect::<Result<_, _>>()?);
                continue;
            }
            Value::Array(items) if items.is_empty() => return Err(format!("{name}: an empty list")),
            Value::Array(items) => Wanted::Rules(
                items.iter().map(rule).collect::<Result<_, _>>().map_err(|e| format!("{name}: {e}"))?,
            ),
            Value::Object(members) if members.is_empty() => return Err(format!("{name}: an empty object")),
            Value::Object(members) => Wanted::Node(node(members, depth + 1)?),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err(format!("{name}: a list or an object is expected"));
            }
        };
        node_.members.push((name.clone(), wanted));
    }
    Ok(node_)
}

fn rule(item: &Value) -> Result<Rule, String> {
    let Value::Object(members) = item else {
        return match item {
            Value::Array(_) => Err("a list in a list".to_owned()),
            scalar => Ok(Rule::Is(scalar.clone())),
        };
    };
    let (name, operand) = only(members)?;
    match (name, operand) {
        ("exists", Value::Bool(exists)) => Ok(Rule::Exists(*exists)),
        ("numeric", Value::Array(conditions)) => numeric(conditions).map(Rule::Numeric),
        ("anything-but", Value::Object(members)) => {
            let (name, operand) = only(members)?;
            let texts = match operand {
                Value::Array(texts) if !texts.is_empty() => texts.as_slice(),
                text => std::slice::from_ref(text),
            };
            texts.iter().map(|text| text_rule(name, text)).collect::<Result<_, _>>().map(Rule::NoText)
        }
        ("anything-but", Value::Array(values)) => {
            let is_scalar = |value: &Value| value.is_string() || value.is_number();
            match !values.is_empty() && values.iter().all(is_scalar) {
                true => Ok(Rule::NoneOf(values.clone())),
                false => Err("anything-but takes texts and numbers".to_owned()),
            }
        }
        ("anything-but", value @ (Value::String(_) | Value::Number(_))) => {
            Ok(Rule::NoneOf(vec![value.clone()]))
        }
        (name, operand) => text_rule(name, operand).map(Rule::Text),
    }
}

fn only(members: &Map<String, Value>) -> Result<(&str, &Value), String> {
    let mut all = members.iter();
    match (all.next(), all.next()) {
        (Some((name, operand)), None) => Ok((name, operand)),
        _ => Err("a rule has one member".to_owned()),
    }
}

fn text_rule(name: &str, operand: &Value) -> Result<TextRule, String> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        _ => Err(format!("{name} takes a text")),
    };
    // `{"prefix": {"equals-ignore-case": "a"}}`
    let without_case = match operand {
        Value::Object(members) => match only(members)? {
            ("equals-ignore-case", Value::String(text)) => Some(text.to_lowercase()),
            _ => return Err(format!("{name} takes a text")),
        },
        _ => None,
    };
    match (name, without_case) {
        ("prefix", Some(text)) => Ok(TextRule::PrefixIgnoringCase(text)),
        ("suffix", Some(text)) => Ok(TextRule::SuffixIgnoringCase(text)),
        ("prefix", None) => text(operand).map(TextRule::Prefix),
        ("suffix", None) => text(operand).map(TextRule::Suffix),
        ("equals-ignore-case", None) => Ok(TextRule::IgnoringCase(text(operand)?.to_lowercase())),
        ("wildcard", None) => wildcard(&text(operand)?).map(TextRule::Wildcard),
        _ => Err(format!("the rule {name} is not known")),
    }
}

/// The parts between asterisks; a backslash takes an asterisk or a backslash for itself.
fn wildcard(text: &str) -> Result<Vec<String>, String> {
    let (mut parts, mut part, mut rest) = (Vec::new(), String::new(), text.chars().peekable());
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('*', Some('*')) => return Err("wildcard: two asterisks in a row".to_owned()),
            ('*', _) => parts.push(std::mem::take(&mut part)),
            ('\\', Some('*' | '\\')) => part.extend(rest.next()),
            ('\\', _) => {
                return Err("wildcard: a backslash stands before an asterisk or a backslash".to_owned());
            }
            _ => part.push(c),
        }
    }
    parts.push(part);
    match parts.len() <= ASTERISKS_MAX + 1 {
        true => Ok(parts),
        false => Err(format!("wildcard: more than {ASTERISKS_MAX} asterisks")),
    }
}

fn numeric(conditions: &[Value]) -> Result<Vec<(Order, f64)>, String> {
    let (pairs, rest) = conditions.as_chunks::<2>();
    let lower = |order: Order| matches!(order, Order::Greater | Order::GreaterOrEqual);
    let pairs = pairs.iter().map(|[order, number]| {
        let order = match order.as_str() {
            Some("=") => Order::Equal,
            Some("<") => Order::Less,
            Some("<=") => Order::LessOrEqual,
            Some(">") => Order::Greater,
            Some(">=") => Order::GreaterOrEqual,
            _ => return Err("numeric compares by =, <, <=, > or >=".to_owned()),
        };
        let number = number.as_f64().filter(|number| number.abs() <= NUMBER_MAX);
        number.map(|number| (order, number)).ok_or_else(|| "numeric takes numbers up to 5e9".to_owned())
    });
    let pairs: Vec<(Order, f64)> = pairs.collect::<Result<_, _>>()?;
    match (rest, pairs.as_slice()) {
        ([], [_]) => Ok(pairs),
        ([], [(a, low), (b, high)]) if lower(*a) && !lower(*b) && *b != Order::Equal && low < high => {
            Ok(pairs)
        }
        _ => Err("numeric takes one condition, or a lower and an upper bound".to_owned()),
    }
}

// === impl Node ===

impl Node {
    fn matches(&self, value: &Value) -> bool {
        match value {
            // All of it holds of one and the same item.
            Value::Array(items) => items.iter().any(|item| self.matches(item)),
            // What has no members lacks those that must not exist.
            other => {
                let members = other.as_object();
                let member = |name: &str| members.and_then(|members| members.get(name));
                self.members.iter().all(|(name, wanted)| wanted.matches(member(name)))
                    && self.alternatives.iter().all(|nodes| nodes.iter().any(|node| node.matches(value)))
            }
        }
    }

    fn wants_members_of(&self, name: &str) -> bool {
        let own = self.members.iter().find(|(member, _)| member == name);
        own.is_some_and(|(_, wanted)| matches!(wanted, Wanted::Node(_)))
            || self.alternatives.iter().flatten().any(|node| node.wants_members_of(name))
    }
}

impl Wanted {
    fn matches(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Node(node) => node.matches(value.unwrap_or(&Value::Null)),
            Self::Rules(rules) => rules.iter().any(|rule| match value {
                Some(Value::Array(items)) => match items.is_empty() {
                    true => rule.matches(None),
                    false => items.iter().any(|item| rule.matches(Some(item))),
                },
                value => rule.matches(value),
            }),
        }
    }
}

impl Rule {
    fn matches(&self, value: Option<&Value>) -> bool {
        // What has members itself is no leaf, which rules are about.
        let leaf = value.filter(|value| !value.is_object() && !value.is_array());
        match (self, leaf) {
            (Self::Exists(exists), leaf) => *exists == leaf.is_some(),
            (_, None) => false,
            (Self::Is(wanted), Some(leaf)) => wanted == leaf,
            (Self::Text(rule), Some(leaf)) => leaf.as_str().is_some_and(|text| rule.matches(text)),
            (Self::Numeric(conditions), Some(leaf)) => leaf
                .as_number()
                .and_then(Number::as_f64)
                .is_some_and(|number| conditions.iter().all(|(order, bound)| order.holds(number, *bound))),
            (Self::NoneOf(values), Some(leaf)) => !values.contains(leaf),
            (Self::NoText(rules), Some(leaf)) => match leaf.as_str() {
                Some(text) => !rules.iter().any(|rule| rule.matches(text)),
                None => true,
            },
        }
    }
}

impl TextRule {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::IgnoringCase(lower) => text.to_lowercase() == *lower,
            Self::PrefixIgnoringCase(lower) => text.to_lowercase().starts_with(lower),
            Self::SuffixIgnoringCase(lower) => text.to_lowercase().ends_with(lower),
            Self::Wildcard(parts) => is_like(text, parts),
        }
    }
}

/// Whether a text has these parts in this order, from its begin to its end, with anything between them. The first place of
/// each part is as good as any other.
fn is_like(text: &str, parts: &[String]) -> bool {
    let Some((first, others)) = parts.split_first() else { return false };
    let Some((last, middle)) = others.split_last() else { return text == first };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        match rest.find(part.as_str()) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

impl Order {
    fn holds(self, number: f64, bound: f64) -> bool {
        match self {
            Self::Equal => number == bound,
            Self::Less => number < bound,
            Self::LessOrEqual => number <= bound,
            Self::Greater => number > bound,
            Self::GreaterOrEqual => number >= bound,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records that match a pattern, and records that don't.
    fn check(pattern: &str, matching: &[&str], others: &[&str]) {
        let parsed = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        for (records, want) in [(matching, true), (others, false)] {
            for record in records {
                let value = serde_json::from_str(record).unwrap();
                assert_eq!(parsed.matches(&value), want, "{pattern} and {record}");
            }
        }
    }

    #[test]
    fn values_are_one_of_a_list() {
        check(
            r#"{"a": ["x", "y"]}"#,
            &[r#"{"a": "x"}"#, r#"{"a": "y", "b": 1}"#],
            &[r#"{"a": "X"}"#, "{}", "[]", "1"],
        );
        check(r#"{"a": [null]}"#, &[r#"{"a": null}"#], &["{}", r#"{"a": "null"}"#, r#"{"a": 0}"#]);
        check(r#"{"a": [""]}"#, &[r#"{"a": ""}"#], &[r#"{"a": null}"#, "{}"]);
        check(
            r#"{"a": [true, 1]}"#,
            &[r#"{"a": true}"#, r#"{"a": 1}"#],
            &[r#"{"a": false}"#, r#"{"a": "1"}"#],
        );
        // As they are written.
        check(r#"{"a": [300]}"#, &[r#"{"a": 300}"#], &[r#"{"a": 300.0}"#]);
    }

    #[test]
    fn all_members_hold() {
        let both = r#"{"a": {"b": ["x"], "c": ["y"]}}"#;
        check(
            both,
            &[r#"{"a": {"b": "x", "c": "y"}}"#],
            &[r#"{"a": {"b": "x"}}"#, r#"{"a": "x"}"#, r#"{"b": "x", "c": "y"}"#],
        );
        // Of one item of a list.
        check(
            both,
            &[r#"{"a": [{"b": "n"}, {"b": "x", "c": "y"}]}"#],
            &[r#"{"a": [{"b": "x"}, {"c": "y"}]}"#, r#"{"a": []}"#],
        );
    }

    #[test]
    fn one_item_of_a_list_is_enough() {
        check(
            r#"{"a": ["x"]}"#,
            &[r#"{"a": ["w", "x"]}"#],
            &[r#"{"a": ["w"]}"#, r#"{"a": []}"#, r#"{"a": [["x"]]}"#],
        );
        check(
            r#"{"a": [{"anything-but": ["x"]}]}"#,
            &[r#"{"a": ["x", "w"]}"#],
            &[r#"{"a": ["x"]}"#, r#"{"a": []}"#],
        );
    }

    #[test]
    fn texts_are_compared_in_part() {
        check(
            r#"{"a": [{"prefix": "ab"}]}"#,
            &[r#"{"a": "abc"}"#, r#"{"a": "ab"}"#],
            &[r#"{"a": "cab"}"#, r#"{"a": 1}"#],
        );
        check(r#"{"a": [{"suffix": ".png"}]}"#, &[r#"{"a": "x.png"}"#], &[r#"{"a": "x.PNG"}"#]);
        check(r#"{"a": [{"equals-ignore-case": "Ann"}]}"#, &[r#"{"a": "aNN"}"#], &[r#"{"a": "anna"}"#]);
        check(
            r#"{"a": [{"prefix": {"equals-ignore-case": "AB"}}]}"#,
            &[r#"{"a": "abc"}"#],
            &[r#"{"a": "cab"}"#],
        );
        check(
            r#"{"a": [{"suffix": {"equals-ignore-case": "BC"}}]}"#,
            &[r#"{"a": "abc"}"#],
            &[r#"{"a": "bca"}"#],
        );
    }

    #[test]
    fn asterisks_stand_for_anything() {
        check(
            r#"{"a": [{"wildcard": "dir/*.png"}]}"#,
            &[r#"{"a": "dir/.png"}"#, r#"{"a": "dir/a/b.png"}"#],
            &[r#"{"a": "dir/a.png.txt"}"#],
        );
        check(
            r#"{"a": [{"wildcard": "*a*b*"}]}"#,
            &[r#"{"a": "ab"}"#, r#"{"a": "xaxbx"}"#],
            &[r#"{"a": "ba"}"#],
        );
        check(r#"{"a": [{"wildcard": "a*a"}]}"#, &[r#"{"a": "aa"}"#], &[r#"{"a": "a"}"#]);
        check(r#"{"a": [{"wildcard": "a\\*b"}]}"#, &[r#"{"a": "a*b"}"#], &[r#"{"a": "axb"}"#]);
        check(r#"{"a": [{"wildcard": "é*ü"}]}"#, &[r#"{"a": "é–ü"}"#], &[r#"{"a": "éü "}"#]);
    }

    #[test]
    fn numbers_are_compared() {
        check(
            r#"{"a": [{"numeric": ["=", 300]}]}"#,
            &[r#"{"a": 300}"#, r#"{"a": 3.0e2}"#],
            &[r#"{"a": "300"}"#, "{}"],
        );
        check(
            r#"{"a": [{"numeric": [">", 0, "<=", 5]}]}"#,
            &[r#"{"a": 0.1}"#, r#"{"a": 5}"#],
            &[r#"{"a": 0}"#, r#"{"a": 5.1}"#, r#"{"a": null}"#],
        );
        check(r#"{"a": [{"numeric": [">=", 2]}]}"#, &[r#"{"a": 2}"#], &[r#"{"a": 1}"#]);
        check(r#"{"a": [{"numeric": ["<", -1]}]}"#, &[r#"{"a": -2}"#], &[r#"{"a": -1}"#]);
    }

    #[test]
    fn leaves_exist_or_not() {
        check(
            r#"{"a": [{"exists": true}]}"#,
            &[r#"{"a": null}"#, r#"{"a": "x"}"#],
            &["{}", r#"{"a": {"b": 1}}"#],
        );
        check(r#"{"a": [{"exists": false}]}"#, &["{}", r#"{"b": 1}"#], &[r#"{"a": null}"#]);
        check(r#"{"a": {"b": [{"exists": false}]}}"#, &["{}", r#"{"a": {}}"#], &[r#"{"a": {"b": 1}}"#]);
        check(r#"{"a": [{"exists": false}, "x"]}"#, &["{}", r#"{"a": "x"}"#], &[r#"{"a": "y"}"#]);
    }

    #[test]
    fn anything_but_is_something_else() {
        check(
            r#"{"a": [{"anything-but": "x"}]}"#,
            &[r#"{"a": "y"}"#, r#"{"a": 1}"#],
            &[r#"{"a": "x"}"#, "{}"],
        );
        check(r#"{"a": [{"anything-but": [1, 2]}]}"#, &[r#"{"a": 3}"#], &[r#"{"a": 2}"#]);
        check(r#"{"a": [{"anything-but": {"prefix": "x"}}]}"#, &[r#"{"a": "y"}"#], &[r#"{"a": "xy"}"#]);
        check(
            r#"{"a": [{"anything-but": {"suffix": ["x", "y"]}}]}"#,
            &[r#"{"a": "xz"}"#],
            &[r#"{"a": "zy"}"#],
        );
        check(
            r#"{"a": [{"anything-but": {"equals-ignore-case": "X"}}]}"#,
            &[r#"{"a": "y"}"#],
            &[r#"{"a": "x"}"#],
        );
        check(
            r#"{"a": [{"anything-but": {"wildcard": "*/lib/*"}}]}"#,
            &[r#"{"a": "/bin/x"}"#],
            &[r#"{"a": "/lib/x"}"#],
        );
    }

    #[test]
    fn alternatives_are_of_several_members() {
        check(
            r#"{"s": ["on"], "$or": [{"a": ["x"]}, {"b": [{"numeric": [">", 1]}]}]}"#,
            &[r#"{"s": "on", "a": "x"}"#, r#"{"s": "on", "b": 2}"#],
            &[r#"{"s": "on", "a": "y", "b": 1}"#, r#"{"a": "x"}"#],
        );
        check(r#"{"$or": ["x"]}"#, &[r#"{"$or": "x"}"#], &["{}"]);
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        let deep = format!("{}[1]{}", r#"{"a":"#.repeat(40), "}".repeat(40));
        for (bad, why) in [
            ("", "EOF"),
            ("[]", "a JSON object"),
            ("{}", "at least one"),
            (r#"{"a": 1}"#, "a list or an object"),
            (r#"{"a": []}"#, "an empty list"),
            (r#"{"a": {}}"#, "an empty object"),
            (r#"{"a": [[1]]}"#, "a list in a list"),
            (r#"{"a": [{}]}"#, "one member"),
            (r#"{"a": [{"prefix": "a", "suffix": "b"}]}"#, "one member"),
            (r#"{"a": [{"prefix": 1}]}"#, "prefix takes a text"),
            (r#"{"a": [{"nope": "x"}]}"#, "nope is not known"),
            (r#"{"a": [{"exists": "yes"}]}"#, "exists is not known"),
            (r#"{"a": [{"numeric": [">"]}]}"#, "one condition"),
            (r#"{"a": [{"numeric": ["!", 1]}]}"#, "compares by"),
            (r#"{"a": [{"numeric": [">", 1e10]}]}"#, "5e9"),
            (r#"{"a": [{"numeric": ["<", 1, ">", 2]}]}"#, "an upper bound"),
            (r#"{"a": [{"numeric": [">", 2, "<", 1]}]}"#, "an upper bound"),
            (r#"{"a": [{"anything-but": [null]}]}"#, "texts and numbers"),
            (r#"{"a": [{"wildcard": "**"}]}"#, "two asterisks"),
            (r#"{"a": [{"wildcard": "\\x"}]}"#, "a backslash"),
            (&deep, "levels"),
        ] {
            let error = Pattern::parse(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn members_of_text_are_told_apart() {
        let wants = |pattern: &str| Pattern::parse(pattern).unwrap().wants_members_of("body");
        assert!(wants(r#"{"body": {"a": [1]}}"#));
        assert!(wants(r#"{"$or": [{"x": [1]}, {"body": {"a": [1]}}]}"#));
        assert!(!wants(r#"{"body": ["x"]}"#));
        assert!(!wants(r#"{"x": {"body": {"a": [1]}}}"#));
    }

    proptest::proptest! {
        /// A wildcard without asterisks is the text, and one of asterisks alone is anything.
        #[test]
        fn wildcards_agree_with_what_they_stand_for(text in "[ab*\\\\]{0,12}", other in "[ab]{0,12}") {
            let escaped = text.replace('\\', "\\\\").replace('*', "\\*");
            let exact = wildcard(&escaped).unwrap();
            proptest::prop_assert!(is_like(&text, &exact));
            proptest::prop_assert_eq!(is_like(&other, &exact), text == other);
            proptest::prop_assert!(is_like(&other, &wildcard("*").unwrap()));
        }
    }
}
