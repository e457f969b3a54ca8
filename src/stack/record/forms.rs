//! The stored forms of stacks, of what is done to them, and of what has happened to them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::MadeV1;
use crate::stack::model::{
    Begun, ChangeSet, Event, Head, OnFailure, OutputMade, Phase, Progress, Request, Settings, Shown, Verb,
    Work,
};
use crate::store::{Stored, Unreadable, record};

record! {
    /// A stack.
    pub(super) struct HeadV1 of Head {
        "id" id: String,
        "name" name: String,
        "status" status: String,
        "reason" reason: Option<String>,
        "created" created: i64,
        "updated" updated: Option<i64>,
        "deleted" deleted: Option<i64>,
        "settings" settings: SettingsV1,
        "outputs" outputs: Vec<OutputV1>,
        "is_protected" is_protected: bool,
        "disables_rollback" disables_rollback: bool,
        "policy" policy: Option<String>,
        "change_set" change_set: Option<String>,
        "token" token: Option<String>,
        "parent" parent: Option<String>,
    }

    /// What was asked for.
    struct SettingsV1 of Settings {
        "template" template: String,
        "parameters" parameters: Map<String, Value>,
        "resolved" resolved: BTreeMap<String, String>,
        "tags" tags: BTreeMap<String, String>,
        "capabilities" capabilities: Vec<String>,
        "role" role: Option<String>,
        "actor" actor: Option<String>,
        "notifications" notifications: Vec<String>,
        "timeout_min" timeout_min: Option<u32>,
        "rollback" rollback: Map<String, Value>,
    }

    /// An output.
    struct OutputV1 of OutputMade {
        "key" key: String,
        "value" value: String,
        "description" description: Option<String>,
        "export" export: Option<String>,
    }

    /// What is being done.
    pub(super) struct WorkV1 of Work {
        "verb" verb: String,
        "target" target: SettingsV1,
        "before" before: Vec<MadeV1>,
        "on_failure" on_failure: String,
        "retain" retain: Vec<String>,
        "policy" policy: Option<String>,
        "is_attended" is_attended: bool,
    }

    /// How far that is.
    pub(super) struct ProgressV1 of Progress {
        "phase" phase: String,
        "garbage" garbage: Vec<MadeV1>,
        "served" served: BTreeMap<String, Map<String, Value>>,
        "step" step: Option<BegunV1>,
        "failure" failure: Option<String>,
        "skipped" skipped: Vec<String>,
    }

    /// A step that was begun.
    struct BegunV1 of Begun {
        "logical_id" logical_id: String,
        "suffix" suffix: String,
        "time" time: i64,
        "update" update: Option<Map<String, Value>>,
    }

    /// An event.
    pub(super) struct EventV1 of Event {
        "id" id: String,
        "logical_id" logical_id: String,
        "physical_id" physical_id: String,
        "kind" kind: String,
        "time" time: i64,
        "status" status: String,
        "reason" reason: Option<String>,
        "properties" properties: Option<Map<String, Value>>,
        "token" token: Option<String>,
    }

    /// A resource as its stack shows it.
    pub(super) struct ShownV1 of Shown {
        "logical_id" logical_id: String,
        "physical_id" physical_id: String,
        "kind" kind: String,
        "time" time: i64,
        "status" status: String,
        "reason" reason: Option<String>,
    }

    /// A change set.
    pub(super) struct ChangeSetV1 of ChangeSet {
        "id" id: String,
        "name" name: String,
        "stack_id" stack_id: String,
        "created" created: i64,
        "description" description: Option<String>,
        "is_creation" is_creation: bool,
        "status" status: String,
        "reason" reason: Option<String>,
        "execution" execution: String,
        "on_failure" on_failure: Option<String>,
        "settings" settings: SettingsV1,
        "changes" changes: Vec<Map<String, Value>>,
        "token" token: Option<String>,
    }

    /// What a custom resource's function was asked.
    pub(super) struct RequestV1 of Request {
        "id" id: String,
        "secret" secret: String,
        "logical_id" logical_id: String,
        "verb" verb: String,
        "physical_id" physical_id: Option<String>,
        "until" until: i64,
        "is_sent" is_sent: bool,
        "answer" answer: Option<String>,
    }
}

/// Stores a type's values as words.
macro_rules! words {
    ($($kind:ident $what:literal: $($value:ident $word:literal),+;)+) => {$(
        impl Stored<String> for $kind {
            fn to_stored(&self) -> String {
                match self {
                    $(Self::$value => $word.to_owned(),)+
                }
            }

            fn from_stored(form: String) -> Result<Self, Unreadable> {
                match form.as_str() {
                    $($word => Ok(Self::$value),)+
                    _ => Err(Unreadable { what: $what, value: form }),
                }
            }
        }
    )+};
}

words! {
    Verb "verb": Create "create", Update "update", Delete "delete";
    OnFailure "choice": Rollback "rollback", Nothing "nothing", Delete "delete";
    Phase "phase": Forward "forward", Cleanup "cleanup", Undo "undo", UndoCleanup "undo cleanup", Delete "delete";
}
