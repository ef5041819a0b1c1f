//! The last step of an attempt: what arrived becomes an answer, or the service's refusal.

mod answer;
mod xml;

pub use answer::{Decoded, decode};
