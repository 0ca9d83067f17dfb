//! Calls functions of other plugins.

writ_test_guests::world!("writ:guests/caller");
use exports::writ::guests::desk::Guest;
use writ::agent::tools::{self, ToolCall, ToolError};

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn use_tool(tool: String, arguments: String) -> Result<String, String> {
        tools::call(&tool, &arguments).map_err(named)
    }

    fn use_all(calls: Vec<(String, String)>) -> Vec<Result<String, String>> {
        let calls: Vec<ToolCall> = calls
            .into_iter()
            .map(|(tool, arguments)| ToolCall { tool, arguments })
            .collect();
        let answers = tools::call_all(&calls).into_iter();
        answers.map(|answer| answer.map_err(named)).collect()
    }

    fn use_large(tool: String, bytes: u64) -> Result<String, String> {
        let text = "x".repeat(usize::try_from(bytes).unwrap_or(usize::MAX));
        tools::call(&tool, &format!("{{\"value\":\"{text}\"}}")).map_err(named)
    }

    fn flood(tool: String, arguments: String, times: u64) -> (u64, String) {
        let (mut answered, mut refusal) = (0, String::new());
        for _ in 0..times {
            match tools::call(&tool, &arguments) {
                Ok(_) => answered += 1,
                Err(error) => refusal = named(error),
            }
        }
        (answered, refusal)
    }

    fn tools() -> Vec<(String, String, String, String)> {
        let described = |tool: tools::Tool| {
            let name = format!("{}/{}", tool.plugin, tool.function);
            (
                name,
                tool.description,
                tool.arguments_schema,
                tool.result_schema,
            )
        };
        tools::list().into_iter().map(described).collect()
    }

    fn aloud(tool: String, arguments: String) -> Result<String, String> {
        println!("before");
        let answer = tools::call(&tool, &arguments).map_err(named);
        println!("after");
        answer
    }
}

fn named(error: ToolError) -> String {
    match error {
        ToolError::Denied(denial) => format!("denied: {}", denial.capability),
        ToolError::Unknown(what) => format!("unknown: {what}"),
        ToolError::InvalidArguments(mismatch) => {
            format!("invalid-arguments: {}: {}", mismatch.place, mismatch.what)
        }
        ToolError::Failed(problem) => format!("failed: {problem}"),
        ToolError::TooDeep(deepest) => format!("too-deep: {deepest}"),
        ToolError::Cycle(chain) => format!("cycle: {}", chain.join(" → ")),
        ToolError::Limit(bound) => format!("limit: {} {}", bound.name, bound.allowed),
    }
}
