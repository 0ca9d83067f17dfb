//! Reads settings.

writ_test_guests::world!("writ:guests/settings");
use exports::writ::guests::options::Guest;
use wasi::config::store;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn get(key: String) -> Result<Option<String>, String> {
        store::get(&key).map_err(named)
    }

    fn get_all() -> Result<Vec<(String, String)>, String> {
        store::get_all().map_err(named)
    }
}

fn named(error: store::Error) -> String {
    match error {
        store::Error::Upstream(words) => format!("upstream: {words}"),
        store::Error::Io(words) => format!("io: {words}"),
    }
}
