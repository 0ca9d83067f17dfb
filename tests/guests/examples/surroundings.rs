//! Looks at what surrounds it.

use std::{
    io::Read,
    net::{TcpStream, ToSocketAddrs},
};

use wasip2::cli::environment;

writ_test_guests::world!("writ:guests/surroundings");
use exports::writ::guests::look::Guest;

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn variables() -> Vec<(String, String)> {
        environment::get_environment()
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "looking at the environment is what this guest is for"
    )]
    fn variable(name: String) -> Option<String> {
        std::env::var(name).ok()
    }

    fn arguments() -> (Vec<String>, Option<String>) {
        (environment::get_arguments(), environment::initial_cwd())
    }

    fn input() -> u64 {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .map_or(0, |count| count as u64)
    }

    fn connect(address: String) -> Result<(), String> {
        TcpStream::connect(address)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    fn resolve(name: String) -> Result<u64, String> {
        (name.as_str(), 80)
            .to_socket_addrs()
            .map(|found| found.count() as u64)
            .map_err(|error| error.to_string())
    }
}
