//! `wasi:keyvalue/{store,atomics,batch}`. A guest opens a bucket that it may read or write; every operation asks again for the
//! access it needs. A refusal is the interface's own `access-denied`, and noted. What each operation costs is in
//! `keyvalue_access.rs`.
//!
//! `increment` tells the new number, so it needs read access as well as write access.

use wasmtime::component::Resource;
use writ_grant::{Denied, KvRead, KvWrite};

use crate::bindings::wasi::keyvalue::store::{Error, Host, HostBucket, KeyResponse};
use crate::bindings::wasi::keyvalue::{atomics, batch};
use crate::interface::keyvalue_access::{Reading, Writing};
use crate::payload::Payload;
use crate::port::KvAnswer;
use crate::state::State;

/// An opened bucket: its name. What may be done with it is asked at every operation.
#[expect(
    unreachable_pub,
    reason = "the generated bindings name it in their public part"
)]
pub struct Bucket {
    name: String,
}

pub(super) type Answer<T> = wasmtime::Result<Result<T, Error>>;

fn denied(_: Denied) -> Error {
    Error::AccessDenied
}

impl State {
    fn bucket(&self, bucket: &Resource<Bucket>) -> wasmtime::Result<String> {
        Ok(self.table.get(bucket)?.name.clone())
    }

    /// Reads, if that is allowed.
    fn read<T>(
        &mut self,
        this: &Resource<Bucket>,
        reading: Reading,
        shape: impl FnOnce(KvAnswer) -> Option<T>,
    ) -> Answer<T> {
        let bucket = self.bucket(this)?;
        match self.permit(KvRead { bucket: &bucket }) {
            Ok(permit) => self.kv_read(permit, reading, shape),
            Err(refusal) => Ok(Err(denied(refusal))),
        }
    }

    /// Writes, if that is allowed.
    fn write(&mut self, this: &Resource<Bucket>, writing: Writing) -> Answer<()> {
        let bucket = self.bucket(this)?;
        match self.permit(KvWrite { bucket: &bucket }) {
            Ok(permit) => self.kv_write(permit, writing),
            Err(refusal) => Ok(Err(denied(refusal))),
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
        self.read(&this, Reading::Get { key }, |answer| match answer {
            KvAnswer::Value(value) => Some(value.map(Payload::into_bytes)),
            KvAnswer::Exists(_)
            | KvAnswer::Keys { .. }
            | KvAnswer::Values(_)
            | KvAnswer::Number(_)
            | KvAnswer::Done => None,
        })
    }

    fn set(&mut self, this: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        let value = value.into();
        self.write(&this, Writing::Set { key, value })
    }

    fn delete(&mut self, this: Resource<Bucket>, key: String) -> Answer<()> {
        self.write(&this, Writing::Delete { key })
    }

    fn exists(&mut self, this: Resource<Bucket>, key: String) -> Answer<bool> {
        self.read(&this, Reading::Exists { key }, |answer| match answer {
            KvAnswer::Exists(there) => Some(there),
            KvAnswer::Value(_)
            | KvAnswer::Keys { .. }
            | KvAnswer::Values(_)
            | KvAnswer::Number(_)
            | KvAnswer::Done => None,
        })
    }

    fn list_keys(&mut self, this: Resource<Bucket>, cursor: Option<u64>) -> Answer<KeyResponse> {
        self.read(&this, Reading::ListKeys { cursor }, |answer| match answer {
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
        let read = match self.permit(KvRead { bucket: &bucket }) {
            Ok(permit) => permit,
            Err(refusal) => return Ok(Err(denied(refusal))),
        };
        match self.permit(KvWrite { bucket: &bucket }) {
            Ok(write) => self.kv_increment(read, write, key, delta),
            Err(refusal) => Ok(Err(denied(refusal))),
        }
    }
}

impl batch::Host for State {
    fn get_many(
        &mut self,
        this: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Answer<Vec<Option<(String, Vec<u8>)>>> {
        let reading = Reading::GetMany { keys: keys.clone() };
        let values = self.read(&this, reading, |answer| match answer {
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
        let entries = key_values
            .into_iter()
            .map(|(key, value)| (key, value.into()))
            .collect();
        self.write(&this, Writing::SetMany { entries })
    }

    fn delete_many(&mut self, this: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        self.write(&this, Writing::DeleteMany { keys })
    }
}
