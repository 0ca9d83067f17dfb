//! What the sandbox needs from above it, as small plain shapes: a record of host calls, a key-value store, an ear for
//! denials, files and log lines. This file must not know who keeps the record or how.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use writ_grant::{Access, Capability, Denied};

use crate::payload::Payload;

/// A call from a guest to the host, as it is recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostCall {
    /// The interface, without a version: `wasi:clocks/wall-clock`.
    pub interface: String,
    /// The function: `now`.
    pub function: String,
    /// Its arguments.
    pub arguments: Json,
}

impl fmt::Display for HostCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.interface, self.function, self.arguments)
    }
}

impl HostCall {
    pub(crate) fn new(interface: &str, function: &str, arguments: Json) -> Self {
        Self {
            interface: interface.to_owned(),
            function: function.to_owned(),
            arguments,
        }
    }
}

/// What the record says about the next host call in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Recalled {
    /// It is this call, and this was the answer.
    Answer(Json),
    /// It is this call, it was about to be made, and nobody knows what came of it.
    InDoubt,
    /// It is another call: re-execution went another way.
    Diverged {
        /// The recorded call.
        expected: HostCall,
    },
}

/// What the record says about the tool call that comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum ToolRecord {
    /// Nothing, or that it began and never came to an answer: the callee runs, with its own recorded host calls first.
    New,
    /// It is this call, and this was the answer. The callee does not run.
    Answer(Json),
    /// It is another call: re-execution went another way.
    Diverged {
        /// The recorded call.
        expected: HostCall,
    },
}

/// What a guest did to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileOperation {
    /// Opened it; the bytes that moved are in the note.
    Open,
    /// Listed a folder.
    List,
    /// Made a folder.
    CreateFolder,
    /// Removed a file or folder.
    Remove,
    /// Gave it another name.
    Rename,
    /// Made a hard or symbolic link.
    Link,
    /// Changed its size or times.
    Change,
}

/// What a guest did with raw files, told once per path and operation when the call ends, in whatever way. What was under way then
/// counts: nobody stops it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileNote {
    /// The path as the guest sees it.
    pub path: String,
    /// What was done.
    pub operation: FileOperation,
    /// Whether it needed read or write access.
    pub write: bool,
    /// How many times.
    pub times: u64,
    /// Bytes that the guest got.
    pub bytes_read: u64,
    /// Bytes that the guest wrote.
    pub bytes_written: u64,
    /// The capability that allowed it.
    pub grant: String,
}

impl FileNote {
    /// The access that the operation needed.
    #[must_use]
    pub fn access(&self) -> Access {
        if self.write {
            Access::Write
        } else {
            Access::Read
        }
    }
}

/// One atomic operation on a key-value bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KvOperation {
    /// The value of a key.
    Get {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// Whether a key has a value.
    Exists {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// A page of the bucket's keys, in order.
    ListKeys {
        /// The bucket.
        bucket: String,
        /// Where the last page ended.
        cursor: Option<u64>,
    },
    /// The values of several keys.
    GetMany {
        /// The bucket.
        bucket: String,
        /// The keys.
        keys: Vec<String>,
    },
    /// Sets a key.
    Set {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// Its new value.
        value: Payload,
    },
    /// Removes a key; no error if it isn't there.
    Delete {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// Sets several keys, all or none.
    SetMany {
        /// The bucket.
        bucket: String,
        /// Keys and their new values.
        entries: Vec<(String, Payload)>,
    },
    /// Removes several keys, all or none.
    DeleteMany {
        /// The bucket.
        bucket: String,
        /// The keys.
        keys: Vec<String>,
    },
    /// Adds to the decimal number at a key; a missing key counts as 0.
    Increment {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
        /// What to add.
        delta: u64,
    },
}

impl KvOperation {
    /// The operation as a host call for the record. Whoever performs it records it in this form.
    #[must_use]
    pub fn host_call(&self) -> HostCall {
        let (interface, function) = match self {
            KvOperation::Get { .. } => ("wasi:keyvalue/store", "get"),
            KvOperation::Exists { .. } => ("wasi:keyvalue/store", "exists"),
            KvOperation::ListKeys { .. } => ("wasi:keyvalue/store", "list-keys"),
            KvOperation::Set { .. } => ("wasi:keyvalue/store", "set"),
            KvOperation::Delete { .. } => ("wasi:keyvalue/store", "delete"),
            KvOperation::GetMany { .. } => ("wasi:keyvalue/batch", "get-many"),
            KvOperation::SetMany { .. } => ("wasi:keyvalue/batch", "set-many"),
            KvOperation::DeleteMany { .. } => ("wasi:keyvalue/batch", "delete-many"),
            KvOperation::Increment { .. } => ("wasi:keyvalue/atomics", "increment"),
        };
        let tagged = serde_json::to_value(self).expect("an operation has only string keys");
        // The tag is the function's name already.
        let arguments = if let Json::Object(map) = tagged {
            map.into_iter()
                .next()
                .map_or(Json::Null, |(_, arguments)| arguments)
        } else {
            tagged
        };
        HostCall::new(interface, function, arguments)
    }
}

/// The answer to a [`KvOperation`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KvAnswer {
    /// To `Get`.
    Value(Option<Payload>),
    /// To `Exists`.
    Exists(bool),
    /// To `ListKeys`.
    Keys {
        /// The keys of this page.
        keys: Vec<String>,
        /// Where the next page starts, if there is one.
        cursor: Option<u64>,
    },
    /// To `GetMany`, in the order asked.
    Values(Vec<Option<Payload>>),
    /// To `Increment`: the new number.
    Number(u64),
    /// To what has no answer but success.
    Done,
}

/// Why a key-value operation was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum KvError {
    /// There is no such bucket.
    #[error("there is no such bucket")]
    NoSuchStore,
    /// Anything else, in words for the guest.
    #[error("{0}")]
    Other(String),
}

/// The recorded form of what a key-value operation came to: `{"Ok": …}` or `{"Err": …}`.
#[must_use]
pub fn kv_answer_to_json(answer: &Result<KvAnswer, KvError>) -> Json {
    serde_json::to_value(answer).expect("an answer has only string keys")
}

/// The other way round; none if the JSON is no such record.
#[must_use]
pub fn kv_answer_from_json(json: Json) -> Option<Result<KvAnswer, KvError>> {
    serde_json::from_value(json).ok()
}

/// Something that could not be recorded. Nothing may happen that depends on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it could not be recorded: {0}")]
pub struct PortError(pub String);

/// Resolves when something is recorded so that it outlives the host.
pub type Durable<'a> = Pin<Box<dyn Future<Output = Result<(), PortError>> + Send + 'a>>;

/// What the sandbox asks of whoever drives it. One port serves one call, with all the tool calls that it leads to.
pub trait Port: Send {
    /// The recorded answer to the next host call in order, while re-executing; none when the record is used up.
    fn recall(&mut self, call: &HostCall) -> Option<Recalled>;
    /// The host call that the record has next. Uses nothing up.
    fn expected(&self) -> Option<HostCall>;
    /// Makes it durable that this host call, which can change the world, is about to be made. Its answer follows as
    /// [`Port::answered`], before any other host call.
    fn intended(&mut self, call: &HostCall) -> Durable<'_>;
    /// Records the answer to an intended host call, durably.
    fn answered(&mut self, call: HostCall, answer: Json, grant: &Capability) -> Durable<'_>;
    /// Notes a host call that was just answered, and the grant that allowed it.
    fn record(&mut self, call: HostCall, answer: Json, grant: &Capability);
    /// Does a key-value operation, atomically, and records it together with its effect ([`KvOperation::host_call`],
    /// [`kv_answer_to_json`]). Recorded operations are answered by [`Port::recall`] and don't come here.
    ///
    /// # Errors
    /// What the guest is told as the interface's error.
    fn keyvalue(&mut self, operation: KvOperation, grant: &Capability)
    -> Result<KvAnswer, KvError>;
    /// Notes that a guest calls a tool, and the grant that allows it. `chain` is the functions that called each other, the callee last.
    /// After [`ToolRecord::New`], everything that is asked and told is the callee's, until [`Port::tool_returned`].
    fn tool_called(&mut self, call: &HostCall, chain: &[String], grant: &Capability) -> ToolRecord;
    /// Notes the answer of a tool; none if its caller is ended with it. From now on it is the caller who asks and tells.
    fn tool_returned(&mut self, answer: Option<Json>);
    /// What could not be recorded, if anything. The guest is ended then: what it did since would be in no record.
    fn lost(&self) -> Option<PortError>;
    /// How many bytes were recorded for this call up to now.
    fn recorded_bytes(&self) -> u64;
    /// Notes that something was refused.
    fn denied(&mut self, denied: &Denied);
    /// Notes raw file access.
    fn opened(&mut self, file: FileNote);
    /// One line that the guest wrote to `stdout` or `stderr`.
    fn log(&mut self, stream: &str, text: &str);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_reads_plainly_in_the_record() {
        let call = KvOperation::Set {
            bucket: "b".into(),
            key: "k".into(),
            value: Payload::from("v".as_bytes()),
        }
        .host_call();
        assert_eq!(
            call.to_string(),
            r#"wasi:keyvalue/store set {"bucket":"b","key":"k","value":"v"}"#
        );
    }

    #[test]
    fn answers_survive_the_record() {
        let answers = [
            Ok(KvAnswer::Value(Some(Payload::from(
                [0xff_u8, 0].as_slice(),
            )))),
            Ok(KvAnswer::Value(None)),
            Ok(KvAnswer::Keys {
                keys: vec!["a".into()],
                cursor: Some(1),
            }),
            Ok(KvAnswer::Values(vec![
                None,
                Some(Payload::from(b"x".as_slice())),
            ])),
            Ok(KvAnswer::Done),
            Err(KvError::NoSuchStore),
            Err(KvError::Other("full".into())),
        ];
        for answer in answers {
            assert_eq!(
                kv_answer_from_json(kv_answer_to_json(&answer)),
                Some(answer)
            );
        }
    }
}
