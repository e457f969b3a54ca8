//! What operations take. Values are checked where they are used, since S3 has words of its own for what is wrong.

use crate::wire::{Location, Member, Shape, Structure, optional, required};

const BUCKET: Member = required("Bucket", Shape::TEXT).at(Location::Uri("Bucket"));
const KEY: Member = required("Key", Shape::TEXT).at(Location::Uri("Key"));
const OWNER: Member =
    optional("ExpectedBucketOwner", Shape::TEXT).at(Location::Header("x-amz-expected-bucket-owner"));

static TAG_SET: Structure =
    Structure::new("TagSet", &[optional("Tag", Shape::list(&Shape::Structure(&TAG)))]);
static TAG: Structure =
    Structure::new("Tag", &[optional("Key", Shape::TEXT), optional("Value", Shape::TEXT)]);
static OBJECT_IDENTIFIER: Structure =
    Structure::new("ObjectIdentifier", &[optional("Key", Shape::TEXT), optional("VersionId", Shape::TEXT)]);
static COMPLETED_PART: Structure = Structure::new(
    "CompletedPart",
    &[
        optional("PartNumber", Shape::INT),
        optional("ETag", Shape::TEXT),
        optional("ChecksumCRC32", Shape::TEXT),
        optional("ChecksumCRC32C", Shape::TEXT),
        optional("ChecksumCRC64NVME", Shape::TEXT),
        optional("ChecksumSHA1", Shape::TEXT),
        optional("ChecksumSHA256", Shape::TEXT),
    ],
);

pub(super) static BUCKET_INPUT: Structure = Structure::new("BucketInput", &[BUCKET, OWNER]);

pub(super) static KEY_INPUT: Structure = Structure::new(
    "KeyInput",
    &[
        BUCKET,
        KEY,
        OWNER,
        optional("VersionId", Shape::TEXT).at(Location::Query("versionId")),
        optional("IfMatch", Shape::TEXT).at(Location::Header("if-match")),
    ],
);

pub(super) static CREATE_BUCKET: Structure = Structure::new(
    "CreateBucket",
    &[
        BUCKET,
        OWNER,
        optional("ACL", Shape::TEXT).at(Location::Header("x-amz-acl")),
        optional("GrantFullControl", Shape::TEXT).at(Location::Header("x-amz-grant-full-control")),
        optional("GrantRead", Shape::TEXT).at(Location::Header("x-amz-grant-read")),
        optional("GrantReadACP", Shape::TEXT).at(Location::Header("x-amz-grant-read-acp")),
        optional("GrantWrite", Shape::TEXT).at(Location::Header("x-amz-grant-write")),
        optional("GrantWriteACP", Shape::TEXT).at(Location::Header("x-amz-grant-write-acp")),
        optional("ObjectLockEnabledForBucket", Shape::TEXT)
            .at(Location::Header("x-amz-bucket-object-lock-enabled")),
        optional("ObjectOwnership", Shape::TEXT).at(Location::Header("x-amz-object-ownership")),
        optional("LocationConstraint", Shape::TEXT),
    ],
);

pub(super) static LIST_BUCKETS: Structure = Structure::new(
    "ListBuckets",
    &[
        optional("ContinuationToken", Shape::TEXT).at(Location::Query("continuation-token")),
        optional("MaxBuckets", Shape::TEXT).at(Location::Query("max-buckets")),
        optional("Prefix", Shape::TEXT).at(Location::Query("prefix")),
    ],
);

pub(super) static SETTING: Structure =
    Structure::new("Setting", &[BUCKET, OWNER, optional("Document", Shape::TEXT).at(Location::Payload)]);

pub(super) static PUT_ACL: Structure = Structure::new(
    "PutAcl",
    &[
        BUCKET,
        OWNER,
        optional("ACL", Shape::TEXT).at(Location::Header("x-amz-acl")),
        optional("GrantFullControl", Shape::TEXT).at(Location::Header("x-amz-grant-full-control")),
        optional("GrantRead", Shape::TEXT).at(Location::Header("x-amz-grant-read")),
        optional("GrantReadACP", Shape::TEXT).at(Location::Header("x-amz-grant-read-acp")),
        optional("GrantWrite", Shape::TEXT).at(Location::Header("x-amz-grant-write")),
        optional("GrantWriteACP", Shape::TEXT).at(Location::Header("x-amz-grant-write-acp")),
        optional("AccessControlPolicy", Shape::TEXT).at(Location::Payload),
    ],
);

pub(super) static PUT_OBJECT_ACL: Structure = Structure::new(
    "PutObjectAcl",
    &[
        BUCKET,
        KEY,
        OWNER,
        optional("ACL", Shape::TEXT).at(Location::Header("x-amz-acl")),
        optional("GrantFullControl", Shape::TEXT).at(Location::Header("x-amz-grant-full-control")),
        optional("GrantRead", Shape::TEXT).at(Location::Header("x-amz-grant-read")),
        optional("GrantReadACP", Shape::TEXT).at(Location::Header("x-amz-grant-read-acp")),
        optional("GrantWrite", Shape::TEXT).at(Location::Header("x-amz-grant-write")),
        optional("GrantWriteACP", Shape::TEXT).at(Location::Header("x-amz-grant-write-acp")),
        optional("AccessControlPolicy", Shape::TEXT).at(Location::Payload),
    ],
);

pub(super) static GET_OBJECT: Structure = Structure::new(
    "GetObject",
    &[
        BUCKET,
        KEY,
        OWNER,
        optional("IfMatch", Shape::TEXT).at(Location::Header("if-match")),
        optional("IfNoneMatch", Shape::TEXT).at(Location::Header("if-none-match")),
        optional("IfModifiedSince", Shape::TEXT).at(Location::Header("if-modified-since")),
        optional("IfUnmodifiedSince", Shape::TEXT).at(Location::Header("if-unmodified-since")),
        optional("Range", Shape::TEXT).at(Location::Header("range")),
        optional("ChecksumMode", Shape::TEXT).at(Location::Header("x-amz-checksum-mode")),
        optional("VersionId", Shape::TEXT).at(Location::Query("versionId")),
        optional("PartNumber", Shape::TEXT).at(Location::Query("partNumber")),
        optional("ResponseCacheControl", Shape::TEXT).at(Location::Query("response-cache-control")),
        optional("ResponseContentDisposition", Shape::TEXT)
            .at(Location::Query("response-content-disposition")),
        optional("ResponseContentEncoding", Shape::TEXT).at(Location::Query("response-content-encoding")),
        optional("ResponseContentLanguage", Shape::TEXT).at(Location::Query("response-content-language")),
        optional("ResponseContentType", Shape::TEXT).at(Location::Query("response-content-type")),
        optional("ResponseExpires", Shape::TEXT).at(Location::Query("response-expires")),
    ],
);

pub(super) static GET_ATTRIBUTES: Structure = Structure::new(
    "GetAttributes",
    &[
        BUCKET,
        KEY,
        OWNER,
        optional("VersionId", Shape::TEXT).at(Location::Query("versionId")),
        optional("ObjectAttributes", Shape::TEXT).at(Location::Header("x-amz-object-attributes")),
    ],
);

/// The members of what makes an object, however its bytes come.
macro_rules! written {
    ($name:literal: $($member:expr,)*) => {
        Structure::new($name, &[
            BUCKET,
            KEY,
            OWNER,
            optional("ACL", Shape::TEXT).at(Location::Header("x-amz-acl")),
            optional("GrantFullControl", Shape::TEXT).at(Location::Header("x-amz-grant-full-control")),
            optional("GrantRead", Shape::TEXT).at(Location::Header("x-amz-grant-read")),
            optional("GrantReadACP", Shape::TEXT).at(Location::Header("x-amz-grant-read-acp")),
            optional("GrantWrite", Shape::TEXT).at(Location::Header("x-amz-grant-write")),
            optional("GrantWriteACP", Shape::TEXT).at(Location::Header("x-amz-grant-write-acp")),
            optional("CacheControl", Shape::TEXT).at(Location::Header("cache-control")),
            optional("ContentDisposition", Shape::TEXT).at(Location::Header("content-disposition")),
            optional("ContentEncoding", Shape::TEXT).at(Location::Header("content-encoding")),
            optional("ContentLanguage", Shape::TEXT).at(Location::Header("content-language")),
            optional("ContentType", Shape::TEXT).at(Location::Header("content-type")),
            optional("Expires", Shape::TEXT).at(Location::Header("expires")),
            optional("ServerSideEncryption", Shape::TEXT).at(Location::Header("x-amz-server-side-encryption")),
            optional("SSEKMSKeyId", Shape::TEXT)
                .at(Location::Header("x-amz-server-side-encryption-aws-kms-key-id")),
            optional("StorageClass", Shape::TEXT).at(Location::Header("x-amz-storage-class")),
            optional("WebsiteRedirectLocation", Shape::TEXT)
                .at(Location::Header("x-amz-website-redirect-location")),
            optional("Tagging", Shape::TEXT).at(Location::Header("x-amz-tagging")),
            optional("SSECustomerAlgorithm", Shape::TEXT)
                .at(Location::Header("x-amz-server-side-encryption-customer-algorithm")),
            optional("ObjectLockMode", Shape::TEXT).at(Location::Header("x-amz-object-lock-mode")),
            optional("ObjectLockLegalHoldStatus", Shape::TEXT)
                .at(Location::Header("x-amz-object-lock-legal-hold")),
            optional("WriteOffsetBytes", Shape::TEXT).at(Location::Header("x-amz-write-offset-bytes")),
            optional("IfMatch", Shape::TEXT).at(Location::Header("if-match")),
            optional("IfNoneMatch", Shape::TEXT).at(Location::Header("if-none-match")),
            optional("Metadata", Shape::STRING_MAP).at(Location::HeaderMap("x-amz-meta-")),
            $($member,)*
        ])
    };
}

pub(super) static PUT_OBJECT: Structure = written! {
    "PutObject":
    optional("ChecksumCRC32", Shape::TEXT).at(Location::Header("x-amz-checksum-crc32")),
    optional("ChecksumCRC32C", Shape::TEXT).at(Location::Header("x-amz-checksum-crc32c")),
    optional("ChecksumCRC64NVME", Shape::TEXT).at(Location::Header("x-amz-checksum-crc64nvme")),
    optional("ChecksumSHA1", Shape::TEXT).at(Location::Header("x-amz-checksum-sha1")),
    optional("ChecksumSHA256", Shape::TEXT).at(Location::Header("x-amz-checksum-sha256")),
    optional("ContentMD5", Shape::TEXT).at(Location::Header("content-md5")),
    optional("ChecksumAlgorithm", Shape::TEXT).at(Location::Header("x-amz-sdk-checksum-algorithm")),
    optional("Trailer", Shape::TEXT).at(Location::Header("x-amz-trailer")),
    optional("DecodedContentLength", Shape::TEXT).at(Location::Header("x-amz-decoded-content-length")),
    optional("Body", Shape::Blob).at(Location::Stream),
};

pub(super) static PUT_TAGGING: Structure = Structure::new(
    "PutTagging",
    &[
        BUCKET,
        KEY,
        OWNER,
        optional("VersionId", Shape::TEXT).at(Location::Query("versionId")),
        optional("TagSet", Shape::Structure(&TAG_SET)),
    ],
);

pub(super) static COPY_OBJECT: Structure = written! {
    "CopyObject":
    optional("CopySource", Shape::TEXT).at(Location::Header("x-amz-copy-source")),
    optional("CopySourceIfMatch", Shape::TEXT).at(Location::Header("x-amz-copy-source-if-match")),
    optional("CopySourceIfNoneMatch", Shape::TEXT)
        .at(Location::Header("x-amz-copy-source-if-none-match")),
    optional("CopySourceIfModifiedSince", Shape::TEXT)
        .at(Location::Header("x-amz-copy-source-if-modified-since")),
    optional("CopySourceIfUnmodifiedSince", Shape::TEXT)
        .at(Location::Header("x-amz-copy-source-if-unmodified-since")),
    optional("ExpectedSourceBucketOwner", Shape::TEXT)
        .at(Location::Header("x-amz-source-expected-bucket-owner")),
    optional("MetadataDirective", Shape::TEXT).at(Location::Header("x-amz-metadata-directive")),
    optional("TaggingDirective", Shape::TEXT).at(Location::Header("x-amz-tagging-directive")),
    optional("ChecksumAlgorithm", Shape::TEXT).at(Location::Header("x-amz-checksum-algorithm")),
};

pub(super) static DELETE_OBJECTS: Structure = Structure::new(
    "DeleteObjects",
    &[
        BUCKET,
        OWNER,
        optional("Object", Shape::list(&Shape::Structure(&OBJECT_IDENTIFIER))),
        optional("Quiet", Shape::Boolean),
    ],
);

/// The members of what lists objects, before those that say where to go on.
macro_rules! listed {
    ($name:literal: $($member:expr,)*) => {
        Structure::new($name, &[
            BUCKET,
            OWNER,
            optional("Delimiter", Shape::TEXT).at(Location::Query("delimiter")),
            optional("EncodingType", Shape::TEXT).at(Location::Query("encoding-type")),
            optional("MaxKeys", Shape::TEXT).at(Location::Query("max-keys")),
            optional("Prefix", Shape::TEXT).at(Location::Query("prefix")),
            $($member,)*
        ])
    };
}

pub(super) static LIST_OBJECTS: Structure = listed! {
    "ListObjects":
    optional("Marker", Shape::TEXT).at(Location::Query("marker")),
};

pub(super) static LIST_OBJECTS_V2: Structure = listed! {
    "ListObjectsV2":
    optional("ContinuationToken", Shape::TEXT).at(Location::Query("continuation-token")),
    optional("StartAfter", Shape::TEXT).at(Location::Query("start-after")),
    optional("FetchOwner", Shape::Boolean).at(Location::Query("fetch-owner")),
};

pub(super) static LIST_VERSIONS: Structure = listed! {
    "ListVersions":
    optional("KeyMarker", Shape::TEXT).at(Location::Query("key-marker")),
    optional("VersionIdMarker", Shape::TEXT).at(Location::Query("version-id-marker")),
};

pub(super) static CREATE_UPLOAD: Structure = written! {
    "CreateUpload":
    optional("ChecksumAlgorithm", Shape::TEXT).at(Location::Header("x-amz-checksum-algorithm")),
    optional("ChecksumType", Shape::TEXT).at(Location::Header("x-amz-checksum-type")),
};

pub(super) static UPLOAD: Structure = Structure::new(
    "Upload",
    &[BUCKET, KEY, OWNER, optional("UploadId", Shape::TEXT).at(Location::Query("uploadId"))],
);

pub(super) static UPLOAD_PART: Structure = Structure::new(
    "UploadPart",
    &[
        BUCKET,
        KEY,
        OWNER,
        optional("UploadId", Shape::TEXT).at(Location::Query("uploadId")),
        optional("PartNumber", Shape::TEXT).at(Location::Query("partNumber")),
        optional("ChecksumCRC32", Shape::TEXT).at(Location::Header("x-amz-checksum-crc32")),
        optional("ChecksumCRC32C", Shape::TEXT).at(Location::Header("x-amz-checksum-crc32c")),
        optional("ChecksumCRC64NVME", Shape::TEXT).at(Location::Header("x-amz-checksum-crc64nvme")),
        optional("ChecksumSHA1", Shape::TEXT).at(Location::Header("x-amz-checksum-sha1")),
        optional("ChecksumSHA256", Shape::TEXT).at(Location::Header("x-amz-checksum-sha256")),
        optional("ContentMD5", Shape::TEXT).at(Location::Header("content-md5")),
        optional("ChecksumAlgorithm", Shape::TEXT).at(Location::Header("x-amz-sdk-checksum-algorithm")),
        optional("Trailer", Shape::TEXT).at(Location::Header("x-amz-trailer")),
        optional("DecodedContentLength", Shape::TEXT).at(Location::Header("x-amz-decoded-content-length")),
        optional("Body", Shape::Blob).at(Location::Stream),
    ],
);

pub(super) static COPY_PART: Structure = Structure::new(
    "CopyPart",
    &[
        BUCKET,
        KEY,
        OWNER,
        optional("UploadId", Shape::TEXT).at(Location::Query("uploadId")),
        optional("PartNumber", Shape::TEXT).at(Location::Query("partNumber")),
        optional("CopySource", Shape::TEXT).at(Location::Header("x-amz-copy-source")),
        optional("CopySourceIfMatch", Shape::TEXT).at(Location::Header("x-amz-copy-source-if-match")),
        optional("CopySourceIfNoneMatch", Shape::TEXT)
            .at(Location::Header("x-amz-copy-source-if-none-match")),
        optional("CopySourceIfModifiedSince", Shape::TEXT)
            .at(Location::Header("x-amz-copy-source-if-modified-since")),
        optional("CopySourceIfUnmodifiedSince", Shape::TEXT)
            .at(Location::Header("x-amz-copy-source-if-unmodified-since")),
        optional("ExpectedSourceBucketOwner", Shape::TEXT)
            .at(Location::Header("x-amz-source-expected-bucket-owner")),
        optional("CopySourceRange", Shape::TEXT).at(Location::Header("x-amz-copy-source-range")),
    ],
);

pub(super) static COMPLETE_UPLOAD: Structure = Structure::new(
    "CompleteUpload",
    &[
        BUCKET,
        KEY,
        OWNER,
        optional("UploadId", Shape::TEXT).at(Location::Query("uploadId")),
        optional("IfMatch", Shape::TEXT).at(Location::Header("if-match")),
        optional("IfNoneMatch", Shape::TEXT).at(Location::Header("if-none-match")),
        optional("ChecksumCRC32", Shape::TEXT).at(Location::Header("x-amz-checksum-crc32")),
        optional("ChecksumCRC32C", Shape::TEXT).at(Location::Header("x-amz-checksum-crc32c")),
        optional("ChecksumCRC64NVME", Shape::TEXT).at(Location::Header("x-amz-checksum-crc64nvme")),
        optional("ChecksumSHA1", Shape::TEXT).at(Location::Header("x-amz-checksum-sha1")),
        optional("ChecksumSHA256", Shape::TEXT).at(Location::Header("x-amz-checksum-sha256")),
        optional("Part", Shape::list(&Shape::Structure(&COMPLETED_PART))),
    ],
);

pub(super) static LIST_PARTS: Structure = Structure::new(
    "ListParts",
    &[
        BUCKET,
        KEY,
        OWNER,
        optional("UploadId", Shape::TEXT).at(Location::Query("uploadId")),
        optional("MaxParts", Shape::TEXT).at(Location::Query("max-parts")),
        optional("PartNumberMarker", Shape::TEXT).at(Location::Query("part-number-marker")),
    ],
);

pub(super) static LIST_UPLOADS: Structure = Structure::new(
    "ListUploads",
    &[
        BUCKET,
        OWNER,
        optional("Delimiter", Shape::TEXT).at(Location::Query("delimiter")),
        optional("EncodingType", Shape::TEXT).at(Location::Query("encoding-type")),
        optional("KeyMarker", Shape::TEXT).at(Location::Query("key-marker")),
        optional("MaxUploads", Shape::TEXT).at(Location::Query("max-uploads")),
        optional("Prefix", Shape::TEXT).at(Location::Query("prefix")),
        optional("UploadIdMarker", Shape::TEXT).at(Location::Query("upload-id-marker")),
    ],
);
