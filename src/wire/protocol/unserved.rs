//! Calls of AWS services that this server doesn't have: refused with the service's name, in the protocol of their
//! clients.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue};

use super::{ERROR_TYPE, media_type, name_call, query, render_error, response, xml};
use crate::connect::Response;
use crate::identity::{TargetUri, scope_of};
use crate::wire::{ApiError, Code, Protocol, Services};

/// The longest service name that is repeated in an error.
const NAME_CHARS_MAX: usize = 64;
/// Services whose clients don't sign their calls, by the prefix in `X-Amz-Target`. For signed calls, the signature
/// names the service.
const UNSIGNED: &[(&str, &str)] = &[
    ("AWSCognitoIdentityService", "cognito-identity"),
    ("AWSCognitoIdentityProviderService", "cognito-idp"),
];
/// Says that a call is encoded in CBOR.
const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");

/// The name of a request's service, by its signature or target, if this server doesn't have it.
pub(crate) fn name(services: &Services, headers: &HeaderMap, uri: &TargetUri) -> Option<String> {
    let name = scope_of(headers, uri).or_else(|| target(headers))?;
    let is_served = services.named(&name).is_some();
    let is_name = name.chars().count() <= NAME_CHARS_MAX
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    // A request signed for execute-api is a call of an API that doesn't exist.
    (is_name && !is_served && name != "execute-api").then_some(name)
}

fn target(headers: &HeaderMap) -> Option<String> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    let prefix = target.rsplit_once('.').map_or(target, |(prefix, _)| prefix);
    let known = UNSIGNED.iter().find(|(before, _)| *before == prefix);
    Some(known.map_or(prefix, |(_, name)| *name).to_owned())
}

/// The refusal of a call to the service `name`.
pub(crate) fn error(name: &str) -> ApiError {
    let text = format!(
        "The service {name} is not supported by this server. Integrations and tasks can call it where the settings say \
         where it is: [services.{name}] endpoint, or [services] default."
    );
    ApiError::new(Code::UnsupportedOperation, text)
}

/// Writes `error` for the clients of a service that this server doesn't have.
pub(crate) fn render(
    name: &str,
    headers: &HeaderMap,
    uri: &TargetUri,
    error: &ApiError,
    request_id: &str,
) -> Response {
    let header = |name: HeaderName| headers.get(name).map_or(&b""[..], HeaderValue::as_bytes);
    let is_json = headers.contains_key("x-amz-target");
    if header(SMITHY_PROTOCOL) == b"rpc-v2-cbor" {
        return cbor(error, request_id);
    }
    if is_json {
        return render_error(Protocol::JSON_10, error, request_id);
    }
    let has_action = uri.query().last("Action").is_some();
    let is_form = header(CONTENT_TYPE).starts_with(b"application/x-www-form-urlencoded");
    match name {
        "s3" | "s3express" => of_xml(&of_s3(error, request_id), error, request_id),
        "ec2" => of_xml(&of_ec2(error, request_id), error, request_id),
        "route53" | "cloudfront" => of_xml(&query::error(error, request_id), error, request_id),
        _ if is_form || has_action => render_error(Protocol::QUERY, error, request_id),
        _ => render_error(Protocol::RestJson, error, request_id),
    }
}

fn of_s3(error: &ApiError, request_id: &str) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
    xml::element(&mut out, "Code", &error.code.query_name.into());
    xml::element(&mut out, "Message", &error.message.as_deref().unwrap_or_default().into());
    xml::element(&mut out, "RequestId", &request_id.into());
    out.push_str("</Error>");
    out
}

fn of_ec2(error: &ApiError, request_id: &str) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>");
    xml::element(&mut out, "Code", &error.code.query_name.into());
    xml::element(&mut out, "Message", &error.message.as_deref().unwrap_or_default().into());
    out.push_str("</Error></Errors>");
    xml::element(&mut out, "RequestID", &request_id.into());
    out.push_str("</Response>");
    out
}

fn of_xml(body: &str, error: &ApiError, request_id: &str) -> Response {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let mut response = response(error.status(Protocol::QUERY), Some(body), media_type(Protocol::QUERY));
    name_call(response.headers_mut(), request_id);
    response
}

/// RPC v2 CBOR: a map of two strings (RFC 8949).
fn cbor(error: &ApiError, request_id: &str) -> Response {
    let mut body = vec![0xa2];
    for text in ["__type", error.code.name, "message", error.message.as_deref().unwrap_or_default()] {
        // Strings here are shorter than 65,536 bytes: their length takes one byte or two.
        match (u8::try_from(text.len()), u16::try_from(text.len())) {
            (Ok(n @ ..24), _) => body.push(0x60 | n),
            (Ok(n), _) => body.extend([0x78, n]),
            (Err(_), n) => {
                body.push(0x79);
                body.extend(n.unwrap_or(u16::MAX).to_be_bytes());
            }
        }
        body.extend(text.as_bytes());
    }
    let status = error.status(Protocol::JSON_10);
    let mut answer = response(status, Some(body.into()), HeaderValue::from_static("application/cbor"));
    answer.headers_mut().insert(SMITHY_PROTOCOL, HeaderValue::from_static("rpc-v2-cbor"));
    answer.headers_mut().insert(ERROR_TYPE, HeaderValue::from_static(error.code.name));
    name_call(answer.headers_mut(), request_id);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::collect;

    #[tokio::test]
    async fn a_call_in_cbor_is_answered_in_cbor() {
        let request = http::Request::post("/service/X/operation/Y").header(SMITHY_PROTOCOL, "rpc-v2-cbor");
        let (mut parts, ()) = request.header("host", "localhost").body(()).unwrap().into_parts();
        let uri = TargetUri::take(&mut parts).unwrap();
        let error = |length: usize| ApiError::new(Code::UnsupportedOperation, "m".repeat(length));
        for (length, head) in
            [(23, &[0x77][..]), (24, &[0x78, 24]), (255, &[0x78, 255]), (256, &[0x79, 1, 0])]
        {
            let (head_of, body) = render("x", &parts.headers, &uri, &error(length), "id").into_parts();
            assert_eq!(
                (head_of.status.as_u16(), &head_of.headers[CONTENT_TYPE]),
                (400, &"application/cbor".parse().unwrap())
            );
            assert_eq!(head_of.headers[SMITHY_PROTOCOL], "rpc-v2-cbor");
            let mut want = b"\xa2\x66__type\x78\x1dUnsupportedOperationException\x67message".to_vec();
            want.extend(head);
            want.extend(vec![b'm'; length]);
            assert_eq!(&*collect(body, 1 << 20).await.unwrap(), want);
        }
    }
}
