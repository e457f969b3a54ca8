//! Stores of versions that encrypted nothing: what they hold is found again, and is nowhere in plain text.

use std::path::PathBuf;

use super::*;
use crate::apis::api_key::{ApiKey, ApiKeyValue};
use crate::apis::{Apis, fixtures};
use crate::clock::{Clock, SeededIds, SystemClock};
use crate::store::{Options, Store};

/// The steps that such versions knew.
const PLAIN: &[Step] = STEPS.split_at(4).0;
const VALUE: &str = "a-value-that-was-once-in-plain-text";
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----";

struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Dir {
    fn open(&self) -> Store {
        Store::open(&self.0, Options::disturbed(), clock()).unwrap()
    }

    fn has(&self, text: &str) -> bool {
        let files = std::fs::read_dir(&self.0).unwrap();
        let files = files.map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

fn owner() -> AccountRegion {
    let (account, region) = (AccountId::parse("123456789012"), Region::parse("us-east-1"));
    AccountRegion { account: account.unwrap(), region: region.unwrap() }
}

#[tokio::test]
async fn what_was_in_plain_text_is_encrypted_and_found_again() {
    let dir = Dir(std::env::temp_dir().join(format!("stepgate-sealing-{}", std::process::id())));
    let store = dir.open();
    store.migrate("apigateway", PLAIN).unwrap();
    let key = ApiKey { value: ApiKeyValue::new(VALUE.to_owned()), ..fixtures::test_api_key() };
    let (body, stored) = (text(&key).unwrap(), key.clone());
    let domain = fixtures::test_domain_name("a.example.com", &[]);
    // A record of any kind: what is in it is not looked at.
    let owned = text(&domain).unwrap().replace("TLS_1_2", PRIVATE);
    let written: Result<(), Error> = store
        .write(move |tx| {
            let values = [stored.id.as_str().into(), VALUE.into(), (&body).into()];
            tx.execute(
                "INSERT INTO apigateway_api_keys (account, region, id, serial, value, name, customer, body)
                 VALUES ('123456789012', 'us-east-1', ?1, 1, ?2, '', '', ?3)",
                &values,
            )?;
            tx.execute(
                "INSERT INTO apigateway_owned (account, region, kind, id, body)
                 VALUES ('123456789012', 'us-east-1', 'domain_name', 'a.example.com', ?1)",
                &[(&owned).into()],
            )?;
            Ok(())
        })
        .await;
    written.unwrap();
    assert!(dir.has(VALUE) && dir.has(PRIVATE), "the test looks in the wrong place");
    store.close().await;
    drop(store);

    let store = dir.open();
    let apis = Apis::open(store.clone(), clock(), Arc::new(SeededIds::new(1))).unwrap();
    let live = apis.live_key(&owner(), VALUE).await.unwrap().unwrap();
    assert_eq!(live.id, key.id);
    assert_eq!(apis.api_key(&owner(), &key.id).await.unwrap(), key);
    assert_eq!(apis.live_key(&owner(), "another-value-that-nobody-has").await.unwrap().map(|it| it.id), None);
    store.close().await;
    drop((apis, store));
    assert!(!dir.has(VALUE) && !dir.has(PRIVATE), "what was upgraded is still there in plain text");

    let store = dir.open();
    let domains = store.read(all_domain_names).await.unwrap();
    assert_eq!(domains.first().map(|it| it.security_policy.as_str()), Some(PRIVATE));
    let value = ApiKeyValue::new(VALUE.to_owned());
    let found = store.read(move |tx| Rows::new(tx, owner()).find_api_key_of(value.expose())).await;
    assert_eq!(found.unwrap(), Some(key));
}
