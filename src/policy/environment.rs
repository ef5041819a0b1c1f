//! Variables of the environment: one that holds a secret is not given as text.

use super::verdict::Verdict;

/// A variable that a script reads.
#[derive(Debug, Clone, Copy)]
pub struct VariableSubject<'a> {
    /// Its name.
    pub name: &'a str,
    /// What is known to be in it.
    pub holds: Option<HeldSecret<'a>>,
    /// Whether it is read as a secret, which stays closed.
    pub stays_closed: bool,
}

/// A secret in a variable.
#[derive(Debug, Clone, Copy)]
pub enum HeldSecret<'a> {
    /// What a product's calls are signed with; the product.
    OfProduct(&'a str),
    /// What a profile or the script reads as a `secret`.
    OfScript,
}

/// Whether it may be read.
pub(super) fn judge(subject: &VariableSubject<'_>) -> Verdict {
    let name = subject.name;
    match subject.holds {
        Some(HeldSecret::OfProduct(product)) => Verdict::deny(format!(
            "{name} holds a secret of {product}; calls are signed with it, scripts do not see it"
        )),
        Some(HeldSecret::OfScript) if !subject.stays_closed => Verdict::deny(format!(
            "{name} holds a secret; `secret` gives it as a value that stays closed"
        )),
        _ => Verdict::allow(),
    }
}
