//! Flow directives: what `then` may lead to.

use std::collections::HashMap;

use super::Reader;
use crate::{model::Flow, node::Node, suggest};

/// The tasks that a flow directive can name: those of the same list.
pub(super) struct Scope<'n> {
    /// Position of each name, and whether the name stands for one task only.
    positions: HashMap<&'n str, (usize, bool)>,
    kind: ScopeKind,
}

/// What the list is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeKind {
    /// Tasks that follow each other.
    Sequence,
    /// Branches of a `fork`, which don't.
    Branches,
    /// A single task of `use.functions`.
    Function,
}

const WORDS: [&str; 3] = ["continue", "exit", "end"];

impl<'n> Scope<'n> {
    pub(super) fn new(names: impl IntoIterator<Item = &'n str>, kind: ScopeKind) -> Self {
        let mut positions = HashMap::new();
        for (at, name) in names.into_iter().enumerate() {
            positions
                .entry(name)
                .and_modify(|(_, single)| *single = false)
                .or_insert((at, true));
        }
        Self { positions, kind }
    }
}

/// Whether a task's name can't be the target of a flow directive.
pub(super) fn is_reserved(name: &str) -> bool {
    WORDS.contains(&name)
}

impl Reader {
    /// `then`; [`Flow::Continue`] when it is absent or wrong.
    pub(super) fn flow(&mut self, node: Option<&Node>, scope: &Scope<'_>) -> Flow {
        let Some(node) = node else {
            return Flow::Continue;
        };
        match self.text(node, "then") {
            None | Some("continue") => Flow::Continue,
            Some("exit") => Flow::Exit,
            Some("end") => Flow::End,
            Some(target) => self.goto(node, target, scope),
        }
    }

    fn goto(&mut self, node: &Node, target: &str, scope: &Scope<'_>) -> Flow {
        let shown = target.escape_debug();
        let (message, help) = match (scope.kind, scope.positions.get(target)) {
            (ScopeKind::Sequence, Some((at, true))) => return Flow::Goto(*at),
            (ScopeKind::Sequence, Some((_, false))) => {
                let message = format!(
                    "`then` leads to `{shown}`, but several tasks of this list have that name"
                );
                (message, "rename all but one".to_owned())
            }
            (ScopeKind::Sequence, None) => {
                let names = WORDS.into_iter().chain(scope.positions.keys().copied());
                let help = suggest::nearest(target, names).map_or_else(
                    || {
                        "name a task of the same list, or write `continue`, `exit` or `end`"
                            .to_owned()
                    },
                    |name| format!("did you mean `{name}`?"),
                );
                (
                    format!("`then` leads to `{shown}`, but no task of this list has that name"),
                    help,
                )
            }
            (ScopeKind::Branches, _) => {
                let message = format!(
                    "`then` leads to `{shown}`, but branches run side by side, none after another"
                );
                (message, "put both into one `do`".to_owned())
            }
            (ScopeKind::Function, _) => {
                let message = format!("`then` leads to `{shown}`, but a function stands alone");
                (message, "put `then` on the task that calls it".to_owned())
            }
        };
        self.report
            .error_help(node.span, "flow-target", message, help);
        Flow::Continue
    }
}
