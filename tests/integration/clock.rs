//! A clock that is off is corrected from the service's, and logged once.

use crate::support::Test;

#[test]
fn calls_that_learn_it_together_log_it_once() {
    let code = "sim.skew(3600) parallel.map({ 1, 2, 3, 4 }, function() cds.ccs.DescribeTags() end) print(#sim.requests())";
    let output = Test::simulated(code).run();
    assert_eq!(
        (output.status, output.stdout.as_str()),
        (0, "8\n"),
        "{}",
        output.stderr
    );
    assert_eq!(
        output.stderr.matches("clock is").count(),
        1,
        "{}",
        output.stderr
    );
    assert!(
        !output.stderr.contains("attempt 1 failed"),
        "{}",
        output.stderr
    );
}
