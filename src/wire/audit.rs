//! The audit log: who called which operation, from where, and what became of it.
//!
//! A line is a JSON object with the names of CloudTrail's records, and what no record of CloudTrail has: each permission that
//! the call needed, with the statement that allowed or denied it. It holds neither parameters nor answers, so that no
//! secret can be in it. <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use std::net::IpAddr;

use http::HeaderMap;
use http::header::USER_AGENT;
use serde::Serialize;

use super::permission::Decided;
use super::{ApiError, Operation, Service};
use crate::clock::Timestamp;
use crate::identity::{Authenticated, Caller};

/// The most characters of a client's `User-Agent` in a line.
const USER_AGENT_CHARS_MAX: usize = 256;
/// The most characters of an error's message in a line.
const MESSAGE_CHARS_MAX: usize = 1_024;

/// Takes the lines. Must not block.
pub trait Audit: Send + Sync {
    /// Takes a line, which has no end yet.
    fn record(&self, line: String);
}

/// The address of the client, as an extension of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceIp(pub IpAddr);

/// A call that has been answered.
pub(super) struct Audited<'c> {
    pub(super) time: Timestamp,
    pub(super) request_id: &'c str,
    pub(super) source: Option<SourceIp>,
    pub(super) headers: &'c HeaderMap,
    /// Who called; `None` if the signature proved nobody.
    pub(super) caller: Option<&'c Authenticated>,
    pub(super) service: Option<&'static Service>,
    pub(super) operation: Option<&'static Operation>,
    /// What the caller's policies said, permission by permission.
    pub(super) decided: &'c [Decided],
    pub(super) error: Option<&'c ApiError>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'c> {
    event_version: &'static str,
    event_time: String,
    event_source: String,
    event_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws_region: Option<&'c str>,
    #[serde(rename = "sourceIPAddress", skip_serializing_if = "Option::is_none")]
    source_ip_address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_identity: Option<UserIdentity<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    additional_event_data: Option<Additional<'c>>,
    #[serde(rename = "requestID")]
    request_id: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_message: Option<String>,
}

/// What CloudTrail's records have no member for.
#[derive(Serialize)]
struct Additional<'c> {
    authorization: &'c [Decided],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity<'c> {
    r#type: &'static str,
    principal_id: &'c str,
    arn: &'c str,
    account_id: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_key_id: Option<&'c str>,
}

impl Audited<'_> {
    /// The line. What a client chose is cut off at its limit.
    pub(super) fn line(&self) -> String {
        let agent = self.headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let line = Line {
            event_version: "1.11",
            event_time: self.time.to_iso8601(),
            event_source: self
                .service
                .map_or_else(|| "unknown".to_owned(), |service| format!("{}.amazonaws.com", service.name)),
            event_name: self.operation.map_or("unknown", |operation| operation.name),
            aws_region: self.caller.map(|caller| caller.region.as_str()),
            source_ip_address: self.source.map(|SourceIp(ip)| ip.to_canonical()),
            user_agent: agent.map(|agent| agent.chars().take(USER_AGENT_CHARS_MAX).collect()),
            user_identity: self.caller.map(|Authenticated { caller, .. }| identity(caller)),
            additional_event_data: (!self.decided.is_empty())
                .then_some(Additional { authorization: self.decided }),
            request_id: self.request_id,
            error_code: self.error.map(|error| error.code.name),
            error_message: self.error.and_then(message),
        };
        // There is nothing in it that JSON can't say.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// The kind of a principal, as its ARN shows it.
fn kind(arn: &str) -> &'static str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    match resource.split('/').next().unwrap_or_default() {
        "root" => "Root",
        "user" => "IAMUser",
        "federated-user" => "FederatedUser",
        _ => "AssumedRole",
    }
}

/// What a denial says, which names the policies that deny. Other messages may repeat what was sent.
fn message(error: &ApiError) -> Option<String> {
    let message = error.message.as_deref().filter(|_| error.code.name.starts_with("AccessDenied"))?;
    Some(message.chars().take(MESSAGE_CHARS_MAX).collect())
}

fn identity(caller: &Caller) -> UserIdentity<'_> {
    UserIdentity {
        r#type: kind(&caller.arn),
        principal_id: &caller.user_id,
        arn: &caller.arn,
        account_id: caller.account.as_str(),
        access_key_id: caller.access_key_id.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use http::HeaderValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::id::{AccountId, Region};
    use crate::wire::Code;

    fn line(caller: Option<&Authenticated>, agent: &str, error: Option<&ApiError>) -> Value {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_str(agent).unwrap());
        let audited = Audited {
            time: Timestamp::from_millis(1_700_000_000_123),
            request_id: "r",
            source: Some(SourceIp(IpAddr::V4(Ipv4Addr::LOCALHOST))),
            headers: &headers,
            caller,
            service: Some(&crate::wire::sts::SERVICE),
            operation: None,
            decided: &[],
            error,
        };
        serde_json::from_str(&audited.line()).unwrap()
    }

    #[test]
    fn a_line_says_who_called_and_why_it_was_denied() {
        let mut caller = Caller::assumed_role(AccountId::parse("123456789012").unwrap(), "R", "s");
        caller.access_key_id = Some("ASIA".into());
        let caller = Authenticated { caller, region: Region::parse("eu-west-1").unwrap() };
        let denied = ApiError::new(Code::AccessDenied, "no identity-based policy allows it");
        let expect = json!({
            "eventVersion": "1.11", "eventTime": "2023-11-14T22:13:20.123Z", "eventSource": "sts.amazonaws.com",
            "eventName": "unknown", "awsRegion": "eu-west-1", "sourceIPAddress": "127.0.0.1", "userAgent": "a",
            "userIdentity": {
                "type": "AssumedRole", "principalId": "R:s", "arn": "arn:aws:sts::123456789012:assumed-role/R/s",
                "accountId": "123456789012", "accessKeyId": "ASIA",
            },
            "requestID": "r", "errorCode": Code::AccessDenied.name,
            "errorMessage": "no identity-based policy allows it",
        });
        assert_eq!(line(Some(&caller), "a", Some(&denied)), expect);
    }

    #[test]
    fn what_a_client_sent_is_cut_off_or_left_out() {
        let other = ApiError::new(Code::Serialization, "the value of Password is hunter2");
        let line = line(None, &"é".repeat(300), Some(&other));
        assert_eq!(line["userAgent"], "é".repeat(USER_AGENT_CHARS_MAX));
        assert_eq!([&line["errorMessage"], &line["userIdentity"], &line["awsRegion"]], [&Value::Null; 3]);
        assert_eq!(line["errorCode"], Code::Serialization.name);
    }

    #[test]
    fn principals_have_cloudtrail_s_kinds() {
        for (arn, expect) in [
            ("arn:aws:iam::123456789012:root", "Root"),
            ("arn:aws:iam::123456789012:user/team/Ada", "IAMUser"),
            ("arn:aws:sts::123456789012:federated-user/Ada", "FederatedUser"),
            ("arn:aws:sts::123456789012:assumed-role/R/root", "AssumedRole"),
        ] {
            assert_eq!(kind(arn), expect, "{arn}");
        }
    }
}
