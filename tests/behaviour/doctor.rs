//! `stepgate doctor` in scripts.

use std::process::{Command, Output};

use serde_json::Value;

use crate::server::DataDir;

fn doctor(dir: &DataDir, settings: &str, arguments: &[&str]) -> Output {
    let config = dir.path().join("stepgate.toml");
    std::fs::write(&config, settings).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
    command.args(["doctor", "--config", config.to_str().unwrap()]).args(arguments);
    command.env("STEPGATE_DATA_DIR", dir.path().join("data")).output().unwrap()
}

#[test]
fn settings_that_strangers_could_make_use_of_fail() {
    let dir = DataDir::new("doctor");
    let public = "[listen]\naddress = \"0.0.0.0:4566\"\n";
    let found = doctor(&dir, public, &["--production", "--json"]);
    assert_eq!(found.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(report["ok"], false);
    for code in ["CONTROL_EXPOSED", "PLAIN_LISTENER", "DEFAULT_CREDENTIALS", "NO_ADDRESS_LIMIT"] {
        let mut findings = report["findings"].as_array().unwrap().iter();
        let finding = findings.find(|finding| finding["code"] == code);
        let finding = finding.unwrap_or_else(|| panic!("{code} is not in {report}"));
        assert_eq!(finding["severity"], "MUST");
        assert!(
            finding["setting"].is_string() && finding["problem"].is_string() && finding["cure"].is_string()
        );
    }
    let told = doctor(&dir, public, &["--production"]);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.starts_with("must: "), "{told}");
    assert!(told.contains("set listen.control and listen.data"), "{told}");

    // On a laptop, the same settings are fine.
    let found = doctor(&dir, public, &[]);
    assert_eq!(
        (found.status.code(), found.stdout.as_slice()),
        (Some(0), b"0 to be mended, 0 to be considered\n".as_slice())
    );
}

#[test]
fn settings_that_are_none_are_told() {
    let dir = DataDir::new("doctor-misspelt");
    let found = doctor(&dir, "[limits]\nconnections_per_adress = 1\n", &[]);
    assert_eq!(found.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&found.stderr).contains("connections_per_adress"));
}
