//! Uses key-value buckets.

use std::hint::black_box;

writ_test_guests::world!("writ:guests/buckets");
use exports::writ::guests::cells::Guest;
use wasi::keyvalue::{atomics, batch, store};

struct Plugin;

export!(Plugin);

impl Guest for Plugin {
    fn get(bucket: String, key: String) -> Result<Option<String>, String> {
        open(&bucket)?
            .get(&key)
            .map(|value| value.map(text))
            .map_err(named)
    }

    fn set(bucket: String, key: String, value: String) -> Result<(), String> {
        open(&bucket)?.set(&key, value.as_bytes()).map_err(named)
    }

    fn delete(bucket: String, key: String) -> Result<(), String> {
        open(&bucket)?.delete(&key).map_err(named)
    }

    fn exists(bucket: String, key: String) -> Result<bool, String> {
        open(&bucket)?.exists(&key).map_err(named)
    }

    fn keys(bucket: String) -> Result<Vec<String>, String> {
        let bucket = open(&bucket)?;
        let mut page = bucket.list_keys(None).map_err(named)?;
        let mut keys = page.keys;
        while let Some(cursor) = page.cursor {
            page = bucket.list_keys(Some(cursor)).map_err(named)?;
            keys.append(&mut page.keys);
        }
        Ok(keys)
    }

    fn increment(bucket: String, key: String, delta: u64) -> Result<u64, String> {
        atomics::increment(&open(&bucket)?, &key, delta).map_err(named)
    }

    fn get_many(bucket: String, keys: Vec<String>) -> Result<Vec<Option<String>>, String> {
        let values = batch::get_many(&open(&bucket)?, &keys).map_err(named)?;
        Ok(values
            .into_iter()
            .map(|pair| pair.map(|(_, value)| text(value)))
            .collect())
    }

    fn set_many(bucket: String, values: Vec<(String, String)>) -> Result<(), String> {
        let values: Vec<_> = values
            .into_iter()
            .map(|(key, value)| (key, value.into_bytes()))
            .collect();
        batch::set_many(&open(&bucket)?, &values).map_err(named)
    }

    fn delete_many(bucket: String, keys: Vec<String>) -> Result<(), String> {
        batch::delete_many(&open(&bucket)?, &keys).map_err(named)
    }

    fn count(bucket: String, key: String, times: u64) -> Result<u64, String> {
        let bucket = open(&bucket)?;
        let mut sum = 0;
        for _ in 0..times {
            sum = atomics::increment(&bucket, &key, 1).map_err(named)?;
        }
        Ok(sum)
    }

    fn set_large(bucket: String, key: String, bytes: u64) -> Result<(), String> {
        open(&bucket)?
            .set(&key, &vec![b'x'; bytes as usize])
            .map_err(named)
    }

    fn open_badly() -> Result<(), String> {
        let bytes = black_box([0x61, 0xff, 0xfe]);
        // SAFETY: none, and that is the point: the host has to notice.
        open(unsafe { str::from_utf8_unchecked(&bytes) }).map(drop)
    }

    fn increment_and_trap(bucket: String, key: String) -> u64 {
        let sum =
            open(&bucket).and_then(|bucket| atomics::increment(&bucket, &key, 1).map_err(named));
        panic!("after an increment: {sum:?}");
    }
}

fn open(bucket: &str) -> Result<store::Bucket, String> {
    store::open(bucket).map_err(named)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

fn named(error: store::Error) -> String {
    match error {
        store::Error::NoSuchStore => "no-such-store".to_owned(),
        store::Error::AccessDenied => "access-denied".to_owned(),
        store::Error::Other(words) => format!("other: {words}"),
    }
}
