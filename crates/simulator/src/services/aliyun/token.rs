//! `ClientToken`: a call that is repeated with the same one is carried out once.

use super::state::{ALIYUN, Token};
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use serde_json::Value as Json;

/// The longest token, as Alibaba's other services have it.
const LONGEST: usize = 64;

/// Carries an order out once for a token: a repetition gets the same answer, another call with it
/// is refused. A call that was refused leaves its token free.
pub(crate) fn once(
    call: &mut Call,
    carry_out: impl FnOnce(&mut Call) -> Result<Json, Refusal>,
) -> Result<Json, Refusal> {
    let token = call.params.required("ClientToken").to_owned();
    if token.is_empty() {
        return Err(call.missing("ClientToken"));
    }
    if !token.is_ascii() || token.len() > LONGEST {
        return Err(call.malformed("ClientToken", "it must have 64 ASCII characters at most"));
    }
    let mut params = call.params.given().clone();
    params.remove("ClientToken");
    let action = call.action.full_name.to_string();
    if let Some(known) = call.cloud[ALIYUN].tokens.get(&token) {
        if known.action == action && known.params == params {
            return Ok(known.answer.clone());
        }
        let message = "The ClientToken was used with another Action or with other parameters";
        return Err(Refusal::new("IdempotentParameterMismatch", message));
    }
    let answer = carry_out(call)?;
    call.cloud[ALIYUN].tokens.insert(Token {
        id: token,
        action,
        params,
        answer: answer.clone(),
    });
    Ok(answer)
}
