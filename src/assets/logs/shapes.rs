//! What operations take.

use crate::wire::{Limits, Shape, Structure, optional, required};

const GROUP_NAME: Shape = Shape::string(1, 512);
const IDENTIFIER: Shape = Shape::string(1, 2_048);
const STREAM_NAME: Shape = Shape::string(1, 512);
const TOKEN: Shape = Shape::string(1, 4_096);
const TAGS: Shape = Shape::map(&Shape::string(1, 128), &Shape::string(0, 256));
const KEYS: Shape = Shape::List(&Shape::string(1, 128), Limits { min: 0, max: 50 });

pub(super) static NOTHING: Structure = Structure::new("Nothing", &[]);
pub(super) static GROUP: Structure =
    Structure::new("LogGroupRequest", &[required("logGroupName", GROUP_NAME)]);
pub(super) static CREATE_GROUP: Structure = Structure::new(
    "CreateLogGroupRequest",
    &[
        required("logGroupName", GROUP_NAME),
        optional("kmsKeyId", Shape::string(0, 256)),
        optional("tags", TAGS),
        optional("logGroupClass", Shape::Enum(&["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"])),
        optional("deletionProtectionEnabled", Shape::Boolean),
    ],
);
pub(super) static DESCRIBE_GROUPS: Structure = Structure::new(
    "DescribeLogGroupsRequest",
    &[
        optional("logGroupNamePrefix", GROUP_NAME),
        optional("logGroupNamePattern", Shape::string(0, 512)),
        optional("nextToken", TOKEN),
        optional("limit", Shape::integer(1, 50)),
    ],
);
pub(super) static PUT_RETENTION: Structure = Structure::new(
    "PutRetentionPolicyRequest",
    &[required("logGroupName", GROUP_NAME), required("retentionInDays", Shape::INT)],
);
pub(super) static STREAM: Structure = Structure::new(
    "LogStreamRequest",
    &[required("logGroupName", GROUP_NAME), required("logStreamName", STREAM_NAME)],
);
pub(super) static DESCRIBE_STREAMS: Structure = Structure::new(
    "DescribeLogStreamsRequest",
    &[
        optional("logGroupName", GROUP_NAME),
        optional("logGroupIdentifier", IDENTIFIER),
        optional("logStreamNamePrefix", STREAM_NAME),
        optional("orderBy", Shape::Enum(&["LogStreamName", "LastEventTime"])),
        optional("descending", Shape::Boolean),
        optional("nextToken", TOKEN),
        optional("limit", Shape::integer(1, 50)),
    ],
);
static EVENT: Structure = Structure::new(
    "InputLogEvent",
    &[
        required("timestamp", Shape::Long(Limits { min: 0, max: i64::MAX })),
        required("message", Shape::string(1, i64::MAX)),
    ],
);
pub(super) static PUT_EVENTS: Structure = Structure::new(
    "PutLogEventsRequest",
    &[
        required("logGroupName", GROUP_NAME),
        required("logStreamName", STREAM_NAME),
        required("logEvents", Shape::List(&Shape::Structure(&EVENT), Limits { min: 1, max: 10_000 })),
        optional("sequenceToken", Shape::TEXT),
    ],
);
pub(super) static GET_EVENTS: Structure = Structure::new(
    "GetLogEventsRequest",
    &[
        optional("logGroupName", GROUP_NAME),
        optional("logGroupIdentifier", IDENTIFIER),
        required("logStreamName", STREAM_NAME),
        optional("startTime", Shape::Long(Limits::NONE)),
        optional("endTime", Shape::Long(Limits::NONE)),
        optional("nextToken", TOKEN),
        optional("limit", Shape::integer(1, 10_000)),
        optional("startFromHead", Shape::Boolean),
        optional("unmask", Shape::Boolean),
    ],
);
pub(super) static FILTER_EVENTS: Structure = Structure::new(
    "FilterLogEventsRequest",
    &[
        optional("logGroupName", GROUP_NAME),
        optional("logGroupIdentifier", IDENTIFIER),
        optional("logStreamNames", Shape::List(&STREAM_NAME, Limits { min: 1, max: 100 })),
        optional("logStreamNamePrefix", STREAM_NAME),
        optional("startTime", Shape::Long(Limits::NONE)),
        optional("endTime", Shape::Long(Limits::NONE)),
        optional("filterPattern", Shape::string(0, 1_024)),
        optional("nextToken", TOKEN),
        optional("limit", Shape::integer(1, 10_000)),
        optional("interleaved", Shape::Boolean),
        optional("unmask", Shape::Boolean),
    ],
);
pub(super) static RESOURCE: Structure =
    Structure::new("ListTagsForResourceRequest", &[required("resourceArn", IDENTIFIER)]);
pub(super) static TAG: Structure =
    Structure::new("TagResourceRequest", &[required("resourceArn", IDENTIFIER), required("tags", TAGS)]);
pub(super) static UNTAG: Structure =
    Structure::new("UntagResourceRequest", &[required("resourceArn", IDENTIFIER), required("tagKeys", KEYS)]);
pub(super) static TAG_GROUP: Structure =
    Structure::new("TagLogGroupRequest", &[required("logGroupName", GROUP_NAME), required("tags", TAGS)]);
pub(super) static UNTAG_GROUP: Structure =
    Structure::new("UntagLogGroupRequest", &[required("logGroupName", GROUP_NAME), required("tags", KEYS)]);
