//! Effects that are left behind when calls are given up: nobody can say whether they happened, so nothing that would repeat them is
//! done by itself.

use writ_workflow::model::TaskKind;

use crate::{
    Effects, TaskId,
    flow::Step,
    state::{Inside, Phase, Site},
};

impl Step<'_, '_> {
    /// Whether giving this call up would leave its effect in doubt.
    pub(crate) fn is_in_doubt(&self, task: TaskId) -> bool {
        if self.at.asking.contains(&task) {
            return true;
        }
        let live = self.run.state.live.get(&task);
        live.is_some_and(|activation| match &activation.phase {
            Phase::Calling(calling) => {
                let intent = calling.intent.as_ref();
                intent.is_some_and(|intent| intent.effects == Effects::Once)
            }
            Phase::Pending | Phase::Waiting { .. } | Phase::Open(_) => false,
        })
    }

    /// A call that a fault of this task gives up in doubt: the fault goes up to the nearest `try`, and ends all that is inside.
    pub(crate) fn left_in_doubt_by(&self, site: &Site) -> Option<String> {
        let mut around = site.parent;
        while let Some(activation) = around.and_then(|task| self.run.state.live.get(&task)) {
            let inside = activation.open().map(|open| &open.inside);
            if matches!(inside, Some(Inside::Try(attempts)) if attempts.is_trying()) {
                break;
            }
            around = activation.site.parent;
        }
        self.in_doubt_inside(around, Some(site.id))
    }

    /// A call inside a task, or anywhere, that would be left in doubt; but not this one.
    pub(crate) fn in_doubt_inside(
        &self,
        around: Option<TaskId>,
        except: Option<TaskId>,
    ) -> Option<String> {
        let live = self.run.state.live.values();
        let mut calls = live.filter(|activation| {
            let task = self.at.definition.workflow.task(activation.site.task);
            matches!(task.kind, TaskKind::Call(_))
        });
        let found = calls.find(|activation| {
            let id = activation.site.id;
            Some(id) != except && self.is_in_doubt(id) && self.is_inside(id, around)
        });
        found.map(|activation| activation.site.reference.to_string())
    }

    fn is_inside(&self, task: TaskId, around: Option<TaskId>) -> bool {
        let Some(around) = around else {
            return true;
        };
        let mut next = Some(task);
        while let Some(activation) = next.and_then(|task| self.run.state.live.get(&task)) {
            if activation.site.id == around {
                return true;
            }
            next = activation.site.parent;
        }
        false
    }
}
