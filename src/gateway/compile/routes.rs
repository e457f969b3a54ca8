//! The path tree of an API as a trie, with AWS's matching rules.
//!
//! A request's method is found by path *and* verb. In each segment a literal is tried before `{name}`, and that before
//! `{name+}`. A branch that ends without the verb (or `ANY`) is abandoned. Every trie node has a fixed depth, so a
//! search visits each node at most once.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use http::Method;
use percent_encoding::percent_decode_str;

use crate::apis::HttpMethod;

/// Methods of type `M` by path and verb.
#[derive(Debug)]
pub(crate) struct Routes<M> {
    nodes: Vec<Node<M>>,
}

#[derive(Debug)]
struct Node<M> {
    literals: HashMap<String, usize, RandomState>,
    parameter: Option<(Arc<str>, usize)>,
    greedy: Option<(Arc<str>, usize)>,
    methods: Vec<(HttpMethod, M)>,
}

/// A method found, with the values of the path's variables, not decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Match<M> {
    pub(crate) method: M,
    pub(crate) parameters: Vec<(Arc<str>, String)>,
}

impl<M> Default for Node<M> {
    fn default() -> Self {
        Self { literals: HashMap::default(), parameter: None, greedy: None, methods: Vec::new() }
    }
}

const ROOT: usize = 0;

impl<M: Clone> Routes<M> {
    /// No routes.
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node::default()] }
    }

    /// Adds the methods of the resource at `path`, such as `/pets/{petId}`.
    pub(crate) fn insert(&mut self, path: &str, methods: Vec<(HttpMethod, M)>) {
        let mut at = ROOT;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            at = self.child(at, part);
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.methods = methods;
        }
    }

    fn child(&mut self, at: usize, part: &str) -> usize {
        let next = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return at };
        let variable = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        let found = match variable.map(|name| (name, name.strip_suffix('+'))) {
            Some((_, Some(name))) => node.greedy.get_or_insert_with(|| (name.into(), next)).1,
            Some((name, None)) => node.parameter.get_or_insert_with(|| (name.into(), next)).1,
            None => *node.literals.entry(part.to_owned()).or_insert(next),
        };
        if found == next {
            self.nodes.push(Node::default());
        }
        found
    }

    /// Finds the method for a raw path (after the stage) and a verb.
    ///
    /// A trailing slash is ignored, and so are repeated slashes between segments: a backend may merge them, and
    /// signatures don't cover them. Slashes within a `{name+}` are kept.
    pub(crate) fn find(&self, path: &str, verb: &Method) -> Option<Match<M>> {
        let path = path.trim_start_matches('/').trim_end_matches('/');
        let verb = HttpMethod::parse(verb.as_str());
        let mut parameters = Vec::new();
        let rest = (!path.is_empty()).then_some(path);
        let method = self.search(ROOT, rest, verb, &mut parameters)?;
        Some(Match { method, parameters })
    }

    fn search(
        &self,
        at: usize,
        rest: Option<&str>,
        verb: Option<HttpMethod>,
        parameters: &mut Vec<(Arc<str>, String)>,
    ) -> Option<M> {
        let node = self.nodes.get(at)?;
        let Some(rest) = rest else { return node.method(verb) };
        let (segment, after) = match rest.trim_start_matches('/').split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (rest.trim_start_matches('/'), None),
        };
        let literal = percent_decode_str(segment).decode_utf8_lossy();
        if let Some(child) = node.literals.get(&*literal)
            && let Some(method) = self.search(*child, after, verb, parameters)
        {
            return Some(method);
        }
        if let Some((name, child)) = &node.parameter
            && !segment.is_empty()
        {
            parameters.push((name.clone(), segment.to_owned()));
            if let Some(method) = self.search(*child, after, verb, parameters) {
                return Some(method);
            }
            parameters.pop();
        }
        if let Some((name, child)) = &node.greedy
            && !rest.trim_matches('/').is_empty()
            && let Some(method) = self.nodes.get(*child).and_then(|node| node.method(verb))
        {
            parameters.push((name.clone(), rest.to_owned()));
            return Some(method);
        }
        None
    }
}

/// A resource that was tried for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Its path.
    pub resource: String,
    /// Why it was not taken; `None` of the one that was.
    pub why_not: Option<String>,
}

/// Resources that are told of a request, and how much of a segment.
const TRIED_MAX: usize = 32;
const SEGMENT_CHARS_MAX: usize = 80;

impl<M> Routes<M> {
    /// What [`Routes::find`] tries, in order, for people: it walks the same way, and allocates as it likes.
    pub(crate) fn explain(&self, path: &str, verb: &Method) -> Vec<Tried> {
        let path = path.trim_start_matches('/').trim_end_matches('/');
        let verb_of = HttpMethod::parse(verb.as_str());
        let mut tried = Vec::new();
        self.attempt(ROOT, "", (!path.is_empty()).then_some(path), (verb, verb_of), &mut tried);
        tried
    }

    /// Whether the search ends here or below, with what it tried.
    fn attempt(
        &self,
        at: usize,
        here: &str,
        rest: Option<&str>,
        verb: (&Method, Option<HttpMethod>),
        tried: &mut Vec<Tried>,
    ) -> bool {
        let Some(node) = self.nodes.get(at) else { return false };
        if TRIED_MAX <= tried.len() {
            return false;
        }
        let shown = if here.is_empty() { "/" } else { here };
        let Some(rest) = rest else { return node.verdict(shown, verb, tried) };
        let (segment, after) = match rest.trim_start_matches('/').split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (rest.trim_start_matches('/'), None),
        };
        let before = tried.len();
        let literal = percent_decode_str(segment).decode_utf8_lossy();
        if let Some(child) = node.literals.get(&*literal)
            && self.attempt(*child, &format!("{here}/{literal}"), after, verb, tried)
        {
            return true;
        }
        if let Some((name, child)) = &node.parameter
            && !segment.is_empty()
            && self.attempt(*child, &format!("{here}/{{{name}}}"), after, verb, tried)
        {
            return true;
        }
        if let Some((name, child)) = &node.greedy
            && !rest.trim_matches('/').is_empty()
            && let Some(child) = self.nodes.get(*child)
            && child.verdict(&format!("{here}/{{{name}+}}"), verb, tried)
        {
            return true;
        }
        if tried.len() == before {
            let segment: String = segment.chars().take(SEGMENT_CHARS_MAX).collect();
            let why_not = Some(format!("nothing below it is {segment}"));
            tried.push(Tried { resource: shown.to_owned(), why_not });
        }
        false
    }
}

impl<M> Node<M> {
    fn verdict(
        &self,
        here: &str,
        (sent, verb): (&Method, Option<HttpMethod>),
        tried: &mut Vec<Tried>,
    ) -> bool {
        let has = |wanted| self.methods.iter().any(|(verb, _)| *verb == wanted);
        let is_found = verb.is_some_and(has) || has(HttpMethod::Any);
        let why_not = || {
            let verbs: Vec<String> = self.methods.iter().map(|(verb, _)| verb.to_string()).collect();
            match verbs.is_empty() {
                true => "it has no methods".to_owned(),
                false => format!("it has no {sent}, but {}", verbs.join(", ")),
            }
        };
        tried.push(Tried { resource: here.to_owned(), why_not: (!is_found).then(why_not) });
        is_found
    }
}

impl<M: Clone> Node<M> {
    /// The verb's own method, otherwise that for `ANY`.
    fn method(&self, verb: Option<HttpMethod>) -> Option<M> {
        let of = |wanted| self.methods.iter().find(|(verb, _)| *verb == wanted).map(|(_, m)| m.clone());
        verb.and_then(of).or_else(|| of(HttpMethod::Any))
    }
}

/// The values in `path` of the variables in a resource's path; `None` if `path` doesn't match. TestInvokeMethod names
/// its resource, so nothing needs to be searched.
pub(crate) fn parameters_of(resource_path: &str, path: &str) -> Option<Vec<(Arc<str>, String)>> {
    let mut routes = Routes::new();
    routes.insert(resource_path, vec![(HttpMethod::Any, ())]);
    routes.find(path, &Method::GET).map(|found| found.parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(resources: &[(&str, &[HttpMethod])]) -> Routes<String> {
        let mut routes = Routes::new();
        for (path, verbs) in resources {
            routes.insert(path, verbs.iter().map(|verb| (*verb, format!("{verb} {path}"))).collect());
        }
        routes
    }

    fn check(routes: &Routes<String>, verb: Method, path: &str, expect: Option<(&str, &[(&str, &str)])>) {
        let found = routes.find(path, &verb);
        let expect = expect.map(|(method, parameters)| Match {
            method: method.to_owned(),
            parameters: parameters.iter().map(|(k, v)| ((*k).into(), (*v).to_owned())).collect(),
        });
        assert_eq!(found, expect, "{verb} {path}");
    }

    #[test]
    fn a_dead_end_does_not_hide_the_greedy_sibling() {
        use HttpMethod::Any;
        let routes = routes(&[("/part1", &[Any]), ("/part1/hardcoded-value", &[Any]), ("/{param+}", &[Any])]);
        check(
            &routes,
            Method::GET,
            "/part1/random-value",
            Some(("ANY /{param+}", &[("param", "part1/random-value")])),
        );
        check(&routes, Method::GET, "/part1/hardcoded-value", Some(("ANY /part1/hardcoded-value", &[])));
        check(&routes, Method::GET, "/part1", Some(("ANY /part1", &[])));
    }

    #[test]
    fn path_and_verb_are_searched_together() {
        use HttpMethod::{Any, Options, Post};
        let routes = routes(&[("/test", &[Post]), ("/test/any", &[Any]), ("/{proxy+}", &[Options])]);
        check(&routes, Method::OPTIONS, "/test", Some(("OPTIONS /{proxy+}", &[("proxy", "test")])));
        check(&routes, Method::POST, "/test", Some(("POST /test", &[])));
        check(&routes, Method::OPTIONS, "/test/any", Some(("ANY /test/any", &[])));
        check(&routes, Method::GET, "/test", None);
    }

    #[test]
    fn literal_before_parameter_before_greedy() {
        use HttpMethod::{Get, Post};
        let routes = routes(&[
            ("/pets/mine", &[Get]),
            ("/pets/{id}", &[Get, Post]),
            ("/pets/{id}/toys/{toy}", &[Get]),
            ("/pets/{rest+}", &[Get]),
        ]);
        check(&routes, Method::GET, "/pets/mine", Some(("GET /pets/mine", &[])));
        check(&routes, Method::POST, "/pets/mine", Some(("POST /pets/{id}", &[("id", "mine")])));
        check(&routes, Method::GET, "/pets/7", Some(("GET /pets/{id}", &[("id", "7")])));
        let both: &[(&str, &str)] = &[("id", "7"), ("toy", "b%20all")];
        check(&routes, Method::GET, "/pets/7/toys/b%20all", Some(("GET /pets/{id}/toys/{toy}", both)));
        check(&routes, Method::GET, "/pets/7/toys", Some(("GET /pets/{rest+}", &[("rest", "7/toys")])));
        check(&routes, Method::GET, "/pets/m%69ne", Some(("GET /pets/mine", &[])));
        check(&routes, Method::GET, "/Pets/7", None);
        check(&routes, Method::GET, "/pets", None);
    }

    #[test]
    fn what_was_tried_is_told_in_order_and_ends_where_the_search_ends() {
        use HttpMethod::{Get, Options, Post};
        let routes = routes(&[
            ("/pets/mine", &[Post]),
            ("/pets/{id}", &[Get]),
            ("/pets/{id}/toys/{toy}", &[Get]),
            ("/{proxy+}", &[Options]),
        ]);
        let no = |resource: &str, why: &str| (resource.to_owned(), Some(why.to_owned()));
        for (verb, path, want) in [
            (
                Method::GET,
                "/pets/mine",
                vec![no("/pets/mine", "it has no GET, but POST"), ("/pets/{id}".to_owned(), None)],
            ),
            (
                Method::PUT,
                "/pets/7",
                vec![
                    no("/pets/{id}", "it has no PUT, but GET"),
                    no("/{proxy+}", "it has no PUT, but OPTIONS"),
                ],
            ),
            (
                Method::GET,
                "/pets/7/hats",
                vec![
                    no("/pets/{id}", "nothing below it is hats"),
                    no("/{proxy+}", "it has no GET, but OPTIONS"),
                ],
            ),
            (Method::GET, "/", vec![no("/", "it has no methods")]),
        ] {
            let tried = routes.explain(path, &verb);
            let tried: Vec<_> = tried.into_iter().map(|it| (it.resource, it.why_not)).collect();
            assert_eq!(tried, want, "{verb} {path}");
            let is_found = want.last().is_some_and(|(_, why)| why.is_none());
            assert_eq!(routes.find(path, &verb).is_some(), is_found, "{verb} {path}");
        }
    }

    #[test]
    fn slashes() {
        let routes = routes(&[("/", &[HttpMethod::Get]), ("/{proxy+}", &[HttpMethod::Any])]);
        for root in ["", "/", "//"] {
            check(&routes, Method::GET, root, Some(("GET /", &[])));
            check(&routes, Method::POST, root, None);
        }
        for (path, value) in [
            ("/proxy-value/", "proxy-value"),
            ("//proxy-value", "proxy-value"),
            ("/proxy-value//double-slash", "proxy-value//double-slash"),
            ("/test%2Balias@gmail.com", "test%2Balias@gmail.com"),
        ] {
            check(&routes, Method::GET, path, Some(("ANY /{proxy+}", &[("proxy", value)])));
        }
    }

    #[test]
    fn no_number_of_slashes_leads_around_a_resource() {
        let routes = routes(&[
            ("/a/admin", &[HttpMethod::Get]),
            ("/b/{id}/x", &[HttpMethod::Get]),
            ("/{proxy+}", &[HttpMethod::Any]),
        ]);
        for path in ["/a/admin", "/a//admin", "//a///admin//"] {
            check(&routes, Method::GET, path, Some(("GET /a/admin", &[])));
        }
        check(&routes, Method::GET, "/b//7//x", Some(("GET /b/{id}/x", &[("id", "7")])));
        check(&routes, Method::GET, "/a//other", Some(("ANY /{proxy+}", &[("proxy", "a//other")])));
    }

    #[test]
    fn verbs_aws_does_not_know_reach_any_only() {
        let routes = routes(&[("/a", &[HttpMethod::Get]), ("/b", &[HttpMethod::Any])]);
        check(&routes, Method::TRACE, "/a", None);
        check(&routes, Method::TRACE, "/b", Some(("ANY /b", &[])));
        check(&routes, Method::HEAD, "/a", None);
    }

    #[test]
    fn a_test_call_reads_parameters_off_its_resource() {
        let found = parameters_of("/pets/{petId}", "/pets/{petId}").unwrap();
        assert_eq!(found, [("petId".into(), "{petId}".to_owned())]);
        assert_eq!(parameters_of("/pets/{petId}", "/random/test"), None);
    }
}
