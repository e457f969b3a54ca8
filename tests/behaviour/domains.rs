//! Custom domain names: their mappings, their certificates, and mutual TLS.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::client::{Answer, Client};
use crate::server::{DataDir, Server};

const ARN: &str = "arn:aws:acm:us-east-1:123456789012:certificate/1";
const TRUSTSTORE: &str = "s3://truststores/clients.pem";
/// Shows how the request came in.
const TEMPLATE: &str = "$context.customDomain.basePathMatched $context.path $context.domainName \
    [$context.identity.clientCert.subjectDN]";

/// A certificate authority.
struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// Signs a certificate for the host `name`, which is also its subject; returns it with its key.
    fn sign(&self, name: &str) -> (Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

fn call(client: &mut Client, method: &str, path: &str, input: Value) -> Answer {
    client.apigateway(method, path, &input).unwrap()
}

fn ok(client: &mut Client, method: &str, path: &str, input: Value) -> Value {
    let answer = call(client, method, path, input);
    assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
    if answer.body.is_empty() { Value::Null } else { answer.json() }
}

/// Deploys an API whose stage `prod` answers `GET /` with [`TEMPLATE`].
fn deploy(client: &mut Client) -> String {
    let api = ok(client, "POST", "/restapis", json!({ "name": "domains" }));
    let (api, root) =
        (api["id"].as_str().unwrap().to_owned(), api["rootResourceId"].as_str().unwrap().to_owned());
    let method = format!("/restapis/{api}/resources/{root}/methods/GET");
    ok(client, "PUT", &method, json!({ "authorizationType": "NONE" }));
    ok(client, "PUT", &format!("{method}/responses/200"), json!({}));
    let templates = json!({ "application/json": "{\"statusCode\": 200}" });
    ok(
        client,
        "PUT",
        &format!("{method}/integration"),
        json!({ "type": "MOCK", "requestTemplates": templates }),
    );
    let templates = json!({ "application/json": TEMPLATE });
    let response = format!("{method}/integration/responses/200");
    ok(client, "PUT", &response, json!({ "responseTemplates": templates }));
    ok(client, "POST", &format!("/restapis/{api}/deployments"), json!({ "stageName": "prod" }));
    api
}

fn regional(name: &str) -> Value {
    json!({
        "domainName": name,
        "regionalCertificateArn": ARN,
        "endpointConfiguration": { "types": ["REGIONAL"] },
    })
}

fn get(client: &mut Client, host: &str, path: &str) -> (u16, String) {
    let answer = client.send("GET", path, &[("host", host)], b"").unwrap();
    (answer.status, answer.text())
}

fn replace(path: &str, value: &str) -> Value {
    json!({ "patchOperations": [{ "op": "replace", "path": path, "value": value }] })
}

#[test]
fn paths_below_a_domain_lead_where_its_mappings_say() {
    let dir = DataDir::new("domains");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let api = deploy(&mut client);
    let made = ok(&mut client, "POST", "/domainnames", regional("API.example.test"));
    assert_eq!(made["domainName"], "api.example.test");
    assert_eq!(made["domainNameStatus"], "AVAILABLE");
    assert_eq!(made["securityPolicy"], "TLS_1_2");
    assert!(made["regionalDomainName"].as_str().unwrap().ends_with(".execute-api.us-east-1.amazonaws.com"));

    let mappings = "/domainnames/api.example.test/basepathmappings";
    let mapping = json!({ "basePath": "v1", "restApiId": api, "stage": "prod" });
    assert_eq!(ok(&mut client, "POST", mappings, mapping.clone()), mapping);
    let host = "api.example.test:4566";
    let told = |path: &str| (200, format!("v1 {path} api.example.test []"));
    assert_eq!(get(&mut client, host, "/v1"), told("/v1"));
    assert_eq!(get(&mut client, host, "/v1/"), told("/v1/"));
    assert_eq!(get(&mut client, host, "/ping"), (200, "healthy".to_owned()));
    for elsewhere in ["/", "/v2", "/prod", "/_stepgate/health", "/restapis"] {
        assert_eq!(
            get(&mut client, host, elsewhere),
            (403, r#"{"message":"Forbidden"}"#.to_owned()),
            "{elsewhere}"
        );
    }

    // With a mapping without a stage, the path names the stage; the empty base path matches what no other does.
    ok(&mut client, "POST", mappings, json!({ "restApiId": api }));
    assert_eq!(get(&mut client, host, "/prod"), (200, "(none) /prod api.example.test []".to_owned()));
    let listed = ok(&mut client, "GET", mappings, Value::Null);
    let paths: Vec<_> = listed["item"].as_array().unwrap().iter().map(|it| it["basePath"].clone()).collect();
    assert_eq!(paths, ["(none)", "v1"]);

    ok(&mut client, "PATCH", &format!("{mappings}/v1"), replace("/basePath", "v2"));
    assert_eq!(get(&mut client, host, "/v2").0, 200);
    assert_eq!(call(&mut client, "GET", &format!("{mappings}/v1"), Value::Null).status, 404);

    // An API with a mapping can't be deleted; its default endpoint may be disabled.
    let refused = call(&mut client, "DELETE", &format!("/restapis/{api}"), Value::Null);
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("base path mappings"), "{}", refused.text());
    ok(&mut client, "PATCH", &format!("/restapis/{api}"), replace("/disableExecuteApiEndpoint", "true"));
    ok(&mut client, "POST", &format!("/restapis/{api}/deployments"), json!({ "stageName": "prod" }));
    assert_eq!(get(&mut client, &format!("{api}.execute-api.localhost"), "/prod").0, 403);
    assert_eq!(get(&mut client, host, "/v2").0, 200);

    // Everything is still there after a restart, and gone after deleting it.
    assert!(server.terminate().success());
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    assert_eq!(get(&mut client, host, "/v2").0, 200);
    ok(&mut client, "DELETE", &format!("{mappings}/v2"), Value::Null);
    assert_eq!(get(&mut client, host, "/v2").0, 403);
    ok(&mut client, "DELETE", "/domainnames/api.example.test", Value::Null);
    assert_eq!(call(&mut client, "GET", "/domainnames/api.example.test", Value::Null).status, 404);
    assert_eq!(ok(&mut client, "GET", "/domainnames", Value::Null)["item"], json!([]));
    ok(&mut client, "DELETE", &format!("/restapis/{api}"), Value::Null);
}

#[test]
fn what_no_domain_can_be_is_refused() {
    let dir = DataDir::new("domain-refusals");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let api = deploy(&mut client);
    ok(&mut client, "POST", "/domainnames", regional("taken.example.test"));
    let with = |member: &str, value: Value| {
        let mut input = regional("new.example.test");
        input[member] = value;
        input
    };
    for (input, want) in [
        (with("domainName", json!("nodots")), "Invalid domain name specified"),
        (with("domainName", json!("taken.EXAMPLE.test")), "already exists"),
        (with("certificateArn", json!(ARN)), "Cannot import certificates for EDGE while REGIONAL is active."),
        (json!({ "domainName": "new.example.test" }), "A certificate is required"),
        (
            json!({ "domainName": "new.example.test", "certificateBody": "x", "certificatePrivateKey": "y" }),
            "in PEM",
        ),
        (
            with("endpointConfiguration", json!({ "types": ["PRIVATE"] })),
            "Cannot import certificates for REGIONAL while PRIVATE",
        ),
        (with("policy", json!("{}")), "supported for private custom domain names only"),
        (with("endpointAccessMode", json!("STRICT")), "security policies SecurityPolicy_*"),
        (with("mutualTlsAuthentication", json!({ "truststoreUri": "s3://a/b" })), "[truststores]"),
    ] {
        let answer = call(&mut client, "POST", "/domainnames", input.clone());
        assert_eq!((answer.status, answer.text().contains(want)), (400, true), "{input}: {}", answer.text());
    }
    let mappings = "/domainnames/taken.example.test/basepathmappings";
    for (input, status, want) in [
        (json!({ "basePath": "a/b", "restApiId": api }), 400, "slash character"),
        (json!({ "basePath": "a b", "restApiId": api }), 400, "Base path names"),
        (json!({ "restApiId": "nope" }), 400, "Invalid REST API identifier specified"),
        (json!({ "restApiId": api, "stage": "nope" }), 400, "Invalid stage identifier specified"),
    ] {
        let answer = call(&mut client, "POST", mappings, input.clone());
        assert_eq!(
            (answer.status, answer.text().contains(want)),
            (status, true),
            "{input}: {}",
            answer.text()
        );
    }
    ok(&mut client, "POST", mappings, json!({ "restApiId": api }));
    let again = call(&mut client, "POST", mappings, json!({ "restApiId": api, "basePath": "(none)" }));
    assert_eq!((again.status, again.text().contains("Base path already exists")), (409, true));
    assert_eq!(ok(&mut client, "GET", "/domainnames", Value::Null)["item"].as_array().unwrap().len(), 1);
}

/// A server with certificates and a truststore in its settings, and the address of its TLS listener.
fn start_with_files(dir: &DataDir, servers: &Authority, clients: &Authority) -> (Server, String) {
    let write = |name: &str, pem: String| -> PathBuf {
        let path = dir.path().join(name);
        fs::write(&path, pem).unwrap();
        path
    };
    let (certificate, key) = servers.sign("*.example.test");
    let config = toml_of(
        &write("domain.pem", certificate.pem()),
        &write("domain.key", key.serialize_pem()),
        &write("clients.pem", clients.certificate.pem()),
    );
    let config = write("stepgate.toml", config);
    let server = Server::start(dir, &["--config", config.to_str().unwrap(), "--tls-listen", "127.0.0.1:0"]);
    let endpoint = server.facts["tls_endpoint"].as_str().unwrap();
    let address = endpoint.strip_prefix("https://").unwrap().to_owned();
    (server, address)
}

fn toml_of(certificate: &std::path::Path, key: &std::path::Path, truststore: &std::path::Path) -> String {
    format!(
        "[certificates.\"{ARN}\"]\ncertificate = {certificate:?}\nprivate_key = {key:?}\n\
         [truststores]\n\"{TRUSTSTORE}\" = {truststore:?}\n"
    )
}

/// Sends `GET /` for `host` over a connection to `name`, trusting only `servers`; `None` if TLS fails.
async fn get_over_tls(
    address: &str,
    name: &str,
    host: &str,
    servers: &Authority,
    identity: Option<(Certificate, KeyPair)>,
) -> Option<(u16, String)> {
    let mut roots = RootCertStore::empty();
    roots.add(servers.certificate.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots);
    let config = match identity {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
            let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let request = http::Request::get("/").header("host", host).body(Empty::<Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.ok()?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    Some((status, String::from_utf8(body.to_vec()).unwrap()))
}

#[tokio::test]
async fn domains_show_their_certificate_and_let_in_whom_they_trust() {
    let dir = DataDir::new("domain-tls");
    let (servers, clients) = (Authority::new("servers"), Authority::new("clients"));
    let (server, address) = start_with_files(&dir, &servers, &clients);
    let mut client = Client::new(&server.address);
    let api = deploy(&mut client);
    let mut closed = regional("closed.example.test");
    closed["mutualTlsAuthentication"] = json!({ "truststoreUri": TRUSTSTORE });
    let (certificate, key) = servers.sign("edge.shop.test");
    let edge = json!({
        "domainName": "edge.shop.test",
        "certificateBody": certificate.pem(),
        "certificatePrivateKey": key.serialize_pem(),
    });
    for input in [regional("open.example.test"), closed, edge] {
        let made = ok(&mut client, "POST", "/domainnames", input);
        assert!(made.get("certificatePrivateKey").is_none(), "{made}");
        let name = made["domainName"].as_str().unwrap();
        let mappings = format!("/domainnames/{name}/basepathmappings");
        ok(&mut client, "POST", &mappings, json!({ "restApiId": api, "stage": "prod" }));
    }

    // Each name has its own certificate, from a file or uploaded.
    for name in ["open.example.test", "edge.shop.test"] {
        let answer = get_over_tls(&address, name, name, &servers, None).await;
        assert_eq!(answer, Some((200, format!("(none) / {name} []"))), "{name}");
    }
    // The listener's own certificate is from another authority.
    assert_eq!(get_over_tls(&address, "localhost", "localhost", &servers, None).await, None);

    // A client without a certificate, or with one that nobody trusts, is not admitted.
    let name = "closed.example.test";
    assert_eq!(get_over_tls(&address, name, name, &servers, None).await, None);
    let stranger = Authority::new("strangers").sign("stranger");
    assert_eq!(get_over_tls(&address, name, name, &servers, Some(stranger)).await, None);
    let answer = get_over_tls(&address, name, name, &servers, Some(clients.sign("friend"))).await;
    assert_eq!(answer, Some((200, format!("(none) / {name} [CN=friend]"))));

    // Neither over a connection to another name, nor without TLS.
    let answer =
        get_over_tls(&address, "open.example.test", name, &servers, Some(clients.sign("friend"))).await;
    assert_eq!(answer.unwrap().0, 403);
    assert_eq!(get(&mut client, name, "/").0, 403);

    // Once mutual TLS is removed, every client is admitted.
    let patch =
        json!({ "patchOperations": [{ "op": "remove", "path": "/mutualTlsAuthentication/truststoreUri" }] });
    ok(&mut client, "PATCH", "/domainnames/closed.example.test", patch);
    assert_eq!(get_over_tls(&address, name, name, &servers, None).await.unwrap().0, 200);
}

#[test]
fn private_domains_are_kept_and_lead_nowhere() {
    let dir = DataDir::new("domain-private");
    let server = Server::start(&dir, &[]);
    let mut client = Client::new(&server.address);
    let api = deploy(&mut client);
    let input = json!({
        "domainName": "inner.example.test", "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
        "endpointConfiguration": { "types": ["PRIVATE"] }, "policy": "{\"Statement\": []}",
    });
    let made = ok(&mut client, "POST", "/domainnames", input);
    let id = made["domainNameId"].as_str().unwrap();
    assert_eq!(
        made["domainNameArn"],
        format!("arn:aws:apigateway:us-east-1:123456789012:/domainnames/inner.example.test+{id}")
    );
    assert_eq!(made["endpointConfiguration"], json!({ "types": ["PRIVATE"], "ipAddressType": "dualstack" }));
    assert_eq!(made["policy"], "{\\\"Statement\\\": []}", "escaped as an API's");
    // A private domain can't be identified by its name alone.
    assert_eq!(call(&mut client, "GET", "/domainnames/inner.example.test", Value::Null).status, 404);
    let path = format!("/domainnames/inner.example.test?domainNameId={id}");
    let patch = replace("/managementPolicy", "{}");
    assert_eq!(ok(&mut client, "PATCH", &path, patch)["managementPolicy"], "{}");
    let mapping = json!({ "restApiId": api, "stage": "prod" });
    let mappings = format!("/domainnames/inner.example.test/basepathmappings?domainNameId={id}");
    ok(&mut client, "POST", &mappings, mapping);
    let answer = client.send("GET", "/", &[("host", "inner.example.test")], b"").unwrap();
    assert_eq!(answer.status, 403);

    let associate = json!({
        "domainNameArn": made["domainNameArn"], "accessAssociationSourceType": "VPCE", "accessAssociationSource": "vpce-0a1",
    });
    let association = ok(&mut client, "POST", "/domainnameaccessassociations", associate.clone());
    assert_eq!(
        association["domainNameAccessAssociationArn"],
        format!(
            "arn:aws:apigateway:us-east-1:123456789012:/domainnameaccessassociations/domainname/inner.example.test+{id}/vpcesource/vpce-0a1"
        )
    );
    assert_eq!(call(&mut client, "POST", "/domainnameaccessassociations", associate).status, 409);
    assert_eq!(
        ok(&mut client, "GET", "/domainnameaccessassociations", Value::Null)["item"],
        json!([association])
    );
    let others =
        ok(&mut client, "GET", "/domainnameaccessassociations?resourceOwner=OTHER_ACCOUNTS", Value::Null);
    assert_eq!(others["item"], json!([]));
    ok(&mut client, "DELETE", &path, Value::Null);
    assert_eq!(ok(&mut client, "GET", "/domainnameaccessassociations", Value::Null)["item"], json!([]));
}
