//! The server itself: its settings, its files, its audit log.

use serde_json::{Value, json};

use crate::console::aws::{list, text};
use crate::console::failure::Failure;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    if !visit.is_account() {
        return Err(Failure::only_account("the settings and the audit log"));
    }
    let (health, told) = (visit.shared.facts.health().await, visit.shared.facts.operation().await);
    let files = list(&told, "files").iter().map(|file| {
        let bytes = file.get("bytes").and_then(Value::as_u64).unwrap_or(0);
        json!({"name": text(file, "name"), "size": shown::bytes(bytes)})
    });
    let lines = list(&told, "audit").iter().rev().map(|line| {
        json!({
            "at": text(line, "eventTime"), "name": text(line, "eventName"), "source": text(line, "eventSource"),
            "who": line.pointer("/userIdentity/arn"), "from": text(line, "sourceIPAddress"),
            "error": text(line, "errorCode"), "agent": text(line, "userAgent"),
        })
    });
    let data = json!({
        "health": health, "settings": told.get("settings"), "files": files.collect::<Vec<_>>(),
        "audit": lines.collect::<Vec<_>>(), "isAudited": told.get("isAudited"),
    });
    visit.render(Page { title: "Operation", section: "Operation", template: "operation", parts: &[], data })
}
