//! An account with Alibaba, which the services of the product share. It has no Actions of its own.

use super::state::ALIYUN;
use crate::cloud::service::Service;
use crate::cloud::service_states::StateKind;

/// The account.
pub(crate) struct Aliyun;

impl Service for Aliyun {
    fn name(&self) -> &'static str {
        "aliyun"
    }

    fn state(&self) -> Option<StateKind> {
        Some(ALIYUN.kind())
    }
}
