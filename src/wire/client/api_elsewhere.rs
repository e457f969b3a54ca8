//! Calls of APIs that this server doesn't have: of Amazon API Gateway, or of another server.

use http::uri::{Authority, Scheme};
use http::{Uri, request};

use super::{AwsClient, Endpoint, SendError, Unpermitted};
use crate::connect::{self, Request, Response, full};
use crate::gateway::BackendError;
use crate::id::{AccountRegion, Region};
use crate::identity::iam::RoleUse;
use crate::identity::sign;
use crate::wire::Permission;

/// The service of deployed APIs.
const EXECUTE_API: &str = "execute-api";
const INVOKE: &str = "execute-api:Invoke";

impl AwsClient {
    /// Whether the settings say where APIs are that this server doesn't have.
    pub fn knows_other_apis(&self) -> bool {
        self.other_apis().is_some()
    }

    fn other_apis(&self) -> Option<&Endpoint> {
        self.endpoints.named(EXECUTE_API).or_else(|| self.endpoints.default_of(EXECUTE_API))
    }

    /// Whether a role may call an API elsewhere, of which this server knows no more than its address.
    ///
    /// # Errors
    /// [`Unpermitted`] says why not.
    pub async fn permit_other_api(
        &self,
        role: &RoleUse,
        home: &AccountRegion,
        parts: &request::Parts,
    ) -> Result<(), Unpermitted> {
        let host = parts.uri.host().unwrap_or_default();
        let region = region_of(host).unwrap_or_else(|| home.region.clone());
        let api = host.split('.').next().unwrap_or_default();
        let path = parts.uri.path().trim_start_matches('/');
        let (stage, path) = path.split_once('/').unwrap_or((path, ""));
        let AccountRegion { account, .. } = home;
        let resource =
            format!("arn:aws:execute-api:{region}:{account}:{api}/{stage}/{}/{path}", parts.method);
        self.permit(role, home, &[Permission::new(INVOKE, resource)]).await
    }

    /// Sends a request to an API elsewhere. It goes to the API's own host if that is below the host of the settings, and
    /// otherwise to the endpoint of the settings, which is told the API's host.
    ///
    /// # Errors
    /// [`SendError`] if there is no response.
    pub async fn call_other_api(
        &self,
        (mut parts, body): (request::Parts, String),
        is_signed: bool,
        home: &AccountRegion,
    ) -> Result<Response, SendError> {
        let unknown = || BackendError::UnknownService { service: EXECUTE_API.to_owned() };
        let endpoint = self.other_apis().ok_or_else(unknown)?;
        let region = region_of(parts.uri.host().unwrap_or_default()).unwrap_or_else(|| home.region.clone());
        let address = endpoint.address(EXECUTE_API, &region);
        let moved = moved(&parts.uri, &address);
        parts.uri = moved.ok_or_else(|| connect::Error::InvalidAddress(address))?;
        if is_signed {
            let credential = endpoint.credential().ok_or_else(unknown)?;
            sign(&mut parts, body.as_bytes(), &credential, EXECUTE_API, &region, self.clock.now());
        }
        let request = Request::from_parts(parts, full(body));
        Ok(self.client.send(request, connect::Call::default()).await?)
    }
}

/// Where a request for `uri` goes if the settings have `address`.
fn moved(uri: &Uri, address: &str) -> Option<Uri> {
    let endpoint: Uri = address.parse().ok()?;
    let is_below = uri.host()?.strip_suffix(endpoint.host()?).is_some_and(|label| label.ends_with('.'));
    let (scheme, authority): (&Scheme, &Authority) = match is_below {
        true => (endpoint.scheme()?, uri.authority()?),
        false => (endpoint.scheme()?, endpoint.authority()?),
    };
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(scheme.clone());
    parts.authority = Some(authority.clone());
    Uri::from_parts(parts).ok()
}

/// The region in an API's host: `{api}.execute-api.{region}.amazonaws.com`.
fn region_of(host: &str) -> Option<Region> {
    let (_, rest) = host.split_once(".execute-api.")?;
    Region::parse(rest.split_once('.')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_to_the_api_s_host_or_to_the_endpoint() {
        for (uri, address, expect) in [
            (
                "https://abc.execute-api.eu-west-1.amazonaws.com/s/p?q=1",
                "https://execute-api.eu-west-1.amazonaws.com",
                Some("https://abc.execute-api.eu-west-1.amazonaws.com/s/p?q=1"),
            ),
            (
                "https://abc.execute-api.eu-west-1.amazonaws.com/s/p?q=1",
                "http://127.0.0.1:4566",
                Some("http://127.0.0.1:4566/s/p?q=1"),
            ),
            ("https://evilexecute-api.x/s", "https://execute-api.x", Some("https://execute-api.x/s")),
            ("https://abc.example/s", "https://{", None),
        ] {
            let moved = moved(&uri.parse().unwrap(), address).map(|uri| uri.to_string());
            assert_eq!(moved.as_deref(), expect, "{uri} {address}");
        }
    }

    #[test]
    fn an_api_s_host_names_its_region() {
        for (host, region) in
            [("abc.execute-api.eu-west-1.amazonaws.com", Some("eu-west-1")), ("abc.example", None)]
        {
            let found = region_of(host);
            assert_eq!(found.as_ref().map(Region::as_str), region, "{host}");
        }
    }
}
