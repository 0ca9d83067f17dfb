//! From the arguments of `call: http` to a request. Pure: it sends nothing and asks for nothing.

use std::str::FromStr;

use serde_json::{Map, Value as Json};
use writ_run::{Authentication, HttpCall, Problem};
use writ_sandbox::{
    Asked, Denied, ExchangeLimits, HeaderMap, HeaderName, HeaderValue, Method, Origin,
    QUERY_BYTES_MAX, SecretPlace, SecretUse, Target, placeholder,
};

use super::REDIRECTS_MAX;

const JSON_TYPE: &str = "application/json";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";
const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// A request as errors and outputs show it.
pub(super) struct Shown {
    pub(super) method: Method,
    /// The whole URL.
    pub(super) url: String,
    /// The URL without its query, which errors don't repeat.
    pub(super) place: String,
    pub(super) origin: Origin,
    pub(super) headers: HeaderMap,
}

/// The request. What data makes of it is bounded while it is made, not only when it is sent. `misplaced` is told of a secret's
/// placeholder in the URL, and says why it is refused.
pub(super) fn asked(
    arguments: &Json,
    http: &HttpCall,
    limits: &ExchangeLimits,
    misplaced: impl FnOnce(SecretUse) -> Option<Denied>,
) -> Result<(Asked, Shown), Box<Problem>> {
    let method = method(&arguments["method"])?;
    let target = target(arguments, misplaced)?;
    let mut headers = headers(&arguments["headers"], limits.header_count_max)?;
    authorize(
        &mut headers,
        http.authentication.as_ref(),
        &arguments["token"],
    )?;
    let body_bytes_max = usize::try_from(limits.request_body_bytes_max).unwrap_or(usize::MAX);
    let body = body(arguments.get("body"), &mut headers, body_bytes_max)?;
    let key = headers
        .get("idempotency-key")
        .and_then(|key| key.to_str().ok());
    let shown = Shown {
        method,
        url: target.to_string(),
        place: format!("{}{}", target.origin(), target.path()),
        origin: target.origin().clone(),
        headers: headers.clone(),
    };
    let asked = Asked {
        method,
        target,
        // Who writes a key into the document says that the server knows a repeated request by it.
        idempotency_key: key.map(str::to_owned),
        headers,
        body: body.into(),
        redirects_max: http.redirect.then_some(REDIRECTS_MAX),
    };
    Ok((asked, shown))
}

fn unfit(detail: impl Into<String>) -> Box<Problem> {
    Box::new(Problem::dsl("validation", 400, detail))
}

fn method(value: &Json) -> Result<Method, Box<Problem>> {
    let text = value.as_str().unwrap_or_default();
    let method = Method::from_str(&text.to_ascii_uppercase());
    method.map_err(|error| unfit(format!("`method`: {error}")))
}

fn target(
    arguments: &Json,
    misplaced: impl FnOnce(SecretUse) -> Option<Denied>,
) -> Result<Target, Box<Problem>> {
    let Some(endpoint) = arguments["endpoint"].as_str() else {
        return Err(unfit("`endpoint` is no text"));
    };
    let url = with_query(endpoint, &arguments["query"])?;
    if let Some(denied) = secret_in(&url).and_then(misplaced) {
        let problem = Problem::dsl("authorization", 403, denied.to_string())
            .with("capability", denied.capability.to_string())
            .with("remedy", denied.remedy());
        return Err(problem.into());
    }
    let target = url.parse::<Target>();
    target.map_err(|error| unfit(format!("the endpoint is no URL that can be asked: {error}")))
}

/// A placeholder in a URL, as what it is: a secret in the wrong place.
fn secret_in(url: &str) -> Option<SecretUse> {
    let name = placeholder(url.as_bytes())?;
    let end = url.find("://").map_or(0, |at| at + 3);
    let rest = url[end..].find(['/', '?']).map_or(url.len(), |at| end + at);
    let origin = url[..rest].parse::<Origin>().ok()?;
    Some(SecretUse {
        name,
        origin,
        place: SecretPlace::Url,
    })
}

/// The endpoint with what `query` adds.
fn with_query(endpoint: &str, query: &Json) -> Result<String, Box<Problem>> {
    let pairs = pairs(query, "query", QUERY_BYTES_MAX)?;
    if pairs.is_empty() {
        return Ok(endpoint.to_owned());
    }
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    Ok(format!("{endpoint}{joint}{}", encoded_pairs(&pairs)))
}

/// Members that are text, numbers or booleans; a list stands for several of one name, null for none. All of them together have at most
/// so many bytes: a name is written once for each value, and both can be long.
fn pairs(
    value: &Json,
    what: &str,
    bytes_max: usize,
) -> Result<Vec<(String, String)>, Box<Problem>> {
    let (mut pairs, mut bytes) = (Vec::new(), 0);
    for (name, value) in members(value, what)? {
        let values = match value {
            Json::Array(values) => values.as_slice(),
            single @ (Json::Null
            | Json::Bool(_)
            | Json::Number(_)
            | Json::String(_)
            | Json::Object(_)) => std::slice::from_ref(single),
        };
        for value in values {
            if let Some(text) = scalar(value, what, name)? {
                bytes += name.len() + text.len() + "=&".len();
                if bytes > bytes_max {
                    return Err(unfit(format!("`{what}` has more than {bytes_max} bytes")));
                }
                pairs.push((name.clone(), text));
            }
        }
    }
    Ok(pairs)
}

fn members<'j>(
    value: &'j Json,
    what: &str,
) -> Result<impl Iterator<Item = (&'j String, &'j Json)>, Box<Problem>> {
    match value {
        Json::Null => Ok(None.into_iter().flatten()),
        Json::Object(members) => Ok(Some(members.iter()).into_iter().flatten()),
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            Err(unfit(format!("`{what}` is no object")))
        }
    }
}

fn scalar(value: &Json, what: &str, name: &str) -> Result<Option<String>, Box<Problem>> {
    match value {
        Json::Null => Ok(None),
        Json::String(text) => Ok(Some(text.clone())),
        Json::Bool(_) | Json::Number(_) => Ok(Some(value.to_string())),
        Json::Array(_) | Json::Object(_) => Err(unfit(format!(
            "`{what}.{name}` is no text, number or boolean"
        ))),
    }
}

fn encoded_pairs(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", encoded(name), encoded(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// All but unreserved characters, percent-encoded. A placeholder stays what it is, to be refused by name.
fn encoded(text: &str) -> String {
    if placeholder(text.as_bytes()).is_some() {
        return text.to_owned();
    }
    let byte = |byte: u8| match byte {
        _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn headers(value: &Json, count_max: usize) -> Result<HeaderMap, Box<Problem>> {
    let too_many = || unfit(format!("`headers` has more than {count_max} members"));
    if value
        .as_object()
        .is_some_and(|members| members.len() > count_max)
    {
        return Err(too_many());
    }
    let mut headers = HeaderMap::new();
    for (name, value) in members(value, "headers")? {
        let Some(text) = scalar(value, "headers", name)? else {
            continue;
        };
        let header = HeaderName::from_str(name);
        let header = header.map_err(|_| unfit(format!("`{name}` is no name of a header")))?;
        let value = HeaderValue::from_str(&text);
        let value =
            value.map_err(|_| unfit(format!("the header `{name}` can't hold its value")))?;
        headers.try_append(header, value).map_err(|_| too_many())?;
    }
    Ok(headers)
}

fn authorize(
    headers: &mut HeaderMap,
    authentication: Option<&Authentication>,
    token: &Json,
) -> Result<(), Box<Problem>> {
    let value = match authentication {
        None => return Ok(()),
        Some(Authentication::Basic { secret }) => format!("Basic {{{{secret:{secret}}}}}"),
        Some(Authentication::Bearer { secret }) => format!("Bearer {{{{secret:{secret}}}}}"),
        Some(Authentication::Token) => match token.as_str() {
            Some(token) => format!("Bearer {token}"),
            None => return Err(unfit("the token of `bearer` is no text")),
        },
        // `writ check` refuses these before a run starts.
        Some(Authentication::Written(kind) | Authentication::Unsupported(kind)) => {
            let detail =
                format!("the authentication policy `{kind}` is not executed; see `writ check`");
            return Err(Problem::dsl("configuration", 400, detail).into());
        }
    };
    if headers.contains_key("authorization") {
        return Err(unfit(
            "there is an `authentication` and a header `authorization`: keep one of them",
        ));
    }
    let value = HeaderValue::from_str(&value);
    let value = value.map_err(|_| unfit("the token of `bearer` can't stand in a header"))?;
    headers.insert("authorization", value);
    Ok(())
}

/// Text is sent as it is, an object as a form where its type says so, and anything else as JSON.
fn body(
    value: Option<&Json>,
    headers: &mut HeaderMap,
    bytes_max: usize,
) -> Result<Vec<u8>, Box<Problem>> {
    let (bytes, usual) = match value {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(Json::String(text)) => (text.clone().into_bytes(), TEXT_TYPE),
        Some(Json::Object(members)) if is_form(headers) => (form(members, bytes_max)?, FORM_TYPE),
        Some(value) => (value.to_string().into_bytes(), JSON_TYPE),
    };
    if !headers.contains_key("content-type") {
        headers.insert("content-type", HeaderValue::from_static(usual));
    }
    Ok(bytes)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers
        .get("content-type")
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with(FORM_TYPE))
}

fn form(members: &Map<String, Json>, bytes_max: usize) -> Result<Vec<u8>, Box<Problem>> {
    let pairs = pairs(&Json::Object(members.clone()), "body", bytes_max)?;
    Ok(encoded_pairs(&pairs).into_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use writ_run::HttpOutput;

    use super::*;

    fn http(authentication: Option<Authentication>) -> HttpCall {
        HttpCall {
            output: HttpOutput::Content,
            redirect: false,
            template: false,
            authentication,
        }
    }

    fn made(arguments: Json) -> Result<Asked, Box<Problem>> {
        let limits = ExchangeLimits::default();
        asked(&arguments, &http(None), &limits, |_| None).map(|(asked, _)| asked)
    }

    #[test]
    fn arguments_become_a_request() {
        let asked = made(json!({
            "method": "post",
            "endpoint": "https://erp.example/a?x=1",
            "query": { "q": "ž&", "n": [1, true], "none": null },
            "headers": { "X-One": 1, "idempotency-key": "k" },
            "body": { "a": [1] },
        }))
        .unwrap();
        assert_eq!(
            asked.target.to_string(),
            "https://erp.example/a?x=1&q=%C5%BE%26&n=1&n=true"
        );
        assert_eq!(
            (asked.method, &asked.body[..]),
            (Method::POST, br#"{"a":[1]}"#.as_slice())
        );
        assert_eq!(asked.headers["content-type"], "application/json");
        assert_eq!(asked.headers["x-one"], "1");
        assert_eq!(asked.idempotency_key.as_deref(), Some("k"));
    }

    #[test]
    fn text_is_sent_as_it_is_and_forms_as_forms() {
        let base = json!({ "method": "POST", "endpoint": "https://erp.example/" });
        let with = |body: Json, kind: Option<&str>| {
            let mut arguments = base.clone();
            arguments["body"] = body;
            arguments["headers"] = json!({ "content-type": kind });
            made(arguments).unwrap()
        };
        assert_eq!(&with(json!("{}"), Some("application/json")).body[..], b"{}");
        assert_eq!(with(json!("x"), None).headers["content-type"], TEXT_TYPE);
        assert_eq!(
            &with(json!({ "a b": "c&d" }), Some(FORM_TYPE)).body[..],
            b"a%20b=c%26d"
        );
        assert_eq!(&with(json!([1]), None).body[..], b"[1]");
        assert!(with(Json::Null, None).body.is_empty());
    }

    #[test]
    fn a_policy_names_its_secret_and_never_holds_it() {
        let arguments =
            json!({ "method": "get", "endpoint": "https://erp.example/", "token": "t" });
        let header = |authentication| {
            let http = http(Some(authentication));
            let asked = asked(&arguments, &http, &ExchangeLimits::default(), |_| None);
            asked.map(|(asked, _)| asked.headers["authorization"].clone())
        };
        let secret = || "erp".to_owned();
        assert_eq!(
            header(Authentication::Bearer { secret: secret() }).unwrap(),
            "Bearer {{secret:erp}}"
        );
        assert_eq!(
            header(Authentication::Basic { secret: secret() }).unwrap(),
            "Basic {{secret:erp}}"
        );
        assert_eq!(header(Authentication::Token).unwrap(), "Bearer t");
        assert!(header(Authentication::Unsupported("oauth2")).is_err());
    }

    #[test]
    fn data_makes_no_request_larger_than_one_may_be() {
        let many = |count: usize| -> Json {
            let members = (0..count).map(|n| (format!("x-{n}"), json!("v")));
            Json::Object(members.collect())
        };
        let with = |name: &str, value: Json| {
            let mut arguments = json!({ "method": "post", "endpoint": "https://a.example/" });
            arguments["headers"] = json!({ "content-type": FORM_TYPE });
            arguments[name] = value;
            made(arguments)
        };
        let refused = |name: &str, value: Json| {
            let problem = with(name, value).err().expect("it is too large");
            (problem.status, problem.detail.unwrap_or_default())
        };
        assert_eq!(with("headers", many(100)).unwrap().headers.len(), 100);
        // A map of headers has no room for so many, and says so by a panic.
        for count in [101, 30_000, 100_000] {
            let said = (400, "`headers` has more than 100 members".to_owned());
            assert_eq!(refused("headers", many(count)), said);
        }
        let repeated = json!({ ("n".repeat(4_000)): vec![1; 100_000] });
        let said = (400, "`query` has more than 8192 bytes".to_owned());
        assert_eq!(refused("query", repeated.clone()), said);
        let said = (400, "`body` has more than 4194304 bytes".to_owned());
        assert_eq!(refused("body", repeated), said);
        assert!(with("query", json!({ "q": "x".repeat(8_000) })).is_ok());
        let encoded = refused("query", json!({ "q": "ž".repeat(3_000) })).1;
        assert!(encoded.contains("the query has"), "{encoded}");
    }

    #[test]
    fn what_can_not_be_sent_is_said_with_its_place() {
        for (arguments, said) in [
            (
                json!({ "method": "fetch", "endpoint": "https://a.example/" }),
                "`method`",
            ),
            (
                json!({ "method": "get", "endpoint": 5 }),
                "`endpoint` is no text",
            ),
            (
                json!({ "method": "get", "endpoint": "https://a.example/../b" }),
                "no URL",
            ),
            (
                json!({ "method": "get", "endpoint": "https://a.example/", "headers": [] }),
                "`headers` is no object",
            ),
            (
                json!({ "method": "get", "endpoint": "https://a.example/", "headers": { "a b": "c" } }),
                "`a b` is no name",
            ),
            (
                json!({ "method": "get", "endpoint": "https://a.example/", "query": { "a": {} } }),
                "`query.a` is no text",
            ),
        ] {
            let problem = made(arguments.clone()).err().unwrap();
            assert!(problem.detail.unwrap().contains(said), "{arguments}");
        }
    }
}
