//! The settings of the console and of the inspector.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::Error;
use crate::console::{Granted, Provider};
use crate::id::Arn;

/// Settings of the console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConsoleOptions {
    /// The provider that people sign in with, besides access keys.
    pub oidc: Oidc,
}

/// An OpenID Connect provider that people sign in with; none unless it has an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Oidc {
    /// The tokens' `iss` claim, below which the discovery document is.
    pub issuer: Option<String>,
    /// What this server is called there.
    pub client_id: Option<String>,
    /// A file that holds its secret.
    pub client_secret_file: Option<PathBuf>,
    /// An environment variable that holds it.
    pub client_secret_env: Option<String>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// The claim that says what somebody may do.
    pub claim: String,
    /// What its values mean: `viewer`, `developer`, `admin`, or the ARN of a role.
    pub roles: BTreeMap<String, String>,
    /// The console's own address, where browsers don't say it.
    pub url: Option<String>,
}

impl Default for Oidc {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: None,
            client_secret_file: None,
            client_secret_env: None,
            scopes: ["openid", "email", "profile"].map(str::to_owned).into(),
            claim: "groups".to_owned(),
            roles: BTreeMap::new(),
            url: None,
        }
    }
}

/// Requests that are written to a file, whoever looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InspectorOptions {
    /// Of how many requests one is written; 0 writes none.
    pub sample_every: u64,
    /// Whether with bodies.
    pub bodies: bool,
    /// The file; by default `requests.jsonl` in the data directory.
    pub file: Option<PathBuf>,
}

fn setting(key: &'static str, problem: impl Into<String>) -> Error {
    Error::Setting { key, problem: problem.into() }
}

impl Oidc {
    /// The provider, if one is set.
    ///
    /// # Errors
    /// What of it can't be used.
    pub(super) fn provider(&self) -> Result<Option<Provider>, Error> {
        let Some(issuer) = &self.issuer else {
            let is_untouched = *self == Self::default();
            return if is_untouched {
                Ok(None)
            } else {
                Err(setting("console.oidc", "an issuer is missing"))
            };
        };
        check_url("console.oidc.issuer", issuer)?;
        if let Some(url) = &self.url {
            check_url("console.oidc.url", url)?;
        }
        let client_id = self.client_id.clone().filter(|id| !id.is_empty());
        let client_id = client_id.ok_or_else(|| setting("console.oidc.client_id", "it is missing"))?;
        let client_secret = match (&self.client_secret_file, &self.client_secret_env) {
            (None, None) => None,
            (Some(path), None) => Some(read(path)?),
            (None, Some(name)) => Some(
                std::env::var(name)
                    .map_err(|error| setting("console.oidc.client_secret_env", format!("{name}: {error}")))?,
            ),
            (Some(_), Some(_)) => return Err(setting("console.oidc", "set one place of the secret only")),
        };
        if !self.scopes.iter().any(|scope| scope == "openid") {
            return Err(setting("console.oidc.scopes", "openid is not among them"));
        }
        let roles = self.roles.iter().map(|(value, role)| {
            let granted = match role.as_str() {
                "admin" => Granted::Admin,
                "developer" => Granted::Developer,
                "viewer" => Granted::Viewer,
                arn if is_role(arn) => Granted::Role(arn.to_owned()),
                other => {
                    let problem =
                        format!("{other:?} is neither viewer, developer, admin nor the ARN of a role");
                    return Err(setting("console.oidc.roles", problem));
                }
            };
            Ok((value.clone(), granted))
        });
        let roles = roles.collect::<Result<Vec<_>, _>>()?;
        if roles.is_empty() {
            return Err(setting("console.oidc.roles", "nobody gets a role"));
        }
        Ok(Some(Provider {
            issuer: issuer.clone(),
            client_id,
            client_secret: client_secret.map(|secret| secret.trim().to_owned()),
            scopes: self.scopes.clone(),
            claim: self.claim.clone(),
            roles,
            url: self.url.clone(),
        }))
    }
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path)
        .map_err(|error| setting("console.oidc.client_secret_file", format!("{}: {error}", path.display())))
}

fn is_role(text: &str) -> bool {
    Arn::parse(text).is_ok_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/"))
}

/// With TLS, unless it is on this machine.
fn check_url(key: &'static str, url: &str) -> Result<(), Error> {
    let uri: http::Uri = url.parse().map_err(|error| setting(key, format!("{url:?}: {error}")))?;
    let host = uri.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_here =
        host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_here => Ok(()),
        _ => Err(setting(key, format!("{url:?} is no https address"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Provider>, String> {
        let oidc: Oidc = toml::from_str(text).map_err(|error| error.to_string())?;
        oidc.provider().map_err(|error| error.to_string())
    }

    #[test]
    fn a_provider_is_whole_or_none() {
        assert_eq!(read(""), Ok(None));
        let good =
            "issuer = \"https://login.example.com\"\nclient_id = \"console\"\n[roles]\nops = \"admin\"\n";
        let provider = read(good).unwrap().unwrap();
        assert_eq!(provider.roles, [("ops".to_owned(), Granted::Admin)]);
        for (text, wanted) in [
            ("client_id = \"a\"".to_owned(), "issuer is missing"),
            (good.replace("https", "http"), "is no https address"),
            (good.replace("client_id = \"console\"", ""), "client_id"),
            (good.replace("admin", "root"), "neither viewer"),
            (good.replace("[roles]\nops = \"admin\"\n", ""), "nobody gets a role"),
            (format!("scopes = [\"email\"]\n{good}"), "openid is not among them"),
            (format!("client_secret_file = \"/nowhere\"\n{good}"), "/nowhere"),
            (format!("client_secret_env = \"A\"\nclient_secret_file = \"b\"\n{good}"), "one place"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
        assert!(read(&good.replace("https://login.example.com", "http://127.0.0.1:9")).is_ok());
        assert!(read(&good.replace("admin", "arn:aws:iam::123456789012:role/Ops")).is_ok());
    }
}
