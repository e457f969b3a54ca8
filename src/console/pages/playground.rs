//! The playground: a mapping template or a single state is tried, step by step, on data of one's own.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::addresses::address;
use crate::clock::{Clock, RandomIds};
use crate::console::aws::text;
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::shown;
use crate::console::visit::{Answer, Page, Visit};
use crate::gateway::{Trial, TrialRequest, lint_template};
use crate::vtl::{Action, Limits, Observer, Step, Template, Value as Vtl};

/// Steps that are shown.
const STEPS_MAX: usize = 1_000;
/// As much of a value or a directive as a step shows.
const SHOWN_CHARS_MAX: usize = 300;

/// A template to begin with: the one of AWS's tutorial, with a loop.
const TEMPLATE: &str = r##"#set($order = $input.path('$'))
{
  "input": "$util.escapeJavaScript($input.json('$'))",
  "skus": [#foreach($item in $order.items)"$item.sku"#if($foreach.hasNext), #end#end],
  "stage": "$context.stage"
}"##;
const BODY: &str = r#"{"id": 7, "items": [{"sku": "A-1"}, {"sku": "B-2"}]}"#;
/// A state to begin with, in each of the query languages.
const STATE: &str = r#"{
  "Type": "Pass",
  "QueryLanguage": "JSONata",
  "Output": {
    "total": "{% $sum($states.input.items.(price * quantity)) %}",
    "skus": "{% $states.input.items.sku %}"
  },
  "End": true
}"#;
const INPUT: &str =
    r#"{"items": [{"sku": "A-1", "price": 9.5, "quantity": 2}, {"sku": "B-2", "price": 3, "quantity": 1}]}"#;

/// An expression to begin with.
const EXPRESSION: &str = "States.Format('{} of {}', $.items[0].sku, States.ArrayLength($.items))";
const TABS: &[(&str, &str)] = &[("", "Mapping template"), ("state", "State"), ("expression", "Expression")];

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, Failure> {
    let tab = TABS.iter().find(|(tab, _)| *tab == visit.query("tab")).map_or("", |(tab, _)| tab);
    let tabs = TABS.iter().map(|(word, label)| {
        json!({"label": label, "href": address("/playground", &[("tab", word)]), "current": *word == tab})
    });
    let data = json!({
        "tabs": tabs.collect::<Vec<_>>(), "isState": tab == "state", "isExpression": tab == "expression",
        "template": TEMPLATE, "body": BODY, "state": STATE, "input": INPUT, "expression": EXPRESSION,
    });
    visit.render(Page {
        title: "Playground",
        section: "Playground",
        template: "playground",
        parts: &[],
        data,
    })
}

/// Evaluates a mapping template for a made-up request.
///
/// # Errors
/// If what is given is no request.
pub(super) async fn evaluate(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    let request = request(form)?;
    let clock = visit.shared.clock.clone();
    let source: Arc<str> = form.text("template").into();
    let evaluated = tokio::task::spawn_blocking(move || tried(&source, request, &*clock)).await;
    let data = evaluated.map_err(|_| Failure::invalid("The template could not be evaluated."))?;
    Ok(Answer::Html(visit.shared.renderer.part("evaluated", &data)?))
}

/// The request of a form.
///
/// # Errors
/// If what is given is none.
pub(super) fn request(form: &Form) -> Result<TrialRequest, Failure> {
    let mut request = TrialRequest { body: form.text("body").to_owned().into(), ..TrialRequest::default() };
    for (name, value) in lines(form, "headers", ':')? {
        let name = HeaderName::try_from(name.as_str())
            .map_err(|_| Failure::invalid(format!("{name:?} is no header.")))?;
        let value = HeaderValue::from_str(&value)
            .map_err(|_| Failure::invalid(format!("{name} has no such value.")))?;
        request.headers.append(name, value);
    }
    if let Some(media) = form.filled("contentType") {
        let media = HeaderValue::from_str(media).map_err(|_| Failure::invalid("That is no content type."))?;
        request.headers.insert(CONTENT_TYPE, media);
    }
    request.querystring = lines(form, "query", '=')?;
    request.path = lines(form, "path", '=')?;
    request.stage_variables = lines(form, "variables", '=')?.into_iter().collect();
    if let Some(context) = form.filled("context") {
        let context: Map<String, Value> = serde_json::from_str(context)
            .map_err(|error| Failure::invalid(format!("The context is no JSON object: {error}.")))?;
        request.context = context;
    }
    Ok(request)
}

/// What the template makes of the request, step by step.
fn tried(source: &str, request: TrialRequest, clock: &dyn Clock) -> Value {
    let findings: Vec<Value> = lint_template(source, None)
        .iter()
        .map(|it| json!(format!("{}:{} {}", it.at.line, it.at.column, it.message)))
        .collect();
    let template = match Template::parse(source) {
        Ok(template) => template,
        Err(error) => return json!({"error": error.render(source), "findings": findings}),
    };
    let mut steps = Steps::default();
    let trial = Trial::new(request, clock, &RandomIds);
    let result = trial.evaluate(&template, &Limits::default(), Some(&mut steps));
    let mut data = json!({
        "steps": steps.rows, "nLeftOut": steps.n_left_out, "hasLeftOut": 0 < steps.n_left_out, "findings": findings,
    });
    match result {
        Ok(outcome) => {
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&outcome.output).is_ok();
            data["isDone"] = true.into();
            data["isJson"] = is_json.into();
            data["output"] = outcome.output.into();
            if !outcome.overrides.is_empty() {
                data["overrides"] =
                    serde_json::to_string_pretty(&outcome.overrides).unwrap_or_default().into();
            }
        }
        Err(error) => data["error"] = error.render(source).into(),
    }
    data
}

/// Steps as rows of a table.
#[derive(Default)]
struct Steps {
    rows: Vec<Value>,
    n_left_out: usize,
}

impl Observer for Steps {
    fn step(&mut self, step: &Step<'_>) {
        if STEPS_MAX <= self.rows.len() {
            self.n_left_out += 1;
            return;
        }
        let (action, value) = match &step.action {
            Action::Value(value) => ("is", said(value)),
            Action::Assigned(Vtl::Null) => ("is null, so nothing is set", String::new()),
            Action::Assigned(value) => ("is set to", said(value)),
            Action::Condition(holds) => ("holds", if *holds { "yes".to_owned() } else { "no".to_owned() }),
            Action::Loop(items) => ("goes through", format!("{items} items")),
            Action::Skipped(value) => ("is no list or map", said(value)),
            Action::Iteration(index, item) => ("item", format!("[{index}] {}", said(item))),
            Action::Macro => ("is called", String::new()),
            Action::NoMacro => ("is no macro, and printed as it stands", String::new()),
            Action::Defined => ("is defined", String::new()),
            Action::Evaluating(text) => ("evaluates", (*text).to_owned()),
            Action::Left => ("leaves", String::new()),
        };
        self.rows.push(json!({
            "at": format!("{}:{}", step.at.line, step.at.column), "depth": step.depth.min(8),
            "source": cut(step.source), "action": action, "value": cut(&value),
            "line": step.at.line, "column": step.at.column, "variable": variable(step).map(cut),
        }));
    }
}

/// What a step gives a value, as it is written: of `#set($a.b = 1)`, `$a.b`.
fn variable<'s>(step: &Step<'s>) -> Option<&'s str> {
    let (directive, separator) = match step.action {
        Action::Assigned(Vtl::Null) => return None,
        Action::Assigned(_) => ("#set", "="),
        Action::Iteration(..) => ("#foreach", " in"),
        _ => return None,
    };
    let inner = step.source.strip_prefix(directive)?.trim_start().strip_prefix('(')?;
    Some(inner.split(separator).next()?.trim())
}

fn said(value: &Vtl) -> String {
    match value {
        Vtl::Str(text) => json!(&**text).to_string(),
        Vtl::Null => "null".to_owned(),
        other => other.to_display_string(),
    }
}

pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Pairs, one a line.
///
/// # Errors
/// If a line is none.
pub(super) fn lines(form: &Form, name: &str, separator: char) -> Result<Vec<(String, String)>, Failure> {
    let filled = form.text(name).lines().map(str::trim).filter(|line| !line.is_empty());
    filled
        .map(|line| {
            let pair = line.split_once(separator);
            let (name, value) =
                pair.ok_or_else(|| Failure::invalid(format!("{line:?} has no {separator:?}.")))?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

/// Runs a single state, as TestState does.
///
/// # Errors
/// What the operation says.
pub(super) async fn test_state(visit: &Visit<'_>, form: &Form) -> Result<Answer, Failure> {
    tested_state(visit, form, json!({ "definition": form.required("definition")? })).await
}

/// The input of TestState, with the form's data and mocks.
pub(super) fn state_input(form: &Form, mut input: Value) -> Value {
    input["inspectionLevel"] = "DEBUG".into();
    input["input"] = form.filled("input").unwrap_or("{}").into();
    if let Some(role) = form.filled("role") {
        input["roleArn"] = role.into();
    }
    if let Some(result) = form.filled("mock") {
        input["mock"] = json!({ "result": result });
    } else if let Some(error) = form.filled("mockError") {
        input["mock"] = json!({"errorOutput": {"error": error, "cause": form.text("mockCause")}});
    }
    if let Some(variables) = form.filled("variables") {
        input["variables"] = variables.into();
    }
    input
}

/// Tests a state of a definition.
///
/// # Errors
/// What the operation says.
pub(super) async fn tested_state(visit: &Visit<'_>, form: &Form, input: Value) -> Result<Answer, Failure> {
    let input = state_input(form, input);
    let tested = visit.aws.states("TestState", input).await?;
    let inspected = tested.get("inspectionData").and_then(Value::as_object).into_iter().flatten();
    let stages = inspected.map(|(name, value)| {
        let text = value
            .as_str()
            .map_or_else(|| serde_json::to_string_pretty(value).unwrap_or_default(), shown::pretty);
        json!({"name": name, "text": text})
    });
    let data = json!({
        "status": shown::status(text(&tested, "status")), "output": tested.get("output").and_then(Value::as_str).map(shown::pretty),
        "error": text(&tested, "error"), "cause": shown::pretty(text(&tested, "cause")), "next": text(&tested, "nextState"),
        "stages": stages.collect::<Vec<_>>(),
    });
    Ok(Answer::Html(visit.shared.renderer.part("tested-state", &data)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn steps_say_which_variable_has_which_value() {
        let source = "#set( $a = 1 )\n#set($b.c = 2)#foreach($item in [3, 4])$item#end";
        let told = tried(source, TrialRequest::default(), &SystemClock::new());
        let steps = told["steps"].as_array().unwrap();
        let named: Vec<_> =
            steps.iter().filter_map(|it| Some((it["variable"].as_str()?, it["value"].as_str()?))).collect();
        assert!(named.contains(&("$a", "1")), "{named:?}");
        assert!(named.contains(&("$item", "[0] 3")) && named.contains(&("$item", "[1] 4")), "{named:?}");
        assert!(steps.iter().all(|it| it["line"].is_u64() && it["column"].is_u64()), "{steps:?}");
    }
}
