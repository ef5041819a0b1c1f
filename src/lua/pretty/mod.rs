//! Values as a person reads them: records as aligned tables, everything else indented.

mod records;
mod render;
mod scalar;

pub use render::render;
pub(super) use scalar::{glance, width};
