//! From a response to a task's output, or to the error that its status means. Pure.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json, json};
use writ_run::{HttpCall, HttpOutput, Problem};
use writ_sandbox::{Answer, HeaderMap, WebResponse, decoded};

use super::request::Shown;

/// How much of a refused request's response is kept in its error.
const ERROR_CONTENT_BYTES_MAX: usize = 16 * 1024;

/// The output that the call asks for. By the DSL, a status that is not 2xx, or with `redirect` neither 2xx nor 3xx, is an error.
/// A body that is decoded may have as many bytes as one that is not.
pub(super) fn output(
    http: &HttpCall,
    shown: Shown,
    answer: &Answer,
    body_bytes_max: u64,
) -> Result<Json, Box<Problem>> {
    let response = WebResponse {
        status: answer.status,
        headers: answer.header_map(),
        body: answer.body.as_bytes().to_vec().into(),
    };
    let response = decoded(response, &shown.origin, body_bytes_max).map_err(|failure| {
        let said = format!("{} {}: {failure}", shown.method, shown.place);
        Box::new(Problem::dsl("communication", 502, said).with("code", failure.code()))
    })?;
    let fine = match response.status {
        200..=299 => true,
        300..=399 => http.redirect,
        _ => false,
    };
    if !fine {
        return Err(refused(&shown, &response).into());
    }
    Ok(match http.output {
        HttpOutput::Raw => Json::String(STANDARD.encode(&response.body)),
        HttpOutput::Content => content(&response, &shown)?,
        HttpOutput::Response => json!({
            "request": {
                "method": shown.method.as_str(),
                "uri": shown.url,
                "headers": plain(&shown.headers),
            },
            "statusCode": response.status,
            "headers": plain(&response.headers),
            "content": content(&response, &shown)?,
        }),
    })
}

fn refused(shown: &Shown, response: &WebResponse) -> Problem {
    let said = format!(
        "{} {} answered with status {}",
        shown.method, shown.place, response.status
    );
    let problem = Problem::dsl("communication", response.status, said);
    if response.body.len() > ERROR_CONTENT_BYTES_MAX {
        return problem;
    }
    match content(response, shown) {
        Ok(Json::Null) | Err(_) => problem,
        Ok(content) => problem.with("content", content),
    }
}

/// The body: decoded where its type says JSON, as text where it is text, else in base64; null if there is none.
fn content(response: &WebResponse, shown: &Shown) -> Result<Json, Box<Problem>> {
    if response.body.is_empty() {
        return Ok(Json::Null);
    }
    if is_json(&response.headers) {
        return serde_json::from_slice(&response.body).map_err(|error| {
            let said = format!(
                "{} {} answered with a body that is not the JSON that its type says: {error}",
                shown.method, shown.place
            );
            Box::new(Problem::dsl("communication", 502, said))
        });
    }
    Ok(match std::str::from_utf8(&response.body) {
        Ok(text) => Json::from(text),
        Err(_) => Json::String(STANDARD.encode(&response.body)),
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get("content-type")
        .and_then(|kind| kind.to_str().ok());
    let kind = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    kind == "application/json" || kind.ends_with("+json")
}

/// Headers by name; several of one name in one text, as HTTP lets them be joined.
fn plain(headers: &HeaderMap) -> Json {
    let mut plain = Map::new();
    for name in headers.keys() {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        plain.insert(name.as_str().to_owned(), Json::String(values.join(", ")));
    }
    Json::Object(plain)
}

#[cfg(test)]
mod tests {
    use writ_sandbox::{Method, Payload};

    use super::*;

    fn shown() -> Shown {
        Shown {
            method: Method::GET,
            url: "https://erp.example/a?q=1".to_owned(),
            place: "https://erp.example/a".to_owned(),
            origin: "https://erp.example".parse().unwrap(),
            headers: HeaderMap::new(),
        }
    }

    fn given(
        output_: HttpOutput,
        redirect: bool,
        status: u16,
        kind: &str,
        body: &[u8],
    ) -> Result<Json, Box<Problem>> {
        let http = HttpCall {
            output: output_,
            redirect,
            template: false,
            authentication: None,
        };
        let answer = Answer {
            status,
            headers: vec![("content-type".to_owned(), Payload::from(kind.as_bytes()))],
            body: Payload::from(body),
        };
        output(&http, shown(), &answer, 1 << 20)
    }

    #[test]
    fn each_output_shows_what_the_standard_says() {
        let content =
            |kind: &str, body: &[u8]| given(HttpOutput::Content, false, 200, kind, body).unwrap();
        assert_eq!(
            content("application/json; charset=utf-8", b"{\"a\":1}"),
            json!({ "a": 1 })
        );
        assert_eq!(content("application/problem+json", b"[]"), json!([]));
        assert_eq!(content("text/plain", b"{}"), json!("{}"));
        assert_eq!(content("image/png", &[0xff, 0]), json!("/wA="));
        assert_eq!(content("application/json", b""), Json::Null);
        let raw = given(HttpOutput::Raw, false, 200, "application/json", b"{}");
        assert_eq!(raw.unwrap(), json!("e30="));
        let whole = given(HttpOutput::Response, false, 201, "application/json", b"1").unwrap();
        assert_eq!(whole["statusCode"], 201);
        assert_eq!(whole["headers"]["content-type"], "application/json");
        assert_eq!(
            (&whole["content"], &whole["request"]["method"]),
            (&json!(1), &json!("GET"))
        );
    }

    #[test]
    fn a_status_outside_is_an_error_with_that_status() {
        for (status, redirect, fine) in [
            (204, false, true),
            (301, false, false),
            (301, true, true),
            (404, true, false),
            (500, false, false),
        ] {
            let result = given(HttpOutput::Content, redirect, status, "text/plain", b"why");
            assert_eq!(result.is_ok(), fine, "{status}");
            if let Err(problem) = result {
                assert_eq!(
                    (problem.status, problem.title.as_deref()),
                    (status, Some("communication"))
                );
                assert_eq!(problem.extensions["content"], "why");
                assert!(
                    !problem.detail.unwrap().contains("q=1"),
                    "queries are not repeated"
                );
            }
        }
    }

    #[test]
    fn a_body_that_lies_about_its_type_is_an_error() {
        let problem = given(HttpOutput::Content, false, 200, "application/json", b"{").unwrap_err();
        assert_eq!(problem.title.as_deref(), Some("communication"));
    }
}
