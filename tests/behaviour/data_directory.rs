//! The data directory: closed to other users, locked, encrypted, and refused if it has lost something.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::json;
use stepgate::clock::SystemClock;
use stepgate::store::{self, RecordKind, Store};

use crate::client::Client;
use crate::functions_support::{Following, done};
use crate::server::{DataDir, Server, is_on_server};
use crate::{HELLO_WORLD, states};

const KEY: &str = "value-of-an-api-key-0123456789";

fn stepgate(arguments: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
    command.args(arguments).arg("--data-dir").arg(data).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Makes a key, and names what its value is read back as.
fn create_key(client: &mut Client) -> String {
    let input = json!({ "name": "k", "enabled": true, "value": KEY });
    let made = client.apigateway("POST", "/apikeys", &input).unwrap();
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

fn value_of(client: &mut Client, id: &str) -> String {
    let path = format!("/apikeys/{id}?includeValue=true");
    let answer = client.apigateway("GET", &path, &json!(null)).unwrap();
    answer.json()["value"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn nobody_else_reads_the_files_of_a_directory_that_was_there() {
    let dir = DataDir::new("modes");
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    let mut server = Server::start(&dir, &[]);
    create_key(&mut Client::new(&server.address));
    let open = || {
        let is_open = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o077 != 0;
        files(&data).into_iter().filter(is_open).collect::<Vec<_>>()
    };
    assert_eq!(open(), Vec::<PathBuf>::new());
    server.kill();
    for file in files(&data) {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let _server = Server::start(&dir, &[]);
    assert_eq!(open(), Vec::<PathBuf>::new());
}

#[test]
fn a_lock_file_that_is_deleted_lets_nobody_in() {
    if is_on_server() {
        return; // It is about the files of the embedded database.
    }
    let dir = DataDir::new("lock");
    let _server = Server::start(&dir, &[]);
    let data = dir.path().join("data");
    fs::remove_file(data.join("stepgate.lock")).unwrap();
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["keys", "rotate-store"]] {
        let second = stepgate(command, &data);
        assert_eq!(second.status.code(), Some(1));
        assert!(said(&second).contains("in use by another server"), "{}", said(&second));
    }
}

#[test]
fn a_damaged_log_is_refused_until_its_loss_is_accepted() {
    if is_on_server() {
        return; // It is about the files of the embedded database.
    }
    let dir = DataDir::new("loss");
    let mut server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let start = |client: &mut Client, name: &str| {
        states(client, "StartExecution", json!({ "stateMachineArn": HELLO_WORLD, "name": name }));
    };
    (0..10).for_each(|n| start(&mut client, &format!("e{n}")));
    server.kill();
    let data = dir.path().join("data");
    let log = fs::File::options().write(true).open(data.join("stepgate.db-wal")).unwrap();
    log.write_all_at(&[0xff; 32], 0).unwrap();
    let refused = stepgate(&["serve", "--listen", "127.0.0.1:0"], &data);
    assert_eq!(refused.status.code(), Some(1));
    for word in ["stepgate.db-wal", "acknowledged commits are lost", "--accept-loss"] {
        assert!(said(&refused).contains(word), "{}", said(&refused));
    }
    // The log contained everything except the tutorial.
    let server = Server::start(&dir, &["--accept-loss"]);
    let mut client = Client::new(&server.address);
    let machines = states(&mut client, "ListStateMachines", json!({}));
    assert!(machines["stateMachines"].is_array());
    assert!(data.join("stepgate.db-wal.set-aside").exists());
    drop(server);
    let _server = Server::start(&dir, &[]);
}

#[test]
fn secrets_are_encrypted_and_their_key_is_changed() {
    if is_on_server() {
        return; // It is about the files of the embedded database.
    }
    let dir = DataDir::new("keys");
    let data = dir.path().join("data");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let id = create_key(&mut client);
    let certificate = client.apigateway("POST", "/clientcertificates", &json!({})).unwrap();
    let certificate = certificate.json()["clientCertificateId"].as_str().unwrap().to_owned();
    let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
    let session = client.send("POST", "/", &form, b"Action=GetSessionToken&Version=2011-06-15").unwrap();
    let session = session.text();
    let between = |begin: &str, end: &str| {
        let (_, rest) = session.split_once(begin)?;
        Some(rest.split_once(end)?.0.to_owned())
    };
    let secret = between("<SecretAccessKey>", "</SecretAccessKey>").unwrap_or_default();
    assert!(server.terminate().success());
    let is_on_disk = |text: &str| {
        files(&data).iter().any(|file| {
            let bytes = fs::read(file).unwrap();
            bytes.windows(text.len()).any(|part| part == text.as_bytes())
        })
    };
    let assert_hidden = || {
        for text in [KEY, "PRIVATE KEY", &secret].into_iter().filter(|text| !text.is_empty()) {
            assert!(!is_on_disk(text), "{text}");
        }
    };
    assert_hidden();

    let before = fs::read(data.join("secrets.key")).unwrap();
    let rotated = stepgate(&["keys", "rotate-store"], &data);
    assert!(rotated.status.success(), "{}", said(&rotated));
    assert_ne!(fs::read(data.join("secrets.key")).unwrap(), before);
    let check = |arguments: &[&str]| {
        let server = Server::start(&dir, arguments);
        let mut client = Client::new(&server.address);
        assert_eq!(value_of(&mut client, &id), KEY);
        let path = format!("/clientcertificates/{certificate}");
        assert_eq!(client.apigateway("GET", &path, &json!(null)).unwrap().status, 200);
        // Found by its value: the value is not accepted twice.
        let again = json!({ "name": "again", "enabled": true, "value": KEY });
        assert_eq!(client.apigateway("POST", "/apikeys", &again).unwrap().status, 409);
        assert!(server.terminate().success());
    };
    check(&[]);

    // Stored elsewhere from now on.
    let (key, config) = (dir.path().join("master.key"), dir.path().join("stepgate.toml"));
    fs::write(&key, "5a".repeat(32)).unwrap();
    fs::write(&config, format!("[secrets]\nkey_file = {:?}\n", key.to_str().unwrap())).unwrap();
    let moved = stepgate(&["keys", "rotate-store", "--new-key-file", key.to_str().unwrap()], &data);
    assert!(moved.status.success(), "{}", said(&moved));
    assert!(!data.join("secrets.key").exists());
    let refused = stepgate(&["serve", "--listen", "127.0.0.1:0"], &data);
    assert!(said(&refused).contains("[secrets]"), "{}", said(&refused));
    check(&["--config", config.to_str().unwrap()]);
    assert_hidden();
}

/// Packed data directories of earlier versions.
pub(crate) fn earlier_stores() -> Vec<PathBuf> {
    let stores = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stores");
    let is_store = |file: &PathBuf| file.extension().is_some_and(|it| it == "zip");
    files(Path::new(stores)).into_iter().filter(is_store).collect()
}

/// Unpacks a data directory; returns its settings and what was found in it when it was made.
pub(crate) fn unpacked(store: &Path, dir: &DataDir) -> (PathBuf, serde_json::Value) {
    let data = dir.path().join("data");
    zip::ZipArchive::new(fs::File::open(store).unwrap()).unwrap().extract(&data).unwrap();
    let found = serde_json::from_slice(&fs::read(data.join("found.json")).unwrap()).unwrap();
    let mut settings = fs::read_to_string(data.join("stepgate.toml")).unwrap();
    for file in ["of-a-stack.json", "certificate.pem"] {
        let path = format!("\"{}\"", data.join(file).display());
        settings = settings.replace(&format!("\"{file}\""), &path);
    }
    // The role of its functions doesn't trust Lambda, which nobody asked then.
    settings.push_str("\n[iam]\nenforcement = \"warn\"\n");
    let config = data.join("settings.toml");
    fs::write(&config, settings).unwrap();
    (config, found)
}

/// What `tests/data/stores` has of earlier versions; the APIs are asked for the rest of it where time can be set.
#[test]
fn what_an_earlier_version_deployed_goes_on() {
    if is_on_server() {
        return; // It is about the files of the embedded database.
    }
    for store in earlier_stores() {
        let dir = DataDir::new("earlier");
        let (config, found) = unpacked(&store, &dir);
        let data = dir.path().join("data");
        // Its tables are brought up to date first, whatever rooms there were then.
        let rotated = stepgate(&["keys", "rotate-store"], &data);
        assert!(rotated.status.success(), "{}", said(&rotated));
        let server = Server::start(&dir, &["--config", config.to_str().unwrap()]);
        let stack = &server.facts["stacks"][0];
        assert_eq!((&stack["name"], &stack["outputs"]), (&json!("of-a-stack"), &found["stack"]), "{stack}");
        // A stage serves the snapshot that was deployed, not what was changed after it, to who has a key.
        let path = format!("/restapis/{}/dev/_user_request_/pets", found["api"].as_str().unwrap());
        let mut client = Client::new(&server.address);
        let key = [("x-api-key", "value-of-a-key-0123456789")];
        assert_eq!(client.send("GET", &path, &key, b"").unwrap().text(), "[\"kept\"]");
        assert_eq!(client.send("GET", &path, &[], b"").unwrap().status, 403);
        if found["functions"].is_object() {
            functions_go_on(&found["functions"], &server, &mut client);
        }
    }
}

/// The log of the first start says which roles are refused from now on, and that of the second doesn't.
#[test]
fn an_upgrade_says_which_roles_it_will_refuse() {
    let stores = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stores");
    let is_store = |file: &PathBuf| file.extension().is_some_and(|it| it == "zip");
    let store = files(Path::new(stores)).into_iter().find(is_store).unwrap();
    let dir = DataDir::new("earlier-roles");
    zip::ZipArchive::new(fs::File::open(&store).unwrap()).unwrap().extract(dir.path().join("data")).unwrap();
    let log = dir.path().join("log");
    let said = |line: &str| fs::read_to_string(&log).unwrap().contains(line);
    let server = Server::start_logging(&dir, &log);
    let mut client = Client::new(&server.address);
    // Its integrations' role trusts Step Functions only.
    let line = "apigateway.amazonaws.com may not assume the role arn:aws:iam::123456789012:role/run";
    while !(said(line) && said("stepgate iam missing")) {
        client.send("GET", "/_stepgate/health", &[], b"").unwrap();
    }
    drop(client);
    server.terminate();
    let server = Server::start_logging(&dir, &log);
    assert!(server.terminate().success());
    assert!(!said(line));
}

/// What an earlier version's functions answered, they answer still: by name, version and alias, and at their URL. An event
/// that nobody had handled is too old by now, which its destination is told.
fn functions_go_on(found: &serde_json::Value, server: &Server, client: &mut Client) {
    for (name, answer) in found["answers"].as_object().unwrap() {
        let (name, qualifier) = name.split_once(':').unwrap_or((name, "%24LATEST"));
        let path = format!("/2015-03-31/functions/{name}/invocations?Qualifier={qualifier}");
        assert_eq!(done(client, "POST", &path, &json!({})), *answer, "{path}");
    }
    let url = found["url"].as_str().unwrap();
    let id = url.strip_prefix("https://").unwrap().split('.').next().unwrap();
    let called = client.send("GET", &format!("/_aws/lambda-url/{id}/"), &[], b"").unwrap();
    assert_eq!((called.status, called.json()), (200, found["answers"]["f:live"].clone()));
    let following = Following::start(&["logs", "-f", "f"], &server.address);
    let told = following.until_log("EventAgeExceeded");
    for part in [found["event"].as_str().unwrap(), "'requestPayload': {'event': 'kept'}"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_directory_of_a_newer_version_is_refused_with_a_sentence() {
    if is_on_server() {
        return; // It is about the files of the embedded database.
    }
    type WriteNewer = fn(&Store) -> Result<(), store::Error>;
    const RECORDS: &[RecordKind] = &[RecordKind { name: "apigateway stage", version: 2 }];
    const TABLES: &[&str] = &[""; 99];
    let write_newer: [(WriteNewer, &str); 2] = [
        (|store| store.declare(RECORDS), "a record of apigateway stage has version 2"),
        (|store| store.migrate("engine", TABLES), "tables of engine have version 99"),
    ];
    for (write, sentence) in write_newer {
        let dir = DataDir::new("newer");
        let server = Server::start(&dir, &[]);
        assert!(server.terminate().success());
        let data = dir.path().join("data");
        let store = Store::open(&data, store::Options::default(), Arc::new(SystemClock::new())).unwrap();
        write(&store).unwrap();
        drop(store);
        let refused = stepgate(&["serve", "--listen", "127.0.0.1:0"], &data);
        assert_eq!(refused.status.code(), Some(1));
        for words in [sentence, "use the newer version again"] {
            assert!(said(&refused).contains(words), "{}", said(&refused));
        }
    }
}
