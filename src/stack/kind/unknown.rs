//! A type that isn't known here: refused by name, unless the settings say to go on without it. Then nothing is made, and
//! what refers to it gets values that lead nowhere.

use super::{ANY, Attributes, MadeBy, Naming, Row, Updated};

/// Any such type.
pub(super) static ROW: Row = Row {
    is_open: true,
    made_by: MadeBy::Nobody,
    create: |_, naming, _| Box::pin(std::future::ready(Ok(placeholder(naming)))),
    update: |_, made, _, _| Box::pin(std::future::ready(Ok(Updated::InPlace(made.clone())))),
    guess: |id| (id.to_owned(), vec![(ANY, id.to_owned())]),
    ..Row::PLAIN
};

fn placeholder(naming: &Naming<'_>) -> Attributes {
    let reference = naming.generated(128);
    Attributes { attributes: [(ANY.to_owned(), reference.clone())].into(), reference }
}
