//! The control listener over mutual TLS: who has no certificate of the operators' is not even heard.

use std::fs;
use std::path::Path;
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::client::{Client, sign};
use crate::commands::{stderr, stdout};
use crate::server::{DataDir, Server};

/// A CA, and who has a certificate of it.
struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap().pem();
        Self { certificate, issuer: Issuer::new(parameters, key) }
    }

    /// Writes a certificate and its key: `NAME.pem` and `NAME.key`.
    fn sign(&self, dir: &Path, name: &str) {
        let key = KeyPair::generate().unwrap();
        let parameters =
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        fs::write(dir.join(format!("{name}.pem")), certificate.pem()).unwrap();
        fs::write(dir.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

#[test]
fn only_who_has_a_certificate_of_the_operators_reaches_the_control_plane() {
    let dir = DataDir::new("control-tls");
    let path = |name: &str| dir.path().join(name);
    let (operators, strangers) = (Authority::new("operators"), Authority::new("strangers"));
    fs::write(path("operators.pem"), &operators.certificate).unwrap();
    operators.sign(dir.path(), "server");
    operators.sign(dir.path(), "ann");
    strangers.sign(dir.path(), "mallory");
    let settings = format!(
        "[listen]\ndata = \"127.0.0.1:0\"\ncontrol = \"127.0.0.1:0\"\n[control_tls]\ncertificate = {:?}\n\
         private_key = {:?}\nclient_ca = {:?}\n[iam]\nenforcement = \"warn\"\n",
        path("server.pem"),
        path("server.key"),
        path("operators.pem")
    );
    fs::write(path("stepgate.toml"), settings).unwrap();
    let server = Server::start(&dir, &["--config", path("stepgate.toml").to_str().unwrap()]);
    let endpoint = server.facts["endpoint"].as_str().unwrap().to_owned();
    let address = endpoint.strip_prefix("https://").unwrap_or_else(|| panic!("{endpoint}")).to_owned();
    // The command signs as the account does; what differs is the certificate.
    let missing = |who: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepgate"));
        command.args(["iam", "missing", "--endpoint", &endpoint]).env("SSL_CERT_FILE", path("operators.pem"));
        if let Some(who) = who {
            command
                .env("STEPGATE_CLIENT_CERTIFICATE", path(&format!("{who}.pem")))
                .env("STEPGATE_CLIENT_KEY", path(&format!("{who}.key")));
        }
        command.output().unwrap()
    };
    let allowed = missing(Some("ann"));
    assert!(allowed.status.success(), "{}", stderr(&allowed));
    assert_eq!(stdout(&allowed).trim(), "{}");
    for who in [None, Some("mallory")] {
        let refused = missing(who);
        assert!(!refused.status.success(), "{who:?}");
        assert!(stdout(&refused).is_empty(), "{who:?}: {}", stdout(&refused));
    }
    // Nobody is answered without TLS.
    let mut client = Client::new(&address);
    let signed =
        sign("states", "POST", "/", &address, &[("x-amz-target", "AWSStepFunctions.ListActivities")], "{}");
    assert!(client.send_signed("POST", "/", &signed, "{}").is_err());
    // An API's clients need no certificate, and reach no AWS API.
    assert!(server.terminate().success());
}

#[test]
fn tls_without_a_listener_for_it_is_a_bad_setting() {
    let dir = DataDir::new("control-tls-setting");
    let config = dir.path().join("stepgate.toml");
    fs::write(&config, "[control_tls]\nclient_ca = \"ca.pem\"\n").unwrap();
    assert!(Server::try_start(&dir, &["--config", config.to_str().unwrap()], &[]).is_none());
}
