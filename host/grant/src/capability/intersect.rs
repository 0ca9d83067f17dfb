//! What two capabilities both allow. Knows nothing of who holds them.

use super::Capability;

impl Capability {
    /// Everything that both allow, if there is anything: covered by each, and covering whatever both cover. It may be narrower than
    /// either: the methods in both sets, the lower of two paths.
    #[must_use]
    pub fn intersect(&self, other: &Capability) -> Option<Capability> {
        match self {
            Capability::Fs { access, path } => {
                let Capability::Fs { access: a, path: p } = other else {
                    return None;
                };
                (access == a).then_some(Capability::Fs {
                    access: *access,
                    path: path.intersect(p)?,
                })
            }
            Capability::Http {
                methods,
                scheme,
                host,
                port,
                path,
            } => {
                let Capability::Http {
                    methods: m,
                    scheme: s,
                    host: h,
                    port: o,
                    path: p,
                } = other
                else {
                    return None;
                };
                ((scheme, host, port) == (s, h, o)).then_some(Capability::Http {
                    methods: methods.intersect(*m)?,
                    scheme: *scheme,
                    host: host.clone(),
                    port: *port,
                    path: path.intersect(p)?,
                })
            }
            Capability::Kv { .. }
            | Capability::Config { .. }
            | Capability::Env { .. }
            | Capability::SecretUse { .. }
            | Capability::ModelChat { .. }
            | Capability::Memory { .. }
            | Capability::ToolCall { .. }
            | Capability::HumanAsk { .. }
            | Capability::ClockReal
            | Capability::RandomReal => (self == other).then(|| self.clone()),
        }
    }
}
