//! Guest paths as text: joined and tidied so that the policy can be asked about them. Touches no file; what a path really
//! leads to is decided by the handles that walk it.

/// The path `relative` to the folder `base`, without `.` and `..`. An absolute path stands for itself.
pub(super) fn join(base: &str, relative: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let start = if relative.starts_with('/') { "" } else { base };
    for segment in start.split('/').chain(relative.split('/')) {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    format!("/{}", segments.join("/"))
}

/// Whether a link with this target could lead out of the folder it lies in.
pub(super) fn may_lead_out(target: &str) -> bool {
    target.starts_with('/') || target.split('/').any(|segment| segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_as_a_guest_means_it() {
        for (base, relative, joined) in [
            ("/orders", "a.json", "/orders/a.json"),
            ("/orders", ".", "/orders"),
            ("/orders/", "./x//y/", "/orders/x/y"),
            ("/orders", "../secret", "/secret"),
            ("/orders", "../../../..", "/"),
            ("/orders", "/etc/passwd", "/etc/passwd"),
            ("/orders", "a/../../etc", "/etc"),
        ] {
            assert_eq!(join(base, relative), joined, "{base} + {relative}");
        }
    }

    #[test]
    fn links_stay_inside() {
        assert!(may_lead_out("/etc/passwd"));
        assert!(may_lead_out("a/../../b"));
        assert!(!may_lead_out("a/b..c"));
    }
}
