//! Which part of a text a diagnostic is about: AWS only says that the whole of it is wrong.

use super::diagnostics::{Diagnostic, Subject};
use super::intrinsic::{Intrinsic, IntrinsicSyntaxError, Reference};
use super::locate;
use super::path_expr::PathExpr;
use super::query;
use super::state::resource_part;
use crate::jsonata;
use crate::jsonpath::PathError;

/// The longest text, in bytes, of which parts are looked for by trying what stands in front of them.
const TRIED_BYTES_MAX: usize = 4096;

/// A part of a text in a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its offset in the definition, in bytes.
    pub offset: usize,
    /// What is wrong there or was expected, if the diagnostic's message doesn't say it.
    pub said: Option<String>,
}

/// The part that is wrong, if the diagnostic is about a text with parts.
pub fn part(definition: &str, diagnostic: &Diagnostic) -> Option<Part> {
    let (subject, location) = (diagnostic.subject.as_ref()?, diagnostic.location.as_deref()?);
    let field = match subject {
        Subject::Expression(field) if location == "/" => format!("/{field}"),
        Subject::Expression(field) => format!("{location}/{field}"),
        Subject::Path
        | Subject::ReferencePath
        | Subject::Resource
        | Subject::Query
        | Subject::StatesMember(_) => location.to_owned(),
    };
    let (start, text) = locate::text(definition, &field)?;
    let (n_chars, said) = match subject {
        Subject::Path => path_part(&PathExpr::read_text(&text).err()?),
        Subject::ReferencePath => reference_part(&text),
        Subject::Expression(_) => expression_part(&text)?,
        Subject::Resource => resource_part(&text)?,
        Subject::Query => query_part(&text, &diagnostic.message)?,
        Subject::StatesMember(member) => {
            let at = text.find(&format!("$states.{member}"))?;
            (text[..at].chars().count(), None)
        }
    };
    Some(Part { offset: locate::within(definition, start, n_chars), said })
}

type InText = (usize, Option<String>);

fn path_part(error: &PathError) -> InText {
    (error.position, Some(error.message.clone()))
}

/// The first step that may lead to several nodes; or the start, if the path starts elsewhere than in the input.
fn reference_part(text: &str) -> InText {
    if let Err(error) = PathExpr::read_text(text) {
        return path_part(&error);
    }
    if PathExpr::parse_reference(text).is_some() {
        return (0, Some("only a path into the input, such as $.name, can stand here".to_owned()));
    }
    let tried = text.char_indices().take_while(|(at, _)| *at < TRIED_BYTES_MAX);
    let good = tried.filter(|(at, _)| PathExpr::parse_reference(&text[..*at]).is_some()).last();
    let at = good.map_or(0, |(at, _)| text[..at].chars().count());
    (at, Some("a Reference Path has only names and indexes, which lead to one node".to_owned()))
}

fn expression_part(text: &str) -> Option<InText> {
    if text.starts_with('$') {
        return Reference::parse(text).err().map(|error| path_part(&error));
    }
    if !Intrinsic::is_meant(text) {
        return Some((0, Some("expected '$' or 'States.'".to_owned())));
    }
    let (at, said) = Intrinsic::parse(text).err().as_ref().map(IntrinsicSyntaxError::part)?;
    Some((at, Some(said)))
}

fn query_part(text: &str, message: &str) -> Option<InText> {
    let inside = query::inside(text)?;
    let errors = jsonata::Expression::compile(inside).err()?;
    let error = errors.into_iter().find(|error| error.to_string() == message)?;
    let source = inside.trim();
    let before = text.find(source)?;
    let at = jsonata::place(source, &error)?;
    let said = match error {
        jsonata::CompileError::Syntax(_) => None,
        jsonata::CompileError::TopLevelReference(name) => Some(match name.as_str() {
            "$" | "$$" => "the state's input is $states.input".to_owned(),
            name => format!("did you mean $states.input.{name} or ${name}?"),
        }),
    };
    Some((text[..before + at].chars().count(), said))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::definition::{StateMachineType, validate};
    use super::*;

    /// The rest of the text from the part that is wrong, and what is said of it, for each diagnostic of a state.
    #[track_caller]
    fn check(state: Value, expect: &[(&str, &str)]) {
        let definition = json!({"StartAt": "S", "States": {"S": state}}).to_string();
        let diagnostics = validate(&definition, StateMachineType::Standard);
        let found: Vec<(String, String)> = diagnostics
            .iter()
            .map(|diagnostic| {
                let part =
                    part(&definition, diagnostic).unwrap_or_else(|| panic!("{diagnostic} has no part"));
                let rest = &definition[part.offset..];
                let rest: String = rest.chars().take_while(|c| *c != '"').collect();
                (rest, part.said.unwrap_or_default())
            })
            .collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(rest, said)| (&**rest, &**said)).collect();
        assert_eq!(found, expect, "{definition}");
    }

    fn pass(field: &str, value: &str) -> Value {
        json!({"Type": "Pass", "End": true, field: value})
    }

    fn task(resource: &str) -> Value {
        json!({"Type": "Task", "End": true, "Resource": resource})
    }

    #[test]
    fn paths_are_wrong_where_their_parser_stopped() {
        check(
            pass("InputPath", "$.a["),
            &[("[", "Could not parse token starting at position 3. Expected ?, ', 0-9, * ")],
        );
        check(pass("InputPath", "a.b"), &[("a.b", "Path must start with '$'")]);
        check(
            pass("OutputPath", "$.é[?].b"),
            &[("[?].b", "Not enough predicates supplied for filter [?] at position 3")],
        );
        check(
            pass("ResultPath", "$.a[*].b"),
            &[("[*].b", "a Reference Path has only names and indexes, which lead to one node")],
        );
        check(
            pass("ResultPath", "$$.a"),
            &[("$$.a", "only a path into the input, such as $.name, can stand here")],
        );
    }

    #[test]
    fn calls_are_wrong_at_an_argument_or_a_name() {
        let parameters =
            |text: &str| json!({"Type": "Pass", "End": true, "Parameters": {"a/b": [{"x.$": text}]}});
        check(parameters("States.Format('é', $.a"), &[("", "expected ',' or ')'")]);
        check(
            parameters("States.Array(1, States.Nope())"),
            &[("States.Nope())", "there is no function 'States.Nope'")],
        );
        check(parameters("States.Array($.a, $.b.)"), &[(".)", "Path must not end with a '.' or '..'")]);
        check(parameters("plain"), &[("plain", "expected '$' or 'States.'")]);
    }

    #[test]
    fn resources_are_wrong_in_one_of_their_parts() {
        check(task("lambda"), &[("lambda", "expected 'arn:'")]);
        check(task("arn:aws"), &[("", "expected ':' and the service")]);
        check(
            task("arn::states:::sqs:sendMessage"),
            &[(":states:::sqs:sendMessage", "expected a partition, such as 'aws'")],
        );
        check(
            task("arn:aws:sqs:us-east-1:123456789012:q"),
            &[(
                "sqs:us-east-1:123456789012:q",
                "expected 'states' or 'lambda': other services are called as arn:aws:states:::aws-sdk:sqs:ACTION",
            )],
        );
        check(
            task("arn:aws:lambda:us-east-1:123456789012:Pay"),
            &[("Pay", "expected 'function:' and its name")],
        );
        check(
            task("arn:aws:lambda:us-east-1:123456789012:function:Pay!"),
            &[("!", "a function's name has letters, digits, '-' and '_'")],
        );
        check(
            task("arn:aws:states:::sqss:sendMessage"),
            &[("sqss:sendMessage", "there is no integration 'sqss'; did you mean 'sqs'?")],
        );
        check(
            task("arn:aws:states:::sqs:sendMesage"),
            &[("sendMesage", "sqs has sendMessage; did you mean 'sendMessage'?")],
        );
        check(
            task("arn:aws:states:::sqs:sendMessage.sync"),
            &[(".sync", "sqs:sendMessage can be called without a pattern or with .waitForTaskToken")],
        );
        check(
            task("arn:aws:states:::aws-sdk:S3:getObject"),
            &[("S3:getObject", "services of the SDK are written in lower case")],
        );
        check(
            task("arn:aws:states:us-east-1:123456789012:stateMachine:m"),
            &[(
                "stateMachine:m",
                "another state machine is started with arn:aws:states:::states:startExecution",
            )],
        );
        check(task("${Pay}"), &[("${Pay}", "a substitution without a value")]);
    }

    #[test]
    fn queries_are_wrong_at_a_token_or_a_name() {
        let output =
            |text: &str| json!({"Type": "Pass", "End": true, "QueryLanguage": "JSONata", "Output": text});
        check(output("{% [1, 2; 3] %}"), &[("; 3] %}", "")]);
        check(output("{%  $sum(1 + ) %}"), &[(") %}", "")]);
        check(
            output("{% $states.input.items[$ > 1] & $ %}"),
            &[("$ %}", "the state's input is $states.input")],
        );
        check(
            output("{% 'phone' & phone %}"),
            &[("phone %}", "did you mean $states.input.phone or $phone?")],
        );
        check(output("{% 1 + $states.result %}"), &[("$states.result %}", "")]);
    }
}
