//! TestState: one state, run by itself.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::engine::machine::Stage;
use crate::engine::{
    self, ErrorDetails, FieldValidation, HttpExchange, HttpRequest, HttpResponse, MockedError, TestedState,
};
use crate::wire::{ApiError, Call};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestState {
    definition: String,
    role_arn: Option<String>,
    input: Option<String>,
    #[serde(default)]
    inspection_level: InspectionLevel,
    #[serde(default)]
    reveal_secrets: bool,
    variables: Option<String>,
    state_name: Option<String>,
    mock: Option<Mock>,
    context: Option<String>,
    #[serde(default)]
    state_configuration: StateConfiguration,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum InspectionLevel {
    #[default]
    Info,
    Debug,
    Trace,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mock {
    result: Option<String>,
    error_output: Option<ErrorOutput>,
    #[serde(default)]
    field_validation_mode: FieldValidationMode,
}

#[derive(Deserialize)]
struct ErrorOutput {
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum FieldValidationMode {
    #[default]
    Strict,
    Present,
    None,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StateConfiguration {
    retrier_retry_count: Option<u64>,
    error_caused_by_state: Option<String>,
    map_iteration_failure_count: Option<u64>,
    map_item_reader_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tested {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection_data: Option<InspectionData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_state: Option<Arc<str>>,
    status: &'static str,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct InspectionData {
    input: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_arguments: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_input_path: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_parameters: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_result_selector: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_result_path: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Request>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<Response>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_details: Option<InspectionErrorDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_items_path: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_item_selector: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_item_batcher: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_items_pointer: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerated_failure_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerated_failure_percentage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_concurrency: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    protocol: String,
    method: String,
    url: String,
    headers: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    protocol: String,
    status_code: String,
    status_message: String,
    headers: String,
    body: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InspectionErrorDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    catch_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_backoff_interval_seconds: Option<u64>,
}

pub(super) async fn test_state(call: &Call, input: TestState) -> Result<Tested, ApiError> {
    let level = input.inspection_level;
    let configuration = input.state_configuration;
    let test = engine::TestState {
        home: call.home.clone(),
        definition: input.definition,
        state_name: input.state_name,
        input: input.input,
        variables: input.variables,
        role_arn: input.role_arn,
        mock: input.mock.map(Mock::into_engine),
        context: input.context,
        retrier_retry_count: configuration.retrier_retry_count,
        error_caused_by_state: configuration.error_caused_by_state,
        map_iteration_failure_count: configuration.map_iteration_failure_count,
        map_item_reader_data: configuration.map_item_reader_data,
        trace: level == InspectionLevel::Trace,
        reveal_secrets: input.reveal_secrets,
    };
    let tested = call.engine().test_state(test).await?;
    Ok(Tested::of(tested, level != InspectionLevel::Info))
}

impl Mock {
    fn into_engine(self) -> engine::Mock {
        engine::Mock {
            result: self.result,
            error: self.error_output.map(|ErrorOutput { error, cause }| MockedError { error, cause }),
            validation: match self.field_validation_mode {
                FieldValidationMode::Strict => FieldValidation::Strict,
                FieldValidationMode::Present => FieldValidation::Present,
                FieldValidationMode::None => FieldValidation::None,
            },
        }
    }
}

impl Tested {
    fn of(tested: TestedState, is_inspected: bool) -> Self {
        let TestedState { status, output, failure, next_state, inspection, exchange } = tested;
        Self {
            output: output.map(|output| output.shared_text()),
            error: failure.error,
            cause: failure.cause,
            inspection_data: is_inspected.then(|| InspectionData::of(&inspection, exchange)),
            next_state,
            status: status.as_str(),
        }
    }
}

impl InspectionData {
    fn of(inspection: &engine::Inspection, exchange: Option<HttpExchange>) -> Self {
        let data = |stage| inspection.data.get(&stage).map(|data| data.shared_text());
        let (request, response) = match exchange {
            None => (None, None),
            Some(HttpExchange { request, response }) => {
                (Some(Request::of(request)), response.map(Response::of))
            }
        };
        Self {
            input: inspection.input.shared_text(),
            after_arguments: data(Stage::Arguments),
            after_input_path: data(Stage::InputPath),
            after_parameters: data(Stage::Parameters),
            result: data(Stage::Result),
            after_result_selector: data(Stage::ResultSelector),
            after_result_path: data(Stage::ResultPath),
            request,
            response,
            variables: inspection.variables.as_ref().map(|variables| variables.shared_text()),
            error_details: inspection.error_details.map(InspectionErrorDetails::of),
            after_items_path: data(Stage::ItemsPath),
            after_item_selector: data(Stage::ItemSelector),
            after_item_batcher: data(Stage::ItemBatcher),
            after_items_pointer: data(Stage::ItemsPointer),
            tolerated_failure_count: inspection.tolerated_failure_count,
            tolerated_failure_percentage: inspection.tolerated_failure_percentage,
            max_concurrency: inspection.max_concurrency,
        }
    }
}

impl Request {
    fn of(HttpRequest { protocol, method, url, headers, body }: HttpRequest) -> Self {
        Self { protocol, method, url, headers, body }
    }
}

impl Response {
    fn of(HttpResponse { protocol, status_code, status_message, headers, body }: HttpResponse) -> Self {
        Self { protocol, status_code, status_message, headers, body }
    }
}

impl InspectionErrorDetails {
    fn of(ErrorDetails { catch_index, retry_index, retry_backoff }: ErrorDetails) -> Self {
        let retry_backoff_interval_seconds = retry_backoff.map(|backoff| backoff.as_secs());
        Self { catch_index, retry_index, retry_backoff_interval_seconds }
    }
}
