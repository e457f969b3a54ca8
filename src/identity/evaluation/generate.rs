//! Random requests with random policies, out of few words, so that they often concern each other.

use serde_json::{Map, Value, json};

/// A small generator (`SplitMix64`): the same numbers from the same seed, everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }

    /// True once in `n` times.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    /// One word, or a list of some.
    fn some(&mut self, words: &[&str]) -> Value {
        match self.below(3) {
            0 => json!([self.pick(words), self.pick(words)]),
            1 => json!([self.pick(words)]),
            _ => json!(self.pick(words)),
        }
    }
}

/// Who makes a request.
#[derive(Debug)]
pub(super) enum Who {
    Nobody,
    /// By ARN and account.
    Aws(&'static str, &'static str),
    /// By name and region.
    Service(&'static str, &'static str),
    /// By provider.
    Federated(&'static str),
}

/// A request with everything that is asked about it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) who: Who,
    pub(super) action: String,
    pub(super) resource: String,
    /// Keys in lower case.
    pub(super) facts: Vec<(String, Vec<String>)>,
    pub(super) identity: Vec<Value>,
    /// The permissions boundary, and session policies.
    pub(super) bounds: Vec<Vec<Value>>,
    pub(super) resource_policy: Option<Value>,
    pub(super) is_same_account: bool,
}

const CALLERS: &[(&str, &str)] = &[
    ("arn:aws:iam::123456789012:user/app/ann", "123456789012"),
    ("arn:aws:iam::123456789012:user/bob", "123456789012"),
    ("arn:aws:sts::123456789012:assumed-role/R/session", "123456789012"),
    ("arn:aws:sts::210987654321:assumed-role/R/other", "210987654321"),
];
const PRINCIPALS: &[&str] = &[
    "*",
    "123456789012",
    "210987654321",
    "arn:aws:iam::123456789012:root",
    "arn:aws:iam::123456789012:user/app/ann",
    "arn:aws:iam::123456789012:user/bob",
    "arn:aws:iam::123456789012:role/p/R",
    "arn:aws:iam::210987654321:role/R",
    "arn:aws:sts::123456789012:assumed-role/R/session",
];
const SERVICES: &[&str] = &[
    "states.amazonaws.com",
    "states.us-east-1.amazonaws.com",
    "states.eu-west-1.amazonaws.com",
    "apigateway.amazonaws.com",
    "cognito-identity.amazonaws.com",
];
const PROVIDERS: &[&str] =
    &["cognito-identity.amazonaws.com", "accounts.example.com", "states.amazonaws.com"];
const ACTIONS: &[&str] = &["execute-api:Invoke", "states:StartExecution", "states:ListExecutions"];
const ACTION_PATTERNS: &[&str] = &[
    "*",
    "states:*",
    "STATES:Start*",
    "execute-api:Invoke",
    "execute-api:inv?ke",
    "*:List*",
    "lambda:*",
    "states:StartExecution",
    "${aws:username}",
];
const RESOURCES: &[&str] = &[
    "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/pets/ann",
    "arn:aws:execute-api:us-east-1:123456789012:abc/dev/POST/pets/*",
    "arn:aws:states:us-east-1:123456789012:stateMachine:ann",
    "arn:aws:states:eu-west-1:123456789012:stateMachine:Other",
];
const RESOURCE_PATTERNS: &[&str] = &[
    "*",
    "arn:aws:execute-api:*",
    "arn:aws:execute-api:us-east-1:*:abc/*/GET/*",
    "arn:aws:execute-api:us-east-1:123456789012:abc/dev/???/pets/${aws:username}",
    "arn:aws:states:*:*:stateMachine:${aws:username}",
    "arn:aws:states:*:*:stateMachine:${aws:missing, 'Other'}",
    "arn:aws:states:us-east-1:123456789012:stateMachine:a*n",
    "*/pets/${*}",
    "*/${aws:missing}",
    "*:stateMachine:*",
    "arn:aws:states:EU-west-1:*",
];
const KEYS: &[&str] = &[
    "aws:username",
    "aws:SourceIp",
    "aws:CurrentTime",
    "aws:SecureTransport",
    "aws:TagKeys",
    "aws:SourceArn",
    "my:Number",
    "my:Bytes",
    "aws:missing",
];
const TEXTS: &[&str] =
    &["ann", "Ann", "bob", "a*", "?nn", "*", "${aws:username}", "${aws:missing}", "${aws:missing, 'bob'}"];
const NUMBERS: &[&str] = &["1", "2", "2.0", "10", "-3"];
const DATES: &[&str] =
    &["2026-01-01T00:00:00Z", "2026-06-01T12:00:00+02:00", "1780315200", "2027-01-01T00:00:00Z"];
const BOOLEANS: &[&str] = &["true", "false"];
const NETWORKS: &[&str] = &["10.0.0.0/8", "10.1.0.0/16", "192.0.2.7", "0.0.0.0/0", "2001:db8::/32"];
const BYTES: &[&str] = &["aGk=", "aGo="];
const ARNS: &[&str] = &[
    "*",
    "arn:aws:execute-api:*:*:*",
    "arn:aws:*:us-east-1:123456789012:${aws:username}",
    "arn:aws:s3:::bucket",
    "arn:aws:s3:*",
    "arn:aws:execute-api:us-east-1:123456789012:ann",
];

/// Operators without prefixes and suffixes, each with what it compares with.
fn operator(random: &mut Random) -> (String, &'static [&'static str]) {
    const STRINGS: &[&str] = &[
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
    ];
    const ORDERS: &[&str] =
        &["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];
    match random.below(8) {
        0..=2 => (random.pick(STRINGS).to_owned(), TEXTS),
        3 => (format!("Numeric{}", random.pick(ORDERS)), NUMBERS),
        4 => (format!("Date{}", random.pick(ORDERS)), DATES),
        5 => match random.below(3) {
            0 => ("BinaryEquals".to_owned(), BYTES),
            _ => ("Bool".to_owned(), BOOLEANS),
        },
        6 => (random.pick(&["IpAddress", "NotIpAddress"]).to_owned(), NETWORKS),
        _ => (random.pick(&["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"]).to_owned(), ARNS),
    }
}

/// The key that an operator is usually used with, or any.
fn key_for(random: &mut Random, operands: &[&str]) -> &'static str {
    if random.once_in(4) {
        return random.pick(KEYS);
    }
    match operands {
        NUMBERS => "my:Number",
        DATES => "aws:CurrentTime",
        BOOLEANS => "aws:SecureTransport",
        BYTES => "my:Bytes",
        NETWORKS => "aws:SourceIp",
        ARNS => "aws:SourceArn",
        _ => random.pick(&["aws:username", "AWS:UserName", "aws:TagKeys"]),
    }
}

fn condition(random: &mut Random) -> Value {
    let mut block = Map::new();
    for _ in 0..=random.below(2) {
        if random.once_in(8) {
            block.insert("Null".to_owned(), json!({ random.pick(KEYS): random.pick(BOOLEANS) }));
            continue;
        }
        let (mut name, operands) = operator(random);
        if random.once_in(4) {
            name.push_str("IfExists");
        }
        match random.below(6) {
            0 => name.insert_str(0, "ForAllValues:"),
            1 => name.insert_str(0, "ForAnyValue:"),
            _ => {}
        }
        let key = key_for(random, operands);
        block.insert(name, json!({ key: random.some(operands) }));
    }
    block.into()
}

fn principal(random: &mut Random) -> Value {
    if random.once_in(4) {
        return json!("*");
    }
    let mut members = Map::new();
    if !random.once_in(4) {
        members.insert("AWS".to_owned(), random.some(PRINCIPALS));
    }
    if random.once_in(3) {
        members.insert("Service".to_owned(), random.some(SERVICES));
    }
    if random.once_in(4) {
        members.insert("Federated".to_owned(), random.some(PROVIDERS));
    }
    members.into()
}

fn statement(random: &mut Random, is_resource_policy: bool) -> Value {
    let mut members = Map::new();
    let effect = if random.once_in(5) { "Deny" } else { "Allow" };
    members.insert("Effect".to_owned(), effect.into());
    if is_resource_policy {
        let name = if random.once_in(5) { "NotPrincipal" } else { "Principal" };
        members.insert(name.to_owned(), principal(random));
    }
    let name = if random.once_in(5) { "NotAction" } else { "Action" };
    members.insert(name.to_owned(), random.some(ACTION_PATTERNS));
    let name = if random.once_in(5) { "NotResource" } else { "Resource" };
    members.insert(name.to_owned(), random.some(RESOURCE_PATTERNS));
    if random.once_in(2) {
        members.insert("Condition".to_owned(), condition(random));
    }
    members.into()
}

fn policy(random: &mut Random, is_resource_policy: bool) -> Value {
    let mut members = Map::new();
    match random.below(6) {
        0 => {}
        1 => drop(members.insert("Version".to_owned(), "2008-10-17".into())),
        _ => drop(members.insert("Version".to_owned(), "2012-10-17".into())),
    }
    let statements: Vec<Value> =
        (0..=random.below(3)).map(|_| statement(random, is_resource_policy)).collect();
    let statements = match statements.as_slice() {
        [one] if random.once_in(2) => one.clone(),
        _ => statements.into(),
    };
    members.insert("Statement".to_owned(), statements);
    members.into()
}

fn policies(random: &mut Random, least: usize) -> Vec<Value> {
    (0..least + random.below(3)).map(|_| policy(random, false)).collect()
}

fn facts(random: &mut Random) -> Vec<(String, Vec<String>)> {
    let mut facts = Vec::new();
    for (key, values) in [
        ("aws:username", &["ann", "bob", "Ann"][..]),
        ("aws:sourceip", &["10.1.2.3", "192.0.2.7", "2001:db8::1", "nowhere"]),
        ("aws:currenttime", &["2026-06-01T10:00:00Z", "2026-12-01T00:00:00Z", "1780315200"]),
        ("aws:securetransport", &["true", "false", "True"]),
        ("aws:tagkeys", &["ann", "bob", "other"]),
        (
            "aws:sourcearn",
            &["arn:aws:execute-api:us-east-1:123456789012:ann", "arn:aws:s3:::bucket", "bucket"],
        ),
        ("my:number", &["1", "2", "10", "x"]),
        ("my:bytes", &["aGk=", "no base64"]),
    ] {
        match random.below(8) {
            0 => {}
            1 => facts.push((key.to_owned(), Vec::new())),
            n => {
                let several = usize::from(key == "aws:tagkeys" || n == 2);
                let values = (0..=several).map(|_| random.pick(values).to_owned());
                facts.push((key.to_owned(), values.collect()));
            }
        }
    }
    facts
}

pub(super) fn case(random: &mut Random) -> Case {
    let who = match random.below(8) {
        0 => Who::Nobody,
        1 => Who::Service("states.amazonaws.com", "us-east-1"),
        2 => Who::Federated("cognito-identity.amazonaws.com"),
        _ => {
            let (arn, account) = CALLERS[random.below(CALLERS.len())];
            Who::Aws(arn, account)
        }
    };
    Case {
        who,
        action: random.pick(ACTIONS).to_owned(),
        resource: random.pick(RESOURCES).to_owned(),
        facts: facts(random),
        identity: policies(random, 0),
        bounds: (0..random.below(3)).map(|_| policies(random, 1)).collect(),
        resource_policy: (!random.once_in(3)).then(|| policy(random, true)),
        is_same_account: !random.once_in(3),
    }
}
