//! `AWS::CloudFormation::WaitConditionHandle` and `WaitCondition`: placeholders. Nobody is waited for, since nothing outside
//! could say that it is done; a condition that counts signals is refused.

use super::{Attributes, Naming, OperationError, Properties, Row, Updated, name_of};

/// A handle, which answers an address that leads nowhere.
pub(super) static HANDLE: Row = Row {
    type_name: "AWS::CloudFormation::WaitConditionHandle",
    create: |_, naming, _| Box::pin(std::future::ready(Ok(handle(naming)))),
    update: |_, made, _, _| Box::pin(std::future::ready(Ok(Updated::InPlace(made.clone())))),
    guess: |id| (format!("https://cloudformation.invalid/{id}"), Vec::new()),
    ..Row::PLAIN
};

/// A condition for no signals.
pub(super) static ROW: Row = Row {
    type_name: "AWS::CloudFormation::WaitCondition",
    properties: &["Handle", "Timeout", "Count"],
    identity: &["Handle", "Timeout", "Count"],
    create: |_, naming, properties| Box::pin(std::future::ready(condition(naming, properties))),
    guess: |id| (id.to_owned(), vec![("Data", "{}".to_owned())]),
    ..Row::PLAIN
};

fn handle(naming: &Naming<'_>) -> Attributes {
    let reference = format!("https://cloudformation.invalid/{}", naming.generated(128));
    Attributes { reference, ..Attributes::default() }
}

fn condition(naming: &Naming<'_>, properties: &Properties) -> Result<Attributes, OperationError> {
    if name_of(properties, "Count").as_deref() != Some("0") {
        return Err(OperationError {
            operation: "CreateWaitCondition",
            code: "UnsupportedOperation".to_owned(),
            message: "this server can't be signalled: a WaitCondition needs Count 0".to_owned(),
        });
    }
    let attributes = [("Data".to_owned(), "{}".to_owned())].into();
    Ok(Attributes { reference: naming.generated(128), attributes })
}
