//! Generated sections of documents match the tables. `UPDATE=1 cargo test --test documents` rewrites them.

#![allow(clippy::unwrap_used)] // A test says no by panicking, its helpers too.

use std::fs;
use std::path::Path;

use stepgate::server::services;
use stepgate::stack;
use stepgate::wire::{self, Handler, Operation, Service};

#[test]
fn compatibility_lists_what_the_tables_have_and_lack() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/compatibility.md");
    let mut text = fs::read_to_string(&path).unwrap();
    let of_services = services().map(|service| {
        // Some of its operations are supported in part.
        let want = match *service == wire::apigateway::SERVICE {
            true => wire::apigateway::compatibility(),
            false => operations(service),
        };
        (service.name, want)
    });
    for (name, want) in of_services.chain([("templates", stack::supported())]) {
        let (begin, end) = (format!("<!-- table: {name} -->\n"), "<!-- end -->");
        let start =
            text.find(&begin).unwrap_or_else(|| panic!("docs/compatibility.md has no {begin}")) + begin.len();
        let length = text[start..].find(end).unwrap();
        if std::env::var_os("UPDATE").is_some() {
            text.replace_range(start..start + length, &want);
        } else {
            assert_eq!(&text[start..start + length], want, "section {name}: run with UPDATE=1");
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, text).unwrap();
    }
}

fn operations(service: &Service) -> String {
    let is_aws = |operation: &&Operation| !wire::states::BEYOND.contains(&operation.name);
    let all: Vec<&Operation> = service.operations.iter().filter(is_aws).collect();
    let lacking: Vec<&str> = all
        .iter()
        .filter(|operation| matches!(operation.handler, Handler::Unsupported))
        .map(|operation| operation.name)
        .collect();
    let mut text = format!("{} of {} operations are supported.", all.len() - lacking.len(), all.len());
    if lacking.is_empty() {
        text.push('\n');
        return text;
    }
    text.push_str(" These answer that they are not:\n\n");
    for name in lacking {
        text.push_str(&format!("- {name}\n"));
    }
    text
}
