//! `wasi:keyvalue/{store,atomics,batch}`. A guest opens a bucket that it may read or write; every operation asks again for the
//! access it needs. A refusal is the interface's own `access-denied`, and noted. Operations are done and recorded by the
//! port as one; recorded ones are answered from the record.
//!
//! `increment` tells the new number, so it needs read access as well as write access.

use serde_json::Value as Json;
use wasmtime::component::Resource;
use writ_grant::{Action, Denied, KvRead, KvWrite, Permit};

use crate::bindings::wasi::keyvalue::store::{Error, Host, HostBucket, KeyResponse};
use crate::bindings::wasi::keyvalue::{atomics, batch};
use crate::payload::Payload;
use crate::port::{HostCall, KvAnswer, KvError, KvOperation, kv_answer_from_json};
use crate::state::State;

/// An opened bucket: its name. What may be done with it is asked at every operation.
#[expect(
    unreachable_pub,
    reason = "the generated bindings name it in their public part"
)]
pub struct Bucket {
    name: String,
}

type Answer<T> = wasmtime::Result<Result<T, Error>>;

fn denied(_: Denied) -> Error {
    Error::AccessDenied
}

fn as_guest_error(error: KvError) -> Error {
    match error {
        KvError::NoSuchStore => Error::NoSuchStore,
        KvError::Other(text) => Error::Other(text),
    }
}

impl State {
    fn bucket(&self, bucket: &Resource<Bucket>) -> wasmtime::Result<String> {
        Ok(self.table.get(bucket)?.name.clone())
    }

    /// Does one operation under a permit, from the record or live.
    fn keyvalue<A: Action>(
        &mut self,
        permit: Permit<A>,
        operation: KvOperation,
    ) -> Answer<KvAnswer> {
        self.alive()?;
        let call = operation.host_call();
        let Some(recorded) = self.recall(&call)? else {
            return Ok(self
                .port
                .keyvalue(operation, permit.decided_by())
                .map_err(as_guest_error));
        };
        match kv_answer_from_json(recorded.clone()) {
            Some(answer) => Ok(answer.map_err(as_guest_error)),
            None => Err(self.unfit(call, recorded)),
        }
    }

    fn read(&mut self, bucket: &str, operation: KvOperation) -> Answer<KvAnswer> {
        match self.permit(KvRead { bucket }) {
            Ok(permit) => self.keyvalue(permit, operation),
            Err(refusal) => Ok(Err(denied(refusal))),
        }
    }

    fn write(&mut self, bucket: &str, operation: KvOperation) -> Answer<()> {
        let answer = match self.permit(KvWrite { bucket }) {
            Ok(permit) => self.keyvalue(permit, operation)?,
            Err(refusal) => Err(denied(refusal)),
        };
        Ok(answer.map(|_| ()))
    }

    /// An answer of another shape than the operation has: a record that was not made by this operation.
    fn unfit(&mut self, found: HostCall, answer: Json) -> wasmtime::Error {
        let expected = HostCall {
            arguments: answer,
            ..found.clone()
        };
        self.diverged(expected, found)
    }

    /// Takes the answer apart, or ends the guest if it has another shape.
    fn shaped<T>(
        &mut self,
        operation: &KvOperation,
        answer: Result<KvAnswer, Error>,
        shape: impl FnOnce(KvAnswer) -> Option<T>,
    ) -> Answer<T> {
        match answer {
            Err(error) => Ok(Err(error)),
            Ok(answer) => match shape(answer.clone()) {
                Some(value) => Ok(Ok(value)),
                None => Err(self.unfit(
                    operation.host_call(),
                    crate::port::kv_answer_to_json(&Ok(answer)),
                )),
            },
        }
    }
}

impl Host for State {
    fn open(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        let bucket = identifier.as_str();
        if self.authority.allows(KvRead { bucket }).is_none()
            && let Err(refusal) = self.permit(KvWrite { bucket })
        {
            return Ok(Err(denied(refusal)));
        }
        Ok(Ok(self.table.push(Bucket { name: identifier })?))
    }
}

impl HostBucket for State {
    fn get(&mut self, this: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        let bucket = self.bucket(&this)?;
        let operation = KvOperation::Get {
            bucket: bucket.clone(),
            key,
        };
        let answer = self.read(&bucket, operation.clone())?;
        self.shaped(&operation, answer, |answer| match answer {
            KvAnswer::Value(value) => Some(value.map(Payload::into_bytes)),
            KvAnswer::Exists(_)
            | KvAnswer::Keys { .. }
            | KvAnswer::Values(_)
            | KvAnswer::Number(_)
            | KvAnswer::Done => None,
        })
    }

    fn set(&mut self, this: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        let bucket = self.bucket(&this)?;
        self.write(
            &bucket,
            KvOperation::Set {
                bucket: bucket.clone(),
                key,
                value: value.into(),
            },
        )
    }

    fn delete(&mut self, this: Resource<Bucket>, key: String) -> Answer<()> {
        let bucket = self.bucket(&this)?;
        self.write(
            &bucket,
            KvOperation::Delete {
                bucket: bucket.clone(),
                key,
            },
        )
    }

    fn exists(&mut self, this: Resource<Bucket>, key: String) -> Answer<bool> {
        let bucket = self.bucket(&this)?;
        let operation = KvOperation::Exists {
            bucket: bucket.clone(),
            key,
        };
        let answer = self.read(&bucket, operation.clone())?;
        self.shaped(&operation, answer, |answer| match answer {
            KvAnswer::Exists(there) => Some(there),
            KvAnswer::Value(_)
            | KvAnswer::Keys { .. }
            | KvAnswer::Values(_)
            | KvAnswer::Number(_)
            | KvAnswer::Done => None,
        })
    }

    fn list_keys(&mut self, this: Resource<Bucket>, cursor: Option<u64>) -> Answer<KeyResponse> {
        let bucket = self.bucket(&this)?;
        let operation = KvOperation::ListKeys {
            bucket: bucket.clone(),
            cursor,
        };
        let answer = self.read(&bucket, operation.clone())?;
        self.shaped(&operation, answer, |answer| match answer {
            KvAnswer::Keys { keys, cursor } => Some(KeyResponse { keys, cursor }),
            KvAnswer::Value(_)
            | KvAnswer::Exists(_)
            | KvAnswer::Values(_)
            | KvAnswer::Number(_)
            | KvAnswer::Done => None,
        })
    }

    fn drop(&mut self, this: Resource<Bucket>) -> wasmtime::Result<()> {
        Ok(self.table.delete(this).map(drop)?)
    }
}

impl atomics::Host for State {
    fn increment(&mut self, this: Resource<Bucket>, key: String, delta: u64) -> Answer<u64> {
        let bucket = self.bucket(&this)?;
        let operation = KvOperation::Increment {
            bucket: bucket.clone(),
            key,
            delta,
        };
        let answer = match self.permit(KvRead { bucket: &bucket }).map(drop) {
            Err(refusal) => Err(denied(refusal)),
            Ok(()) => match self.permit(KvWrite { bucket: &bucket }) {
                Err(refusal) => Err(denied(refusal)),
                Ok(permit) => self.keyvalue(permit, operation.clone())?,
            },
        };
        self.shaped(&operation, answer, |answer| match answer {
            KvAnswer::Number(number) => Some(number),
            KvAnswer::Value(_)
            | KvAnswer::Exists(_)
            | KvAnswer::Keys { .. }
            | KvAnswer::Values(_)
            | KvAnswer::Done => None,
        })
    }
}

impl batch::Host for State {
    fn get_many(
        &mut self,
        this: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Answer<Vec<Option<(String, Vec<u8>)>>> {
        let bucket = self.bucket(&this)?;
        let operation = KvOperation::GetMany {
            bucket: bucket.clone(),
            keys: keys.clone(),
        };
        let answer = self.read(&bucket, operation.clone())?;
        let values = self.shaped(&operation, answer, |answer| match answer {
            KvAnswer::Values(values) => (values.len() == keys.len()).then_some(values),
            KvAnswer::Value(_)
            | KvAnswer::Exists(_)
            | KvAnswer::Keys { .. }
            | KvAnswer::Number(_)
            | KvAnswer::Done => None,
        })?;
        let paired = |values: Vec<Option<Payload>>| {
            keys.into_iter()
                .zip(values)
                .map(|(key, value)| Some((key, value?.into_bytes())))
                .collect()
        };
        Ok(values.map(paired))
    }

    fn set_many(
        &mut self,
        this: Resource<Bucket>,
        key_values: Vec<(String, Vec<u8>)>,
    ) -> Answer<()> {
        let bucket = self.bucket(&this)?;
        let entries = key_values
            .into_iter()
            .map(|(key, value)| (key, value.into()))
            .collect();
        self.write(
            &bucket,
            KvOperation::SetMany {
                bucket: bucket.clone(),
                entries,
            },
        )
    }

    fn delete_many(&mut self, this: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        let bucket = self.bucket(&this)?;
        self.write(
            &bucket,
            KvOperation::DeleteMany {
                bucket: bucket.clone(),
                keys,
            },
        )
    }
}
