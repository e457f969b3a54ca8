//! Change sets: what an update would do, kept until it is done or forgotten.

use super::Stacks;
use super::begin::{Draft, Refusal};
use crate::id::AccountRegion;
use crate::stack::model::{ChangeSet, Head, OnFailure, Progress, Settings, Verb, Work};
use crate::stack::record;
use crate::stack::status::Status;

/// Why a change set of nothing fails. `aws cloudformation deploy` looks for these words.
const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";
/// The most change sets of a stack.
const CHANGE_SETS_MAX: usize = 100;

/// A change set to be made.
pub(in super::super) struct NewChangeSet {
    pub(in super::super) stack: String,
    pub(in super::super) name: String,
    pub(in super::super) is_creation: bool,
    pub(in super::super) description: Option<String>,
    pub(in super::super) draft: Draft,
    pub(in super::super) on_failure: Option<String>,
    pub(in super::super) token: Option<String>,
}

impl Stacks {
    /// Makes a change set.
    pub(in super::super) async fn create_change_set(
        &self,
        home: &AccountRegion,
        asked: NewChangeSet,
    ) -> Result<ChangeSet, Refusal> {
        let old = record::find(&self.store, home, &asked.stack).await?;
        let old = old.filter(|head| head.status != Status::DeleteComplete);
        let is_new = old.as_ref().is_none_or(|head| head.status == Status::ReviewInProgress);
        let head = match (old, asked.is_creation) {
            (Some(head), true) if !is_new => {
                return Err(Refusal::Invalid(format!(
                    "Stack [{}] already exists and cannot be created again with the changeSet [{}].",
                    head.name, asked.name
                )));
            }
            (Some(head), true) => head,
            (None, true) => {
                self.check_room(home).await?;
                self.new_head(home, &asked.stack, Settings::default())
            }
            (Some(_), false) if !is_new => self.updatable(home, &asked.stack).await?,
            (_, false) => {
                return Err(Refusal::Invalid(format!("Stack [{}] does not exist", asked.stack)));
            }
        };
        let kept = record::change_sets(&self.store, home, &head.id).await?;
        if let Some(same) = kept.iter().find(|set| set.name == asked.name) {
            if asked.token.is_some() && same.token == asked.token {
                return Ok(same.clone());
            }
            return Err(Refusal::Exists(format!("ChangeSet {} already exists", asked.name)));
        }
        if CHANGE_SETS_MAX <= kept.len() {
            let problem = format!("Limit for change sets of a stack has been exceeded ({CHANGE_SETS_MAX})");
            return Err(Refusal::Limit(problem));
        }
        let old = (!is_new).then_some(&head);
        let prepared = self.prepare(home, &head, old, asked.draft).await?;
        let is_idle = prepared.is_idle;
        let (status, execution) =
            if is_idle { ("FAILED", "UNAVAILABLE") } else { ("CREATE_COMPLETE", "AVAILABLE") };
        let (region, account) = (&home.region, &home.account);
        let set = ChangeSet {
            id: format!(
                "arn:{}:cloudformation:{region}:{account}:changeSet/{}/{}",
                region.partition(),
                asked.name,
                self.ids.uuid()
            ),
            name: asked.name,
            stack_id: head.id.clone(),
            created: self.clock.now(),
            description: asked.description,
            is_creation: asked.is_creation,
            status: status.to_owned(),
            reason: is_idle.then(|| NO_CHANGES.to_owned()),
            execution: execution.to_owned(),
            on_failure: asked.on_failure,
            settings: prepared.settings,
            changes: prepared.differences.iter().map(|difference| difference.to_change()).collect(),
            token: asked.token,
        };
        if is_new && kept.is_empty() && record::find(&self.store, home, &head.id).await?.is_none() {
            self.review(home, head).await?;
        }
        record::save_change_set(&self.store, home, &set).await?;
        Ok(set)
    }

    /// Makes a stack that has a change set and nothing else.
    async fn review(&self, home: &AccountRegion, mut head: Head) -> Result<(), Refusal> {
        head.reason = Some("User Initiated".to_owned());
        let event = self.event_of(&head);
        let name = head.name.clone();
        let begun =
            record::begin(&self.store, home, None, head, None, Progress::default(), Some(event)).await?;
        match begun {
            true => Ok(()),
            false => Err(Refusal::Invalid(format!("Stack [{name}] already exists"))),
        }
    }

    /// The change set of this name of a stack, or of this ARN.
    pub(in super::super) async fn find_change_set(
        &self,
        home: &AccountRegion,
        stack: Option<&str>,
        name: &str,
    ) -> Result<(Head, ChangeSet), Refusal> {
        let none = || Refusal::NoChangeSet(format!("ChangeSet [{name}] does not exist"));
        let heads = match stack {
            Some(stack) => match record::find(&self.store, home, stack).await? {
                Some(head) => vec![head],
                None if name.starts_with("arn:") => Vec::new(),
                None => return Err(Refusal::Invalid(format!("Stack [{stack}] does not exist"))),
            },
            None if name.starts_with("arn:") => record::all(&self.store, home).await?,
            None => {
                return Err(Refusal::Invalid(
                    "StackName must be specified if ChangeSetName is not specified as an ARN.".to_owned(),
                ));
            }
        };
        for head in heads {
            if let Some(set) = record::change_set(&self.store, home, &head.id, name).await? {
                return Ok((head, set));
            }
        }
        Err(none())
    }

    /// Begins to do what a change set says.
    pub(in super::super) async fn execute_change_set(
        &self,
        home: &AccountRegion,
        stack: Option<&str>,
        name: &str,
        disables_rollback: bool,
        token: Option<String>,
    ) -> Result<(), Refusal> {
        let (mut head, mut set) = self.find_change_set(home, stack, name).await?;
        if set.execution != "AVAILABLE" {
            let status = if set.status == "FAILED" { &set.status } else { &set.execution };
            return Err(Refusal::ChangeSetStatus(format!(
                "ChangeSet [{}] cannot be executed in its current status of [{status}]",
                set.id
            )));
        }
        let on_failure = match set.on_failure.as_deref() {
            _ if disables_rollback => OnFailure::Nothing,
            Some("DO_NOTHING") => OnFailure::Nothing,
            Some("DELETE") if set.is_creation => OnFailure::Delete,
            _ => OnFailure::Rollback,
        };
        head.disables_rollback = disables_rollback;
        head.token = token;
        head.change_set = Some(set.id.clone());
        let others = record::change_sets(&self.store, home, &head.id).await?;
        if set.is_creation {
            let id = head.id.clone();
            if head.status != Status::ReviewInProgress {
                return Err(Refusal::Invalid(format!(
                    "Stack:{id} is in {} state and can not be updated.",
                    head.status
                )));
            }
            head.settings = set.settings.clone();
            let work = Work {
                verb: Verb::Create,
                target: set.settings.clone(),
                before: Vec::new(),
                on_failure,
                retain: Vec::new(),
                policy: None,
                is_attended: false,
            };
            let expected = Some(Status::ReviewInProgress);
            if !self.start(home, expected, head, work, Progress::default(), None).await? {
                return Err(Refusal::Invalid(format!("Stack:{id} is being changed and can not be updated.")));
            }
        } else {
            let status = head.status;
            if !status.takes_updates() {
                return Err(Refusal::Invalid(format!(
                    "Stack:{} is in {status} state and can not be updated.",
                    head.id
                )));
            }
            self.begin_update(home, head, set.settings.clone(), on_failure, None).await?;
        }
        // What the others say is no longer true of the stack.
        set.execution = "EXECUTE_COMPLETE".to_owned();
        record::save_change_set(&self.store, home, &set).await?;
        for other in others.iter().filter(|other| other.id != set.id) {
            record::drop_change_set(&self.store, home, other).await?;
        }
        Ok(())
    }

    /// Forgets a change set. That there is none is no failure.
    pub(in super::super) async fn delete_change_set(
        &self,
        home: &AccountRegion,
        stack: Option<&str>,
        name: &str,
    ) -> Result<(), Refusal> {
        match self.find_change_set(home, stack, name).await {
            Ok((_, set)) => Ok(record::drop_change_set(&self.store, home, &set).await?),
            Err(Refusal::NoChangeSet(_)) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }
}
