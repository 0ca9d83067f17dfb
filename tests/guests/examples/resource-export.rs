//! Exports a function that cannot be called with data, beside one that can.

writ_test_guests::world!("writ:guests/resource-export");
use exports::writ::guests::things::{Guest, GuestThing, Thing};

struct Plugin;

export!(Plugin);

struct Named(String);

impl GuestThing for Named {
    fn new(name: String) -> Self {
        Named(name)
    }

    fn name(&self) -> String {
        self.0.clone()
    }
}

impl Guest for Plugin {
    type Thing = Named;

    fn make(name: String) -> Thing {
        Thing::new(Named(name))
    }

    fn count(names: Vec<String>) -> u32 {
        names.len() as u32
    }
}
