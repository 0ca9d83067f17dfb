//! What may be done with a bucket, each under the permit that it costs: reading wants a permit to read and writing one to write, by
//! type, and the bucket is the permit's own. Operations are done and recorded by the port as one; recorded ones are answered from
//! the record. Does not ask the policy; `keyvalue.rs` does.

use serde_json::Value as Json;
use writ_grant::{Capability, KvRead, KvWrite, Permit};

use crate::bindings::wasi::keyvalue::store::Error;
use crate::fault::Fault;
use crate::interface::keyvalue::Answer;
use crate::payload::Payload;
use crate::port::{HostCall, KvAnswer, KvError, KvOperation, kv_answer_from_json};
use crate::state::State;

/// What changes nothing.
pub(super) enum Reading {
    Get { key: String },
    Exists { key: String },
    ListKeys { cursor: Option<u64> },
    GetMany { keys: Vec<String> },
}

/// What tells nothing.
pub(super) enum Writing {
    Set { key: String, value: Payload },
    Delete { key: String },
    SetMany { entries: Vec<(String, Payload)> },
    DeleteMany { keys: Vec<String> },
}

impl Reading {
    fn on(self, bucket: String) -> KvOperation {
        match self {
            Self::Get { key } => KvOperation::Get { bucket, key },
            Self::Exists { key } => KvOperation::Exists { bucket, key },
            Self::ListKeys { cursor } => KvOperation::ListKeys { bucket, cursor },
            Self::GetMany { keys } => KvOperation::GetMany { bucket, keys },
        }
    }
}

impl Writing {
    fn on(self, bucket: String) -> KvOperation {
        match self {
            Self::Set { key, value } => KvOperation::Set { bucket, key, value },
            Self::Delete { key } => KvOperation::Delete { bucket, key },
            Self::SetMany { entries } => KvOperation::SetMany { bucket, entries },
            Self::DeleteMany { keys } => KvOperation::DeleteMany { bucket, keys },
        }
    }
}

impl State {
    /// Reads.
    pub(super) fn kv_read<T>(
        &mut self,
        permit: Permit<KvRead<'_>>,
        reading: Reading,
        shape: impl FnOnce(KvAnswer) -> Option<T>,
    ) -> Answer<T> {
        let operation = reading.on(permit.action().bucket.to_owned());
        self.keyvalue(operation, permit.decided_by(), shape)
    }

    /// Writes.
    pub(super) fn kv_write(&mut self, permit: Permit<KvWrite<'_>>, writing: Writing) -> Answer<()> {
        let operation = writing.on(permit.action().bucket.to_owned());
        self.keyvalue(operation, permit.decided_by(), |_| Some(()))
    }

    /// Adds to a number and tells the new one: needs both permits, and is recorded under the one to write.
    pub(super) fn kv_increment(
        &mut self,
        _: Permit<KvRead<'_>>,
        permit: Permit<KvWrite<'_>>,
        key: String,
        delta: u64,
    ) -> Answer<u64> {
        let bucket = permit.action().bucket.to_owned();
        let operation = KvOperation::Increment { bucket, key, delta };
        self.keyvalue(operation, permit.decided_by(), |answer| match answer {
            KvAnswer::Number(number) => Some(number),
            KvAnswer::Value(_)
            | KvAnswer::Exists(_)
            | KvAnswer::Keys { .. }
            | KvAnswer::Values(_)
            | KvAnswer::Done => None,
        })
    }

    /// Does one operation, from the record or live, and takes its answer apart.
    fn keyvalue<T>(
        &mut self,
        operation: KvOperation,
        grant: &Capability,
        shape: impl FnOnce(KvAnswer) -> Option<T>,
    ) -> Answer<T> {
        self.alive()?;
        let call = operation.host_call();
        let Some(recorded) = self.recall(&call)? else {
            return match self.port.keyvalue(operation, grant) {
                Err(error) => Ok(Err(as_guest_error(error))),
                Ok(answer) => shape(answer).map(Ok).ok_or_else(|| self.odd(&call)),
            };
        };
        match kv_answer_from_json(recorded.clone()) {
            Some(Err(error)) => Ok(Err(as_guest_error(error))),
            Some(Ok(answer)) => shape(answer)
                .map(Ok)
                .ok_or_else(|| self.unfit(call, recorded)),
            None => Err(self.unfit(call, recorded)),
        }
    }

    /// A recorded answer of another shape than the operation has: a record that was not made by this operation.
    fn unfit(&mut self, found: HostCall, answer: Json) -> wasmtime::Error {
        let expected = HostCall {
            arguments: answer,
            ..found.clone()
        };
        self.diverged(expected, found)
    }

    /// A live answer of another shape.
    fn odd(&mut self, call: &HostCall) -> wasmtime::Error {
        let message = format!(
            "{} {} was answered as another operation",
            call.interface, call.function
        );
        self.stop(Fault::Host { message })
    }
}

fn as_guest_error(error: KvError) -> Error {
    match error {
        KvError::NoSuchStore => Error::NoSuchStore,
        KvError::Other(text) => Error::Other(text),
    }
}
