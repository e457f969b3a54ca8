//! Pages out of templates, and the headers that all of them have.

use std::sync::LazyLock;

use handlebars::Handlebars;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::failure::Failure;
use super::{PREFIX, assets};
use crate::connect::{Response, full};

/// Only what comes from this server as a file runs or styles, and nothing frames a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The templates: each page, and the parts that pages share or that are fetched alone.
const TEMPLATES: &[(&str, &str)] = &[
    ("layout", include_str!("../../templates/console/layout.hbs")),
    ("bare", include_str!("../../templates/console/bare.hbs")),
    ("time", include_str!("../../templates/console/time.hbs")),
    ("status", include_str!("../../templates/console/status.hbs")),
    ("failure", include_str!("../../templates/console/failure.hbs")),
    ("signed-in", include_str!("../../templates/console/signed-in.hbs")),
    ("sign-in", include_str!("../../templates/console/sign-in.hbs")),
    ("home", include_str!("../../templates/console/home.hbs")),
    ("machines", include_str!("../../templates/console/machines.hbs")),
    ("machine", include_str!("../../templates/console/machine.hbs")),
    ("edit", include_str!("../../templates/console/edit.hbs")),
    ("checked", include_str!("../../templates/console/checked.hbs")),
    ("replayed", include_str!("../../templates/console/replayed.hbs")),
    ("executions", include_str!("../../templates/console/executions.hbs")),
    ("graph", include_str!("../../templates/console/graph.hbs")),
    ("execution", include_str!("../../templates/console/execution.hbs")),
    ("execution-body", include_str!("../../templates/console/execution-body.hbs")),
    ("moment", include_str!("../../templates/console/moment.hbs")),
    ("timeline", include_str!("../../templates/console/timeline.hbs")),
    ("view", include_str!("../../templates/console/view.hbs")),
    ("detail", include_str!("../../templates/console/detail.hbs")),
    ("map-run", include_str!("../../templates/console/map-run.hbs")),
    ("apis", include_str!("../../templates/console/apis.hbs")),
    ("api", include_str!("../../templates/console/api.hbs")),
    ("api-changes", include_str!("../../templates/console/api-changes.hbs")),
    ("changes", include_str!("../../templates/console/changes.hbs")),
    ("method", include_str!("../../templates/console/method.hbs")),
    ("box", include_str!("../../templates/console/box.hbs")),
    ("tested", include_str!("../../templates/console/tested.hbs")),
    ("plans", include_str!("../../templates/console/plans.hbs")),
    ("plan", include_str!("../../templates/console/plan.hbs")),
    ("key-made", include_str!("../../templates/console/key-made.hbs")),
    ("operation", include_str!("../../templates/console/operation.hbs")),
    ("playground", include_str!("../../templates/console/playground.hbs")),
    ("evaluated", include_str!("../../templates/console/evaluated.hbs")),
    ("steps", include_str!("../../templates/console/steps.hbs")),
    ("expression", include_str!("../../templates/console/expression.hbs")),
    ("tested-state", include_str!("../../templates/console/tested-state.hbs")),
    ("requests", include_str!("../../templates/console/requests.hbs")),
    ("requests-body", include_str!("../../templates/console/requests-body.hbs")),
    ("request", include_str!("../../templates/console/request.hbs")),
    ("compared", include_str!("../../templates/console/compared.hbs")),
    ("resent", include_str!("../../templates/console/resent.hbs")),
];

/// Renders templates.
pub(super) struct Renderer {
    /// Parsed for the first page: parsing takes a quarter of a server's start, and most servers never show one.
    templates: LazyLock<Handlebars<'static>>,
}

/// What stands around a page.
pub(super) struct Frame<'f> {
    pub(super) title: &'f str,
    /// The entry of the navigation that the page is below.
    pub(super) section: &'f str,
    pub(super) csrf: &'f str,
    pub(super) who: &'f str,
    pub(super) region: &'f str,
}

/// The navigation: path, label.
const SECTIONS: &[(&str, &str)] = &[
    ("", "Home"),
    ("/state-machines", "State machines"),
    ("/apis", "APIs"),
    ("/plans", "Usage plans"),
    ("/requests", "Requests"),
    ("/playground", "Playground"),
    ("/operation", "Operation"),
];

fn parsed() -> Handlebars<'static> {
    let mut templates = Handlebars::new();
    for (name, text) in TEMPLATES {
        templates.register_template_string(name, text).expect("a test renders every template");
    }
    templates
}

impl Renderer {
    pub(super) fn new() -> Self {
        Self { templates: LazyLock::new(parsed) }
    }

    /// A part by itself.
    ///
    /// # Errors
    /// If the template fails, which is a mistake of ours.
    pub(super) fn part(&self, template: &str, data: &impl Serialize) -> Result<String, Failure> {
        self.templates.render(template, data).map_err(|error| {
            tracing::error!(template, %error, "a page could not be rendered");
            let message = "The page could not be rendered; the log says why.";
            Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", message)
        })
    }

    /// A page for who has signed in.
    ///
    /// # Errors
    /// As [`Renderer::part`].
    pub(super) fn page(&self, frame: &Frame<'_>, content: &str) -> Result<String, Failure> {
        let sections: Vec<_> = SECTIONS
            .iter()
            .map(|(path, label)| {
                json!({"href": format!("{PREFIX}{path}"), "label": label, "current": *label == frame.section})
            })
            .collect();
        self.part("layout", &json!({
            "title": frame.title, "sections": sections, "csrf": frame.csrf, "who": frame.who, "region": frame.region,
            "base": PREFIX, "assets": assets::folder(), "content": content,
        }))
    }

    /// A page for who has not.
    ///
    /// # Errors
    /// As [`Renderer::part`].
    pub(super) fn bare(&self, title: &str, template: &str, mut data: Value) -> Result<String, Failure> {
        data["base"] = PREFIX.into();
        let content = self.part(template, &data)?;
        self.part(
            "bare",
            &json!({
                "title": title, "base": PREFIX, "assets": assets::folder(), "content": content, "next": data.get("next"),
            }),
        )
    }
}

/// A response with a page.
pub(super) fn html(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// A response for scripts.
pub(super) fn json_of(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(full(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What every response of the console says to browsers.
pub(super) fn secure(headers: &mut HeaderMap) {
    let text = HeaderValue::from_static;
    headers.insert(CONTENT_SECURITY_POLICY, text(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, text("nosniff"));
    headers.insert(X_FRAME_OPTIONS, text("DENY"));
    // Without a referrer, browsers would not say either where a form comes from.
    headers.insert(REFERRER_POLICY, text("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), text("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), text("same-origin"));
    headers.entry(CACHE_CONTROL).or_insert(text("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_renders_without_data() {
        let renderer = Renderer::new();
        for (name, _) in TEMPLATES {
            let rendered = renderer.part(name, &json!({}));
            assert!(rendered.is_ok(), "{name}: {rendered:?}");
        }
    }

    #[test]
    fn what_users_wrote_is_escaped() {
        let frame = Frame { title: "<b>", section: "Home", csrf: "\"'", who: "<i>", region: "r" };
        let page = Renderer::new().page(&frame, "<main id=content></main>").unwrap();
        assert!(!page.contains("<b>") && !page.contains("<i>") && !page.contains("\"\"'"), "{page}");
        assert!(page.contains("&lt;b&gt;"));
    }
}
