//! `stepgate migrate`, with what earlier versions deployed: to a database server and back.

use std::path::Path;

use serde_json::json;

use crate::client::Client;
use crate::commands::stepgate;
use crate::data_directory::{earlier_stores, unpacked};
use crate::server::postgres::Cluster;
use crate::server::{DataDir, Server, is_on_server};

#[test]
fn what_was_deployed_moves_to_a_database_server_and_back() {
    let Some(cluster) = Cluster::shared() else { return };
    if is_on_server() {
        return; // It begins in a data directory.
    }
    for (n, store) in earlier_stores().into_iter().enumerate() {
        let dir = DataDir::new("migrate");
        let (config, found) = unpacked(&store, &dir);
        let config = config.to_str().unwrap();
        let data = dir.path().join("data");
        let url = cluster.database(&format!("migrate-{n}"));
        let serves = |arguments: &[&str]| {
            let server = Server::start(&dir, arguments);
            let stack = &server.facts["stacks"][0];
            assert_eq!(
                (&stack["name"], &stack["outputs"]),
                (&json!("of-a-stack"), &found["stack"]),
                "{stack}"
            );
            let path = format!("/restapis/{}/dev/_user_request_/pets", found["api"].as_str().unwrap());
            let key = [("x-api-key", "value-of-a-key-0123456789")];
            let mut client = Client::new(&server.address);
            assert_eq!(client.send("GET", &path, &key, b"").unwrap().text(), "[\"kept\"]");
            assert!(server.terminate().success());
        };
        let migrate = |from: &str, to: &str| {
            let moved = stepgate(&["migrate", "--config", config, "--from", from, "--to", to]);
            let said =
                String::from_utf8_lossy(&moved.stdout).into_owned() + &String::from_utf8_lossy(&moved.stderr);
            (moved.status.success(), said)
        };
        let at = data.to_str().unwrap();
        let (succeeded, said) = migrate(at, &url);
        assert!(succeeded && said.contains("journal: ") && said.contains("moved and compared"), "{said}");
        serves(&["--config", config, "--store-url", &url]);
        let (succeeded, said) = migrate(at, &url);
        assert!(!succeeded && said.contains("in use"), "{said}");
        // What is there is not written over on the way back either.
        let (succeeded, said) = migrate(&url, at);
        assert!(!succeeded && said.contains("in use"), "{said}");
        for file in ["stepgate.db", "stepgate.db-wal", "stepgate.db-shm", "stepgate.marks"] {
            remove(&data.join(file));
        }
        let (succeeded, said) = migrate(&url, at);
        assert!(succeeded, "{said}");
        serves(&["--config", config]);
    }
}

fn remove(file: &Path) {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
        _ => {}
    }
}
