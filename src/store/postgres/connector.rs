//! How the server is reached.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::{InvalidDnsNameError, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, NoTls, TlsConnect, TlsStream};
use tokio_postgres::{Config, Socket};

use super::{Postgres, Session};
use crate::Error;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How much longer an answer is waited for than the server may work on it.
const BEYOND_TIMEOUT: Duration = Duration::from_secs(5);
/// After how long of silence a connection is probed, and how often.
const KEEPALIVE: Duration = Duration::from_secs(5);
const KEEPALIVES: u32 = 3;

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Config,
    tls: Option<Arc<ClientConfig>>,
    statement_timeout: Duration,
    /// How long a transaction may wait for its client.
    idle_timeout: Duration,
}

/// The address without what TLS is said to be in it, and whether to use TLS.
pub(crate) fn parse(url: &str) -> Result<(Config, bool), Error> {
    let wrong = |problem: &str| Error::Database(format!("the URL of the database: {problem}"));
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(wrong("it begins with postgres://"));
    }
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut asked = None;
    let rest: Vec<&str> = query
        .split('&')
        .filter(|part| match part.strip_prefix("sslmode=") {
            Some(mode) => {
                asked = Some(mode);
                false
            }
            None => !part.is_empty(),
        })
        .collect();
    let plain = if rest.is_empty() { address.to_owned() } else { format!("{address}?{}", rest.join("&")) };
    // The driver's error may quote what it doesn't understand, but never the password.
    let config = Config::from_str(&plain).map_err(|error| {
        let reason = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
        wrong(&format!("{error}{reason}"))
    })?;
    if config.get_hosts().is_empty() || config.get_dbname().is_none() {
        return Err(wrong("it names a host and a database: postgres://USER@HOST/DATABASE"));
    }
    let is_here = config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
    });
    match asked {
        Some("disable") => Ok((config, false)),
        Some("verify-full") => Ok((config, true)),
        None => Ok((config, !is_here)),
        Some(_) => Err(wrong("sslmode is verify-full, or disable")),
    }
}

impl Connector {
    pub(crate) fn new(settings: &Postgres) -> Result<Self, Error> {
        let (mut config, needs_tls) = parse(&settings.url)?;
        if let Some(password) = &settings.password {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("stepgate");
        }
        config
            .ssl_mode(if needs_tls { SslMode::Require } else { SslMode::Disable })
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(settings.lease)
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE)
            .keepalives_retries(KEEPALIVES);
        let tls = match (&settings.tls, needs_tls) {
            (Some(tls), true) => Some(tls.clone()),
            (None, true) => {
                return Err(Error::Database("there are no certificates to verify it with".to_owned()));
            }
            (_, false) => None,
        };
        let (statement_timeout, idle_timeout) = (settings.statement_timeout, settings.lease);
        Ok(Self { config, tls, statement_timeout, idle_timeout })
    }

    /// Connects. Must not be called on a thread that runs async code.
    pub(crate) fn connect(&self) -> Result<Session, Error> {
        let io = |error: io::Error| Error::Io(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io)?;
        let connect = async {
            match &self.tls {
                Some(tls) => {
                    let (client, connection) = self.config.connect(Tls(tls.clone())).await?;
                    drop(tokio::spawn(connection));
                    Ok(client)
                }
                None => {
                    let (client, connection) = self.config.connect(NoTls).await?;
                    drop(tokio::spawn(connection));
                    Ok::<_, tokio_postgres::Error>(client)
                }
            }
        };
        let connected = runtime.block_on(async { tokio::time::timeout(2 * CONNECT_TIMEOUT, connect).await });
        let client = connected.map_err(|_| Error::Server("it doesn't answer".to_owned()))??;
        let set = format!(
            "SET client_min_messages = warning; SET enable_seqscan = off; SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
            self.statement_timeout.as_millis(),
            self.statement_timeout.as_millis(),
            self.idle_timeout.as_millis(),
        );
        let session = Session::new(runtime, client, self.statement_timeout + BEYOND_TIMEOUT);
        session.batch(&set)?;
        Ok(session)
    }
}

/// TLS for the driver: rustls, which verifies chain and host name.
#[derive(Clone)]
struct Tls(Arc<ClientConfig>);

struct TlsOf {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Encrypted;
    type TlsConnect = TlsOf;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, domain: &str) -> Result<TlsOf, InvalidDnsNameError> {
        Ok(TlsOf { config: self.0.clone(), name: ServerName::try_from(domain.to_owned())? })
    }
}

impl TlsConnect<Socket> for TlsOf {
    type Stream = Encrypted;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted>> + Send>>;

    fn connect(self, stream: Socket) -> Self::Future {
        Box::pin(async move {
            let stream = tokio_rustls::TlsConnector::from(self.config).connect(self.name, stream).await?;
            Ok(Encrypted(Box::new(stream)))
        })
    }
}

struct Encrypted(Box<tokio_rustls::client::TlsStream<Socket>>);

impl TlsStream for Encrypted {
    fn channel_binding(&self) -> ChannelBinding {
        // The server's certificate is verified, and so is its name.
        ChannelBinding::none()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_on_this_machine_is_verified() {
        for (url, is_encrypted) in [
            ("postgres://stepgate@db.example.com/stepgate", true),
            ("postgres://stepgate@db.example.com/stepgate?sslmode=disable", false),
            ("postgres://stepgate@127.0.0.1:5433/stepgate", false),
            ("postgres://stepgate@localhost/stepgate?sslmode=verify-full&connect_timeout=3", true),
            ("postgresql://stepgate@%2Frun%2Fpostgresql/stepgate", false),
            ("postgres://stepgate@127.0.0.1,db2.example.com/stepgate", true),
        ] {
            assert_eq!(parse(url).map(|(_, tls)| tls), Ok(is_encrypted), "{url}");
        }
        for (url, word) in [
            ("mysql://a/b", "postgres://"),
            ("postgres://stepgate@db.example.com", "database"),
            ("postgres://stepgate@db/s?sslmode=require", "verify-full"),
            ("postgres://stepgate:secret@db/s?wrong=1", "wrong"),
        ] {
            let problem = parse(url).map(|_| ()).unwrap_err().to_string();
            assert!(problem.contains(word) && !problem.contains("secret"), "{problem}");
        }
    }
}
