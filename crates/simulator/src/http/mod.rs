//! A request on its way in and its answer on the way out.

pub(crate) mod acs3;
pub(crate) mod answer;
pub(crate) mod authentication;
pub(crate) mod check;
pub(crate) mod envelope;
pub(crate) mod flat;
pub(crate) mod form;
pub(crate) mod host;
pub(crate) mod ignored;
pub(crate) mod log;
pub(crate) mod object;
pub(crate) mod request;
pub(crate) mod route;
pub(crate) mod server;
pub(crate) mod signature;
pub(crate) mod xml;
