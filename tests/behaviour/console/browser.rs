//! A browser that looks at the console.

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::roles::{encoded, iam, try_iam};
use crate::server::Server;

pub(super) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A browser that has signed in, or not yet.
pub(super) struct Browser {
    pub(super) client: Client,
    pub(super) origin: String,
    pub(super) cookie: String,
    pub(super) csrf: String,
    /// The access key, of a user.
    pub(super) key: String,
}

impl Browser {
    pub(super) fn new(server: &Server) -> Self {
        let client = Client::new(&server.address);
        Self {
            client,
            origin: format!("http://{}", server.address),
            cookie: String::new(),
            csrf: String::new(),
            key: String::new(),
        }
    }

    /// One that signed in with the local key.
    pub(super) fn local(server: &Server) -> Self {
        let mut browser = Self::new(server);
        let answer = browser.post("/sign-in/local", "");
        assert_eq!(answer.status, 303, "{}", answer.text());
        browser.keep(&answer);
        browser
    }

    /// Keeps the cookie, and the token that the pages have.
    pub(super) fn keep(&mut self, answer: &Answer) {
        let cookie = answer.header("set-cookie").unwrap();
        self.cookie = cookie.split(';').next().unwrap().to_owned();
        let home = self.get("").text();
        let (_, rest) = home.split_once("name=\"csrf\" value=\"").unwrap();
        self.csrf = rest.split('"').next().unwrap().to_owned();
    }

    pub(super) fn get(&mut self, path: &str) -> Answer {
        let path = format!("/_stepgate/console{path}");
        self.client.send("GET", &path, &[("cookie", &self.cookie)], b"").unwrap()
    }

    pub(super) fn post(&mut self, path: &str, form: &str) -> Answer {
        let headers = [FORM, ("origin", self.origin.as_str()), ("cookie", &self.cookie)];
        self.client.send("POST", &format!("/_stepgate/console{path}"), &headers, form.as_bytes()).unwrap()
    }

    /// A form with its token.
    pub(super) fn act(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.csrf.clone();
        let own = [("csrf", token.as_str())];
        let fields = own.iter().chain(fields).map(|(n, v)| format!("{n}={}", encoded(v)));
        self.post(path, &fields.collect::<Vec<_>>().join("&"))
    }
}

/// A page as people read it.
pub(super) fn read(answer: &Answer) -> String {
    answer.text().replace("&#x3D;", "=").replace("&quot;", "\"").replace("&amp;", "&")
}

pub(super) fn page(kind: &str, arn: &str) -> String {
    format!("/{kind}/view?arn={}", encoded(arn))
}

/// A browser of a user with these permissions, who has signed in.
pub(super) fn user(server: &Server, client: &mut Client, statements: &Value) -> Browser {
    iam(client, "CreateUser", &[("UserName", "Ann")]);
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    iam(client, "PutUserPolicy", &[("UserName", "Ann"), ("PolicyName", "p"), ("PolicyDocument", &policy)]);
    let made = try_iam(client, "CreateAccessKey", &[("UserName", "Ann")]).text();
    let tag =
        |name: &str| made.split(&format!("<{name}>")).nth(1).unwrap().split('<').next().unwrap().to_owned();
    let (key, secret) = (tag("AccessKeyId"), tag("SecretAccessKey"));
    let mut browser = Browser::new(server);
    let answer = browser.post("/sign-in", &format!("accessKeyId={key}&secretAccessKey={}", encoded(&secret)));
    assert_eq!(answer.status, 303, "{}", answer.text());
    browser.keep(&answer);
    browser.key = key;
    browser
}
