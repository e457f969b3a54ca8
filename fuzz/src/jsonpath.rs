//! Paths: any text compiles or is refused in both dialects; any compiled path reads any document within limits, twice
//! with the same result.

use serde_json::Value;
use stepgate::jsonpath::{Dialect, Path, ReferencePath};

const DOCUMENT: &str = r#"{"store":{"book":[{"category":"reference","price":8.95,"tags":["a","b"]},{"category":"fiction","isbn":"0-553","price":8.99}],"bicycle":{"color":"red","price":19.95}},"a":{"b":null,"c":[1,2,3],"e":[],"o":{},"s":"str","n":-1.5,"big":12345678901234567890},"x y":1,"it's":2,"mix":[1,"1",null,true,{"k":1},{"k":null},[7]],"é":"u","$":"dollar","length":"prop"}"#;

pub(crate) fn execute(text: &str) {
    let (source, document) = crate::parts(text, DOCUMENT);
    if let Ok(reference) = ReferencePath::compile(source) {
        assert!(Path::compile_in(source, Dialect::Early).is_ok(), "a reference path is a path");
        let mut written: Value = serde_json::from_str(DOCUMENT).expect("the document is JSON");
        let _ = reference.set(&mut written, Value::Bool(true));
    }
    for dialect in [Dialect::Current, Dialect::Early] {
        compile(source, dialect, document);
    }
}

fn compile(source: &str, dialect: Dialect, document: &str) {
    let path = match Path::compile_in(source, dialect) {
        Ok(path) => path,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(path.as_str(), source);
    thread_local!(static ROOT: Value = serde_json::from_str(DOCUMENT).expect("the document is JSON"));
    if document == DOCUMENT {
        ROOT.with(|root| read(&path, root));
    } else if let Ok(root) = stepgate::json::parse(document) {
        read(&path, &root);
    }
}

fn read(path: &Path, root: &Value) {
    let strict = path.read_strict(root);
    let lenient = path.read(root);
    match (&strict, &lenient) {
        (Ok(strict), Ok(lenient)) => assert_eq!(strict, lenient, "both ways of reading find the same"),
        (Err(_), Ok(empty)) => {
            assert!(!path.is_definite() && **empty == Value::Array(Vec::new()), "only nothing is forgiven");
        }
        (Err(_), Err(error)) => assert!(!error.to_string().is_empty()),
        (Ok(_), Err(error)) => panic!("what reads strictly does not read: {error}"),
    }
}

pub(crate) const WORDS: &[&str] = &[
    "$",
    "@",
    ".",
    "..",
    "*",
    "[",
    "]",
    "[*]",
    ".*",
    "..*",
    "[0]",
    "[-1]",
    "[0,1]",
    "[1:]",
    "[:2]",
    "[1:2]",
    "[(@.length-1)]",
    "==word",
    "[-2:]",
    "[::2]",
    "['a']",
    "[\"a\"]",
    "['a','b']",
    "['it\\'s']",
    "['x y']",
    "[?(",
    ")]",
    "(",
    ")",
    "?",
    "@.k",
    "@.price",
    "@",
    "$.a.n",
    " == ",
    " != ",
    " < ",
    " <= ",
    " > ",
    " >= ",
    " =~ ",
    " in ",
    " nin ",
    " subsetof ",
    " anyof ",
    " noneof ",
    " contains ",
    " size ",
    " empty ",
    " sizeof ",
    " type ",
    " && ",
    " || ",
    "!",
    "/a.*/i",
    "/(a+)+$/",
    "'a'",
    "\"a\"",
    "1",
    "-1",
    "1.5",
    "1e3",
    "9999999999999",
    "null",
    "true",
    "false",
    "[1,'a']",
    "{\"k\":1}",
    ".length()",
    ".size()",
    ".min()",
    ".max()",
    ".avg()",
    ".sum()",
    ".stddev()",
    ".first()",
    ".last()",
    ".index(0)",
    ".keys()",
    ".concat('a')",
    ".append(1)",
    ".store",
    ".book",
    ".a",
    ".b",
    ".c",
    ".mix",
    ".é",
    ".length",
    " ",
    ",",
    ":",
    "'",
    "\"",
    "\\",
    "\\u0061",
    "\n",
    "\0",
    "[1,[2,{\"a\":[]}]]",
    "$$",
    "$.store.book[?(@.price < 10)]",
    "$..book[?(@.isbn)]",
    "$.a.c.sum()",
    "$.sum($.a.c[*])",
    "é",
    "😀",
];
