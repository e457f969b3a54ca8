//! EventBridge connections of the settings: what authorizes calls of HTTP endpoints.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection.html>

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::settings::{Authorization, Connection as Settings, SettingError};
use crate::clock::{Clock, Timestamp};
use crate::connect::{self, Call, HttpClient, collect, full};

/// How long a token's endpoint may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer of a token's endpoint.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// A token is got anew so long before it ends …
const EARLY: Duration = Duration::from_secs(60);
/// … and so long after it was got if nobody says when it ends.
const TOKEN_KEPT: Duration = Duration::from_secs(300);
/// Everything but RFC 3986's unreserved characters.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The connections by name.
pub struct Connections {
    by_name: BTreeMap<String, Connection>,
    clock: Arc<dyn Clock>,
}

/// A connection.
pub(super) struct Connection {
    settings: Settings,
    /// Headers that each call gets; an access token's is made when it is called.
    headers: HeaderMap,
    token: Mutex<Option<Token>>,
}

struct Token {
    header: HeaderValue,
    until: Timestamp,
}

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    /// The endpoint can't be reached.
    #[error("the authorization endpoint did not answer")]
    Unreachable(#[from] connect::Error),
    /// It refused.
    #[error("the authorization endpoint answered {0}")]
    Refused(http::StatusCode),
    /// Its answer holds no token.
    #[error("the authorization endpoint answered without an access token")]
    NoToken,
}

/// What an endpoint answers.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<u64>,
}

impl Connections {
    /// # Errors
    /// [`SettingError`] for a header that can't be sent or an address that can't be called.
    pub fn new(settings: &BTreeMap<String, Settings>, clock: Arc<dyn Clock>) -> Result<Self, SettingError> {
        let connection = |(name, settings): (&String, &Settings)| {
            let problem = |key, problem: &str| SettingError { key, problem: format!("{name}: {problem}") };
            let mut headers = HeaderMap::new();
            let mut set = |header: &str, value: &str| {
                let bad =
                    || problem("connections.headers", &format!("{header} is no header that can be sent"));
                let header: HeaderName = header.parse().map_err(|_| bad())?;
                let mut value = HeaderValue::try_from(value).map_err(|_| bad())?;
                value.set_sensitive(true);
                headers.insert(header, value);
                Ok::<_, SettingError>(())
            };
            for (header, value) in &settings.headers {
                set(header, value)?;
            }
            match &settings.authorization {
                Authorization::ApiKey { name, value } => set(name, value)?,
                Authorization::Basic { username, password } => {
                    set("authorization", &basic(username, password))?;
                }
                Authorization::OauthClientCredentials { authorization_endpoint, .. } => {
                    let uri = Uri::try_from(authorization_endpoint).ok();
                    let scheme = uri.as_ref().and_then(Uri::scheme_str);
                    if !(scheme == Some("https") || (settings.allow_http && scheme == Some("http"))) {
                        return Err(problem("connections.authorization", "its endpoint is no https address"));
                    }
                }
            }
            let connection = Connection { settings: settings.clone(), headers, token: Mutex::new(None) };
            Ok((name.clone(), connection))
        };
        let by_name = settings.iter().map(connection).collect::<Result<_, SettingError>>()?;
        Ok(Self { by_name, clock })
    }

    /// The connection of an ARN, `arn:aws:events:REGION:ACCOUNT:connection/NAME/ID`.
    pub(super) fn of(&self, arn: &str) -> Option<&Connection> {
        let (_, resource) = arn.split_once(":connection/").filter(|_| arn.starts_with("arn:"))?;
        self.by_name.get(resource.split('/').next()?)
    }

    /// Sets the headers that authorize a call, over those of the same names.
    ///
    /// # Errors
    /// Any [`TokenError`].
    pub(super) async fn authorize(
        &self,
        connection: &Connection,
        client: &HttpClient,
        headers: &mut HeaderMap,
    ) -> Result<(), TokenError> {
        for (name, value) in &connection.headers {
            headers.insert(name, value.clone());
        }
        if let Authorization::OauthClientCredentials { .. } = connection.settings.authorization {
            let mut token = connection.token.lock().await;
            let now = self.clock.now();
            let header = match token.as_ref().filter(|token| now < token.until) {
                Some(token) => token.header.clone(),
                None => token.insert(connection.get_token(client, now).await?).header.clone(),
            };
            headers.insert(AUTHORIZATION, header);
        }
        Ok(())
    }
}

impl Connection {
    /// Headers of every call, but for an access token's.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether endpoints without TLS may be called.
    pub(super) fn allows_http(&self) -> bool {
        self.settings.allow_http
    }

    /// Query parameters of every call.
    pub(super) fn query(&self) -> &BTreeMap<String, String> {
        &self.settings.query
    }

    /// Members of every call's body.
    pub(super) fn body(&self) -> &BTreeMap<String, String> {
        &self.settings.body
    }

    /// Forgets the access token, which was refused; false if there is none.
    pub(super) async fn forget_token(&self) -> bool {
        self.token.lock().await.take().is_some()
    }

    /// RFC 6749's client credentials grant; the client says who it is as in its section 2.3.1.
    async fn get_token(&self, client: &HttpClient, now: Timestamp) -> Result<Token, TokenError> {
        let Authorization::OauthClientCredentials {
            authorization_endpoint,
            client_id,
            client_secret,
            parameters,
        } = &self.settings.authorization
        else {
            return Err(TokenError::NoToken);
        };
        let mut body = "grant_type=client_credentials".to_owned();
        for (name, value) in parameters.iter().filter(|(name, _)| *name != "grant_type") {
            body.push('&');
            body.extend(utf8_percent_encode(name, FORM));
            body.push('=');
            body.extend(utf8_percent_encode(value, FORM));
        }
        let mut request = http::Request::new(full(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = Uri::try_from(authorization_endpoint).map_err(|_| TokenError::NoToken)?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        if let Ok(mut value) = HeaderValue::try_from(basic(client_id, client_secret)) {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let bounds = Call { timeout: TIMEOUT, response_bytes_max: ANSWER_BYTES_MAX, ..Call::default() };
        let (parts, body) = client.send(request, bounds).await?.into_parts();
        if !parts.status.is_success() {
            return Err(TokenError::Refused(parts.status));
        }
        let body = collect(body, ANSWER_BYTES_MAX).await?;
        let granted: Granted = serde_json::from_slice(&body).map_err(|_| TokenError::NoToken)?;
        let kind = granted.token_type.filter(|kind| !kind.eq_ignore_ascii_case("bearer"));
        let text = format!("{} {}", kind.as_deref().unwrap_or("Bearer"), granted.access_token);
        let mut header = HeaderValue::try_from(text).map_err(|_| TokenError::NoToken)?;
        header.set_sensitive(true);
        let kept = granted.expires_in.map_or(TOKEN_KEPT, Duration::from_secs);
        Ok(Token { header, until: now + kept.saturating_sub(EARLY) })
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn connection(authorization: Authorization) -> Settings {
        let none = BTreeMap::new;
        Settings { authorization, headers: none(), query: none(), body: none(), allow_http: false }
    }

    fn open(settings: Settings) -> Result<Connections, SettingError> {
        Connections::new(&[("c".to_owned(), settings)].into(), Arc::new(SystemClock::new()))
    }

    fn key() -> Settings {
        connection(Authorization::ApiKey { name: "X-Key".to_owned(), value: "hush".to_owned() })
    }

    #[test]
    fn an_arn_means_the_connection_of_its_name() {
        let connections = open(key()).unwrap();
        for (arn, is_found) in [
            ("arn:aws:events:us-east-1:123456789012:connection/c/81210c42-8af1-456b-9c4a-6ff02fc664ac", true),
            ("arn:aws:events:us-east-1:123456789012:connection/c", true),
            ("arn:aws:events:us-east-1:123456789012:connection/d/1", false),
            ("c", false),
        ] {
            assert_eq!(connections.of(arn).is_some(), is_found, "{arn}");
        }
    }

    #[test]
    fn what_can_not_be_sent_is_a_bad_setting() {
        let bad = [
            connection(Authorization::ApiKey { name: "no header".to_owned(), value: "v".to_owned() }),
            Settings { headers: [("a".to_owned(), "\n".to_owned())].into(), ..key() },
            connection(Authorization::OauthClientCredentials {
                authorization_endpoint: "http://h/".to_owned(),
                client_id: "i".to_owned(),
                client_secret: "s".to_owned(),
                parameters: BTreeMap::new(),
            }),
        ];
        for settings in bad {
            assert!(open(settings).is_err());
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let basic = Authorization::Basic { username: "u".to_owned(), password: "hush".to_owned() };
        for settings in [key(), connection(basic)] {
            let shown = format!("{settings:?}");
            assert!(!shown.contains("hush"), "{shown}");
        }
    }
}
