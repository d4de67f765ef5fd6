//! What the environment asks for is done, or said to be wrong: never left out.

use std::process::Command;

use tilegrad_kernels::isa::Isa;
use tilegrad_kernels::{isa, threads};

const CHILD: &str = "TILEGRAD_TEST_OF_THE_ENVIRONMENT";

/// What a process of its own, in which both are asked for, writes of them or of its end.
fn asked(name: &str, value: &str) -> (bool, String) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", "a_wrong_word_ends_the_process_that_needs_it", "--nocapture"]);
    let output = child.env(CHILD, "1").env_remove("TILEGRAD_ISA").env(name, value).output().unwrap();
    (
        output.status.success(),
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
    )
}

#[test]
fn a_wrong_word_ends_the_process_that_needs_it() {
    if std::env::var_os(CHILD).is_some() {
        println!("uses {} with {} threads", isa::current().name(), threads::count());
        return;
    }
    let (done, text) = asked("TILEGRAD_ISA", Isa::Baseline.name());
    assert!(done && text.contains("uses baseline"), "{text}");
    let (done, text) = asked("TILEGRAD_THREADS", "1");
    assert!(done && text.contains("with 1 threads"), "{text}");
    for (name, value) in [("TILEGRAD_ISA", "abacus"), ("TILEGRAD_THREADS", "many")] {
        let (done, text) = asked(name, value);
        assert!(!done && text.contains("expected") && text.contains(value), "{text}");
    }
}
