//! What is reported of a wait for a state.

use crate::support::Test;

#[test]
fn a_wait_that_a_script_error_ends_is_reported_as_ended_at_once() {
    let code = "pcall(wait.for_state, function() return 'x' end, { done = function() error('undecided') end }) log.info('after it')";
    let output = Test::simulated(code).run();
    let at = |text: &str| {
        output
            .stderr
            .find(text)
            .unwrap_or_else(|| panic!("{text:?} is missing in: {}", output.stderr))
    };
    assert!(
        at("no longer waited for") < at("after it"),
        "{}",
        output.stderr
    );
}
