//! The account's settings.

use serde::Deserialize;
use serde_json::Value;

use super::shapes::{PATCHES, Patched};
use super::view;
use crate::wire::{ApiError, Call, Structure};

/// A caller has only one account, so nothing identifies it.
#[derive(Deserialize)]
pub(super) struct OfCaller {}

pub(super) async fn get(call: &Call, OfCaller {}: OfCaller) -> Result<Value, ApiError> {
    Ok(view::account(&call.apis().control.account(&call.home).await?))
}

pub(super) static UPDATE: Structure = Structure::new("UpdateAccountInput", &[PATCHES]);

pub(super) async fn update(call: &Call, input: Patched<OfCaller>) -> Result<Value, ApiError> {
    let account = call.apis().control.update_account(&call.home, input.patch_operations).await?;
    Ok(view::account(&account))
}
