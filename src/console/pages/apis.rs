//! The list of REST APIs.

use serde_json::{Value, json};

use super::addresses::{self, address};
use crate::console::aws::{list, text};
use crate::console::failure::Failure;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};

/// APIs of a page.
const PAGE: u64 = 100;

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let mut input = json!({ "limit": PAGE });
    let token = visit.query("token");
    if !token.is_empty() {
        input["position"] = token.into();
    }
    let listed = visit.aws.apigateway("GetRestApis", input).await?;
    let apis: Vec<Value> = list(&listed, "item")
        .iter()
        .map(|api| {
            json!({
                "id": text(api, "id"), "name": text(api, "name"), "description": text(api, "description"),
                "created": shown::time_of(api, "createdDate"), "href": addresses::api(text(api, "id"), ""),
            })
        })
        .collect();
    let next = listed.get("position").and_then(Value::as_str);
    let next = next.map(|token| address("/apis", &[("token", token)]));
    let data = json!({"apis": apis, "next": next});
    visit.render(Page { title: "APIs", section: "APIs", template: "apis", parts: &[], data })
}
