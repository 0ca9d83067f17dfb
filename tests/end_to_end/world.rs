//! An app with a network of its own: a server on loopback behind the name `erp.example`, a name server that knows it, and grants
//! written out, as a reviewer would have them. Knows nothing of what a test attempts.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use sha2::{Digest, Sha256};
use writ_tests::{
    App, Said,
    net::{Dns, Http, Received, Reply},
};

/// The name that leads to the server.
pub(crate) const HOST: &str = "erp.example";
/// The value of the secret `erp`.
pub(crate) const SECRET: &str = "tr0ub4dor-and-3-horses";

/// An app, its server and its name server.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) http: Http,
    pub(crate) dns: Dns,
}

impl World {
    /// With a server that answers so.
    pub(crate) fn new(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let (http, dns) = (Http::start(answer), Dns::start());
        dns.answer(HOST, &[&["127.0.0.1"]]);
        let app = App::new("");
        app.config(&format!(
            "\n[network]\nnameservers = [\"{}\"]\n",
            dns.address()
        ));
        Self { app, http, dns }
    }

    /// The server's URL without a path.
    pub(crate) fn origin(&self) -> String {
        format!("http://{HOST}:{}", self.http.port())
    }

    /// A URL of the server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    fn filled(&self, text: &str) -> String {
        text.replace("ORIGIN", &self.origin())
    }

    /// The guest `web`, asking for these capabilities (with `ORIGIN` for the server's), under a manifest with these further lines.
    pub(crate) fn plugin(&self, requests: &[&str], more: &str) {
        let request = |capability: &&str| {
            let capability = self.filled(capability);
            format!(
                "[[request]]\ncapability = \"{capability}\"\nreason = \"to be tested\"\noptional = true\n\n"
            )
        };
        let requests: String = requests.iter().map(request).collect();
        self.app.plugin("web", &format!("{requests}{more}"));
    }

    /// Has `web` granted these: a capability and further lines each.
    pub(crate) fn grant(&self, grants: &[(&str, &str)]) {
        let reviewed = self
            .app
            .writ(&["grant", "review", ".", "web", "--json"])
            .expect(0);
        let digest = reviewed.json()[0]["digest"]
            .as_str()
            .expect("a digest")
            .to_owned();
        self.write_grants("plugin = \"web\"", &digest, grants);
    }

    /// Has the workflow granted these.
    pub(crate) fn grant_workflow(&self, name: &str, grants: &[(&str, &str)]) {
        let text = fs::read(self.app.path().join("workflow.yaml")).expect("a workflow");
        let hex: String = Sha256::digest(&text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        self.write_grants(
            &format!("workflow = \"{name}\""),
            &format!("sha256:{hex}"),
            grants,
        );
    }

    fn write_grants(&self, subject: &str, digest: &str, grants: &[(&str, &str)]) {
        let mut text = format!(
            "version = 1\n\n[[writ]]\n{subject}\nversion = \"0.1.0\"\ndigest = \"{digest}\"\n"
        );
        for (capability, more) in grants {
            text.push_str(&format!(
                "\n[[writ.grant]]\ncapability = \"{}\"\n{}\n",
                self.filled(capability),
                self.filled(more)
            ));
        }
        self.app.write("grants.toml", &text);
    }

    /// Has the secret `erp` in a file that nobody else can read.
    pub(crate) fn secret(&self) {
        self.app.write("erp.token", &format!("{SECRET}\n"));
        let path = self.app.path().join("erp.token");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it can be hidden");
        self.app.config("\n[secrets.erp]\nfile = \"erp.token\"\n");
    }

    /// Nothing that was written or said holds the secret, plain or in base64.
    pub(crate) fn keeps_the_secret(&self, said: &[&Said]) {
        let in_base64 = base64_of(SECRET);
        let shows = |bytes: &[u8]| {
            let holds = |needle: &str| {
                bytes
                    .windows(needle.len())
                    .any(|part| part == needle.as_bytes())
            };
            holds(SECRET) || holds(&in_base64)
        };
        for said in said {
            assert!(!shows(said.out.as_bytes()), "{}", said.out);
            assert!(!shows(said.err.as_bytes()), "{}", said.err);
        }
        for path in files(&self.app.path().join(".writ")) {
            let bytes = fs::read(&path).expect("a file");
            assert!(!shows(&bytes), "{} holds the secret", path.display());
        }
    }
}

/// What `127.0.0.1` has to be granted by.
pub(crate) const LOOPBACK: &str = "addresses = [\"127.0.0.1/32\"]";
/// Where the secret goes.
pub(crate) const PLACE: &str = "host = \"ORIGIN\"\nheader = \"authorization\"";

fn base64_of(text: &str) -> String {
    use base64::Engine;
    // Without the end, which depends on what follows.
    base64::engine::general_purpose::STANDARD_NO_PAD.encode(&text.as_bytes()[..text.len() / 3 * 3])
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
