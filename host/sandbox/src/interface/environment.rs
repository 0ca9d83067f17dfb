//! `wasi:cli/environment` and `exit`. A guest sees the variables it was granted by name, with the grant's fixed value or the
//! operator's; each is recorded. There are no arguments and no working folder.

use serde_json::{Value as Json, json};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::cli::{environment, exit};
use writ_grant::{Capability, EnvRead, Permit};

use crate::port::HostCall;
use crate::state::State;

/// Filled in by the host, for a guest that was granted to read it: the same for every attempt of one task.
const IDEMPOTENCY_KEY: &str = "WRIT_IDEMPOTENCY_KEY";

impl State {
    fn variable(&mut self, name: &str) -> wasmtime::Result<Option<String>> {
        let permit = match self.permit(EnvRead { name }) {
            Ok(permit) => permit,
            Err(denied) => return Err(self.stop(denied.into())),
        };
        let call = HostCall::new(
            "wasi:cli/environment",
            "get-environment",
            json!({ "name": name }),
        );
        let answer = self.recorded(permit, call, |state, permit| {
            state.variable_set(permit).map_or(Json::Null, Json::from)
        })?;
        Ok(answer.as_str().map(str::to_owned))
    }

    fn variable_set(&self, permit: &Permit<EnvRead<'_>>) -> Option<&str> {
        let name = permit.action().name;
        let own = || {
            (name == IDEMPOTENCY_KEY)
                .then_some(self.idempotency_key.as_deref())
                .flatten()
        };
        let set = || self.settings.env.get(name).map(String::as_str);
        let fixed = self.authority.grant_value(permit.decided_by());
        fixed.or_else(own).or_else(set)
    }
}

impl environment::Host for State {
    fn get_environment(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        let authority = self.authority.clone();
        let mut variables = Vec::new();
        for capability in authority.capabilities() {
            if let Capability::Env { name } = capability
                && let Some(value) = self.variable(name.as_str())?
            {
                variables.push((name.to_string(), value));
            }
        }
        Ok(variables)
    }

    fn get_arguments(&mut self) -> wasmtime::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn initial_cwd(&mut self) -> wasmtime::Result<Option<String>> {
        Ok(None)
    }
}

impl exit::Host for State {
    fn exit(&mut self, status: Result<(), ()>) -> wasmtime::Result<()> {
        Err(wasmtime::Error::from(I32Exit(i32::from(status.is_err()))))
    }

    fn exit_with_code(&mut self, status_code: u8) -> wasmtime::Result<()> {
        Err(wasmtime::Error::from(I32Exit(i32::from(status_code))))
    }
}
