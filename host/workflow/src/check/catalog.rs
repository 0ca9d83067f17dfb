//! `use.catalogs`: remote catalogs. They are not fetched; and a plugin is a catalog too, so a name must not mean both.

use super::Checker;

impl Checker<'_> {
    /// A declared catalog must not share a plugin's name: which of the two a call meant would depend on what is installed.
    pub(super) fn catalogs(&mut self) {
        let Some(catalogs) = self
            .workflow
            .source
            .root()
            .and_then(|root| root.find("/use/catalogs"))
        else {
            return;
        };
        for entry in catalogs
            .entries()
            .iter()
            .filter(|entry| self.plugins.contains_key(&entry.key))
        {
            let message = format!(
                "the catalog `{0}` has the name of the plugin `{0}`",
                entry.key
            );
            self.report.error_help(
                entry.key_span,
                "conflict",
                message,
                "remove or rename the catalog",
            );
        }
    }

    pub(super) fn declares_catalog(&self, name: &str) -> bool {
        let catalogs = self
            .workflow
            .source
            .root()
            .and_then(|root| root.find("/use/catalogs"));
        catalogs.is_some_and(|catalogs| catalogs.get(name).is_some())
    }
}
