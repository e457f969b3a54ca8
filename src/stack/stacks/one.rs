//! Makes, changes and removes one resource, by whoever makes those of its type.

use super::run::Run;
use crate::stack::elsewhere::{self, Place};
use crate::stack::error::Error;
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Kind, MadeBy, Naming, Properties, Updated};
use crate::stack::model::Made;
use crate::stack::operations::OperationError;

/// Why a resource isn't as it should be.
pub(super) enum NotMade {
    /// Whoever makes it says no. What is there all the same has to be removed.
    Refused(OperationError, Option<Attributes>),
    /// The store can't be read or written.
    Store(Error),
}

impl From<OperationError> for NotMade {
    fn from(error: OperationError) -> Self {
        Self::Refused(error, None)
    }
}

impl From<Error> for NotMade {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(_) => Self::Store(error),
            other => Self::Refused(OperationError::said(other.to_string()), None),
        }
    }
}

impl Run<'_> {
    fn place(&self) -> Place<'_> {
        Place { operations: &*self.operations, clock: &*self.stacks.clock }
    }

    /// Makes a resource.
    pub(super) async fn create_one(
        &self,
        kind: &Kind,
        naming: &Naming<'_>,
        properties: &Properties,
    ) -> Result<Attributes, NotMade> {
        match kind.made_by() {
            MadeBy::Operations => Ok(kind.create(&*self.operations, naming, properties).await?),
            MadeBy::Nobody => match self.stacks.reach.way(kind.type_name()) {
                Some(way) => Ok(way.create(&self.place(), kind.type_name(), naming, properties).await?),
                None => Ok(kind.create(&*self.operations, naming, properties).await?),
            },
            MadeBy::Function => self.create_custom(kind, naming, properties).await,
            MadeBy::Signals => self.create_signalled(kind, naming, properties).await,
            MadeBy::Stacks => self.create_nested(naming, properties).await,
        }
    }

    /// Changes what was made from `made`'s properties to `new`.
    pub(super) async fn update_one(&self, made: &Made, new: &Properties) -> Result<Updated, NotMade> {
        let Made { kind, attributes, properties, .. } = made;
        let type_name = kind.type_name();
        match kind.made_by() {
            MadeBy::Nobody if elsewhere::is_made(attributes) => {
                Ok(elsewhere::update(&self.place(), type_name, attributes, properties, new).await?)
            }
            // It was skipped, and is no longer.
            MadeBy::Nobody if self.stacks.reach.way(type_name).is_some() => Ok(Updated::Replace),
            MadeBy::Operations | MadeBy::Nobody | MadeBy::Signals => {
                let region = &self.home.region;
                Ok(kind.update(&*self.operations, region, attributes, properties, new).await?)
            }
            MadeBy::Function => self.update_custom(made, new).await,
            MadeBy::Stacks => self.update_nested(made, new).await,
        }
    }

    /// Removes a resource; that it is already gone is no failure.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub(super) async fn delete_one(&self, made: &Made) -> Result<Result<(), OperationError>, Error> {
        let Made { kind, attributes, properties, .. } = made;
        let gone = match kind.made_by() {
            MadeBy::Nobody if elsewhere::is_made(attributes) => {
                return Ok(elsewhere::delete(&self.place(), kind.type_name(), attributes, properties).await);
            }
            MadeBy::Operations | MadeBy::Nobody | MadeBy::Signals => {
                return Ok(kind.delete(&*self.operations, attributes, properties).await);
            }
            MadeBy::Function => self.delete_custom(made).await,
            MadeBy::Stacks => self.delete_nested(made).await,
        };
        match gone {
            Ok(()) => Ok(Ok(())),
            Err(NotMade::Refused(error, _)) => Ok(Err(error)),
            Err(NotMade::Store(error)) => Err(error),
        }
    }
}
