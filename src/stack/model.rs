//! A stack as it is kept: what was asked for, what came of it, and what is still to be done.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::intrinsic::Attributes;
use super::kind::Kind;
use super::status::Status;
use crate::clock::Timestamp;

/// A stack, without its resources.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// Its ARN.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Option<Timestamp>,
    pub(super) deleted: Option<Timestamp>,
    /// What it was last made of.
    pub(super) settings: Settings,
    pub(super) outputs: Vec<OutputMade>,
    pub(super) is_protected: bool,
    pub(super) disables_rollback: bool,
    /// The stack policy, a JSON document.
    pub(super) policy: Option<String>,
    /// The change set that was last carried out.
    pub(super) change_set: Option<String>,
    /// The token of the request that is or was last carried out.
    pub(super) token: Option<String>,
    /// The stack whose resource this one is.
    pub(super) parent: Option<String>,
}

/// What a stack is made of, as asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    /// The template's text.
    pub(super) template: String,
    /// The values given for its parameters.
    pub(super) parameters: Map<String, Value>,
    /// Values of parameters that name values kept elsewhere, and the documents that the template includes, as they were when
    /// this was asked for.
    pub(super) resolved: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) capabilities: Vec<String>,
    /// The role under which its resources are made.
    pub(super) role: Option<String>,
    /// Who asked, if that was a session: id and ARN of its role. Without a role, resources are made in its name.
    pub(super) actor: Option<String>,
    pub(super) notifications: Vec<String>,
    pub(super) timeout_min: Option<u32>,
    /// `RollbackConfiguration`, as given.
    pub(super) rollback: Map<String, Value>,
}

/// An output of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OutputMade {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) description: Option<String>,
    pub(super) export: Option<String>,
}

/// What is being done to a stack. Doesn't change until it is done.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) verb: Verb,
    /// What is to become of the stack.
    pub(super) target: Settings,
    /// Its resources before.
    pub(super) before: Vec<Made>,
    pub(super) on_failure: OnFailure,
    /// Resources that a deletion leaves alone.
    pub(super) retain: Vec<String>,
    /// The stack policy that holds meanwhile, if not the stack's own.
    pub(super) policy: Option<String>,
    /// Whether nobody can go on with it after a restart, because what it needs was only in the request.
    pub(super) is_attended: bool,
}

/// What is done to a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Update,
    Delete,
}

/// What becomes of a stack that can't be made or changed as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// What was done is undone.
    Rollback,
    /// It stays as it is.
    Nothing,
    /// It is deleted.
    Delete,
}

/// How far a [`Work`] has got.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress {
    pub(super) phase: Phase,
    /// Things that are no longer part of the stack and still to be removed.
    pub(super) garbage: Vec<Made>,
    /// Stages as they were before deployments were made for them, by the deployments' logical ids.
    pub(super) served: BTreeMap<String, Map<String, Value>>,
    /// The step that was begun and may not be done.
    pub(super) step: Option<Begun>,
    /// Why it failed.
    pub(super) failure: Option<String>,
    /// Resources that a rollback passes over.
    pub(super) skipped: Vec<String>,
}

/// A step that was begun.
#[derive(Clone, Debug)]
pub(super) struct Begun {
    pub(super) logical_id: String,
    /// The random end of a generated name.
    pub(super) suffix: String,
    /// When it was begun.
    pub(super) time: Timestamp,
    /// What an update in place changes the properties to.
    pub(super) update: Option<Map<String, Value>>,
}

/// The parts of a [`Work`], one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// Resources are made and changed.
    #[default]
    Forward,
    /// What is no longer needed is removed.
    Cleanup,
    /// What was changed is changed back.
    Undo,
    /// What was made is removed.
    UndoCleanup,
    /// Everything is removed.
    Delete,
}

/// Something that happened to a stack or one of its resources.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) logical_id: String,
    pub(super) physical_id: String,
    pub(super) kind: String,
    pub(super) time: Timestamp,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) properties: Option<Map<String, Value>>,
    pub(super) token: Option<String>,
}

/// A resource as its stack shows it.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) logical_id: String,
    pub(super) physical_id: String,
    pub(super) kind: String,
    pub(super) time: Timestamp,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
}

/// Changes that are kept to be looked at, and perhaps carried out.
#[derive(Clone, Debug)]
pub(super) struct ChangeSet {
    /// Its ARN.
    pub(super) id: String,
    pub(super) name: String,
    pub(super) stack_id: String,
    pub(super) created: Timestamp,
    pub(super) description: Option<String>,
    /// `CREATE` or `UPDATE`.
    pub(super) is_creation: bool,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) execution: String,
    pub(super) on_failure: Option<String>,
    pub(super) settings: Settings,
    /// `ResourceChange`s.
    pub(super) changes: Vec<Map<String, Value>>,
    pub(super) token: Option<String>,
}

/// What the function of a custom resource was asked.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// Its `RequestId`.
    pub(super) id: String,
    /// Whoever knows it may answer.
    pub(super) secret: String,
    pub(super) logical_id: String,
    pub(super) verb: Verb,
    /// The resource that it is about, unless that is to be made.
    pub(super) physical_id: Option<String>,
    /// How long the answer is waited for.
    pub(super) until: Timestamp,
    /// Whether the function was told.
    pub(super) is_sent: bool,
    /// The text of the answer.
    pub(super) answer: Option<String>,
}

/// One resource of a stack: what it was made from and what came of it.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) logical_id: String,
    pub(super) kind: Kind,
    pub(super) properties: Map<String, Value>,
    pub(super) attributes: Attributes,
    pub(super) retention: Retention,
}

/// When the resource outlives its place in the stack: `DeletionPolicy` and `UpdateReplacePolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Retention {
    pub(super) on_delete: bool,
    pub(super) on_replace: bool,
}

/// The logical type of stacks in their own events.
pub(super) const STACK: &str = "AWS::CloudFormation::Stack";

/// What became of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DriftStatus {
    InSync,
    Modified,
    Deleted,
    NotChecked,
}

impl DriftStatus {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::InSync => "IN_SYNC",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
            Self::NotChecked => "NOT_CHECKED",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::InSync, Self::Modified, Self::Deleted, Self::NotChecked]
            .into_iter()
            .find(|it| it.as_str() == word)
    }

    /// Whether it isn't as its stack has made it.
    pub(super) const fn is_drift(self) -> bool {
        matches!(self, Self::Modified | Self::Deleted)
    }
}

/// A resource's drift.
#[derive(Clone, Debug)]
pub(super) struct ResourceDrift {
    pub(super) logical_id: String,
    pub(super) physical_id: String,
    pub(super) kind: String,
    pub(super) status: DriftStatus,
    pub(super) expected: Map<String, Value>,
    pub(super) actual: Map<String, Value>,
    pub(super) differences: Vec<Map<String, Value>>,
    pub(super) time: Timestamp,
}

/// A stack's drift.
#[derive(Clone, Debug)]
pub(super) struct Drift {
    /// The id under which it was detected.
    pub(super) id: String,
    pub(super) stack: String,
    pub(super) time: Timestamp,
    pub(super) resources: Vec<ResourceDrift>,
    /// Resources that could not be read, and why.
    pub(super) failures: Vec<String>,
}

impl Drift {
    pub(super) fn n_drifted(&self) -> usize {
        self.resources.iter().filter(|resource| resource.status.is_drift()).count()
    }

    pub(super) fn status(&self) -> &'static str {
        match self.n_drifted() {
            0 => "IN_SYNC",
            _ => "DRIFTED",
        }
    }

    pub(super) fn of(&self, logical_id: &str) -> Option<&ResourceDrift> {
        self.resources.iter().find(|resource| resource.logical_id == logical_id)
    }
}
