//! The `cumulua` binary.

fn main() {}
