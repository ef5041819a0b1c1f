//! A page that shows the cloud at work, and the data behind it.

mod page;

pub(crate) use page::{content_policy, page, status};
