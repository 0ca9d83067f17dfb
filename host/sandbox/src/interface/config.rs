//! `wasi:config/store`. A guest reads the keys it was granted by name, with the grant's fixed value or the operator's; each is
//! recorded. Another key is refused in the interface's own error, and the refusal noted.

use serde_json::{Value as Json, json};
use writ_grant::{Capability, ConfigRead, Permit};

use crate::bindings::wasi::config::store::{Error, Host};
use crate::port::HostCall;
use crate::state::State;

impl State {
    fn config_value(&mut self, key: &str) -> wasmtime::Result<Result<Option<String>, Error>> {
        let permit = match self.permit(ConfigRead { key }) {
            Ok(permit) => permit,
            Err(denied) => return Ok(Err(Error::Upstream(format!("denied: {denied}")))),
        };
        let call = HostCall::new("wasi:config/store", "get", json!({ "key": key }));
        let answer = self.recorded(permit, call, |state, permit| {
            state.configured(permit).map_or(Json::Null, Json::from)
        })?;
        Ok(Ok(answer.as_str().map(str::to_owned)))
    }

    fn configured(&self, permit: &Permit<ConfigRead<'_>>) -> Option<&str> {
        let set = || self.settings.config.get(permit.action().key);
        let fixed = self.authority.grant_value(permit.decided_by());
        fixed.or_else(|| set().map(String::as_str))
    }
}

impl Host for State {
    fn get(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, Error>> {
        self.config_value(&key)
    }

    fn get_all(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, Error>> {
        let authority = self.authority.clone();
        let mut entries = Vec::new();
        for capability in authority.capabilities() {
            if let Capability::Config { key } = capability
                && let Ok(Some(value)) = self.config_value(key.as_str())?
            {
                entries.push((key.to_string(), value));
            }
        }
        Ok(Ok(entries))
    }
}
