//! Puts a folder in order and brings log, blobs and state together. Runs before anything else can touch them.

use std::{fs, path::Path};

use crate::{
    JournalError, Options,
    blobs::{Blobs, sync_dir},
    digest::Hash,
    error::At as _,
    log::Log,
    merkle::Tree,
    notary::Notary,
    recover::{End, Outcome, recover},
    repair::Repair,
    segment::{self, Listing, Segment},
    state::State,
    store::Store,
};

/// All that a journal needs to go on.
pub(crate) struct Ready {
    pub(crate) log: Log,
    pub(crate) next: u64,
    pub(crate) head: Hash,
    pub(crate) tree: Tree,
    pub(crate) notary: Notary,
    pub(crate) state: State,
    pub(crate) repairs: Vec<Repair>,
}

pub(crate) fn ready(
    dir: &Path,
    log_dir: &Path,
    store: &Store,
    blobs: &Blobs,
    is_clean: bool,
    options: &Options,
) -> Result<Ready, JournalError> {
    let mut repairs = Vec::new();
    let (notary, promise) = Notary::open(dir, options, &mut repairs)?;
    let listing = segment::list(log_dir)?;
    set_aside_unborn(&listing, log_dir, &mut repairs)?;
    for stranger in &listing.strangers {
        repairs.push(Repair::new(format!(
            "{}: no file of a journal; it is left alone",
            stranger.display()
        )));
    }
    let mut state = store.open(&mut repairs)?;
    let mut end = None;
    while end.is_none() {
        let progress = options.progress.as_ref();
        match recover(
            &listing.segments,
            &state,
            blobs,
            is_clean,
            promise.as_ref(),
            progress,
        )? {
            Outcome::Done(done) => end = Some(done),
            // A new state fits every log, so this happens once.
            Outcome::Unfit(why) => state = store.renew(state, &why, &mut repairs)?,
        }
    }
    let End {
        next,
        head,
        tree,
        last,
        repairs: cuts,
    } = end.expect("the loop ends with it");
    repairs.extend(cuts);
    let log = log_of(log_dir, last, next, head, options)?;
    Ok(Ready {
        log,
        next,
        head,
        tree,
        notary,
        state,
        repairs,
    })
}

fn log_of(
    log_dir: &Path,
    last: Option<(Segment, u64)>,
    next: u64,
    head: Hash,
    options: &Options,
) -> Result<Log, JournalError> {
    let log = match last {
        Some((segment, offset)) => Log::resume(
            log_dir,
            options.segment_bytes(),
            &segment,
            offset,
            next,
            head,
        )?,
        None => Log::create(log_dir, options.segment_bytes(), None, next, head)?,
    };
    #[cfg(test)]
    let log = log.failing(options.fault.clone());
    Ok(log)
}

/// The machine stopped while a segment was begun: nothing was in it.
fn set_aside_unborn(
    listing: &Listing,
    log_dir: &Path,
    repairs: &mut Vec<Repair>,
) -> Result<(), JournalError> {
    let Some((path, cause)) = &listing.unborn else {
        return Ok(());
    };
    let aside = path.with_extension("damaged");
    fs::rename(path, &aside).at("set aside", path)?;
    sync_dir(log_dir)?;
    let sentence = format!(
        "{}: {cause}, and it holds no event; it is kept as {}",
        path.display(),
        aside.display()
    );
    repairs.push(Repair::new(sentence));
    Ok(())
}
