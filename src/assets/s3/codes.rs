//! S3's refusals, in its words.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use crate::assets::error::Error;
use crate::wire::{ApiError, Code};

const BAD_DIGEST: Code = Code::model("BadDigest", 400);
const BUCKET_ALREADY_EXISTS: Code = Code::model("BucketAlreadyExists", 409);
const BUCKET_ALREADY_OWNED: Code = Code::model("BucketAlreadyOwnedByYou", 409);
const BUCKET_NOT_EMPTY: Code = Code::model("BucketNotEmpty", 409);
const ENTITY_TOO_LARGE: Code = Code::model("EntityTooLarge", 400);
const ENTITY_TOO_SMALL: Code = Code::model("EntityTooSmall", 400);
const INCOMPLETE_BODY: Code = Code::model("IncompleteBody", 400);
const INVALID_ARGUMENT: Code = Code::model("InvalidArgument", 400);
const INVALID_BUCKET_NAME: Code = Code::model("InvalidBucketName", 400);
const INVALID_PART: Code = Code::model("InvalidPart", 400);
const INVALID_PART_ORDER: Code = Code::model("InvalidPartOrder", 400);
const INVALID_RANGE: Code = Code::model("InvalidRange", 416);
const INVALID_REQUEST: Code = Code::model("InvalidRequest", 400);
const INVALID_TAG: Code = Code::model("InvalidTag", 400);
const KEY_TOO_LONG: Code = Code::model("KeyTooLongError", 400);
const MALFORMED_TRAILER: Code = Code::model("MalformedTrailerError", 400);
const MALFORMED_XML: Code = Code::model("MalformedXML", 400);
const METADATA_TOO_LARGE: Code = Code::model("MetadataTooLarge", 400);
const MISSING_CONTENT_LENGTH: Code = Code::model("MissingContentLength", 411);
const NO_SUCH_BUCKET: Code = Code::model("NoSuchBucket", 404);
const NO_SUCH_KEY: Code = Code::model("NoSuchKey", 404);
const NO_SUCH_UPLOAD: Code = Code::model("NoSuchUpload", 404);
const NO_SUCH_VERSION: Code = Code::model("NoSuchVersion", 404);
const NOT_MODIFIED: Code = Code::model("NotModified", 304);
const PRECONDITION_FAILED: Code = Code::model("PreconditionFailed", 412);
const SHA256_MISMATCH: Code = Code::model("XAmzContentSHA256Mismatch", 400);
const SIGNATURE_DOES_NOT_MATCH: Code = Code::model("SignatureDoesNotMatch", 403);
const TOO_MANY_BUCKETS: Code = Code::model("TooManyBuckets", 400);
const ACCESS_DENIED: Code = Code::model("AccessDenied", 403);

pub(super) fn access_denied() -> Error {
    Error::new(ACCESS_DENIED, "Access Denied")
}

pub(super) fn bad_digest(what: &str) -> Error {
    let text = match what {
        "Content-MD5" => "The Content-MD5 you specified did not match what we received.".to_owned(),
        name => format!("The {name} you specified did not match the calculated checksum."),
    };
    Error::new(BAD_DIGEST, text)
}

pub(super) fn bucket_exists(bucket: &str, is_own: bool) -> Error {
    let error = match is_own {
        true => ApiError::new(
            BUCKET_ALREADY_OWNED,
            "Your previous request to create the named bucket succeeded and you already own it.",
        ),
        false => ApiError::new(
            BUCKET_ALREADY_EXISTS,
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
             Please select a different name and try again.",
        ),
    };
    Error::Refused(error.with("BucketName", bucket))
}

pub(super) fn bucket_not_empty(bucket: &str) -> Error {
    let error = ApiError::new(BUCKET_NOT_EMPTY, "The bucket you tried to delete is not empty");
    Error::Refused(error.with("BucketName", bucket))
}

pub(super) fn hash_mismatch() -> Error {
    let text = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    Error::new(SHA256_MISMATCH, text)
}

pub(super) fn incomplete_body() -> Error {
    let text = "You did not provide the number of bytes specified by the Content-Length HTTP header";
    Error::new(INCOMPLETE_BODY, text)
}

pub(super) fn invalid_argument(text: impl Into<String>) -> Error {
    Error::new(INVALID_ARGUMENT, text.into())
}

pub(super) fn invalid_bucket_name(bucket: &str) -> Error {
    let error = ApiError::new(INVALID_BUCKET_NAME, "The specified bucket is not valid.");
    Error::Refused(error.with("BucketName", bucket))
}

pub(super) fn invalid_part() -> Error {
    let text = "One or more of the specified parts could not be found.  The part may not have been uploaded, or the \
                specified entity tag may not match the part's entity tag.";
    Error::new(INVALID_PART, text)
}

pub(super) fn invalid_part_order() -> Error {
    let text = "The list of parts was not in ascending order. Parts must be ordered by part number.";
    Error::new(INVALID_PART_ORDER, text)
}

pub(super) fn invalid_range(size: u64) -> Error {
    let error = ApiError::new(INVALID_RANGE, "The requested range is not satisfiable");
    Error::Refused(error.with("ActualObjectSize", size))
}

pub(super) fn invalid_request(text: impl Into<String>) -> Error {
    Error::new(INVALID_REQUEST, text.into())
}

pub(super) fn invalid_tag(text: &'static str) -> Error {
    Error::new(INVALID_TAG, text)
}

pub(super) fn key_too_long() -> Error {
    Error::new(KEY_TOO_LONG, "Your key is too long")
}

pub(super) fn malformed_trailer() -> Error {
    Error::new(MALFORMED_TRAILER, "The request contained trailing data that was not well-formed.")
}

pub(super) fn malformed_xml() -> Error {
    let text = "The XML you provided was not well-formed or did not validate against our published schema";
    Error::new(MALFORMED_XML, text)
}

pub(super) fn metadata_too_large() -> Error {
    Error::new(METADATA_TOO_LARGE, "Your metadata headers exceed the maximum allowed metadata size")
}

pub(super) fn missing_length() -> Error {
    Error::new(MISSING_CONTENT_LENGTH, "You must provide the Content-Length HTTP header.")
}

pub(super) fn no_such_bucket(bucket: &str) -> Error {
    let error = ApiError::new(NO_SUCH_BUCKET, "The specified bucket does not exist");
    Error::Refused(error.with("BucketName", bucket))
}

pub(super) fn no_such_key(key: &str) -> Error {
    Error::Refused(ApiError::new(NO_SUCH_KEY, "The specified key does not exist.").with("Key", key))
}

pub(super) fn no_such_upload() -> Error {
    let text = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted \
                or completed.";
    Error::new(NO_SUCH_UPLOAD, text)
}

pub(super) fn no_such_version() -> Error {
    Error::new(NO_SUCH_VERSION, "The specified version does not exist.")
}

pub(super) fn not_modified() -> Error {
    Error::new(NOT_MODIFIED, "Not Modified")
}

pub(super) fn precondition_failed(condition: &'static str) -> Error {
    let text = "At least one of the pre-conditions you specified did not hold";
    Error::Refused(ApiError::new(PRECONDITION_FAILED, text).with("Condition", condition))
}

pub(super) fn signature_mismatch() -> Error {
    let text = "The request signature we calculated does not match the signature you provided. Check your key and \
                signing method.";
    Error::new(SIGNATURE_DOES_NOT_MATCH, text)
}

pub(super) fn too_large(size: u64, bytes_max: u64) -> Error {
    let error = ApiError::new(ENTITY_TOO_LARGE, "Your proposed upload exceeds the maximum allowed size");
    Error::Refused(error.with("ProposedSize", size).with("MaxSizeAllowed", bytes_max))
}

pub(super) fn too_many_buckets() -> Error {
    Error::new(TOO_MANY_BUCKETS, "You have attempted to create more buckets than allowed")
}

pub(super) fn too_small(size: u64, bytes_min: u64) -> Error {
    let text = "Your proposed upload is smaller than the minimum allowed size";
    let error = ApiError::new(ENTITY_TOO_SMALL, text);
    Error::Refused(error.with("ProposedSize", size).with("MinSizeAllowed", bytes_min))
}

pub(super) fn unsupported(what: &str) -> Error {
    Error::new(Code::UnsupportedOperation, format!("{what} is not supported by this server."))
}
