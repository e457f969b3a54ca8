//! PutGatewayResponse, GetGatewayResponse(s), UpdateGatewayResponse, DeleteGatewayResponse.

use super::super::gateway_response::{
    EffectiveResponse, GatewayResponse, ResponseType, check_gateway_response, effective_response,
};
use super::super::ids::ApiId;
use super::super::page::{Page, PageRequest};
use super::super::rest_apis::Apis;
use super::super::rows::Rows;
use crate::apis::error::{Error, NotFound};
use crate::apis::patch::{PatchOperation, patch_gateway_response};
use crate::id::AccountRegion;

impl Apis {
    /// Sets a gateway response; replaces an existing one.
    pub async fn put_gateway_response(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        response_type: ResponseType,
        response: GatewayResponse,
    ) -> Result<EffectiveResponse, Error> {
        let api_id = api_id.clone();
        self.write(owner, move |rows| {
            rows.api(&api_id)?;
            check_gateway_response(&response)?;
            rows.put_gateway_response(&api_id, response_type, &response)?;
            effective(rows, &api_id, response_type)
        })
        .await
    }

    /// All 21 gateway responses by type, set or not.
    pub async fn gateway_responses(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        page: PageRequest,
    ) -> Result<Page<EffectiveResponse>, Error> {
        let api_id = api_id.clone();
        self.read(owner, move |rows| {
            rows.api(&api_id)?;
            let set = rows.gateway_responses(&api_id)?;
            let mut types = ResponseType::ALL.to_vec();
            types.sort_by_key(|kind| kind.as_str());
            let page = Page::of(types, |kind| kind.as_str().to_owned(), &page)?;
            Ok(page.map(|kind| effective_response(&set, kind)))
        })
        .await
    }

    /// One gateway response as it applies, with defaults and fallback.
    pub async fn gateway_response(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        response_type: ResponseType,
    ) -> Result<EffectiveResponse, Error> {
        let api_id = api_id.clone();
        self.read(owner, move |rows| {
            rows.api(&api_id)?;
            effective(rows, &api_id, response_type)
        })
        .await
    }

    /// Changes a gateway response, and thereby sets one that wasn't set.
    pub async fn update_gateway_response(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        response_type: ResponseType,
        patches: Vec<PatchOperation>,
    ) -> Result<EffectiveResponse, Error> {
        let api_id = api_id.clone();
        self.write(owner, move |rows| {
            rows.api(&api_id)?;
            if !patches.is_empty() {
                let mut response =
                    rows.gateway_responses(&api_id)?.remove(&response_type).unwrap_or_default();
                patch_gateway_response(&mut response, &patches)?;
                check_gateway_response(&response)?;
                rows.put_gateway_response(&api_id, response_type, &response)?;
            }
            effective(rows, &api_id, response_type)
        })
        .await
    }

    /// Resets a gateway response to its default.
    pub async fn delete_gateway_response(
        &self,
        owner: &AccountRegion,
        api_id: &ApiId,
        response_type: ResponseType,
    ) -> Result<(), Error> {
        let api_id = api_id.clone();
        self.write(owner, move |rows| {
            rows.api(&api_id)?;
            if !rows.gateway_responses(&api_id)?.contains_key(&response_type) {
                return Err(NotFound::GatewayResponse.into());
            }
            rows.delete_gateway_response(&api_id, response_type)
        })
        .await
    }
}

fn effective(
    rows: &Rows<'_>,
    api_id: &ApiId,
    response_type: ResponseType,
) -> Result<EffectiveResponse, Error> {
    Ok(effective_response(&rows.gateway_responses(api_id)?, response_type))
}
