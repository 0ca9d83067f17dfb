//! `raise`: an error that the workflow makes itself.

use serde_json::Value as Json;
use writ_workflow::model::{Raise, Template};

use crate::{
    Problem,
    begin::Ready,
    data::kind_of,
    flow::{Step, Stop},
};

impl Step<'_, '_> {
    /// Always ends with an error: the one that is raised, or the one that prevented it.
    pub(crate) fn begin_raise(&mut self, ready: &Ready<'_>, raise: &Raise) -> Result<(), Stop> {
        let r#type = self
            .text(ready, "type", Some(&raise.r#type))?
            .unwrap_or_default();
        let status = self.fill(ready.site, &raise.status, &ready.input, &ready.view())?;
        let Some(status) = as_status(&status) else {
            let detail =
                format!("the `status` of an error must be a number from 100 to 599, not {status}");
            return Err(Problem::dsl("expression", 400, detail).into());
        };
        Err(Box::new(Problem {
            r#type,
            status,
            title: self.text(ready, "title", raise.title.as_ref())?,
            detail: self.text(ready, "detail", raise.detail.as_ref())?,
            instance: self.text(ready, "instance", raise.instance.as_ref())?,
            extensions: Default::default(),
        }))
    }

    fn text(
        &mut self,
        ready: &Ready<'_>,
        member: &str,
        template: Option<&Template>,
    ) -> Result<Option<String>, Stop> {
        let Some(template) = template else {
            return Ok(None);
        };
        let value = self.fill(ready.site, template, &ready.input, &ready.view())?;
        match &*value {
            Json::String(text) => Ok(Some(text.clone())),
            other @ (Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::Array(_)
            | Json::Object(_)) => {
                let detail = format!(
                    "the `{member}` of an error must be a string, not {}",
                    kind_of(other)
                );
                Err(Problem::dsl("expression", 400, detail).into())
            }
        }
    }
}

fn as_status(value: &Json) -> Option<u16> {
    let number = value.as_f64().filter(|number| number.fract() == 0.0)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    let status = (100.0..=599.0).contains(&number).then_some(number as u16);
    status
}
