//! A mapping template and a request, with what came of them.

use serde_json::{Map, Value, json};

use super::file;
use crate::console::failure::Failure;
use crate::console::form::Form;
use crate::console::pages::playground::{lines, request};
use crate::console::visit::Answer;
use crate::gateway::Trial;
use crate::vtl::{Limits, Template};

/// Evaluates the template of a form, and keeps what came of it as what is expected.
///
/// # Errors
/// If what is given is no template, or no request.
pub(in super::super) async fn save(form: &Form) -> Result<Answer, Failure> {
    let source = form.text("template").replace("\r\n", "\n");
    let (request, mut scenario) = (request(form)?, given(form)?);
    let text = source.clone();
    let evaluated = tokio::task::spawn_blocking(move || expected(&text, request)).await;
    let expect = evaluated.map_err(|_| Failure::invalid("The template could not be evaluated."))?;
    scenario["expect"] = expect?;
    Ok(file("template.test.json", &json!({"template": {"text": source}, "scenarios": [scenario]})))
}

/// A scenario with the request of a form, in which only what was given stands.
fn given(form: &Form) -> Result<Value, Failure> {
    let body = form.text("body");
    // An object or array is easier to read as one, if `stepgate test` makes the same text of it.
    let read = serde_json::from_str::<Value>(body).ok().filter(|it| it.is_object() || it.is_array());
    let body = read.filter(|read| format!("{read}") == body).unwrap_or_else(|| body.into());
    let mut scenario = json!({"name": "as it was tried", "body": body});
    if let Some(media) = form.filled("contentType") {
        scenario["contentType"] = media.into();
    }
    for (member, field, separator) in [
        ("headers", "headers", ':'),
        ("querystring", "query", '='),
        ("path", "path", '='),
        ("stageVariables", "variables", '='),
    ] {
        let mut members = Map::new();
        for (name, value) in lines(form, field, separator)? {
            match members.get_mut(&name) {
                // Headers and query parameters may be there more than once; of others, the last one counts.
                Some(so_far) if field == "headers" || field == "query" => match so_far {
                    Value::Array(values) => values.push(value.into()),
                    one => *one = json!([one.take(), value]),
                },
                _ => {
                    members.insert(name, value.into());
                }
            }
        }
        if !members.is_empty() {
            scenario[member] = members.into();
        }
    }
    if let Some(context) = form.filled("context") {
        scenario["context"] = serde_json::from_str(context).unwrap_or_default(); // It was read for the request.
    }
    Ok(scenario)
}

/// What the template comes to, as a scenario says it.
///
/// # Errors
/// If it is none.
fn expected(source: &str, request: crate::gateway::TrialRequest) -> Result<Value, Failure> {
    let template = Template::parse(source).map_err(|error| Failure::invalid(error.render(source)))?;
    let outcome = match Trial::still(request).evaluate(&template, &Limits::default(), None) {
        Ok(outcome) => outcome,
        Err(error) => return Ok(json!({ "error": error.to_string() })),
    };
    let mut expect = match serde_json::from_str::<Value>(&outcome.output) {
        Ok(json @ (Value::Object(_) | Value::Array(_))) => json!({ "output": json }),
        _ => json!({ "output": outcome.output }),
    };
    if !outcome.overrides.is_empty() {
        expect["overrides"] = outcome.overrides.into();
    }
    Ok(expect)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_says_what_was_given_and_nothing_else() {
        let form = Form::parse(
            b"body=x&headers=A%3A+1%0AB%3A+2%0AA%3A+3&query=q%3D4&path=&context=%7B%22stage%22%3A%22s%22%7D",
        );
        assert_eq!(
            given(&form).unwrap(),
            json!({"name": "as it was tried", "body": "x", "headers": {"A": ["1", "3"], "B": "2"},
                "querystring": {"q": "4"}, "context": {"stage": "s"}})
        );
        let form = Form::parse(b"body=%7B%22a%22%3A1%7D&contentType=application%2Fjson");
        assert_eq!(
            given(&form).unwrap(),
            json!({"name": "as it was tried", "body": {"a": 1}, "contentType": "application/json"})
        );
        // It would be another text.
        assert_eq!(given(&Form::parse(b"body=%7B+%7D")).unwrap()["body"], "{ }");
    }

    #[test]
    fn what_comes_of_a_template_is_expected() {
        let request = crate::gateway::TrialRequest::default;
        for (template, want) in [
            ("{\"a\": [1]}", json!({"output": {"a": [1]}})),
            ("\"a\"", json!({"output": "\"a\""})),
            (
                "#set($context.responseOverride.status = 201)x",
                json!({"output": "x", "overrides": {"responseOverride": {"status": "201"}}}),
            ),
        ] {
            assert_eq!(expected(template, request()).unwrap(), want, "{template}");
        }
        assert!(expected("#if(1)", request()).is_err());
        let failing = crate::gateway::TrialRequest { body: "xyz".into(), ..request() };
        assert!(expected("$input.json('$')", failing).unwrap()["error"].is_string());
    }
}
