//! Content codings undone: gzip and deflate, bounded by what comes out and by how much more that is than went in.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::header::{self, HeaderMap, HeaderValue};
use writ_grant::Origin;

use crate::{
    failure::{HttpFailure, ResponseFlaw},
    message::Response,
};

/// How many times larger a body may become, once it is large at all. Text becomes some ten times larger, a bomb a thousand times.
const RATIO_MAX: u64 = 200;
/// What a body may always become.
const SMALL_BYTES: u64 = 1 << 20;

/// The response with its content coding undone, for whoever reads the body here. Without one: the response as it is.
///
/// # Errors
/// When the coding isn't known here, the body is broken, or it becomes larger than it may.
pub fn decoded(
    response: Response,
    origin: &Origin,
    bytes_max: u64,
) -> Result<Response, HttpFailure> {
    undone(response, bytes_max).map_err(|flaw| HttpFailure::Response {
        origin: origin.clone(),
        flaw,
    })
}

pub(crate) fn undone(mut response: Response, bytes_max: u64) -> Result<Response, ResponseFlaw> {
    let Some(coding) = coding_of(&response.headers)? else {
        return Ok(response);
    };
    if !response.body.is_empty() {
        response.body = decode(coding, &response.body, bytes_max)?;
    }
    response.headers.remove(header::CONTENT_ENCODING);
    set_length(&mut response);
    Ok(response)
}

/// Makes the length in the header that of the body, if there is one in the header and there is a body.
pub(crate) fn set_length(response: &mut Response) {
    if response.headers.contains_key(header::CONTENT_LENGTH) && !response.body.is_empty() {
        let length = HeaderValue::from(response.body.len());
        response.headers.insert(header::CONTENT_LENGTH, length);
    }
}

#[derive(Clone, Copy)]
enum Coding {
    Gzip,
    Deflate,
}

fn coding_of(headers: &HeaderMap) -> Result<Option<Coding>, ResponseFlaw> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(first) = codings.next() else {
        return Ok(None);
    };
    let unknown = |reason: &str| ResponseFlaw::Coding {
        reason: reason.to_owned(),
    };
    if codings.next().is_some() {
        return Err(unknown("it has more than one content coding"));
    }
    match first.to_str().unwrap_or_default().trim() {
        name if name.eq_ignore_ascii_case("identity") => Ok(None),
        name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => {
            Ok(Some(Coding::Gzip))
        }
        name if name.eq_ignore_ascii_case("deflate") => Ok(Some(Coding::Deflate)),
        _ => Err(unknown("its content coding is neither gzip nor deflate")),
    }
}

fn decode(coding: Coding, body: &[u8], bytes_max: u64) -> Result<Bytes, ResponseFlaw> {
    match coding {
        Coding::Gzip => read(MultiGzDecoder::new(body), body.len(), bytes_max),
        // `deflate` means zlib's format; some servers send what is inside of it.
        Coding::Deflate if is_zlib(body) => read(ZlibDecoder::new(body), body.len(), bytes_max),
        Coding::Deflate => read(DeflateDecoder::new(body), body.len(), bytes_max),
    }
}

fn is_zlib(body: &[u8]) -> bool {
    match body {
        [first, second, ..] => {
            first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0
        }
        _ => false,
    }
}

fn read(decoder: impl Read, coded: usize, bytes_max: u64) -> Result<Bytes, ResponseFlaw> {
    let coded = u64::try_from(coded).unwrap_or(u64::MAX);
    let proportionate = coded.saturating_mul(RATIO_MAX).max(SMALL_BYTES);
    let max = proportionate.min(bytes_max);
    let mut all = Vec::new();
    let read = decoder.take(max.saturating_add(1)).read_to_end(&mut all);
    read.map_err(|error: io::Error| ResponseFlaw::Coding {
        reason: error.to_string(),
    })?;
    if u64::try_from(all.len()).is_ok_and(|bytes| bytes <= max) {
        return Ok(all.into());
    }
    if max == bytes_max {
        Err(ResponseFlaw::Body { bytes_max })
    } else {
        Err(ResponseFlaw::Bomb)
    }
}
