//! A browser with a platform authenticator: 1Password's passkey-rs, not our code.

use std::pin::Pin;

use passkey::authenticator::{self, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use serde_json::Value;
use url::Url;

use super::{ORIGIN, base64url};

/// Holds the passkeys; the client is built anew each time around the one that the user picks.
#[derive(Default)]
pub(crate) struct Authenticator {
    passkeys: Vec<Passkey>,
}

impl Authenticator {
    /// `navigator.credentials.create` with the options as they come.
    pub(crate) async fn create(&mut self, options: &Value) -> Value {
        let origin = Url::parse(ORIGIN).unwrap();
        let options = serde_json::from_value(options.clone()).unwrap();
        let mut client = Client::new(authenticator(None)).allows_insecure_localhost(true);
        let created = client.register(&origin, options, DefaultClientData).await;
        self.passkeys
            .extend(client.authenticator_mut().store_mut().take());
        as_browsers_write_it(serde_json::to_value(created.unwrap()).unwrap())
    }

    /// `navigator.credentials.get`. Where any passkey will do, the user picks the newest.
    pub(crate) async fn get(&mut self, options: &Value) -> Value {
        let origin = Url::parse(ORIGIN).unwrap();
        let allowed = options["publicKey"]["allowCredentials"].as_array();
        let picked = self.passkeys.iter().rposition(|passkey| {
            let id = base64url(&passkey.credential_id);
            allowed.is_none_or(|allowed| allowed.iter().any(|other| other["id"] == id))
        });
        let passkey = self.passkeys.remove(picked.unwrap());
        let options = serde_json::from_value(options.clone()).unwrap();
        let mut client = Client::new(authenticator(Some(passkey))).allows_insecure_localhost(true);
        let got = client.authenticate(&origin, options, DefaultClientData);
        let got = got.await.unwrap();
        self.passkeys
            .extend(client.authenticator_mut().store_mut().take());
        as_browsers_write_it(serde_json::to_value(got).unwrap())
    }
}

fn authenticator(
    passkey: Option<Passkey>,
) -> authenticator::Authenticator<Option<Passkey>, Willing, RustCryptoBackend> {
    let mut authenticator =
        authenticator::Authenticator::new(Aaguid::new_empty(), passkey, Willing, RustCryptoBackend);
    authenticator.set_make_credentials_with_signature_counter(true);
    authenticator
}

/// The library writes bytes as lists of numbers; `toJSON` in a browser writes base64url.
fn as_browsers_write_it(value: Value) -> Value {
    let byte = |value: &Value| value.as_u64().and_then(|number| u8::try_from(number).ok());
    match value {
        Value::Array(list) => match list.iter().map(byte).collect::<Option<Vec<u8>>>() {
            Some(bytes) if !bytes.is_empty() => base64url(&bytes).into(),
            _ => list.into_iter().map(as_browsers_write_it).collect(),
        },
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, as_browsers_write_it(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// A user who is there and says yes.
struct Willing;

impl UserValidationMethod for Willing {
    type PasskeyItem = Passkey;

    /// As `async_trait` would write it.
    fn check_user<'a, 'life0, 'async_trait>(
        &'life0 self,
        _: UiHint<'a, Passkey>,
        _: bool,
        _: bool,
    ) -> Pin<Box<dyn Future<Output = Result<UserCheck, Ctap2Error>> + Send + 'async_trait>>
    where
        'a: 'async_trait,
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async {
            Ok(UserCheck {
                presence: true,
                verification: true,
            })
        })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}
