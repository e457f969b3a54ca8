//! The audit log: who called which operation, from where, and what became of it.
//!
//! A line is a JSON object with the names of CloudTrail's records, and what no record of CloudTrail has: each permission that
//! the call needed, with the statement that allowed or denied it. It holds neither parameters nor answers, so that no
//! secret can be in it. <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use std::net::IpAddr;

use http::HeaderMap;
use http::header::USER_AGENT;
use http::request::Parts;
use serde::Serialize;

use super::permission::Decided;
use super::{Api, ApiError, Permission};
use crate::clock::Timestamp;
use crate::identity::{Authenticated, Caller, Principal};

/// The most characters of a client's `User-Agent` in a line.
const USER_AGENT_CHARS_MAX: usize = 256;
/// The most characters of an error's message in a line.
const MESSAGE_CHARS_MAX: usize = 1_024;

/// Takes the lines. Must not block.
pub trait Audit: Send + Sync {
    /// Takes a line, which has no end yet.
    fn record(&self, line: String);
}

/// Where a call comes from, as an extension of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalledFrom {
    /// The address of the client.
    pub ip: IpAddr,
    /// Whether the connection is encrypted.
    pub is_secure: bool,
}

/// A call of one of the server's own pages: one that only the account may ask for, or one that calls operations for
/// whoever has signed in.
#[derive(Debug)]
pub struct PageCall<'c> {
    /// What AWS would call it, as `service:Operation`.
    pub action: &'static str,
    /// The page's path.
    pub page: &'c str,
    /// The head of its request.
    pub parts: &'c Parts,
    /// Who asked; `None` if the signature proved nobody.
    pub caller: Option<&'c Authenticated>,
    /// Whether the caller's policies decide, operation by operation, and not that the caller is the account.
    pub by_policies: bool,
    /// The error's name and message, if it was refused.
    pub refused: Option<(&'static str, &'c str)>,
}

impl Api {
    /// Writes the line of a page that was answered.
    pub fn audit_page(&self, call: &PageCall<'_>) {
        let Some(audit) = &self.audit else { return };
        let by_account = call.caller.is_some_and(|caller| caller.caller.principal == Principal::Account);
        let permission = Permission::new(call.action, "*");
        let decided = call.caller.filter(|_| !call.by_policies).map(|_| match by_account {
            true => Decided::by_account(&permission),
            false => Decided::for_the_account_alone(&permission),
        });
        let (service, operation) = call.action.split_once(':').unwrap_or_default();
        let audited = Audited {
            time: self.clock.now(),
            request_id: &self.ids.uuid().to_string(),
            source: call.parts.extensions.get::<CalledFrom>().copied(),
            headers: &call.parts.headers,
            caller: call.caller,
            service: Some(service),
            operation: Some(operation),
            decided: decided.as_slice(),
            page: Some(call.page),
            error: call.refused.map(|(code, message)| (code, Some(message))),
        };
        audit.record(audited.line());
    }
}

/// A call that has been answered.
pub(super) struct Audited<'c> {
    pub(super) time: Timestamp,
    pub(super) request_id: &'c str,
    pub(super) source: Option<CalledFrom>,
    pub(super) headers: &'c HeaderMap,
    /// Who called; `None` if the signature proved nobody.
    pub(super) caller: Option<&'c Authenticated>,
    /// Their names, if they are known.
    pub(super) service: Option<&'c str>,
    pub(super) operation: Option<&'c str>,
    /// What the caller's policies said, permission by permission.
    pub(super) decided: &'c [Decided],
    /// The path, if it was a page of the server's own.
    pub(super) page: Option<&'c str>,
    /// Its name and message.
    pub(super) error: Option<(&'static str, Option<&'c str>)>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'c> {
    event_version: &'static str,
    event_time: String,
    event_source: String,
    event_name: &'c str,
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
    #[serde(skip_serializing_if = "<[Decided]>::is_empty")]
    authorization: &'c [Decided],
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'c str>,
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
                .map_or_else(|| "unknown".to_owned(), |service| format!("{service}.amazonaws.com")),
            event_name: self.operation.unwrap_or("unknown"),
            aws_region: self.caller.map(|caller| caller.region.as_str()),
            source_ip_address: self.source.map(|source| source.ip.to_canonical()),
            user_agent: agent.map(|agent| agent.chars().take(USER_AGENT_CHARS_MAX).collect()),
            user_identity: self.caller.map(|Authenticated { caller, .. }| identity(caller)),
            additional_event_data: (!self.decided.is_empty() || self.page.is_some())
                .then_some(Additional { authorization: self.decided, page: self.page }),
            request_id: self.request_id,
            error_code: self.error.map(|(code, _)| code),
            error_message: self.error.and_then(|(code, text)| message(code, text)),
        };
        // There is nothing in it that JSON can't say.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// What a line says of an error.
pub(super) fn name_and_message(error: &ApiError) -> (&'static str, Option<&str>) {
    (error.code.name, error.message.as_deref())
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
fn message(code: &str, text: Option<&str>) -> Option<String> {
    let message = text.filter(|_| code.starts_with("AccessDenied"))?;
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
            source: Some(CalledFrom { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), is_secure: false }),
            headers: &headers,
            caller,
            service: Some("sts"),
            operation: None,
            decided: &[],
            page: None,
            error: error.map(name_and_message),
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
