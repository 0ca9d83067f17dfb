//! YAML 1.2 text to a tree with places, bounded in bytes, depth and nodes. JSON is read by the same means.
//!
//! Refused, each with its place: duplicate keys, keys that are not text, merge keys, tags of applications, a second document,
//! aliases that expand beyond the budget. Knows nothing of workflows.

mod key;
mod places;

use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use crate::{
    diagnostic::Report,
    model::Span,
    node::{Entry, Node, Value},
    scalar,
    surrogate::Rewritten,
};

pub use key::KEY_BYTES_MAX;
use places::Places;

/// The largest document that is read.
pub const DOCUMENT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How deep lists and objects may stand in each other.
pub const NESTING_DEPTH_MAX: usize = 64;
/// Nodes of a document with its aliases expanded; long text counts once more per [`NODE_TEXT_BYTES`].
pub const NODES_MAX: u32 = 500_000;
/// So many bytes of text weigh as much as one node.
pub const NODE_TEXT_BYTES: usize = 64;

const SYNTAX_HELP: &str = "check the indentation, and quote text that holds `: ` or ` #` or begins with a special character";

/// The tree of the only document in the text; `None` when there is none to speak of.
pub(crate) fn read(text: &str, report: &mut Report) -> Option<Node> {
    let start = Span {
        start: 0,
        end: 0,
        line: 1,
        column: 1,
    };
    if text.len() > DOCUMENT_BYTES_MAX {
        let message = format!(
            "the document has {} bytes; at most {DOCUMENT_BYTES_MAX} are read",
            text.len()
        );
        report.error_help(
            start,
            "limit",
            message,
            "split the workflow, or pass large data as input",
        );
        return None;
    }
    let rewritten = Rewritten::new(text);
    let mut tree = Tree::new(&rewritten.text, Places::new(text, &rewritten), report);
    let complete = tree.build();
    let root = tree.root.take();
    if complete && root.is_none() {
        report.error(start, "yaml", "the document is empty");
    }
    root.filter(|_| complete)
}

/// A list or object that is still being read.
struct Open {
    value: Value,
    span: Span,
    anchor: usize,
    weight: u32,
    key: Option<(String, Span)>,
    keys: HashSet<String>,
}

struct Tree<'t, 'r> {
    places: Places<'t>,
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    report: &'r mut Report,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: u32,
    root: Option<Node>,
}

/// Reading cannot go on; what stopped it is reported.
struct Stop;

impl<'t, 'r> Tree<'t, 'r> {
    fn new(text: &'t str, places: Places<'t>, report: &'r mut Report) -> Self {
        Self {
            places,
            parser: Parser::new_from_str(text),
            report,
            open: Vec::new(),
            anchors: HashMap::new(),
            nodes: 0,
            root: None,
        }
    }

    /// Whether the text was read to its end.
    fn build(&mut self) -> bool {
        while let Some(next) = self.parser.next_event() {
            let (event, span) = match next {
                Ok(found) => found,
                Err(error) => {
                    let span = self.places.point(*error.marker());
                    let message = format!("not valid YAML: {}", error.info());
                    self.report.error_help(span, "yaml", message, SYNTAX_HELP);
                    return false;
                }
            };
            let span = self.places.span(span);
            if self.take(event, span).is_err() {
                return false;
            }
        }
        true
    }

    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Stop> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => {
                self.report.error_help(
                    span,
                    "yaml",
                    "a second document begins here; a file holds one workflow",
                    "move it to a file of its own",
                );
                Err(Stop)
            }
            Event::DocumentStart(_) => Ok(()),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                if self.awaits_key() {
                    self.key(&text, style, span);
                    return Ok(());
                }
                let node = self.scalar(&text, style, tag.as_deref(), span);
                self.charge(node.weight, span)?;
                self.keep(anchor, &node);
                self.place(node)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Value::List(Vec::new()), anchor, tag.as_deref(), span)
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(Value::Map(Vec::new()), anchor, tag.as_deref(), span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
        }
    }

    fn awaits_key(&self) -> bool {
        self.open
            .last()
            .is_some_and(|open| matches!(open.value, Value::Map(_)) && open.key.is_none())
    }

    fn key(&mut self, text: &str, style: ScalarStyle, span: Span) {
        key::judge(text, style, span, self.report);
        let Some(open) = self.open.last_mut() else {
            return;
        };
        if !open.keys.insert(text.to_owned()) {
            let first = line_of(open, text);
            let message = format!(
                "the key `{}` stands twice in one object; the first is on line {first}",
                text.escape_debug()
            );
            self.report.error_help(
                span,
                "duplicate-key",
                message,
                "remove or rename one of them",
            );
        }
        open.key = Some((text.to_owned(), span));
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Node {
        let tag = match tag {
            None => None,
            Some(tag) if tag.is_yaml_core_schema() && is_scalar_tag(&tag.suffix) => {
                Some(tag.suffix.as_str())
            }
            Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => Some("str"),
            Some(tag) => {
                self.unknown_tag(tag, span);
                None
            }
        };
        let value = scalar::value(text, style, tag).unwrap_or_else(|error| {
            self.report.error_help(
                span,
                "number",
                error.to_string(),
                "quote it to make it text",
            );
            Value::Null
        });
        let weight = 1 + u32::try_from(text.len() / NODE_TEXT_BYTES).unwrap_or(u32::MAX / 2);
        Node {
            value,
            span,
            weight,
        }
    }

    fn unknown_tag(&mut self, tag: &Tag, span: Span) {
        let message = format!("the tag `{tag}` has no meaning here");
        self.report.error_help(span, "yaml", message, "remove it");
    }

    fn begin(
        &mut self,
        value: Value,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Stop> {
        if self.awaits_key() {
            self.report.error_help(
                span,
                "key",
                "a key must be text, but is a list or an object",
                "write a name",
            );
            return Err(Stop);
        }
        if self.open.len() >= NESTING_DEPTH_MAX {
            let message =
                format!("lists and objects stand more than {NESTING_DEPTH_MAX} deep in each other");
            self.report.error_help(
                span,
                "limit",
                message,
                "move inner tasks to `use.functions`",
            );
            return Err(Stop);
        }
        let expected = if matches!(value, Value::List(_)) {
            "seq"
        } else {
            "map"
        };
        if let Some(tag) = tag.filter(|tag| !(tag.is_yaml_core_schema() && tag.suffix == expected))
        {
            self.unknown_tag(tag, span);
        }
        self.charge(1, span)?;
        self.open.push(Open {
            value,
            span,
            anchor,
            weight: 1,
            key: None,
            keys: HashSet::new(),
        });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let mut place = open.span;
        place.end = last_end(&open.value).max(if span.end > span.start {
            span.end
        } else {
            place.end
        });
        let node = Node {
            value: open.value,
            span: place,
            weight: open.weight,
        };
        self.keep(open.anchor, &node);
        self.place(node)
    }

    /// An alias stands for a copy of what its anchor names, places included.
    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        if self.awaits_key() {
            self.report.error_help(
                span,
                "key",
                "an alias cannot be a key",
                "write the name out",
            );
            return Err(Stop);
        }
        let Some(node) = self.anchors.get(&anchor) else {
            self.report
                .error(span, "yaml", "an alias inside of what it stands for");
            return Err(Stop);
        };
        let weight = node.weight;
        self.charge(weight, span)?;
        let node = self.anchors[&anchor].clone();
        if self.open.len() + depth(&node) > NESTING_DEPTH_MAX {
            let message = format!("this alias expands to more than {NESTING_DEPTH_MAX} levels");
            self.report.error(span, "limit", message);
            return Err(Stop);
        }
        self.place(node)
    }

    fn keep(&mut self, anchor: usize, node: &Node) {
        if anchor != 0 {
            self.nodes = self.nodes.saturating_add(node.weight);
            self.anchors.insert(anchor, node.clone());
        }
    }

    fn charge(&mut self, weight: u32, span: Span) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(weight);
        if self.nodes <= NODES_MAX {
            return Ok(());
        }
        let message = format!("the document holds more than {NODES_MAX} values, aliases expanded");
        self.report
            .error_help(span, "limit", message, "pass large data as input");
        Err(Stop)
    }

    fn place(&mut self, node: Node) -> Result<(), Stop> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.weight = open.weight.saturating_add(node.weight);
        match &mut open.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => {
                let (key, key_span) = open
                    .key
                    .take()
                    .expect("invariant: a value in an object follows its key");
                entries.push(Entry {
                    key,
                    key_span,
                    node,
                });
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
        }
        Ok(())
    }
}

fn is_scalar_tag(suffix: &str) -> bool {
    matches!(suffix, "str" | "int" | "float" | "bool" | "null")
}

fn line_of(open: &Open, key: &str) -> usize {
    let Value::Map(entries) = &open.value else {
        return 0;
    };
    entries
        .iter()
        .find(|entry| entry.key == key)
        .map_or(0, |entry| entry.key_span.line)
}

fn last_end(value: &Value) -> usize {
    match value {
        Value::List(items) => items.last().map_or(0, |item| item.span.end),
        Value::Map(entries) => entries
            .last()
            .map_or(0, |entry| entry.node.span.end.max(entry.key_span.end)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => 0,
    }
}

/// Levels of lists and objects; bounded, since every node was built within [`NESTING_DEPTH_MAX`].
fn depth(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(entries) => {
            1 + entries
                .iter()
                .map(|entry| depth(&entry.node))
                .max()
                .unwrap_or(0)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => 0,
    }
}
