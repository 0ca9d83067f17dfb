//! Puts a folder in order and brings log, blobs and state together. Runs before anything else can touch them.

use std::{fs, path::Path};

use crate::{
    Claims, JournalError, Options,
    audit::walk::audit_with,
    blobs::{Blobs, sync_dir},
    digest::Hash,
    error::At as _,
    log::Log,
    merkle::Tree,
    notary::Notary,
    reader::Walk,
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
        let recovered = recover(
            &listing.segments,
            &state,
            blobs,
            is_clean,
            promise.as_ref(),
            progress,
        );
        match recovered.map_err(|error| plainer(dir, error))? {
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

/// A log that is not what was signed: names the event that was tampered with, where one between others does not follow
/// the one before it. The state's word for the events before its last was enough to get here.
fn plainer(dir: &Path, error: JournalError) -> JournalError {
    if !matches!(error, JournalError::Checkpoint { .. }) {
        return error;
    }
    let frames = Walk::over(&dir.join("log")).map_or(0, |mut walk| {
        std::iter::from_fn(|| walk.next(|_, _| Ok(()))?.ok()).count()
    });
    match audit_with(dir, &Claims::default(), false, &mut |_, _, _| ()) {
        Err(fault) if fault.whole < frames as u64 && fault.at.is_some() => fault.error,
        Ok(_) | Err(_) => error,
    }
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
