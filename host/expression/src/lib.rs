//! Runtime expressions: jq, evaluated inside the sandbox, with a native fast path for paths and literals.
