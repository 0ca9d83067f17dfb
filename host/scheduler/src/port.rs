//! What a guest's host calls need from the journal: recorded answers, key-value state, and a place to be written down.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use serde_json::Value as Json;
use writ_journal::{Appended, Journal, JournalError, Position};
use writ_run::{Event, HostCall, KvChange, RunId, TaskId};
use writ_sandbox::{
    Capability, Denied, Durable, FileNote, FileOperation, KvAnswer, KvError, KvOperation, Port,
    PortError, Recalled, ToolRecord, kv_answer_to_json,
};

use crate::{asking::Asking, clock::now_ms, kv};

/// A host call in the journal.
pub(crate) struct Recorded {
    pub(crate) call: HostCall,
    /// None: it was about to be made, or was, and the host died before the answer was written down.
    pub(crate) answer: Option<Json>,
    /// The position after it, and after all that a tool did until it answered.
    pub(crate) next: u32,
}

/// The recorded host calls of one attempt, by position.
pub(crate) type Record = BTreeMap<u32, Recorded>;

/// The first thing that a call was denied: what it lacked, and what would mend it.
pub(crate) type FirstDenial = Arc<Mutex<Option<(String, String)>>>;

/// A tool that is at work.
struct Called {
    /// The position of the call.
    index: u32,
    /// The functions that called each other, this one last.
    chain: Vec<String>,
}

/// The journal as one call of one guest sees it.
pub(crate) struct JournalPort {
    journal: Journal,
    run: RunId,
    task: TaskId,
    attempt: u32,
    /// What was recorded before the host died.
    recorded: Record,
    /// The position of the next host call.
    index: u32,
    /// The tools that are at work, the outermost first.
    tools: Vec<Called>,
    denial: FirstDenial,
    asking: Asking,
    pages: kv::Pages,
    /// What could not be recorded.
    lost: Option<PortError>,
    /// How much was.
    recorded_bytes: u64,
}

impl JournalPort {
    pub(crate) fn new(
        journal: Journal,
        run: RunId,
        task: TaskId,
        attempt: u32,
        recorded: Record,
        denial: FirstDenial,
        asking: Asking,
    ) -> Self {
        Self {
            journal,
            run,
            task,
            attempt,
            recorded,
            index: 0,
            tools: Vec::new(),
            denial,
            asking,
            pages: kv::Pages::default(),
            lost: None,
            recorded_bytes: 0,
        }
    }

    /// Appends an event. What can't be appended ends the guest, as nothing of it may be without a record.
    fn append(&mut self, event: &Event) -> Result<Position, PortError> {
        let appended = self.journal.append_one(self.run, now_ms(), event);
        self.noted(appended).map(|appended| appended.position)
    }

    fn noted(&mut self, appended: Result<Appended, JournalError>) -> Result<Appended, PortError> {
        match appended {
            Ok(appended) => {
                self.recorded_bytes = self.recorded_bytes.saturating_add(appended.bytes);
                Ok(appended)
            }
            Err(error) => {
                tracing::error!(run = %self.run, %error, "an event of a guest could not be recorded");
                let error = PortError(error.to_string());
                Err(self.lost.get_or_insert(error).clone())
            }
        }
    }

    /// Appends an event whose loss [`Port::lost`] tells of.
    fn tell(&mut self, event: &Event) {
        let _ = self.append(event);
    }

    /// Appends an event and waits until it is on the disk.
    fn durably(&mut self, event: &Event) -> Durable<'_> {
        let appended = self.append(event);
        Box::pin(async move {
            let flushed = self.journal.flush(appended?).await;
            flushed.map_err(|error| PortError(error.to_string()))
        })
    }

    /// Who is at work: the functions that called each other, or nothing when it is the task's own.
    fn chain(&self) -> Vec<String> {
        self.tools
            .last()
            .map(|tool| tool.chain.clone())
            .unwrap_or_default()
    }

    fn called(
        &mut self,
        call: writ_sandbox::HostCall,
        answer: Json,
        grant: String,
        kv: Vec<KvChange>,
    ) -> Event {
        let index = self.index;
        self.index += 1;
        Event::HostCalled {
            task: self.task,
            attempt: self.attempt,
            index,
            call: ours(call),
            answer,
            grant,
            kv,
            chain: self.chain(),
        }
    }
}

impl Port for JournalPort {
    fn recall(&mut self, call: &writ_sandbox::HostCall) -> Option<Recalled> {
        let Recorded {
            call: expected,
            answer,
            next,
        } = self.recorded.remove(&self.index)?;
        let expected = theirs(expected);
        if expected != *call {
            return Some(Recalled::Diverged { expected });
        }
        Some(match answer {
            Some(answer) => {
                self.index = next;
                Recalled::Answer(answer)
            }
            // Its answer, if there is to be one, takes this position.
            None => Recalled::InDoubt,
        })
    }

    fn expected(&self) -> Option<writ_sandbox::HostCall> {
        let next = self.recorded.get(&self.index)?;
        Some(theirs(next.call.clone()))
    }

    fn intended(&mut self, call: &writ_sandbox::HostCall) -> Durable<'_> {
        let event = Event::HostIntended {
            task: self.task,
            attempt: self.attempt,
            index: self.index,
            call: ours(call.clone()),
            chain: self.chain(),
        };
        let asking = self.asking.clone();
        let call = call.clone();
        Box::pin(async move {
            asking.begin(&call).await;
            self.durably(&event).await
        })
    }

    fn answered(
        &mut self,
        call: writ_sandbox::HostCall,
        answer: Json,
        grant: &Capability,
    ) -> Durable<'_> {
        let event = self.called(call, answer, grant.to_string(), Vec::new());
        let asking = self.asking.clone();
        Box::pin(async move {
            self.durably(&event).await?;
            asking.end().await;
            Ok(())
        })
    }

    fn record(&mut self, call: writ_sandbox::HostCall, answer: Json, grant: &Capability) {
        let event = self.called(call, answer, grant.to_string(), Vec::new());
        self.tell(&event);
    }

    fn keyvalue(
        &mut self,
        operation: KvOperation,
        grant: &Capability,
    ) -> Result<KvAnswer, KvError> {
        let journal = self.journal.clone();
        let done = journal.kv(self.run, now_ms(), |view| {
            let (result, changes) = kv::perform(view, &mut self.pages, &operation);
            let answer = kv_answer_to_json(&result);
            (
                Some(self.called(operation.host_call(), answer, grant.to_string(), changes)),
                result,
            )
        });
        match done {
            Ok((result, appended)) => {
                let bytes = appended.map_or(0, |appended| appended.bytes);
                self.recorded_bytes = self.recorded_bytes.saturating_add(bytes);
                result
            }
            // Nothing was done and nothing is lost: the guest can go on with less.
            Err(error) => Err(KvError::Other(error.to_string())),
        }
    }

    fn tool_called(
        &mut self,
        call: &writ_sandbox::HostCall,
        chain: &[String],
        grant: &Capability,
    ) -> ToolRecord {
        let index = self.index;
        let recorded = self.recorded.remove(&index);
        if let Some(recorded) = &recorded
            && !same(&recorded.call, call)
        {
            let expected = theirs(recorded.call.clone());
            return ToolRecord::Diverged { expected };
        }
        let noted = recorded.is_some();
        if let Some((answer, next)) = recorded.and_then(|known| Some((known.answer?, known.next))) {
            self.index = next;
            return ToolRecord::Answer(answer);
        }
        self.index += 1;
        if !noted {
            self.tell(&Event::ToolCalled {
                task: self.task,
                attempt: self.attempt,
                index,
                chain: chain.to_vec(),
                call: ours(call.clone()),
                grant: grant.to_string(),
            });
        }
        self.tools.push(Called {
            index,
            chain: chain.to_vec(),
        });
        ToolRecord::New
    }

    fn tool_returned(&mut self, answer: Option<Json>) {
        if let (Some(tool), Some(answer)) = (self.tools.pop(), answer) {
            self.tell(&Event::ToolReturned {
                task: self.task,
                attempt: self.attempt,
                index: tool.index,
                answer,
            });
        }
    }

    fn lost(&self) -> Option<PortError> {
        self.lost.clone()
    }

    fn recorded_bytes(&self) -> u64 {
        self.recorded_bytes
    }

    fn denied(&mut self, denied: &Denied) {
        self.denial
            .lock()
            .get_or_insert_with(|| (denied.capability.to_string(), denied.remedy()));
        self.tell(&Event::HostDenied {
            task: self.task,
            plugin: denied.plugin.to_string(),
            capability: denied.capability.to_string(),
            remedy: denied.remedy(),
            chain: self.chain(),
        });
    }

    fn opened(&mut self, file: FileNote) {
        let operation = match file.operation {
            FileOperation::Open => "open",
            FileOperation::List => "list",
            FileOperation::CreateFolder => "create-folder",
            FileOperation::Remove => "remove",
            FileOperation::Rename => "rename",
            FileOperation::Link => "link",
            FileOperation::Change => "change",
        };
        self.tell(&Event::FileUsed {
            task: self.task,
            path: file.path,
            operation: operation.to_owned(),
            times: file.times,
            bytes_read: file.bytes_read,
            bytes_written: file.bytes_written,
            grant: file.grant,
            chain: self.chain(),
        });
    }

    fn log(&mut self, stream: &str, text: &str) {
        self.tell(&Event::GuestLogged {
            task: self.task,
            stream: stream.to_owned(),
            text: text.to_owned(),
            chain: self.chain(),
        });
    }
}

fn ours(call: writ_sandbox::HostCall) -> HostCall {
    HostCall {
        interface: call.interface,
        function: call.function,
        arguments: call.arguments,
    }
}

fn same(recorded: &HostCall, call: &writ_sandbox::HostCall) -> bool {
    (&recorded.interface, &recorded.function, &recorded.arguments)
        == (&call.interface, &call.function, &call.arguments)
}

pub(crate) fn theirs(call: HostCall) -> writ_sandbox::HostCall {
    writ_sandbox::HostCall {
        interface: call.interface,
        function: call.function,
        arguments: call.arguments,
    }
}
