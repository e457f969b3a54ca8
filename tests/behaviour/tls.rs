//! TLS with the development certificate, HTTP/2 and HTTP/1.1.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::HELLO_WORLD;
use crate::server::{DataDir, Server};

/// A connection that trusts only the certificate in the data directory.
async fn connect(dir: &DataDir, address: &str, name: &str, protocol: &[u8]) -> TlsStream<TcpStream> {
    let pem = dir.path().join("data/tls/development.pem");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

fn start_execution(uri: &str) -> Request<Full<Bytes>> {
    let body = json!({ "stateMachineArn": HELLO_WORLD }).to_string();
    Request::post(uri).header("content-type", "application/json").body(Full::from(body)).unwrap()
}

async fn json_of(response: Response<Incoming>) -> Value {
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn http_2_over_tls_with_the_development_certificate() {
    let dir = DataDir::new("tls");
    let server = Server::start(&dir, &["--tls-listen", "127.0.0.1:0"]);
    let endpoint = server.facts["tls_endpoint"].as_str().unwrap();
    let address = endpoint.strip_prefix("https://").unwrap().to_owned();
    let api = server.output("RestApiId").to_owned();
    let port = address.rsplit(':').next().unwrap();

    let name = format!("{api}.execute-api.localhost");
    let stream = connect(&dir, &address, &name, b"h2").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    // Many requests share the connection; the authority names the API.
    let uri = format!("https://{name}:{port}/alpha/execution");
    let answers: Vec<_> = (0..10).map(|_| tokio::spawn(sender.send_request(start_execution(&uri)))).collect();
    for answer in answers {
        let answer = answer.await.unwrap().unwrap();
        assert_eq!(answer.version(), Version::HTTP_2);
        assert!(json_of(answer).await["executionArn"].is_string());
    }

    let stream = connect(&dir, &address, "localhost", b"http/1.1").await;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = start_execution("/alpha/execution");
    request.headers_mut().insert("host", "localhost".parse().unwrap());
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.version(), Version::HTTP_11);
    assert!(json_of(answer).await["executionArn"].is_string());

    // The certificate is kept, so clients have to trust it only once.
    let pem = std::fs::read(dir.path().join("data/tls/development.pem")).unwrap();
    // Open but idle connections are closed. On another thread, because the client has to agree.
    let status = tokio::task::spawn_blocking(|| server.terminate()).await.unwrap();
    assert!(status.success());
    let _server = Server::start(&dir, &["--tls-listen", "127.0.0.1:0"]);
    assert_eq!(std::fs::read(dir.path().join("data/tls/development.pem")).unwrap(), pem);
}
