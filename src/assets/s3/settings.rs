//! What may be set for a bucket. It is kept and shown as it was sent, and changes nothing: there is one version of an
//! object, files are as private as the data directory, and nothing expires.

use serde_json::Value;

use super::asked::Asked;
use super::codes;
use super::shared::{Owner, buckets, owner_id};
use super::tables;
use crate::assets::error::Error;
use crate::wire::client::{Element, parse_xml};
use crate::wire::{ApiError, Call, Code, Reply, ReplyBody};

/// The largest document of a setting, in bytes; a policy's limit on AWS.
const SETTING_BYTES_MAX: usize = 20_480;
const XML: http::HeaderValue = http::HeaderValue::from_static("application/xml");
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A setting: its element, and the error if there is none.
struct Setting {
    operation: &'static str,
    element: &'static str,
    missing: Option<(&'static str, &'static str)>,
}

const fn setting(
    operation: &'static str,
    element: &'static str,
    missing: Option<(&'static str, &'static str)>,
) -> Setting {
    Setting { operation, element, missing }
}

/// All of them. Operations are called `Get…`, `Put…` and `Delete…`.
const SETTINGS: &[Setting] = &[
    setting("BucketAccelerateConfiguration", "AccelerateConfiguration", None),
    setting(
        "BucketCors",
        "CORSConfiguration",
        Some(("NoSuchCORSConfiguration", "The CORS configuration does not exist")),
    ),
    setting("BucketEncryption", "ServerSideEncryptionConfiguration", None),
    setting(
        "BucketLifecycle",
        "LifecycleConfiguration",
        Some(("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")),
    ),
    setting("BucketLogging", "BucketLoggingStatus", None),
    setting("BucketNotification", "NotificationConfiguration", None),
    setting(
        "BucketOwnershipControls",
        "OwnershipControls",
        Some(("OwnershipControlsNotFoundError", "The bucket ownership controls were not found")),
    ),
    setting("BucketPolicy", "Policy", Some(("NoSuchBucketPolicy", "The bucket policy does not exist"))),
    setting("BucketRequestPayment", "RequestPaymentConfiguration", None),
    setting("BucketTagging", "Tagging", Some(("NoSuchTagSet", "The TagSet does not exist"))),
    setting("BucketVersioning", "VersioningConfiguration", None),
    setting(
        "BucketWebsite",
        "WebsiteConfiguration",
        Some(("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")),
    ),
    setting(
        "PublicAccessBlock",
        "PublicAccessBlockConfiguration",
        Some(("NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")),
    ),
];

/// The setting that an operation is about.
fn of(call: &Call) -> Result<&'static Setting, Error> {
    let name = call.operation.name;
    let name = ["Get", "Put", "Delete"].iter().find_map(|verb| name.strip_prefix(verb)).unwrap_or(name);
    let found = SETTINGS.iter().find(|setting| name.starts_with(setting.operation));
    found.ok_or_else(|| codes::unsupported(call.operation.name))
}

pub(super) async fn put(call: &Call, asked: Asked) -> Result<(), ApiError> {
    let setting = of(call)?;
    let text = std::str::from_utf8(call.payload()).map_err(|_| codes::malformed_xml())?;
    if SETTING_BYTES_MAX < text.len() {
        let size = text.len() as u64;
        return Err(codes::too_large(size, SETTING_BYTES_MAX as u64).into());
    }
    let text = match setting.element {
        "Policy" => checked_policy(text)?,
        element => checked(element, text)?,
    };
    let owner = Owner::of(call, &asked);
    let name = owner.name.clone();
    let written = buckets(call).write(&owner, move |tx, _, mut bucket| {
        bucket.settings.insert(setting.element.to_owned(), text.clone());
        Ok(tables::put_bucket(tx, &name, &bucket)?)
    });
    Ok(written.await?)
}

/// A policy of a bucket, as far as it is one.
fn checked_policy(text: &str) -> Result<String, Error> {
    let statements =
        serde_json::from_str::<Value>(text).ok().filter(|policy| policy.get("Statement").is_some());
    match statements {
        Some(_) => Ok(text.to_owned()),
        None => Err(Error::new(
            Code::model("MalformedPolicy", 400),
            "Policies must be valid JSON and the first byte must be '{'",
        )),
    }
}

/// A document with this element, from XML or, of callers inside, JSON.
fn checked(element: &str, text: &str) -> Result<String, Error> {
    let document = match text.trim_start().starts_with('{') {
        true => {
            let value = serde_json::from_str::<Value>(text).map_err(|_| codes::malformed_xml())?;
            of_json(element, &value)
        }
        false => parse_xml(text).ok_or_else(codes::malformed_xml)?,
    };
    if document.name != element {
        return Err(codes::malformed_xml());
    }
    match element {
        "VersioningConfiguration" => {
            let status = document.child("Status").map(|status| status.text.as_str());
            if !matches!(status, None | Some("Enabled" | "Suspended")) {
                return Err(codes::malformed_xml());
            }
        }
        // Whoever sets these waits for what never comes.
        "NotificationConfiguration" if !document.children.is_empty() => {
            return Err(codes::unsupported("A notification of a bucket"));
        }
        "BucketLoggingStatus" if !document.children.is_empty() => {
            return Err(codes::unsupported("Logging of a bucket"));
        }
        _ => {}
    }
    let mut out = format!("<{element} xmlns=\"{NAMESPACE}\">");
    document.children.iter().for_each(|child| print(&mut out, child));
    out.push_str(&format!("</{element}>"));
    Ok(out)
}

fn of_json(name: &str, value: &Value) -> Element {
    let mut element = Element { name: name.to_owned(), ..Element::default() };
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::Array(items) => {
                        element.children.extend(items.iter().map(|item| of_json(name, item)))
                    }
                    value => element.children.push(of_json(name, value)),
                }
            }
        }
        Value::String(text) => element.text.clone_from(text),
        Value::Null => {}
        other => element.text = other.to_string(),
    }
    element
}

fn print(out: &mut String, element: &Element) {
    out.push_str(&format!("<{}>", element.name));
    match element.children.as_slice() {
        [] => push_text(out, &element.text),
        children => children.iter().for_each(|child| print(out, child)),
    }
    out.push_str(&format!("</{}>", element.name));
}

fn push_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

pub(super) async fn get(call: &Call, asked: Asked) -> Result<Reply, ApiError> {
    let setting = of(call)?;
    let owner = Owner::of(call, &asked);
    let read =
        buckets(call).read(&owner, move |_, _, mut bucket| Ok(bucket.settings.remove(setting.element)));
    let found = read.await?;
    let text = match (found, setting.missing) {
        (Some(text), _) if setting.element == "Policy" => {
            return Ok(Reply::raw(http::HeaderValue::from_static("application/json"), text));
        }
        (Some(text), _) => text,
        (None, Some((code, text))) => {
            let error = ApiError::new(Code::model(code, 404), text);
            return Err(error.with("BucketName", owner.name));
        }
        (None, None) => unset(setting.element),
    };
    Ok(Reply::raw(XML, format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}")))
}

/// What is shown of a setting that nobody has set.
fn unset(element: &str) -> String {
    let inside = match element {
        "ServerSideEncryptionConfiguration" => {
            "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
             </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule>"
        }
        "RequestPaymentConfiguration" => "<Payer>BucketOwner</Payer>",
        _ => "",
    };
    format!("<{element} xmlns=\"{NAMESPACE}\">{inside}</{element}>")
}

pub(super) async fn delete(call: &Call, asked: Asked) -> Result<(), ApiError> {
    let setting = of(call)?;
    let owner = Owner::of(call, &asked);
    let name = owner.name.clone();
    let written =
        buckets(call).write(&owner, move |tx, _, mut bucket| match bucket.settings.remove(setting.element) {
            Some(_) => Ok(tables::put_bucket(tx, &name, &bucket)?),
            None => Ok(()),
        });
    Ok(written.await?)
}

/// What a bucket says of ownership that was made with this word.
pub(super) fn ownership(word: &str) -> String {
    let mut out = format!("<OwnershipControls xmlns=\"{NAMESPACE}\"><Rule><ObjectOwnership>");
    push_text(&mut out, word);
    out.push_str("</ObjectOwnership></Rule></OwnershipControls>");
    out
}

/// Access control lists say one thing here: everything is its owner's.
pub(super) fn check_acl(asked: &Asked) -> Result<(), Error> {
    let is_private = |acl: &str| matches!(acl, "private" | "bucket-owner-full-control" | "bucket-owner-read");
    let grants = ["GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP"];
    let is_granted = grants.iter().any(|grant| asked.text(grant).is_some());
    match asked.text("ACL") {
        Some(acl) if !is_private(acl) => Err(codes::unsupported(&format!("The access control list {acl}"))),
        _ if is_granted => Err(codes::unsupported("An access control list with grants")),
        Some(_) | None => Ok(()),
    }
}

pub(super) async fn put_acl(call: &Call, asked: Asked) -> Result<(), ApiError> {
    check_acl(&asked)?;
    if !call.payload().is_empty() {
        return Err(codes::unsupported("An access control list with grants").into());
    }
    let owner = Owner::of(call, &asked);
    Ok(buckets(call).read(&owner, |_, _, _| Ok(())).await?)
}

pub(super) async fn acl(call: &Call, asked: Asked) -> Result<Reply, ApiError> {
    let owner = Owner::of(call, &asked);
    let (name, key) = (owner.name.clone(), asked.text("Key").map(str::to_owned));
    let read = buckets(call).read(&owner, move |tx, home, _| {
        if let Some(key) = key.filter(|_| true)
            && tables::object(tx, &name, &key)?.is_none()
        {
            return Err(codes::no_such_key(&key));
        }
        Ok((owner_id(home), home.account.to_string()))
    });
    let (id, name) = read.await?;
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<AccessControlPolicy xmlns=\"{NAMESPACE}\"><Owner><ID>{id}</ID>\
         <DisplayName>{name}</DisplayName></Owner><AccessControlList><Grant>\
         <Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>{id}</ID>\
         <DisplayName>{name}</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList>\
         </AccessControlPolicy>"
    );
    Ok(Reply {
        status: None,
        headers: Vec::new(),
        body: ReplyBody::Raw { content_type: XML, bytes: body.into() },
    })
}

pub(super) async fn policy_status(call: &Call, asked: Asked) -> Result<Value, ApiError> {
    let owner = Owner::of(call, &asked);
    let name = owner.name.clone();
    let read = buckets(call).read(&owner, move |_, _, bucket| Ok(bucket.settings.contains_key("Policy")));
    match read.await? {
        // Nobody but the owner's principals gets in, whatever a policy says.
        true => Ok(serde_json::json!({"PolicyStatus": {"IsPublic": "FALSE"}})),
        false => {
            let error =
                ApiError::new(Code::model("NoSuchBucketPolicy", 404), "The bucket policy does not exist");
            Err(error.with("BucketName", name))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_kept_as_they_mean_it() {
        let kept = |element: &str, text: &str| checked(element, text).map_err(|error| error.to_string());
        let tags = format!(
            "<Tagging xmlns=\"{NAMESPACE}\"><TagSet><Tag><Key>a&amp;b</Key><Value></Value></Tag></TagSet></Tagging>"
        );
        assert_eq!(kept("Tagging", &tags), Ok(tags.clone()));
        let json = r#"{"TagSet": {"Tag": [{"Key": "a&b", "Value": ""}]}}"#;
        assert_eq!(kept("Tagging", json), Ok(tags));
        assert!(kept("Tagging", "<Other/>").is_err());
        assert!(kept("Tagging", "<Tagging>").is_err());
        assert!(
            kept(
                "VersioningConfiguration",
                "<VersioningConfiguration><Status>On</Status></VersioningConfiguration>"
            )
            .is_err()
        );
        assert!(kept("NotificationConfiguration", "<NotificationConfiguration/>").is_ok());
        assert!(
            kept(
                "NotificationConfiguration",
                "<NotificationConfiguration><TopicConfiguration/></NotificationConfiguration>"
            )
            .is_err()
        );
    }
}
