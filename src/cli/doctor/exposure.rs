//! What attackers can reach, and how access is restricted.

use std::net::SocketAddr;

use super::finding::Finding;
use crate::identity::iam::Enforcement;
use crate::server::{ControlTls, Options};

/// The shortest secret that can't be guessed, in characters; AWS's have forty.
const SECRET_CHARACTERS_MIN: usize = 20;

/// Prefixes of networks that contain metadata services: all addresses, and link-local ones.
const EGRESS_REOPENED: &[&str] = &["0.0.0.0", "::/", "169.254.", "fe80:", "fd00:ec2:"];

/// Checks listeners, access keys and egress rules.
pub(super) fn look(options: &Options) -> Vec<Finding> {
    let mut findings = Vec::new();
    for listener in listeners(options).iter().filter(|listener| !listener.address.ip().is_loopback()) {
        listener.look(&mut findings);
    }
    let tls = &options.tls;
    if tls.address.is_some_and(|address| !address.ip().is_loopback()) && tls.certificate.is_none() {
        findings.push(Finding::must(
            "DEVELOPMENT_CERTIFICATE",
            "tls.certificate",
            "a certificate made for development is shown, which no client trusts",
            "set tls.certificate and tls.private_key",
        ));
    }
    if is_public(options) && options.limits.connections_per_address == 0 {
        findings.push(Finding::must(
            "NO_ADDRESS_LIMIT",
            "limits.connections_per_address",
            "one client may take all connections",
            "set it, to 100 for example; or listen on loopback behind a proxy that limits its clients",
        ));
    }
    for credential in &options.credentials {
        let (id, secret) = (&credential.access_key_id, &credential.secret_access_key);
        let setting = "credentials";
        if id == "test" || secret == "test" {
            findings.push(Finding::must(
                "DEFAULT_CREDENTIALS",
                setting,
                "everybody knows the key test with the secret test",
                "set [[credentials]] of your own; that replaces it",
            ));
        } else if secret.chars().count() < SECRET_CHARACTERS_MIN {
            findings.push(Finding::must(
                "WEAK_SECRET",
                setting,
                &format!("the secret of {id} has fewer than {SECRET_CHARACTERS_MIN} characters"),
                "take a random one: openssl rand -base64 30",
            ));
        }
    }
    let egress = &options.egress;
    let reopened =
        egress.allow.iter().filter(|rule| EGRESS_REOPENED.iter().any(|begin| rule.starts_with(begin)));
    findings.extend(reopened.map(|rule| {
        Finding::must(
            "METADATA_REACHABLE",
            "egress.allow",
            &format!("{rule} lets integrations reach a cloud's metadata service, and its keys"),
            "allow the addresses of backends alone",
        )
    }));
    if egress.deny.is_empty() {
        findings.push(Finding::should(
            "OPEN_EGRESS",
            "egress.deny",
            "integrations may call this machine and everything in its network",
            "deny = [\"0.0.0.0/0\", \"::/0\"], and allow the backends",
        ));
    }
    match options.enforcement() {
        Enforcement::Strict => {}
        Enforcement::Enforced => findings.push(Finding::should(
            "UNKNOWN_ROLES",
            "iam.enforcement",
            "roles that this server doesn't have, or that never had a policy, are let through",
            "keys of your own, or enforcement = \"strict\", once all roles are here",
        )),
        Enforcement::Warn => findings.push(Finding::must(
            "ROLES_NOT_ASKED",
            "iam.enforcement",
            "integrations, tasks and functions may do whatever they like",
            "stepgate iam missing prints what their roles lack; then enforcement = \"strict\"",
        )),
    }
    if !options.secrets.is_elsewhere() {
        findings.push(Finding::should(
            "KEY_BESIDE_DATA",
            "secrets",
            "the key of the secrets in the data directory lies in it: a copy has both",
            "keep it elsewhere: secrets.key_file, secrets.key_env or secrets.key_command",
        ));
    }
    if options.deploy.tutorial && options.deploy.templates.is_empty() {
        findings.push(Finding::should(
            "TUTORIAL",
            "deploy.tutorial",
            "a new data directory gets the tutorial, which lets anybody start executions",
            "set it to false",
        ));
    }
    findings
}

/// Whether deployed APIs can be reached from other machines without a proxy on this machine.
pub(super) fn is_public(options: &Options) -> bool {
    listeners(options).iter().any(|listener| listener.has_data && !listener.address.ip().is_loopback())
}

struct Listener {
    setting: &'static str,
    address: SocketAddr,
    is_plain: bool,
    has_data: bool,
    has_control: bool,
}

/// The server's listeners, with what they serve.
fn listeners(options: &Options) -> Vec<Listener> {
    let listen = &options.listen;
    let plain = |setting, address, has_data, has_control| Listener {
        setting,
        address,
        is_plain: true,
        has_data,
        has_control,
    };
    let mut listeners = Vec::new();
    if listen.data.is_none() && listen.control.is_none() {
        listeners.push(plain("listen.address", listen.address, true, true));
    }
    let control_tls = &options.control_tls;
    listeners.extend(listen.control.map(|address| Listener {
        setting: "listen.control",
        address,
        is_plain: *control_tls == ControlTls::default(),
        has_data: false,
        // Who has a certificate of the operators' is one of them.
        has_control: control_tls.client_ca.is_none(),
    }));
    listeners.extend(listen.data.map(|address| plain("listen.data", address, true, false)));
    listeners.extend(options.tls.address.map(|address| Listener {
        setting: "tls.address",
        address,
        is_plain: false,
        has_data: true,
        has_control: listen.data.is_none(),
    }));
    listeners
}

impl Listener {
    fn look(&self, findings: &mut Vec<Finding>) {
        let Self { setting, address, .. } = self;
        if self.has_control {
            findings.push(Finding::must(
                "CONTROL_EXPOSED",
                setting,
                &format!("the AWS APIs, health and metrics are reached on {address}"),
                "set listen.control and listen.data, each on loopback; tls.address then serves deployed APIs alone. Or set control_tls.client_ca",
            ));
        }
        if self.is_plain {
            findings.push(Finding::must(
                "PLAIN_LISTENER",
                setting,
                &format!("requests, keys and tokens go over {address} unencrypted"),
                "listen on loopback there, and for everybody on tls.address",
            ));
        }
    }
}
