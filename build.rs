//! The run store's tables are embedded: cargo builds again where one of their files changes.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
