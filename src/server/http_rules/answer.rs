//! Responses: RFC 9110 sections 6.4.1, 7.6.1, 8.6 and 15.

use http::header::{CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderName, StatusCode};

use crate::connect::{self, Response, remove_fields, remove_hop_by_hop};
use crate::server::front_door;

/// Fields that only the server sets: it frames the response, and never switches protocols.
const FRAMING: [HeaderName; 6] = [CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// The response in the form in which it may be sent: final, framed only by the server, and without content where none
/// is allowed.
pub(crate) fn answer(mut response: Response) -> Response {
    let status = response.status();
    if status.is_informational() {
        // A mapping or override can set 1xx, which is not a final response; 101 would hand over the connection.
        tracing::warn!(%status, "an answer can't have this status");
        let (status, code) = (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerErrorException");
        return front_door::refusal(status, code, "Internal server error");
    }
    remove_hop_by_hop(response.headers_mut());
    remove_fields(response.headers_mut(), &FRAMING);
    // "A server MUST NOT generate content in a 205 response"; 204 and 304 end with their head.
    if matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED) {
        *response.body_mut() = connect::empty();
    }
    response
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http_body::Body as _;

    use super::*;

    fn answered(status: u16, fields: &[(&'static str, &'static str)]) -> Response {
        let mut response = Response::new(connect::full("text"));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in fields {
            response.headers_mut().append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        answer(response)
    }

    #[test]
    fn the_server_alone_frames() {
        let fields = [
            ("content-length", "1"),
            ("transfer-encoding", "chunked"),
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("upgrade", "h2c"),
            ("trailer", "x"),
            ("x-mine", "2"),
        ];
        let response = answered(200, &fields);
        let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-mine"]);
        assert_eq!(response.body().size_hint().exact(), Some(4));
    }

    #[test]
    fn no_content_is_none() {
        for status in [204, 205, 304] {
            assert_eq!(answered(status, &[]).body().size_hint().exact(), Some(0), "{status}");
        }
        for status in [100, 101, 103, 199] {
            assert_eq!(answered(status, &[]).status(), 500, "{status}");
        }
    }
}
