//! Errors in a message's framing.

use http::{Method, StatusCode, Uri};

/// The method of the request that replaces a refused one. A client that sends it itself gains nothing: it only gets an
/// error.
const REFUSED: &str = "STEPGATE-REFUSED";

macro_rules! faults {
    ($($name:ident $status:ident $code:literal $message:literal)*) => {
        /// Why a message is refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum Fault {
            $(
                #[doc = $message]
                #[error($message)]
                $name,
            )*
        }

        impl Fault {
            /// All faults.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The status code for the client.
            pub const fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }

            const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }
        }
    };
}

faults! {
    EmptyLines BAD_REQUEST "empty-lines" "empty lines before the request"
    RequestLine BAD_REQUEST "request-line" "the request line is not: method, space, target, space, version"
    Target BAD_REQUEST "target" "the request target has a character that it may not have"
    Version HTTP_VERSION_NOT_SUPPORTED "version" "the version is neither HTTP/1.1 nor HTTP/1.0"
    StatusLine BAD_GATEWAY "status-line" "the status line is not: version, space, status, space, reason"
    LineEnd BAD_REQUEST "line-end" "a line does not end in CR LF"
    FieldName BAD_REQUEST "field-name" "a header field has no name, or one that is no token directly before its colon"
    FieldValue BAD_REQUEST "field-value" "a header field's value has a control character"
    Folded BAD_REQUEST "folded" "a header field goes on in the next line"
    FieldCount REQUEST_HEADER_FIELDS_TOO_LARGE "field-count" "too many header fields"
    HeadSize REQUEST_HEADER_FIELDS_TOO_LARGE "head-size" "the header fields are too large"
    ContentLength BAD_REQUEST "content-length" "Content-Length is not a number of bytes"
    ContentLengthRepeated BAD_REQUEST "content-length-repeated" "there is more than one Content-Length"
    TransferEncoding BAD_REQUEST "transfer-encoding" "Transfer-Encoding does not end in chunked, or is repeated"
    UnknownCoding NOT_IMPLEMENTED "unknown-coding" "Transfer-Encoding has another coding than chunked"
    CodingInOldVersion BAD_REQUEST "coding-in-old-version" "HTTP/1.0 has no Transfer-Encoding"
    LengthAndCoding BAD_REQUEST "length-and-coding" "there are Content-Length and Transfer-Encoding"
    ChunkSize BAD_REQUEST "chunk-size" "a chunk's size is not a number of bytes, or is too large"
    ChunkExtension BAD_REQUEST "chunk-extension" "a chunk's extensions are malformed or too large"
    ChunkEnd BAD_REQUEST "chunk-end" "a chunk does not end in CR LF"
    Trailer BAD_REQUEST "trailer" "what follows the last chunk is neither a trailer field nor CR LF"
    TrailerSize BAD_REQUEST "trailer-size" "the trailer fields are too large"
    Unasked BAD_GATEWAY "unasked" "there is an answer without a request"
    SwitchedProtocols BAD_GATEWAY "switched-protocols" "the protocol was switched without being asked to"
}

impl Fault {
    /// The request that hyper gets in place of the refused one. It is the last on its connection. `to_head` means that
    /// the response must not have content.
    pub(super) fn replacement(self, to_head: bool) -> Vec<u8> {
        let query = if to_head { "?HEAD" } else { "" };
        let code = self.code();
        format!("{REFUSED} /{code}{query} HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n")
            .into_bytes()
    }

    /// The fault in a request that replaces a refused one, and whether the response must not have content.
    pub fn of_replacement(method: &Method, uri: &Uri) -> Option<(Self, bool)> {
        if method.as_str() != REFUSED {
            return None;
        }
        let code = uri.path().strip_prefix('/').unwrap_or_default();
        let fault = Self::ALL.iter().copied().find(|fault| fault.code() == code);
        Some((fault.unwrap_or(Self::RequestLine), uri.query() == Some("HEAD")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_understood() {
        for fault in Fault::ALL {
            for to_head in [false, true] {
                let text = String::from_utf8(fault.replacement(to_head)).unwrap();
                let mut words = text.split(' ');
                let method = words.next().unwrap().parse().unwrap();
                let uri = words.next().unwrap().parse().unwrap();
                assert_eq!(Fault::of_replacement(&method, &uri), Some((*fault, to_head)));
            }
        }
        assert_eq!(Fault::of_replacement(&Method::GET, &"/version".parse().unwrap()), None);
    }
}
