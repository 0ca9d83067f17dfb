//! Guest paths as text: joined and tidied, so that what the policy is asked about is what is walked. Touches no file; what a path
//! really leads to is decided by the handles that walk it.

/// Where a path below an open folder leads, by its text.
pub(super) struct Way {
    /// From the root, as the guest sees it: for the policy and the record.
    pub(super) guest: String,
    /// From the folder, for the handles that walk it. Where the text had a `..`, it has none any more.
    pub(super) relative: String,
    /// What a `..` stepped back out of, from the folder. Only if these are real folders does the text say where the path leads.
    pub(super) left: Vec<String>,
}

impl Way {
    /// The path to ask the policy about, and the one to walk.
    pub(super) fn into_parts(self) -> (String, String) {
        (self.guest, self.relative)
    }
}

/// The way that `relative` goes from the folder `base`. An absolute path stands for itself, and no handle walks it.
pub(super) fn way(base: &str, relative: &str) -> Way {
    let absolute = relative.starts_with('/');
    let (mut names, mut left) = (Vec::new(), Vec::new());
    for segment in relative.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                let Some(stepped) = names.len().checked_sub(1) else {
                    return untidied(base, relative);
                };
                left.push(names.join("/"));
                names.truncate(stepped);
            }
            name => names.push(name),
        }
    }
    let guest = rooted(if absolute { "" } else { base }, &names);
    if absolute {
        left.clear();
    }
    let relative = if left.is_empty() {
        relative.to_owned()
    } else {
        tidied(&names, relative)
    };
    Way {
        guest,
        relative,
        left,
    }
}

/// A way whose text doesn't say where it leads. It stands as it is written: with a `..` in it, no policy allows it.
pub(super) fn untidied(base: &str, relative: &str) -> Way {
    Way {
        guest: format!("{base}/{relative}"),
        relative: relative.to_owned(),
        left: Vec::new(),
    }
}

fn rooted(base: &str, names: &[&str]) -> String {
    let base = base.trim_end_matches('/');
    if names.is_empty() && !base.is_empty() {
        return base.to_owned();
    }
    format!("{base}/{}", names.join("/"))
}

/// A path of these names that means a folder where `written` did.
fn tidied(names: &[&str], written: &str) -> String {
    if names.is_empty() {
        return ".".to_owned();
    }
    let folder = matches!(written.rsplit('/').next(), Some("" | "." | ".."));
    format!("{}{}", names.join("/"), if folder { "/" } else { "" })
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
        for (base, relative, guest, walked) in [
            ("/orders", "a.json", "/orders/a.json", "a.json"),
            ("/orders", ".", "/orders", "."),
            ("/", "a", "/a", "a"),
            ("/", ".", "/", "."),
            ("/orders/", "./x//y/", "/orders/x/y", "./x//y/"),
            ("/orders", "a/../b", "/orders/b", "b"),
            ("/orders", "a/../b/", "/orders/b", "b/"),
            ("/orders", "a/b/..", "/orders/a", "a/"),
            ("/orders", "a/..", "/orders", "."),
            ("/orders", "/etc/passwd", "/etc/passwd", "/etc/passwd"),
            ("/orders", "/in/../etc", "/etc", "/in/../etc"),
        ] {
            let way = way(base, relative);
            assert_eq!(
                (way.guest.as_str(), way.relative.as_str()),
                (guest, walked),
                "{base} + {relative}"
            );
        }
    }

    #[test]
    fn what_climbs_above_its_folder_stands_as_it_is_written() {
        for relative in [
            "../secret",
            "../../../..",
            "a/../../etc",
            "../orders/a",
            "a/../../orders/b",
            "/../x",
        ] {
            assert!(way("/orders", relative).guest.contains("/.."), "{relative}");
        }
    }

    #[test]
    fn every_folder_that_is_left_again_is_known() {
        assert_eq!(way("/o", "a/b/../../c/../d").left, ["a/b", "a", "c"]);
        assert_eq!(way("/o", "./a/b").left, Vec::<String>::new());
    }

    #[test]
    fn links_stay_inside() {
        assert!(may_lead_out("/etc/passwd"));
        assert!(may_lead_out("a/../../b"));
        assert!(!may_lead_out("a/b..c"));
    }
}
