//! What a client got at one node is good at the others.

use std::time::Duration;

use crate::client::Client;
use crate::nodes::{Database, Fleet, NODES, until};
use crate::server::postgres::Cluster;

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// Where browsers see the console: a balancer is before the nodes.
const HOST: &str = "127.0.0.1:4566";
const PATIENCE: Duration = Duration::from_secs(30);

fn home(client: &mut Client, cookie: &str) -> (u16, String) {
    let headers = [("host", HOST), ("cookie", cookie)];
    let answer = client.send("GET", "/_stepgate/console", &headers, b"").unwrap();
    (answer.status, answer.text())
}

fn post(client: &mut Client, path: &str, cookie: &str, form: &str) -> (u16, Option<String>) {
    let origin = format!("http://{HOST}");
    let headers = [FORM, ("host", HOST), ("origin", origin.as_str()), ("cookie", cookie)];
    let answer =
        client.send("POST", &format!("/_stepgate/console{path}"), &headers, form.as_bytes()).unwrap();
    (answer.status, answer.header("set-cookie").map(|it| it.split(';').next().unwrap_or_default().to_owned()))
}

#[test]
fn who_has_signed_in_at_one_node_has_at_all() {
    let Some(cluster) = Cluster::shared() else { return };
    let mut fleet = Fleet::start("sign-ins", Database::Shared(cluster), [0; NODES]);
    let [mut a, mut b, mut c] = [0, 1, 2].map(|n| fleet.client(n));
    let (status, cookie) = post(&mut a, "/sign-in", "", "accessKeyId=test&secretAccessKey=test");
    let cookie = cookie.filter(|_| status == 303).unwrap();
    // At once, with the same token for forms.
    let (status, page) = home(&mut b, &cookie);
    assert_eq!(status, 200, "{page}");
    let token = |page: &str| -> String {
        let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let csrf = token(&page);
    assert_eq!(token(&home(&mut a, &cookie).1), csrf);
    assert_eq!(home(&mut c, "stepgate-console-4566=forged").0, 303);
    // The database doesn't have what the cookie says, nor the secret.
    let value = cookie.split_once('=').unwrap().1;
    let kept = fleet.sql("SELECT id, began, used, encode(sealed, 'escape') FROM console_sign_in");
    assert!(!kept.is_empty() && !kept.contains(value) && !kept.contains("\"test\""), "{kept}");
    // It outlives the node that it was begun at.
    fleet.kill(0);
    assert_eq!(home(&mut c, &cookie).0, 200);
    fleet.begin(0);
    let mut a = fleet.client(0);
    assert_eq!(home(&mut a, &cookie).0, 200);
    // And ends everywhere.
    assert_eq!(post(&mut c, "/sign-out", &cookie, &format!("csrf={csrf}")).0, 303);
    for client in [&mut a, &mut b, &mut c] {
        until("the session has ended", PATIENCE, || home(client, &cookie).0 == 303);
    }
}
