//! The statuses of stacks and resources, in CloudFormation's words.

use std::fmt;

use super::store::{Stored, Unreadable};

macro_rules! statuses {
    ($($name:ident $word:literal $about:literal;)*) => {
        /// The status of a stack or of a resource.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Status {
            $(#[doc = $about] $name,)*
        }

        impl Status {
            /// Every status.
            pub(super) const ALL: &[Self] = &[$(Self::$name),*];

            /// CloudFormation's word for it.
            pub(super) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

statuses! {
    CreateInProgress "CREATE_IN_PROGRESS" "It is being made.";
    CreateFailed "CREATE_FAILED" "It could not be made.";
    CreateComplete "CREATE_COMPLETE" "It is made.";
    RollbackInProgress "ROLLBACK_IN_PROGRESS" "What a failed creation made is being removed.";
    RollbackFailed "ROLLBACK_FAILED" "Some of that could not be removed.";
    RollbackComplete "ROLLBACK_COMPLETE" "All of that is removed.";
    DeleteInProgress "DELETE_IN_PROGRESS" "It is being removed.";
    DeleteFailed "DELETE_FAILED" "It could not be removed.";
    DeleteComplete "DELETE_COMPLETE" "It is removed.";
    DeleteSkipped "DELETE_SKIPPED" "It stays, as its policy asks.";
    UpdateInProgress "UPDATE_IN_PROGRESS" "It is being changed.";
    UpdateCompleteCleanup "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" "It is changed, and what it no longer needs is being removed.";
    UpdateComplete "UPDATE_COMPLETE" "It is changed.";
    UpdateFailed "UPDATE_FAILED" "It could not be changed.";
    UpdateRollbackInProgress "UPDATE_ROLLBACK_IN_PROGRESS" "What a failed update changed is being restored.";
    UpdateRollbackFailed "UPDATE_ROLLBACK_FAILED" "Some of that could not be restored.";
    UpdateRollbackCompleteCleanup "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS" "That is restored, and what the update made is being removed.";
    UpdateRollbackComplete "UPDATE_ROLLBACK_COMPLETE" "It is as it was before the update.";
    ReviewInProgress "REVIEW_IN_PROGRESS" "It has a change set and nothing else.";
}

impl Status {
    /// Whether something is being done to the stack.
    pub(super) fn is_busy(self) -> bool {
        self.as_str().ends_with("IN_PROGRESS") && self != Self::ReviewInProgress
    }

    /// Whether a stack in this status can be updated.
    pub(super) const fn takes_updates(self) -> bool {
        matches!(
            self,
            Self::CreateComplete
                | Self::CreateFailed
                | Self::UpdateComplete
                | Self::UpdateFailed
                | Self::UpdateRollbackComplete
        )
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Stored<String> for Status {
    fn to_stored(&self) -> String {
        self.as_str().to_owned()
    }

    fn from_stored(form: String) -> Result<Self, Unreadable> {
        let found = Self::ALL.iter().copied().find(|status| status.as_str() == form);
        found.ok_or(Unreadable { what: "status", value: form })
    }
}
