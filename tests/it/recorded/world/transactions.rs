//! Transactions of the recording, and the user whose five credentials are listed after them.

use serde_json::{Value, json};

use super::{World, fill};
use crate::support::{Flags, Forge};

impl World {
    /// Credentials that are eligible for backup, and backed up every other one.
    pub(super) async fn register_five(&mut self) {
        let user = self.names["$u4"].clone();
        for (number, name) in ["$c0", "$c1", "$c2", "$c3", "$c4"].into_iter().enumerate() {
            let mut forge = Forge::new(-7);
            forge.flags |= Flags::BACKUP_ELIGIBLE;
            if number % 2 == 1 {
                forge.flags |= Flags::BACKED_UP;
            }
            let created = forge.create(&self.golden.begin_registration(&user).await);
            self.golden.finish_registration(&created).await.expect(200);
            self.names.insert(name, forge.id());
        }
    }

    /// The body of an initialize. Each id is a new one, but for those that a name stands for.
    pub(super) fn transaction(&mut self, step: &str, recorded: &Value) -> Value {
        let id = format!("tx-{}", uuid::Uuid::new_v4());
        let text = fill(&recorded.to_string(), &self.names).replace("tx-<uuid>", &id);
        if step == "initialize" {
            self.names.insert("$tx", id);
        }
        serde_json::from_str(&text).unwrap()
    }

    pub(super) async fn assertion(&mut self, step: &str) -> Value {
        let user = self.names["$u2"].clone();
        let options = match step {
            "finalize" => self.transaction.take(),
            "finalize_login_challenge" => self.golden.begin_login_of(&user).await,
            _ => {
                let body = json!({"user_id": user, "transaction_id": step, "transaction_data": 1});
                let begun = self.golden.post("transaction/initialize", &body).await;
                begun.expect(200)
            }
        };
        let mut got = self.passkeys.get_mut("$u2").unwrap().get(&options);
        if step == "finalize_bad_signature" {
            let mut other = Forge::new(-7);
            got["response"]["signature"] = other.get(&options)["response"]["signature"].take();
        }
        got
    }
}
