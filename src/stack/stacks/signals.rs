//! Wait conditions: whoever knows a handle's address signals there, and the condition waits until enough have. Resources
//! with a `CreationPolicy` wait likewise, for signals to themselves (SignalResource). Handle and signals are kept like the
//! requests to custom resources, so a server that was killed goes on waiting.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::one::NotMade;
use super::run::Run;
use super::{ANSWERS_PATH, Stacks};
use crate::clock::Timestamp;
use crate::id::AccountRegion;
use crate::stack::creation_policy::Awaited;
use crate::stack::error::Error;
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Kind, Naming, Properties, Wait};
use crate::stack::model::{Request, Verb};
use crate::stack::operations::OperationError;
use crate::stack::record::{self, Answered};

/// How long a handle takes signals, as on AWS.
const HANDLE_TIME: Duration = Duration::from_secs(43_200);

impl Stacks {
    /// Takes a signal to a resource that is being made; false if nobody waits for one.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub(in super::super) async fn signal(
        &self,
        home: &AccountRegion,
        stack: &str,
        (logical_id, unique_id, status): (&str, &str, &str),
    ) -> Result<bool, Error> {
        let request = record::request(&self.store, home, stack, logical_id).await?;
        let Some(request) = request.filter(|it| it.physical_id.as_deref() == Some(record::SIGNALLED)) else {
            return Ok(false);
        };
        let signal = json!({ "Status": status, "UniqueId": unique_id }).to_string();
        Ok(self.answer(&request.id, &request.secret, signal).await? == Answered::Kept)
    }
}

impl Run<'_> {
    /// Makes a handle, or waits for the signals of a condition.
    pub(super) async fn create_signalled(
        &self,
        kind: &Kind,
        naming: &Naming<'_>,
        properties: &Properties,
    ) -> Result<Attributes, NotMade> {
        match kind.type_name() == "AWS::CloudFormation::WaitConditionHandle" {
            true => self.create_handle(naming).await,
            // It is there, and is waited for as any other resource is.
            false if self.awaited.is_some() && !properties.contains_key("Handle") => {
                let attributes = [("Data".to_owned(), "{}".to_owned())].into();
                Ok(Attributes { reference: naming.generated(128), attributes })
            }
            false => self.wait(naming, properties).await,
        }
    }

    /// Makes a resource, and waits for the signals that its `CreationPolicy` asks for.
    pub(super) async fn create_awaited(
        &self,
        kind: &Kind,
        naming: &Naming<'_>,
        properties: &Properties,
    ) -> Result<Attributes, NotMade> {
        let Some(awaited) = self.awaited else { return self.create_one(kind, naming, properties).await };
        // Before the resource is there: it may signal at once.
        let known = record::request(&self.stacks.store, self.home, &self.head.id, naming.logical_id).await?;
        let known = known.filter(|known| known.physical_id.as_deref() == Some(record::SIGNALLED));
        let request = match known {
            Some(known) => known,
            None => self.count_signals(naming.logical_id, record::SIGNALLED).await?,
        };
        let made = self.create_one(kind, naming, properties).await?;
        match self.hear(&request.id, awaited).await {
            Ok(()) => {
                *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.id);
                Ok(made)
            }
            Err(NotMade::Refused(refusal, _)) => Err(NotMade::Refused(refusal, Some(made))),
            Err(other) => Err(other),
        }
    }

    /// Waits until enough good signals have come, or a bad one has.
    async fn hear(&self, id: &str, awaited: Awaited) -> Result<(), NotMade> {
        let refused = |problem: String| NotMade::from(OperationError::said(problem));
        let until = self.begun() + Duration::from_secs(awaited.seconds);
        loop {
            let mut heard = std::pin::pin!(self.stacks.answered.notified());
            heard.as_mut().enable();
            let request = record::request_by_id(&self.stacks.store, self.home, &self.head.id, id).await?;
            let signals = Signals::of(request.as_ref());
            if let Some((id, _)) = signals.failed {
                return Err(refused(format!("Received FAILURE signal with UniqueId {id}")));
            }
            if awaited.count <= signals.n_good() {
                return Ok(());
            }
            if until <= self.stacks.clock.now() {
                let missing = awaited.count - signals.n_good();
                return Err(refused(format!(
                    "Failed to receive {missing} resource signal(s) within the specified duration"
                )));
            }
            if self.stacks.is_cancelled(&self.head.id) {
                return Err(Error::at("Stack", "Update cancelled by user").into());
            }
            tokio::select! {
                () = heard => {}
                () = self.stacks.clock.sleep_until(until) => {}
            }
        }
    }

    /// When the step that is being done was begun.
    fn begun(&self) -> Timestamp {
        self.progress.step.as_ref().map_or_else(|| self.stacks.clock.now(), |step| step.time)
    }

    async fn create_handle(&self, naming: &Naming<'_>) -> Result<Attributes, NotMade> {
        let request = self.count_signals(naming.logical_id, record::HANDLE).await?;
        // A template that is applied when the server starts may count no signals.
        let endpoint = self.stacks.endpoint.get().map_or("http://127.0.0.1", String::as_str);
        let reference = format!("{endpoint}{ANSWERS_PATH}{}?signature={}", request.id, request.secret);
        Ok(Attributes { reference, ..Attributes::default() })
    }

    /// Keeps the signals to a handle or a resource from now on.
    async fn count_signals(&self, logical_id: &str, what: &str) -> Result<Request, NotMade> {
        let request = Request {
            id: self.stacks.ids.uuid().to_string(),
            secret: self.stacks.ids.uuid().simple().to_string(),
            logical_id: logical_id.to_owned(),
            verb: Verb::Create,
            physical_id: Some(what.to_owned()),
            until: self.stacks.clock.now() + HANDLE_TIME,
            is_sent: true,
            answer: None,
        };
        record::save_request(&self.stacks.store, self.home, &self.head.id, &request).await?;
        Ok(request)
    }

    async fn wait(&self, naming: &Naming<'_>, properties: &Properties) -> Result<Attributes, NotMade> {
        let refused = |problem: String| NotMade::from(OperationError::said(problem));
        let wait = Wait::parse(properties).map_err(refused)?;
        let until = self.begun() + Duration::from_secs(wait.seconds);
        let id = wait.handle.rsplit('/').next().and_then(|last| last.split('?').next()).unwrap_or_default();
        let data = loop {
            let mut heard = std::pin::pin!(self.stacks.answered.notified());
            heard.as_mut().enable();
            let request = record::request_by_id(&self.stacks.store, self.home, &self.head.id, id).await?;
            if request.is_none() && 0 < wait.count {
                let problem =
                    "Handle is not one that was made in this operation: a new condition needs a new handle";
                return Err(refused(problem.to_owned()));
            }
            let signals = Signals::of(request.as_ref());
            if let Some((id, reason)) = signals.failed {
                let problem = format!("WaitCondition received failed message: '{reason}' for uniqueId: {id}");
                return Err(refused(problem));
            }
            let n_signals = signals.n_good();
            if wait.count <= n_signals {
                break Value::from(signals.data).to_string();
            }
            if until <= self.stacks.clock.now() {
                return Err(refused(format!(
                    "WaitCondition timed out. Received {n_signals} conditions when expecting {}",
                    wait.count
                )));
            }
            if self.stacks.is_cancelled(&self.head.id) {
                return Err(Error::at("Stack", "Update cancelled by user").into());
            }
            tokio::select! {
                () = heard => {}
                () = self.stacks.clock.sleep_until(until) => {}
            }
        };
        Ok(Attributes { reference: naming.generated(128), attributes: [("Data".to_owned(), data)].into() })
    }
}

/// What has been signalled.
struct Signals {
    /// What came with the good ones, by their ids.
    data: Map<String, Value>,
    /// Id and reason of a bad one.
    failed: Option<(String, String)>,
}

impl Signals {
    fn n_good(&self) -> u64 {
        u64::try_from(self.data.len()).unwrap_or(u64::MAX)
    }

    fn of(request: Option<&Request>) -> Self {
        let text = request.and_then(|request| request.answer.as_deref());
        let all: BTreeMap<String, Value> =
            text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let text = |signal: &Value, name: &str| match signal.get(name) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        };
        let (mut data, mut failed) = (Map::new(), None);
        for (id, signal) in all {
            match text(&signal, "Status") == "SUCCESS" {
                true => {
                    data.insert(id, json!(text(&signal, "Data")));
                }
                false => failed = failed.or_else(|| Some((id, text(&signal, "Reason")))),
            }
        }
        Self { data, failed }
    }
}
