//! How much one call may use. Plain numbers: this file must not know what enforces them.

use writ_plugin::LimitOverrides;

/// Bounds on one call, always on. A fresh set is taken for every call; none is ever "unlimited".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory over all of an instance's memories, in bytes.
    pub memory_bytes_max: u64,
    /// Time on the processor, in milliseconds. Waiting in a host call doesn't count.
    pub cpu_ms_max: u64,
    /// Time on the wall from start to answer, in milliseconds, host calls included.
    pub wall_ms_max: u64,
    /// Stack of the guest's code, in bytes. Fixed when a component is loaded.
    pub stack_bytes_max: u64,
    /// Elements over all of an instance's tables.
    pub table_elements_max: u64,
    /// Core instances, and likewise memories and tables, that one component may be made of.
    pub instances_max: u64,
    /// Handles to host resources (files, streams, pollables, buckets) alive at once.
    pub handles_max: u64,
    /// Calls from the guest to the host.
    pub host_calls_max: u64,
    /// Bytes written to stdout and stderr together.
    pub log_bytes_max: u64,
    /// Bytes of the answer, as JSON.
    pub output_bytes_max: u64,
    /// Bytes of the arguments, as JSON.
    pub argument_bytes_max: u64,
    /// Bytes of randomness.
    pub random_bytes_max: u64,
    /// Distinct files and folders that are opened, made, moved or removed.
    pub files_max: u64,
    /// Files and folders that are open at once, the granted folders included. Each is a descriptor of the host's, and all calls
    /// together must leave it enough to work with.
    pub open_files_max: u64,
    /// Bytes written to files, and the greatest size that a file may be set to.
    pub file_write_bytes_max: u64,
    /// Entries read from folder listings.
    pub directory_entries_max: u64,
    /// Bytes that the record of the call takes: its host calls with their answers, its denials and its lines.
    pub recorded_bytes_max: u64,
    /// HTTP requests.
    pub http_requests_max: u64,
    /// Bytes of the bodies of HTTP requests, all of them together.
    pub http_request_bytes_max: u64,
    /// Bytes of HTTP responses, headers included, all of them together.
    pub http_response_bytes_max: u64,
    /// Time of one HTTP exchange, in milliseconds, from the look-up of the name to the last byte of the response.
    pub http_ms_max: u64,
    /// Calls of other components' functions.
    pub tool_calls_max: u64,
    /// Bytes of the arguments of one such call, and of its answer.
    pub tool_bytes_max: u64,
    /// Bytes of the arguments and answers of all such calls together.
    pub tool_bytes_total_max: u64,
    /// Calls of components by components that may be under way at once, one inside the other.
    pub tool_depth_max: u64,
}

/// A limit by its name.
type Named = (&'static str, fn(&Limits) -> u64);

/// What a callee takes of its caller's as well.
pub(crate) const SHARED: [Named; 16] = [
    ("cpu_ms_max", |limits| limits.cpu_ms_max),
    ("wall_ms_max", |limits| limits.wall_ms_max),
    ("host_calls_max", |limits| limits.host_calls_max),
    ("log_bytes_max", |limits| limits.log_bytes_max),
    ("file_write_bytes_max", |limits| limits.file_write_bytes_max),
    ("open_files_max", |limits| limits.open_files_max),
    ("files_max", |limits| limits.files_max),
    ("directory_entries_max", |limits| {
        limits.directory_entries_max
    }),
    ("random_bytes_max", |limits| limits.random_bytes_max),
    ("recorded_bytes_max", |limits| limits.recorded_bytes_max),
    ("tool_calls_max", |limits| limits.tool_calls_max),
    ("tool_bytes_total_max", |limits| limits.tool_bytes_total_max),
    ("output_bytes_max", |limits| limits.output_bytes_max),
    ("http_requests_max", |limits| limits.http_requests_max),
    ("http_request_bytes_max", |limits| {
        limits.http_request_bytes_max
    }),
    ("http_response_bytes_max", |limits| {
        limits.http_response_bytes_max
    }),
];

/// Calls of components by components that may be under way at once, whatever a limit says: the pool has room for so many.
pub(crate) const TOOL_DEPTH_CEILING: u32 = 8;

const MIB: u64 = 1024 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes_max: 256 * MIB,
            cpu_ms_max: 10_000,
            wall_ms_max: 60_000,
            stack_bytes_max: 512 * 1024,
            table_elements_max: 200_000,
            instances_max: 200,
            handles_max: 4_096,
            host_calls_max: 1_000_000,
            log_bytes_max: MIB,
            output_bytes_max: 16 * MIB,
            argument_bytes_max: 16 * MIB,
            random_bytes_max: 16 * MIB,
            files_max: 65_536,
            open_files_max: 128,
            file_write_bytes_max: 1024 * MIB,
            directory_entries_max: 200_000,
            recorded_bytes_max: 256 * MIB,
            http_requests_max: 1_000,
            http_request_bytes_max: 8 * MIB,
            http_response_bytes_max: 8 * MIB,
            http_ms_max: 30_000,
            tool_calls_max: 1_000,
            tool_bytes_max: MIB,
            tool_bytes_total_max: 64 * MIB,
            tool_depth_max: TOOL_DEPTH_CEILING as u64,
        }
    }
}

impl Limits {
    /// These limits with a plugin's own wishes put in, none above `ceiling`.
    #[must_use]
    pub fn with(&self, wishes: &LimitOverrides, ceiling: &Limits) -> Limits {
        let pick = |own: u64, wish: Option<u64>, top: u64| wish.unwrap_or(own).min(top);
        Limits {
            memory_bytes_max: pick(
                self.memory_bytes_max,
                wishes.memory_bytes_max,
                ceiling.memory_bytes_max,
            ),
            cpu_ms_max: pick(self.cpu_ms_max, wishes.cpu_ms_max, ceiling.cpu_ms_max),
            wall_ms_max: pick(self.wall_ms_max, wishes.wall_ms_max, ceiling.wall_ms_max),
            stack_bytes_max: pick(
                self.stack_bytes_max,
                wishes.stack_bytes_max,
                ceiling.stack_bytes_max,
            ),
            table_elements_max: pick(
                self.table_elements_max,
                wishes.table_elements_max,
                ceiling.table_elements_max,
            ),
            instances_max: pick(
                self.instances_max,
                wishes.instances_max,
                ceiling.instances_max,
            ),
            handles_max: pick(self.handles_max, wishes.handles_max, ceiling.handles_max),
            host_calls_max: pick(
                self.host_calls_max,
                wishes.host_calls_max,
                ceiling.host_calls_max,
            ),
            log_bytes_max: pick(
                self.log_bytes_max,
                wishes.log_bytes_max,
                ceiling.log_bytes_max,
            ),
            output_bytes_max: pick(
                self.output_bytes_max,
                wishes.output_bytes_max,
                ceiling.output_bytes_max,
            ),
            argument_bytes_max: pick(
                self.argument_bytes_max,
                wishes.argument_bytes_max,
                ceiling.argument_bytes_max,
            ),
            random_bytes_max: pick(
                self.random_bytes_max,
                wishes.random_bytes_max,
                ceiling.random_bytes_max,
            ),
            files_max: pick(self.files_max, wishes.files_max, ceiling.files_max),
            open_files_max: pick(
                self.open_files_max,
                wishes.open_files_max,
                ceiling.open_files_max,
            ),
            file_write_bytes_max: pick(
                self.file_write_bytes_max,
                wishes.file_write_bytes_max,
                ceiling.file_write_bytes_max,
            ),
            directory_entries_max: pick(
                self.directory_entries_max,
                wishes.directory_entries_max,
                ceiling.directory_entries_max,
            ),
            recorded_bytes_max: pick(
                self.recorded_bytes_max,
                wishes.recorded_bytes_max,
                ceiling.recorded_bytes_max,
            ),
            http_requests_max: pick(
                self.http_requests_max,
                wishes.http_requests_max,
                ceiling.http_requests_max,
            ),
            http_request_bytes_max: pick(
                self.http_request_bytes_max,
                wishes.http_request_bytes_max,
                ceiling.http_request_bytes_max,
            ),
            http_response_bytes_max: pick(
                self.http_response_bytes_max,
                wishes.http_response_bytes_max,
                ceiling.http_response_bytes_max,
            ),
            http_ms_max: pick(self.http_ms_max, wishes.http_ms_max, ceiling.http_ms_max),
            tool_calls_max: pick(
                self.tool_calls_max,
                wishes.tool_calls_max,
                ceiling.tool_calls_max,
            ),
            tool_bytes_max: pick(
                self.tool_bytes_max,
                wishes.tool_bytes_max,
                ceiling.tool_bytes_max,
            ),
            tool_bytes_total_max: pick(
                self.tool_bytes_total_max,
                wishes.tool_bytes_total_max,
                ceiling.tool_bytes_total_max,
            ),
            tool_depth_max: pick(
                self.tool_depth_max,
                wishes.tool_depth_max,
                ceiling.tool_depth_max,
            ),
        }
    }
}

impl Limits {
    /// These limits for a callee whose caller has only so much left of what both take from.
    #[must_use]
    pub(crate) fn within(&self, left: &Limits) -> Limits {
        Limits {
            cpu_ms_max: self.cpu_ms_max.min(left.cpu_ms_max),
            wall_ms_max: self.wall_ms_max.min(left.wall_ms_max),
            host_calls_max: self.host_calls_max.min(left.host_calls_max),
            log_bytes_max: self.log_bytes_max.min(left.log_bytes_max),
            file_write_bytes_max: self.file_write_bytes_max.min(left.file_write_bytes_max),
            open_files_max: self.open_files_max.min(left.open_files_max),
            files_max: self.files_max.min(left.files_max),
            directory_entries_max: self.directory_entries_max.min(left.directory_entries_max),
            random_bytes_max: self.random_bytes_max.min(left.random_bytes_max),
            recorded_bytes_max: self.recorded_bytes_max.min(left.recorded_bytes_max),
            tool_calls_max: self.tool_calls_max.min(left.tool_calls_max),
            tool_bytes_total_max: self.tool_bytes_total_max.min(left.tool_bytes_total_max),
            output_bytes_max: self.output_bytes_max.min(left.output_bytes_max),
            tool_depth_max: self.tool_depth_max.min(left.tool_depth_max),
            http_requests_max: self.http_requests_max.min(left.http_requests_max),
            http_request_bytes_max: self.http_request_bytes_max.min(left.http_request_bytes_max),
            http_response_bytes_max: self
                .http_response_bytes_max
                .min(left.http_response_bytes_max),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_taken_up_to_the_ceiling() {
        let ceiling = Limits {
            memory_bytes_max: 100,
            ..Limits::default()
        };
        let wishes = LimitOverrides {
            memory_bytes_max: Some(1_000),
            cpu_ms_max: Some(7),
            ..LimitOverrides::default()
        };
        let limits = Limits::default().with(&wishes, &ceiling);
        assert_eq!((limits.memory_bytes_max, limits.cpu_ms_max), (100, 7));
        assert_eq!(limits.wall_ms_max, Limits::default().wall_ms_max);
    }
}
