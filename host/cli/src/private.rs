//! What no plugin is given, whatever is granted: what says which code runs and what it may do, and what is secret. Who could write
//! the first would grant itself anything, and who could read the second would need no grant. One rule for both, because what may be
//! read today may be written tomorrow, and a folder that holds one of them mostly holds more. Knows paths only, and opens none.

use std::path::PathBuf;

use crate::{
    app::{App, ROOT_FILE, absolute},
    keys, load, policy,
};

/// Of one app, wherever its parts are; and this user's keys. Some of them need not be there: none is to be made by a plugin either.
pub(crate) fn places(app: &App) -> Vec<PathBuf> {
    let mut places = vec![app.data.clone()];
    if app.workflow.is_absolute() {
        places.push(app.workflow.clone());
    }
    places.extend(app.grants.clone());
    // An app's own grants count again as soon as it is started without others.
    for folder in [&app.folder, app.grants_folder()] {
        let names = [
            "writ.toml",
            "workflow.yaml",
            "grants.toml",
            policy::WRITS,
            ROOT_FILE,
        ];
        places.extend(names.map(|name| folder.join(name)));
    }
    places.extend(named(app));
    // Statements of authors lie beside what they are about.
    let components = load::components(app).unwrap_or_default();
    places.extend(components.iter().map(|component| policy::beside(component)));
    places.extend(components);
    places.extend(keys::folder().and_then(|folder| absolute(&folder)).ok());
    places
}

/// What `writ.toml` names: the trust root, secrets, certificates, and where plugins are built from.
fn named(app: &App) -> impl Iterator<Item = PathBuf> {
    let config = &app.config;
    let secrets = config.secrets.values();
    let sources = config.plugins.values();
    let all = (config.trust.root.iter())
        .chain(secrets.filter_map(|secret| secret.file.as_ref()))
        .chain(&config.network.ca_files)
        .chain(sources.filter_map(|plugin| plugin.source.as_ref()));
    all.map(|path| app.folder.join(path))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn whatever_an_app_names_is_private_where_it_is() {
        let config = "[trust]\nroot = \"roots/root.toml\"\n[secrets.erp]\nfile = \"/run/erp\"\n\
                      [network]\nca_files = [\"ca.pem\"]\n[plugins.a]\nsource = \"../a\"\n[plugins.b]\ncomponent = \"b.wasm\"\n";
        let app = App {
            folder: "/app".into(),
            workflow: "/app/workflow.yaml".into(),
            grants: Some("/policy/mine.toml".into()),
            data: "/data".into(),
            config: toml::from_str(config).unwrap(),
        };
        let places = places(&app);
        for place in [
            "/data",
            "/app/workflow.yaml",
            "/app/writ.toml",
            "/app/grants.toml",
            "/app/writs",
            "/app/trust.toml",
            "/policy/mine.toml",
            "/policy/writs",
            "/policy/writ.toml",
            "/app/roots/root.toml",
            "/run/erp",
            "/app/ca.pem",
            "/app/../a",
            "/app/b.wasm",
            "/app/b.wasm.dsse.json",
        ] {
            assert!(
                places.iter().any(|known| known == Path::new(place)),
                "{place}"
            );
        }
        assert!(places.iter().all(|place| place.is_absolute()));
    }
}
