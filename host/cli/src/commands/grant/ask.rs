//! `writ grant review` on a terminal: request by request, what it means and what the reviewer says to it; at the end the whole, and
//! a signature. Every answer is held against the same rules as the flags of `approve`.

use std::io::IsTerminal;

use dialoguer::{Confirm, Input, Select};
use writ_grant::{Capability, Grant, Request, Writ};

use super::{DAY_MS, File, approve, choice, review::Review, reviews, shown, sign};
use crate::{
    args::{GrantTarget, Signer},
    error::{Exit, Failure, Result},
    keys,
    out::{errln, outln},
    subject::Subject,
};

/// Longest time that is offered for an approval.
const EXPIRES_DAYS_MAX: u64 = 3650;

/// Whether there is somebody to ask.
pub(super) fn possible() -> bool {
    std::io::stdin().is_terminal()
        && std::io::stdout().is_terminal()
        && std::io::stderr().is_terminal()
}

pub(super) fn run(mut file: File, target: &GrantTarget, signer: &Signer) -> Result<Exit> {
    let subjects = shown(&file, target, false)?;
    let open: Vec<bool> = reviews(&file, &subjects)
        .iter()
        .map(|review| !review.settled())
        .collect();
    if subjects.is_empty() {
        errln!("no plugins here");
    }
    let mut key = None;
    for (subject, open) in subjects.iter().zip(open) {
        let review = Review::of(subject, &file.policy, file.now_ms);
        if !open {
            review.print();
            outln!("Nothing is left to decide.");
            continue;
        }
        review.head();
        let Some(writ) = decide(&file, subject, &review)? else {
            outln!("left as it is");
            continue;
        };
        outln!();
        approve::tell(&file, &writ, subject);
        if key.is_none() {
            key = Some(signing_key(&file, subject, signer)?);
        }
        let question = match &key {
            Some(Some(key)) => format!("Sign this as {}?", key.public().hint()),
            Some(None) | None => "Approve this, unsigned?".to_owned(),
        };
        if !confirm(&question)? {
            outln!("left as it is");
            continue;
        }
        match &key {
            Some(Some(key)) => {
                let kept = sign::approve(&file, subject, writ, key)?;
                outln!("{}", kept.say());
                file.forget(subject);
            }
            Some(None) | None => {
                file.keep(writ);
                outln!("written to {}", file.path.display());
            }
        }
        if file.changed {
            file.save()?;
        }
    }
    Ok(Exit::Done)
}

/// The writ that the answers make; nothing if the reviewer leaves off.
fn decide(file: &File, subject: &Subject, review: &Review<'_>) -> Result<Option<Writ>> {
    let mut grants: Vec<Grant> = Vec::new();
    let number = subject.requests.len();
    for (i, request) in review.subject().requests.iter().enumerate() {
        let optional = if request.optional { " (optional)" } else { "" };
        outln!();
        outln!("  {} of {number}: {}{optional}", i + 1, request.capability);
        review.explain(request);
        if !request.capability.available() {
            outln!("                     no version of this host can give it yet");
            continue;
        }
        match answer(file, subject, request)? {
            Answer::Allow(grant) => grants.push(*grant),
            Answer::Deny => {}
            Answer::Leave => return Ok(None),
        }
    }
    if number == 0 {
        outln!("  asks for nothing: a writ lets it compute");
    }
    let expires_ms = expiry(file.now_ms)?;
    file.writ(subject, grants, expires_ms).map(Some)
}

/// What a reviewer says to one request.
enum Answer {
    Allow(Box<Grant>),
    Deny,
    Leave,
}

fn answer(file: &File, subject: &Subject, request: &Request) -> Result<Answer> {
    let required = if request.optional {
        "deny"
    } else {
        "deny: it will not run, since this is not optional"
    };
    let choices = [
        "allow",
        "narrow: allow a part of it",
        required,
        "leave this plugin as it is",
    ];
    let chosen = Select::new()
        .with_prompt("Your answer")
        .items(choices)
        .default(2)
        .interact()
        .map_err(broken)?;
    match chosen {
        0 => detail(file, subject, &request.capability).map(|grant| Answer::Allow(Box::new(grant))),
        1 => {
            let capability = narrower(&request.capability)?;
            detail(file, subject, &capability).map(|grant| Answer::Allow(Box::new(grant)))
        }
        2 => Ok(Answer::Deny),
        _ => Ok(Answer::Leave),
    }
}

/// A capability that the requested one covers.
fn narrower(requested: &Capability) -> Result<Capability> {
    let fits = |text: &String| -> Result<(), String> {
        let capability: Capability = text.parse().map_err(|error| format!("{error}"))?;
        if requested.covers(&capability) {
            Ok(())
        } else {
            Err(format!("{requested} does not cover that"))
        }
    };
    let typed: String = Input::new()
        .with_prompt("Which part")
        .with_initial_text(requested.to_string())
        .validate_with(fits)
        .interact_text()
        .map_err(broken)?;
    typed.parse().map_err(Failure::usage)
}

/// A grant of a capability, with what it has to say asked for and checked.
fn detail(file: &File, subject: &Subject, capability: &Capability) -> Result<Grant> {
    let entry = file.app.config.plugins.get(&subject.name);
    let fits = |text: &String| -> Result<(), String> {
        let detail = Some(text.as_str()).filter(|text| !text.is_empty());
        choice::grant(subject, entry, capability, detail)
            .and_then(|grant| file.may_give(&[grant]))
            .map_err(|failure| failure.message)
    };
    let (prompt, proposed, needed) = if capability.takes_folder() {
        ("Host folder", choice::proposed(entry, capability), true)
    } else if capability.takes_place() {
        (
            "Host and header that it goes to, as in https://erp.example authorization",
            None,
            true,
        )
    } else if capability.takes_value() {
        ("Fixed value (empty: the host's own)", None, false)
    } else if capability.takes_addresses() {
        (
            "Addresses that are not public and may be reached, as in 10.1.0.0/16 (empty: none)",
            None,
            false,
        )
    } else {
        return choice::grant(subject, entry, capability, None);
    };
    let mut input = Input::<String>::new()
        .with_prompt(prompt)
        .allow_empty(!needed)
        .validate_with(fits);
    if let Some(proposed) = proposed {
        input = input.with_initial_text(proposed);
    }
    let typed = input.interact_text().map_err(broken)?;
    choice::grant(
        subject,
        entry,
        capability,
        Some(typed.as_str()).filter(|text| !text.is_empty()),
    )
}

/// When the approval ends.
fn expiry(now_ms: u64) -> Result<Option<u64>> {
    let fits = |text: &String| -> Result<(), String> {
        match text.parse::<u64>() {
            _ if text.is_empty() => Ok(()),
            Ok(1..=EXPIRES_DAYS_MAX) => Ok(()),
            Ok(_) | Err(_) => Err(format!(
                "a number of days from 1 to {EXPIRES_DAYS_MAX}, or nothing"
            )),
        }
    };
    let typed: String = Input::new()
        .with_prompt("Days until it expires (empty: never)")
        .allow_empty(true)
        .validate_with(fits)
        .interact_text()
        .map_err(broken)?;
    Ok(typed.parse::<u64>().ok().map(|days| now_ms + days * DAY_MS))
}

/// The key to sign with: the named one, or one of this user's. `None` approves without a signature, where that counts.
fn signing_key(
    file: &File,
    subject: &Subject,
    signer: &Signer,
) -> Result<Option<writ_trust::SecretKey>> {
    if signer.wanted() {
        return keys::open(signer).map(Some);
    }
    let names = keys::names()?;
    let unsigned = file.unsigned_counts(subject, signer);
    if names.is_empty() || file.policy.root().is_none() {
        return unsigned.map(|()| None);
    }
    let mut choices: Vec<String> = names.iter().map(|name| format!("sign as {name}")).collect();
    if unsigned.is_ok() {
        choices.push("without a signature".to_owned());
    }
    let chosen = Select::new()
        .with_prompt("How")
        .items(&choices)
        .default(0)
        .interact()
        .map_err(broken)?;
    let Some(name) = names.get(chosen) else {
        return Ok(None);
    };
    let signer = Signer {
        key: Some(name.to_string()),
        key_fd: None,
        passphrase_fd: signer.passphrase_fd,
    };
    keys::open(&signer).map(Some)
}

fn confirm(question: &str) -> Result<bool> {
    Confirm::new()
        .with_prompt(question)
        .default(false)
        .interact()
        .map_err(broken)
}

fn broken(error: dialoguer::Error) -> Failure {
    Failure::usage(format!("cannot read from the terminal: {error}"))
        .help("the same can be said by flags: `writ grant approve`")
}
