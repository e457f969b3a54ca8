//! `config/examples/orders`, as its README shows it.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::commands::{stderr, stdout, stepgate};
use crate::server::{DataDir, Server};

const EXAMPLE: &str = "config/examples/orders";
const TOKEN: (&str, &str) = ("authorization", "Bearer secret-of-ada");
const JSON: (&str, &str) = ("content-type", "application/json");

fn apply(template: &Path, endpoint: &str) -> Value {
    let parameter = format!("Endpoint={endpoint}");
    let template = template.to_str().unwrap();
    let output = stepgate(&["apply", template, "--endpoint", endpoint, "--parameter", &parameter, "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The path of an address that an output names.
fn path(applied: &Value, output: &str, endpoint: &str) -> String {
    applied["outputs"][output].as_str().unwrap().strip_prefix(endpoint).unwrap().to_owned()
}

fn order(client: &mut Client, path: &str, price: u32, headers: &[(&str, &str)]) -> Answer {
    let body = json!({ "items": [{ "price": price, "quantity": 2 }] }).to_string();
    client.send("POST", path, headers, body.as_bytes()).unwrap()
}

/// A copy of the example, so that a file of it can be changed.
fn copied(dir: &DataDir) -> std::path::PathBuf {
    let to = dir.path().join("orders");
    for file in ["template.yaml", "authorizer/app.py", "charge/app.py", "receipt/index.mjs"] {
        let target = to.join(file);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(Path::new(EXAMPLE).join(file), target).unwrap();
    }
    to
}

#[test]
fn orders_are_charged_as_the_readme_shows() {
    let dir = DataDir::new("orders");
    let server = Server::start(&dir, &[]);
    let endpoint = format!("http://{}", server.address);
    let example = copied(&dir);
    let applied = apply(&example.join("template.yaml"), &endpoint);
    let (orders, receipt) = (path(&applied, "Orders", &endpoint), path(&applied, "Receipt", &endpoint));
    let mut client = Client::new(&server.address);

    let paid = order(&mut client, &orders, 1250, &[TOKEN, JSON]);
    assert_eq!((paid.status, paid.json()), (200, json!({"status": "PAID", "text": "ada paid 25.00 EUR"})));
    let declined = order(&mut client, &orders, 99_900, &[TOKEN, JSON]);
    assert_eq!((declined.status, declined.json()), (200, json!({"status": "DECLINED"})));
    let nobody = order(&mut client, &orders, 1, &[JSON]);
    assert_eq!((nobody.status, nobody.json()), (401, json!({"message": "Unauthorized"})));
    let other = order(&mut client, &orders, 1, &[("authorization", "Bearer x"), JSON]);
    assert_eq!(other.status, 401);
    let text = client.send("GET", &format!("{receipt}?total=700"), &[TOKEN], b"").unwrap();
    assert_eq!((text.status, text.text().as_str()), (200, "ada paid 7.00 EUR\n"));
    let wrong = client.send("GET", &format!("{receipt}?total=x"), &[TOKEN], b"").unwrap();
    assert_eq!(wrong.status, 400);

    let charge = applied["outputs"]["Charge"].as_str().unwrap();
    let payload = r#"{"customer": "ada", "items": [{"price": 5, "quantity": 1}]}"#;
    let invoked = stepgate(&["fn", "invoke", charge, "--payload", payload, "--log", "--endpoint", &endpoint]);
    assert!(invoked.status.success(), "{}", stderr(&invoked));
    let answered: Value = serde_json::from_str(&stdout(&invoked)).unwrap();
    assert_eq!(answered, json!({"customer": "ada", "total": 5}));
    assert!(stderr(&invoked).contains("charging ada 5"), "{}", stderr(&invoked));

    // Another file, and the same command.
    let handler = example.join("receipt/index.mjs");
    let changed = fs::read_to_string(&handler).unwrap().replace(" EUR", " euros");
    fs::write(&handler, changed).unwrap();
    let again = apply(&example.join("template.yaml"), &endpoint);
    let updated: Vec<&str> = again["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["action"] != "unchanged")
        .map(|change| change["logicalId"].as_str().unwrap())
        .collect();
    assert_eq!(updated, ["WriteReceipt", "AnswerReceipt"]);
    let paid = order(&mut client, &orders, 1250, &[TOKEN, JSON]);
    assert_eq!(paid.json()["text"], "ada paid 25.00 euros");
}

#[test]
fn a_folder_that_is_not_there_is_told_before_anything_is_sent() {
    let dir = DataDir::new("orders-folder");
    let server = Server::start(&dir, &[]);
    let example = copied(&dir);
    fs::remove_dir_all(example.join("charge")).unwrap();
    let endpoint = format!("http://{}", server.address);
    let template = example.join("template.yaml");
    let output = stepgate(&["apply", template.to_str().unwrap(), "--endpoint", &endpoint]);
    assert!(!output.status.success());
    assert!(stderr(&output).contains("Charge"), "{}", stderr(&output));
    assert!(stderr(&output).contains("charge"), "{}", stderr(&output));
}
