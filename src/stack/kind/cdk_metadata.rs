//! `AWS::CDK::Metadata`: usage data for the makers of the CDK, which nobody is told here.

use super::{Attributes, Row, Updated};

/// What stands in a template of the CDK's.
pub(super) static ROW: Row = Row {
    type_name: "AWS::CDK::Metadata",
    properties: &["Analytics"],
    is_open: true,
    create: |_, naming, _| {
        let reference = naming.generated(128);
        Box::pin(std::future::ready(Ok(Attributes { reference, ..Attributes::default() })))
    },
    update: |_, made, _, _| Box::pin(std::future::ready(Ok(Updated::InPlace(made.clone())))),
    ..Row::PLAIN
};
