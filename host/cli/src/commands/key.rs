//! `writ key …`: make keys, show their public lines, and say in a trust root what they count for.

use std::path::Path;

use serde_json::{Value as Json, json};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};
use writ_trust::{PublicKey, ROOT_BYTES_MAX, Role, TrustRoot};

use crate::{
    app::bad_toml,
    args::{self, Key},
    error::{Exit, Failure, Result},
    keys,
    out::{errln, outln},
    policy, read,
    whole::write_file,
};

const HEADER: &str = "# Whose signatures count here, and for what. See docs/trust.md.\nversion = 1\n\
    # Raise it to end every writ that was signed before.\nepoch = 1\n";

pub(crate) fn run(arguments: &Key, json: bool) -> Result<Exit> {
    match arguments {
        Key::New {
            name,
            role,
            root,
            passphrase_fd,
            no_passphrase,
        } => {
            let unmade = keys::Unmade::new(name)?;
            let roles = roles(role);
            if !roles.is_empty() {
                let _ = read_root(root)?;
            }
            let passphrase = if *no_passphrase {
                None
            } else {
                Some(keys::new_passphrase(*passphrase_fd)?)
            };
            new(unmade, passphrase.as_ref(), &roles, root, json)
        }
        Key::List => list(json),
        Key::Show { name } => show(name, json),
        Key::Trust { public, role, root } => trust(public, &roles(role), root, json),
    }
}

fn roles(named: &[args::Role]) -> Vec<Role> {
    named.iter().map(|role| Role::from(*role)).collect()
}

fn new(
    unmade: keys::Unmade,
    passphrase: Option<&keys::Passphrase>,
    roles: &[Role],
    root: &Path,
    json: bool,
) -> Result<Exit> {
    let (key, path) = keys::make(unmade, passphrase)?;
    let public = key.public();
    if !roles.is_empty() {
        add(root, public, roles).map_err(|failure| keys::forget(&path, failure))?;
    }
    if json {
        outln!(
            "{}",
            json!({ "name": public.name().as_str(), "public": public.to_string(), "file": path.display().to_string(),
                "sealed": passphrase.is_some(), "roles": words(roles) })
        );
        return Ok(Exit::Done);
    }
    outln!("{public}");
    errln!("made {}", path.display());
    if passphrase.is_none() {
        errln!(
            "note: it is not sealed: whoever reads this file can sign as {}",
            public.name()
        );
    }
    if roles.is_empty() {
        errln!(
            "the line above is its public half: `writ key trust PUBLIC --role ROLE` puts it into a trust root"
        );
    } else {
        errln!(
            "{} trusts it as {}",
            root.display(),
            words(roles).join(", ")
        );
    }
    Ok(Exit::Done)
}

fn words(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.as_str()).collect()
}

fn list(json: bool) -> Result<Exit> {
    let names = keys::names()?;
    let mut rows = Vec::new();
    for name in &names {
        let file = keys::find(name.as_str())?;
        rows.push((file.public().to_string(), file.is_sealed()));
    }
    if json {
        let rows = rows.iter().zip(&names).map(|((public, sealed), name)| {
            json!({ "name": name.as_str(), "public": public, "sealed": sealed })
        });
        outln!("{}", Json::Array(rows.collect()));
        return Ok(Exit::Done);
    }
    for (public, sealed) in &rows {
        outln!("{public}{}", if *sealed { "" } else { "  (not sealed)" });
    }
    if rows.is_empty() {
        errln!("no keys in {}", keys::folder()?.display());
    }
    Ok(Exit::Done)
}

fn show(name: &str, json: bool) -> Result<Exit> {
    let file = keys::find(name)?;
    let public = file.public();
    if json {
        outln!(
            "{}",
            json!({ "name": public.name().as_str(), "public": public.to_string(), "sealed": file.is_sealed() })
        );
    } else {
        outln!("{public}");
    }
    Ok(Exit::Done)
}

fn trust(public: &str, roles: &[Role], root: &Path, json: bool) -> Result<Exit> {
    let public: PublicKey = if public.contains('+') {
        public.trim().parse().map_err(Failure::usage)?
    } else {
        keys::find(public)?.public().clone()
    };
    let root_now = add(root, &public, roles)?;
    let known = root_now
        .find(&public)
        .map(|known| known.roles.iter().copied().collect::<Vec<_>>());
    let roles = words(&known.unwrap_or_default());
    if json {
        outln!(
            "{}",
            json!({ "root": root.display().to_string(), "public": public.to_string(), "roles": roles })
        );
    } else {
        outln!(
            "{} trusts {} as {}",
            root.display(),
            public.hint(),
            roles.join(", ")
        );
    }
    Ok(Exit::Done)
}

/// A trust root that is to be written to, as text and as what it says; one that is not there or says nothing begins here.
fn read_root(path: &Path) -> Result<(String, TrustRoot)> {
    let mut text = if path.exists() {
        read::text(path, ROOT_BYTES_MAX as u64)?
    } else {
        String::new()
    };
    if read::is_blank(&text) {
        text.insert_str(0, HEADER);
    }
    let root = parse_root(path, &text)?;
    Ok((text, root))
}

fn parse_root(path: &Path, text: &str) -> Result<TrustRoot> {
    TrustRoot::parse(text).map_err(|error| policy::bad_root(path, text, &error))
}

/// Adds roles of a key to a trust root and leaves the rest of the file as it was.
fn add(path: &Path, public: &PublicKey, roles: &[Role]) -> Result<TrustRoot> {
    let (text, before) = read_root(path)?;
    if let Some(other) = before
        .all()
        .iter()
        .find(|known| known.key.bytes() == public.bytes() && known.key != *public)
    {
        return Err(Failure::refused(format!(
            "{} lists this key already, as {}",
            path.display(),
            other.key.hint()
        ))
        .help("one key has one name: ask its owner which"));
    }
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        bad_toml(path, &text, error.span(), error.message())
    })?;
    let keys = document
        .entry("key")
        .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(keys) = keys.as_array_of_tables_mut() else {
        return Err(Failure::usage(format!(
            "{}: its keys are not written as [[key]]",
            path.display()
        ))
        .help("write them so, and try again"));
    };
    let line = public.to_string();
    let place = keys
        .iter()
        .position(|table| table.get("public").and_then(Item::as_str) == Some(&line));
    match place.and_then(|place| keys.get_mut(place)) {
        Some(table) => extend(table, roles),
        None => {
            let mut table = Table::new();
            table.insert("public", value(line));
            extend(&mut table, roles);
            keys.push(table);
        }
    }
    let text = document.to_string();
    let root = parse_root(path, &text)?;
    write_file(path, text.as_bytes())?;
    Ok(root)
}

fn extend(table: &mut Table, roles: &[Role]) {
    let mut listed = table
        .get("roles")
        .and_then(Item::as_array)
        .cloned()
        .unwrap_or_else(Array::new);
    for role in roles {
        if !listed
            .iter()
            .any(|known| known.as_str() == Some(role.as_str()))
        {
            listed.push(role.as_str());
        }
    }
    table.insert("roles", value(listed));
}
