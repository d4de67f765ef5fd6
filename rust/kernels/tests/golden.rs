//! Double precision against values to 50 digits, made by `golden_double.py`; a denser table of the same form can be
//! named by `GOLDEN_DOUBLE=path cargo test -p tilegrad-kernels --test golden -- --nocapture`.

mod common;

use std::collections::BTreeMap;

use common::{activation_functions, each_isa, math_functions, unit};

/// Argument, nearest double of the value, and what that lacks.
type Row = (f64, f64, f64);

fn table() -> BTreeMap<String, Vec<Row>> {
    let text = match std::env::var("GOLDEN_DOUBLE") {
        Ok(path) => std::fs::read_to_string(path).expect("the table that GOLDEN_DOUBLE names"),
        Err(_) => include_str!("golden_double.txt").to_owned(),
    };
    let mut table: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let number = |index: usize| fields[index].parse::<f64>().expect("a number");
        table.entry(fields[0].to_owned()).or_default().push((number(1), number(2), number(3)));
    }
    table
}

#[test]
fn double_precision_meets_its_stated_errors() {
    let table = table();
    let mut complaints = Vec::new();
    each_isa(|isa| {
        let mut known: Vec<&str> = Vec::new();
        for function in math_functions().into_iter().chain(activation_functions()) {
            let Some(rows) = table.get(function.name) else { continue };
            known.push(function.name);
            let x: Vec<f64> = rows.iter().map(|row| row.0).collect();
            let errors = function
                .double(&x)
                .into_iter()
                .zip(rows)
                .map(|(got, &(x, near, rest))| (((got - near) - rest).abs() / unit(near, 53), x));
            let (error, at) = errors.fold((0.0, 0.0), |worst, next| if next.0 > worst.0 { next } else { worst });
            println!("{:9} {:12} {error:7.3} ULP at {at:e}", isa.name(), function.name);
            if error > function.ulp_f64 {
                complaints.push(format!("{} {}: {error:.3} ULP at {at:e}", isa.name(), function.name));
            }
        }
        assert!(table.keys().all(|name| known.contains(&name.as_str())), "every name of the table is a function");
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
