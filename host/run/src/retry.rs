//! Whether a `try` tries again, and when: conditions, limits, backoff, jitter drawn from the run's seed.

use writ_workflow::{
    DURATION_MS_MAX,
    model::{Backoff, Expression, Retry, Try},
};

use crate::{
    Event,
    arguments::View,
    flow::{Step, Stop},
    seed,
    state::{Open, Site},
    try_::Attempts,
};

/// The time before another attempt, and when that attempt times out if it begins at once.
pub(crate) struct Pause {
    delay_ms: u64,
    attempt_deadline_ms: Option<u64>,
}

impl Step<'_, '_> {
    /// The pause before another attempt, if there is to be one. An effect in doubt is never tried again.
    pub(crate) fn retries(
        &mut self,
        site: &Site,
        open: &Open,
        tried: &Try,
        attempts: &Attempts,
        view: &View,
    ) -> Result<Option<Pause>, Stop> {
        let Some(retry) = &tried.retry else {
            return Ok(None);
        };
        let in_doubt = attempts.error().is_some_and(crate::Problem::is_in_doubt);
        let used_up = retry.attempts_max.is_some_and(|max| attempts.number >= max);
        if in_doubt || used_up || attempts.number == u32::MAX {
            return Ok(None);
        }
        if !self.allowed(
            site,
            open,
            retry.when.as_ref(),
            retry.except_when.as_ref(),
            view,
        )? {
            return Ok(None);
        }
        let delay_ms = self.delay(site, open, retry, attempts.number, view)?;
        let next_ms = self.at.now_ms.saturating_add(delay_ms);
        if attempts.until_ms.is_some_and(|until| next_ms > until) {
            return Ok(None);
        }
        let attempt_deadline_ms =
            self.due(site, retry.attempt_duration.as_ref(), &open.input, view)?;
        Ok(Some(Pause {
            delay_ms,
            attempt_deadline_ms,
        }))
    }

    /// `when` and `exceptWhen`, of `catch` and of `retry` alike.
    pub(crate) fn allowed(
        &mut self,
        site: &Site,
        open: &Open,
        when: Option<&Expression>,
        except: Option<&Expression>,
        view: &View,
    ) -> Result<bool, Stop> {
        let wanted = match when {
            Some(when) => self.holds(site, when, &open.input, view)?,
            None => true,
        };
        let excepted = match except {
            Some(except) if wanted => self.holds(site, except, &open.input, view)?,
            Some(_) | None => false,
        };
        Ok(wanted && !excepted)
    }

    fn delay(
        &mut self,
        site: &Site,
        open: &Open,
        retry: &Retry,
        failed: u32,
        view: &View,
    ) -> Result<u64, Stop> {
        let base = self.length(site, &retry.delay, &open.input, view)?;
        let grown = grow(retry.backoff, base, failed);
        let Some((from, to)) = &retry.jitter else {
            return Ok(grown);
        };
        let from = self.length(site, from, &open.input, view)?;
        let to = self.length(site, to, &open.input, view)?;
        let drawn = seed::between(self.seed_of(site.id, failed, "jitter"), from, to);
        Ok(grown.saturating_add(drawn).min(DURATION_MS_MAX))
    }

    pub(crate) fn retry(&mut self, site: &Site, attempts: &Attempts, pause: Pause) {
        let at_once = pause.delay_ms == 0;
        self.emit(Event::TaskRetried {
            task: site.id,
            reference: site.reference.clone(),
            index: site.index.clone(),
            attempt: attempts.number.saturating_add(1),
            delay_ms: pause.delay_ms,
            due_ms: (!at_once).then(|| self.at.now_ms.saturating_add(pause.delay_ms)),
            attempt_deadline_ms: pause.attempt_deadline_ms.filter(|_| at_once),
            at_ms: self.at.now_ms,
        });
    }
}

/// The delay after the attempt of that number failed.
fn grow(backoff: Backoff, base_ms: u64, failed: u32) -> u64 {
    let grown = match backoff {
        Backoff::Constant => base_ms,
        Backoff::Linear => base_ms.saturating_mul(u64::from(failed)),
        Backoff::Exponential => {
            let doublings = failed.saturating_sub(1).min(63);
            base_ms.saturating_mul(1_u64 << doublings)
        }
    };
    grown.min(DURATION_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_as_the_policy_says_and_never_overflow() {
        let grown = |backoff| [1, 2, 3, 4].map(|failed| grow(backoff, 100, failed));
        assert_eq!(grown(Backoff::Constant), [100, 100, 100, 100]);
        assert_eq!(grown(Backoff::Linear), [100, 200, 300, 400]);
        assert_eq!(grown(Backoff::Exponential), [100, 200, 400, 800]);
        assert_eq!(
            grow(Backoff::Exponential, u64::MAX, u32::MAX),
            DURATION_MS_MAX
        );
        assert_eq!(grow(Backoff::Linear, u64::MAX, u32::MAX), DURATION_MS_MAX);
    }
}
