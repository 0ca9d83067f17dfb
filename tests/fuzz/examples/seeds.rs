//! Writes the seeds of every target as the corpora that libFuzzer begins with: `cargo run -p writ-fuzz --example seeds -- FOLDER`.

use std::{env, fs, io, path::PathBuf, process::ExitCode};

use writ_fuzz::TARGETS;

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("name a folder: for cargo-fuzz, tests/fuzz/libfuzzer/corpus");
        return ExitCode::from(2);
    };
    for target in TARGETS {
        if let Err(error) = write(&folder.join(target.name), &(target.seeds)()) {
            eprintln!("{}: {error}", folder.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn write(folder: &std::path::Path, seeds: &[Vec<u8>]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:03}")), seed)?;
    }
    Ok(())
}
