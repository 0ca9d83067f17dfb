//! `call: http` and what the workflow itself may do: endpoints that no grant covers, credentials that stand in the document, and
//! policies that are not executed.

use writ_grant::{Authority, Capability, Denied, HttpRequest, Method, Name, Target};

use super::Checker;
use crate::{
    model::{Authentication, CallTarget, HttpCall, Task, TaskKind},
    text,
};

/// Where a document says what it asks for.
const REQUESTS: &str = "/document/metadata/writ/requests";

impl Checker<'_> {
    /// Everything about the requests that the workflow itself sends.
    pub(super) fn http(&mut self) {
        self.own_requests();
        let workflow = self.workflow;
        for task in &workflow.tasks {
            if let TaskKind::Call(call) = &task.kind
                && let CallTarget::Http(http) = &call.target
            {
                self.policy(task, http);
                self.endpoint(task, http);
            }
        }
    }

    /// What the workflow needs and nobody granted, once a request.
    fn own_requests(&mut self) {
        let (workflow, own) = (self.workflow, self.own);
        for (at, request) in workflow.requests.iter().enumerate() {
            if !own.missing().contains(&request.capability) {
                continue;
            }
            let place = workflow.source.locate(&format!("{REQUESTS}/{at}"));
            let message = format!(
                "the workflow needs `{}`, and no grant gives it",
                request.capability
            );
            let help = format!(
                "this lets it {}; decide with `writ grant review`",
                request.capability.describe()
            );
            self.report
                .error_help(place.unwrap_or_default(), "not-granted", message, help);
        }
    }

    fn policy(&mut self, task: &Task, http: &HttpCall) {
        let span = self.place(task, "/with/endpoint/authentication");
        match &http.authentication {
            None | Some(Authentication::Token) => {}
            Some(Authentication::Basic { secret } | Authentication::Bearer { secret }) => {
                if !uses(self.own, secret) {
                    let message = format!(
                        "the call uses the secret `{}`, and no grant gives it",
                        secret.escape_debug()
                    );
                    let help = format!(
                        "request `secret:use:{secret}` in `document.metadata.writ.requests`, and decide with `writ grant review`"
                    );
                    self.report.error_help(span, "not-granted", message, help);
                }
            }
            Some(Authentication::Written(kind)) => {
                let message = format!("the credentials of `{kind}` stand in the document");
                let help = "declare a secret in `use.secrets` and name it: `use: NAME`; `bearer` also takes `token: ${ $secrets.NAME }`";
                self.report.error_help(span, "credentials", message, help);
            }
            Some(Authentication::Unsupported(kind)) => {
                let message = format!("the authentication policy `{kind}` is not executed yet");
                let help = "use `basic` or `bearer` with a secret, or call a plugin that signs in";
                self.report.error_help(span, "not-executed", message, help);
            }
        }
    }

    /// An endpoint that is written out, against the grants. What an expression yields is looked at when it is known.
    fn endpoint(&mut self, task: &Task, http: &HttpCall) {
        let with = task.definition.get("with");
        let written = |key: &str| {
            let value = with?.get(key)?;
            let text = value.as_str().or_else(|| value.get("uri")?.as_str())?;
            (!text::is_expression(text)).then_some(text)
        };
        let method = written("method").map(|method| method.to_ascii_uppercase().parse::<Method>());
        if let Some(Err(error)) = &method {
            let span = self.place(task, "/with/method");
            self.report
                .error(span, "word", format!("`method`: {error}"));
        }
        let Some(endpoint) = written("endpoint").filter(|_| http.template) else {
            return;
        };
        let template = endpoint.contains('{');
        let span = self.place(task, "/with/endpoint");
        let target = match rooted(example(endpoint)).parse::<Target>() {
            Ok(target) => target,
            Err(error) => {
                let message = format!("`endpoint` is no URL that can be asked: {error}");
                self.report.error(span, "pattern", message);
                return;
            }
        };
        let Some(Ok(method)) = method else {
            return;
        };
        let Err(denied) = self.own.permit(HttpRequest {
            method,
            target: target.clone(),
        }) else {
            return;
        };
        // What stands for a name is known when the task runs: only the origin can be judged before.
        let elsewhere = !template
            || !self
                .own
                .capabilities()
                .any(|granted| reaches(granted, method, &target));
        let told = self.own.missing().contains(&denied.capability);
        if elsewhere && !told {
            let (message, help) = ungranted(method, &target, &denied);
            self.report.error_help(span, "not-granted", message, help);
        }
    }
}

fn ungranted(method: Method, target: &Target, denied: &Denied) -> (String, String) {
    let what = format!("{method} {}{}", target.origin(), target.path());
    if denied.requested {
        let message = format!(
            "the workflow asks for `{}`, and no grant gives it",
            denied.capability
        );
        return (message, "decide with `writ grant review`".to_owned());
    }
    let message = format!("the workflow does not ask to be allowed `{what}`");
    let help = format!(
        "add {{capability: '{}', reason: …}} to `document.metadata.writ.requests`",
        denied.capability
    );
    (message, help)
}

/// A template with something in place of each name.
fn example(template: &str) -> String {
    let mut example = String::new();
    let mut inside = false;
    for c in template.chars() {
        match c {
            '{' => {
                inside = true;
                example.push('x');
            }
            '}' => inside = false,
            _ if inside => {}
            _ => example.push(c),
        }
    }
    example
}

/// A URL that may leave its path out, with one.
fn rooted(url: String) -> String {
    let authority = url.find("://").map_or(0, |at| at + 3);
    match url[authority..].find(['/', '?']).map(|at| authority + at) {
        None => url + "/",
        Some(at) if url[at..].starts_with('?') => format!("{}/{}", &url[..at], &url[at..]),
        Some(_) => url,
    }
}

/// Whether a capability allows this method at this origin, whatever the path.
fn reaches(capability: &Capability, method: Method, target: &Target) -> bool {
    if let Capability::Http {
        methods,
        scheme,
        host,
        port,
        ..
    } = capability
    {
        let origin = target.origin();
        return methods.covers(method.into())
            && (*scheme, host, *port) == (origin.scheme(), origin.host(), origin.port());
    }
    false
}

fn uses(own: &Authority, secret: &str) -> bool {
    let wanted = secret.parse::<Name>();
    let granted = |capability: &Capability| matches!((capability, &wanted), (Capability::SecretUse { name }, Ok(wanted)) if name == wanted);
    own.capabilities().any(granted)
}
