//! Wait conditions: whoever knows a handle's address signals there, and the condition waits until enough have. Handle and
//! signals are kept like the requests to custom resources, so a server that was killed goes on waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::ANSWERS_PATH;
use super::one::NotMade;
use super::run::Run;
use crate::stack::error::Error;
use crate::stack::intrinsic::Attributes;
use crate::stack::kind::{Kind, Naming, Properties, Wait};
use crate::stack::model::{Request, Verb};
use crate::stack::operations::OperationError;
use crate::stack::record;

/// How long a handle takes signals, as on AWS.
const HANDLE_TIME: Duration = Duration::from_secs(43_200);

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
            false => self.wait(naming, properties).await,
        }
    }

    async fn create_handle(&self, naming: &Naming<'_>) -> Result<Attributes, NotMade> {
        // A template that is applied when the server starts may count no signals.
        let endpoint = self.stacks.endpoint.get().map_or("http://127.0.0.1", String::as_str);
        let request = Request {
            id: self.stacks.ids.uuid().to_string(),
            secret: self.stacks.ids.uuid().simple().to_string(),
            logical_id: naming.logical_id.to_owned(),
            verb: Verb::Create,
            physical_id: Some(record::HANDLE.to_owned()),
            until: self.stacks.clock.now() + HANDLE_TIME,
            is_sent: true,
            answer: None,
        };
        record::save_request(&self.stacks.store, self.home, &self.head.id, &request).await?;
        let reference = format!("{endpoint}{ANSWERS_PATH}{}?signature={}", request.id, request.secret);
        Ok(Attributes { reference, ..Attributes::default() })
    }

    async fn wait(&self, naming: &Naming<'_>, properties: &Properties) -> Result<Attributes, NotMade> {
        let refused = |problem: String| NotMade::from(OperationError::said(problem));
        let wait = Wait::parse(properties).map_err(refused)?;
        let until = self.progress.step.as_ref().map_or_else(|| self.stacks.clock.now(), |step| step.time)
            + Duration::from_secs(wait.seconds);
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
            let n_signals = u64::try_from(signals.data.len()).unwrap_or(u64::MAX);
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
