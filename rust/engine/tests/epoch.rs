//! The loop of an epoch: sources of any kind and strides, the short last batch, shuffling, interruption.

mod common;

use std::ops::ControlFlow;
use std::time::Duration;

use common::network::{Memory, Network, Recipe};
use tilegrad_engine::epoch::{Epoch, EpochSettings, PredictionRows, Progress, Sums, run_batches, run_epoch};
use tilegrad_engine::rows::{RowSource, SourceKind};
use tilegrad_engine::{Array, Dtype, Options, Plan, ValueId};

const ROWS: usize = 23;
const WIDTHS: [usize; 3] = [6, 8, 3];

fn recipe(batch: usize) -> Recipe {
    Recipe::new(&WIDTHS, batch, "tanh", "cross_entropy")
}

/// Loss, weight and accuracy of a batch, with or without updates.
fn plan(batch: usize, training: bool) -> (Network, Plan) {
    let mut network = recipe(batch).build();
    let target = network.graph.inputs()[1];
    let loss_name = ("loss", tilegrad_engine::Attribute::Text("cross_entropy".to_string()));
    let weight = common::apply(&mut network.graph, "loss_weight", &[network.prediction, target], &[loss_name]);
    let hits = common::apply(&mut network.graph, "class_sum", &[network.prediction, target], &[]);
    let mut outputs: Vec<ValueId> = vec![network.loss, weight, hits];
    if training {
        outputs.extend(&network.updates);
    }
    let plan = Plan::compile(&network.graph, &outputs, Options::default()).unwrap();
    (network, plan)
}

fn features() -> Vec<u8> {
    (0..ROWS * WIDTHS[0]).map(|index| (index * 37 % 251) as u8).collect()
}

fn labels() -> Vec<i64> {
    (0..ROWS).map(|row| (row * 5 % 3) as i64).collect()
}

/// Contiguous bytes as rows.
fn bytes(features: &[u8]) -> RowSource<'_> {
    // SAFETY: the strides are those of the slice.
    unsafe {
        RowSource::from_raw(
            features.as_ptr(),
            SourceKind::U8,
            &[ROWS, WIDTHS[0]],
            &[WIDTHS[0] as isize, 1],
            Some(1.0 / 255.0),
        )
    }
}

fn wide_labels(labels: &[i64]) -> RowSource<'_> {
    // SAFETY: the strides are those of the slice.
    unsafe { RowSource::from_raw(labels.as_ptr().cast(), SourceKind::I64, &[labels.len()], &[8], None) }
}

fn silent(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn epoch<'a>(sources: &'a [RowSource<'a>], batch_size: usize, shuffle: bool) -> Epoch<'a> {
    let interval = Duration::from_secs(60);
    let settings = EpochSettings { batch_size, shuffle, seed: 5, epoch: 2, interval, ..EpochSettings::default() };
    Epoch { sources, fixed: &[], settings }
}

fn run(sources: &[RowSource<'_>], batch: usize, training: bool, shuffle: bool, memory: &mut Memory) -> Sums {
    let (_, mut full) = plan(batch, training);
    let short = ROWS % batch;
    let mut last = (short > 0).then(|| plan(short, training).1);
    let mut state = memory.state();
    let sums = run_epoch(&mut full, last.as_mut(), &mut state, &epoch(sources, batch, shuffle), &mut silent).unwrap();
    memory.step = state.step;
    sums
}

#[test]
fn batches_of_any_size_give_the_same_evaluation() {
    let (features, labels) = (features(), labels());
    let sources = [bytes(&features), wide_labels(&labels)];
    let memory = Memory::new(&recipe(1).build().graph);
    let whole = run(&sources, ROWS, false, false, &mut memory.clone());
    assert_eq!((whole.batches, whole.samples, whole.loss_weight), (1, ROWS, ROWS as f64));
    for batch in [1, 4, 10, 22] {
        for shuffle in [false, true] {
            let sums = run(&sources, batch, false, shuffle, &mut memory.clone());
            assert!((sums.loss_sum - whole.loss_sum).abs() < 1e-12 * whole.loss_sum, "{batch}");
            assert_eq!((sums.samples, &sums.metrics), (ROWS, &whole.metrics));
        }
    }
}

#[test]
fn every_kind_of_source_gives_the_same_training() {
    let (features, labels) = (features(), labels());
    let mut expected = Memory::new(&recipe(4).build().graph);
    let sums = run(&[bytes(&features), wide_labels(&labels)], 4, true, true, &mut expected);
    assert_eq!((sums.batches, expected.step), (6, 6));
    // The same numbers in double precision, as every second column of rows that lie in reverse order.
    let width = 2 * WIDTHS[0];
    let mut spread = vec![f64::NAN; ROWS * width];
    for row in 0..ROWS {
        for column in 0..WIDTHS[0] {
            spread[(ROWS - 1 - row) * width + 2 * column] =
                f64::from(features[row * WIDTHS[0] + column]) * (1.0 / 255.0);
        }
    }
    let start = spread[(ROWS - 1) * width..].as_ptr();
    // SAFETY: from the last row backwards, every second number; all inside `spread`.
    let strided = unsafe {
        RowSource::from_raw(start.cast(), SourceKind::F64, &[ROWS, WIDTHS[0]], &[-(8 * width as isize), 16], None)
    };
    let small: Vec<i32> = labels.iter().map(|&label| label as i32).collect();
    let mut memory = Memory::new(&recipe(4).build().graph);
    run(&[strided, RowSource::new(Array::I32(&small), ROWS)], 4, true, true, &mut memory);
    assert!(memory == expected);
}

#[test]
fn a_report_ends_the_epoch_after_a_whole_step() {
    let (features, labels) = (features(), labels());
    let sources = [bytes(&features), wide_labels(&labels)];
    let (network, mut full) = plan(4, true);
    let mut last = plan(3, true).1;
    let mut memory = Memory::new(&network.graph);
    let mut state = memory.state();
    let mut seen = Vec::new();
    let mut report = |progress: &Progress| {
        seen.push(progress.batches);
        if progress.batches == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut always = epoch(&sources, 4, true);
    always.settings.interval = Duration::ZERO;
    let sums = run_epoch(&mut full, Some(&mut last), &mut state, &always, &mut report).unwrap();
    assert_eq!((sums.interrupted, sums.batches, state.step, seen), (true, 3, 3, vec![1, 2, 3]));
}

#[test]
fn predictions_come_row_by_row() {
    let features = features();
    let memory = Memory::new(&recipe(4).build().graph);
    let predict = |batch: usize| {
        let network = recipe(batch).build();
        let sources = [bytes(&features)];
        // The target is not read: a plan of the prediction has the features as its only bound input here.
        let mut graph = tilegrad_engine::Graph::new();
        let x = graph.input("features", &[batch, WIDTHS[0]], Dtype::F64).unwrap();
        let mut value = x;
        for layer in 0..2 {
            graph.push_scope(&format!("layer.{layer}"));
            let weight = graph.parameter("weight", &WIDTHS[layer..layer + 2], Dtype::F64).unwrap();
            let bias = graph.parameter("bias", &WIDTHS[layer + 1..layer + 2], Dtype::F64).unwrap();
            let product = common::apply(&mut graph, "matmul", &[value, weight], &[]);
            value = common::apply(&mut graph, "add", &[product, bias], &[]);
            if layer == 0 {
                value = common::apply(&mut graph, "tanh", &[value], &[]);
            }
            graph.pop_scope().unwrap();
        }
        assert_eq!(
            graph.parameters(),
            network
                .graph
                .parameters()
                .iter()
                .enumerate()
                .map(|(index, place)| {
                    let mut place = place.clone();
                    place.value = graph.parameters()[index].value;
                    place
                })
                .collect::<Vec<_>>()
        );
        Plan::compile(&graph, &[value], Options::default()).map(|plan| (plan, sources)).unwrap()
    };
    let mut results = Vec::new();
    for batch in [ROWS, 5] {
        let (mut full, sources) = predict(batch);
        let mut last = (batch < ROWS).then(|| predict(ROWS % batch).0);
        let mut out = vec![0.0; ROWS * WIDTHS[2]];
        let mut memory = memory.clone();
        let mut state = memory.state();
        let mut rows = PredictionRows::F64(&mut out);
        run_batches(&mut full, last.as_mut(), &mut state, &epoch(&sources, batch, false), &mut rows, &mut silent)
            .unwrap();
        results.push(out);
    }
    assert!(results[0] == results[1] && results[0].iter().all(|&number| number != 0.0));
}

#[test]
fn mistakes_are_refused() {
    let (features, labels) = (features(), labels());
    let (network, mut full) = plan(4, true);
    let mut memory = Memory::new(&network.graph);
    let mut state = memory.state();
    let mut ask = |sources: &[RowSource<'_>], batch: usize| {
        run_epoch(&mut full, None, &mut state, &epoch(sources, batch, false), &mut silent).unwrap_err().to_string()
    };
    let sources = [bytes(&features), wide_labels(&labels)];
    assert_eq!(ask(&sources, 0), "run_epoch: expected `batch_size` of at least 1, got 0");
    assert_eq!(ask(&sources, 4), "run_epoch: expected a plan for the short last batch of 3 rows, got none");
    assert_eq!(
        ask(&[bytes(&features), wide_labels(&labels[..20])], 4),
        "run_epoch: expected `targets` of 23 rows like `features`, got 20"
    );
    let floats = vec![0.0; ROWS];
    let wrong = [bytes(&features), RowSource::new(Array::F64(&floats), ROWS)];
    assert!(ask(&wrong, 4).contains("expected `targets` of an integer dtype, got dtype float64"));
    assert_eq!(ask(&sources[..1], 4), "run_epoch: expected arrays for the plan's 2 inputs, got 1");
}
