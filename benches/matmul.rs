//! Matrix products of dense layers compared with the machine's peak of multiply-adds, on every instruction set, in f32
//! and f64.
//!
//! A layer `batch x in x out` stands for three products: `forward` = x w, `weights` = x^T dy, `inputs` = dy w^T. Each
//! line is a layer: for each product its time, its GFLOP/s, and the share of the peak that registers alone reach
//! (measured in turns with the products). `cargo bench --bench matmul -- avx512/f32/128x784 --threads 2`: only lines
//! whose name contains this text, and the number of threads; `--large` adds the largest layer, and
//! `--layer 200x300x400` (as often as you like) replaces the usual layers. Numbers are the best of several interleaved
//! blocks.

use std::hint::black_box;
use std::time::Instant;

use tilegrad_kernels::isa::{self, Isa};
use tilegrad_kernels::matmul::{Matrix, Store, multiply, peak_operations, workspace_len};
use tilegrad_kernels::real::Element;
use tilegrad_kernels::threads;

/// Batch, inputs and outputs of the layers measured.
const LAYERS: [(usize, usize, usize); 23] = [
    (1, 128, 10),
    (1, 784, 128),
    (16, 4, 16),
    (16, 16, 3),
    (32, 30, 64),
    (32, 64, 64),
    (32, 64, 2),
    (64, 64, 128),
    (64, 128, 10),
    (32, 784, 128),
    (32, 128, 10),
    (128, 128, 10),
    (128, 784, 128),
    (128, 784, 512),
    (128, 512, 256),
    (128, 256, 10),
    (256, 256, 256),
    (256, 784, 1024),
    (256, 1024, 1024),
    (256, 1024, 10),
    (320, 300, 500),
    (512, 2048, 2048),
    (512, 4096, 4096),
];

/// Blocks per number, and the minimum length of a block in seconds.
const BLOCKS: usize = 15;
const SECONDS: f64 = 0.002;

/// Numbers between -0.5 and 0.5, beginning with a line of the cache, as those of a plan do.
fn numbers<E: Element>(count: usize) -> &'static mut [E] {
    let line = 64 / size_of::<E>();
    let number = |index: usize| E::from_f64(((index * 7919) % 1000) as f64 / 1000.0 - 0.5);
    let all = Vec::leak((0..count + line).map(number).collect());
    let start = all.as_ptr().align_offset(64);
    &mut all[start..start + count]
}

/// Something to time, how many calls fill a block, and the best seconds a call so far.
struct Case<'a> {
    run: Box<dyn FnMut() + 'a>,
    calls: usize,
    best: f64,
}

impl<'a> Case<'a> {
    fn new(run: impl FnMut() + 'a) -> Self {
        let mut case = Self { run: Box::new(run), calls: 1, best: f64::INFINITY };
        (case.run)();
        loop {
            case.block();
            if case.best * case.calls as f64 >= SECONDS {
                return case;
            }
            case.calls *= 2;
            case.best = f64::INFINITY;
        }
    }

    fn block(&mut self) {
        let start = Instant::now();
        for _ in 0..self.calls {
            (self.run)();
        }
        self.best = self.best.min(start.elapsed().as_secs_f64() / self.calls as f64);
    }
}

/// A product into memory of its own.
fn product<'a, E: Element>(a: Matrix<'a, E>, b: Matrix<'a, E>) -> Case<'a> {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let c = numbers(m * n);
    let workspace = numbers(workspace_len::<E>(m, k, n, a.column_stride == 1, b.column_stride == 1));
    Case::new(move || multiply(black_box(a), black_box(b), &mut Store::new(c, n), workspace))
}

/// One line of the table.
fn layer<E: Element>(name: &str, (batch, inputs, outputs): (usize, usize, usize), cores: usize) {
    let (x, w, dy) = (numbers::<E>(batch * inputs), numbers(inputs * outputs), numbers(batch * outputs));
    let x = Matrix::new(x, batch, inputs);
    let w = Matrix::new(w, inputs, outputs);
    let dy = Matrix::new(dy, batch, outputs);
    const ROUNDS: usize = 10_000;
    let mut cases = [
        Case::new(|| {
            black_box(peak_operations::<E>(ROUNDS));
        }),
        product(x, w),
        product(x.transposed(), dy),
        product(dy, w.transposed()),
    ];
    for _ in 0..BLOCKS {
        cases.iter_mut().for_each(Case::block);
    }
    let [peak, products @ ..] = &cases;
    let peak = (cores * peak_operations::<E>(ROUNDS)) as f64 / peak.best / 1e9;
    let operations = (2 * batch * inputs * outputs) as f64;
    let cells = products.iter().map(|case| {
        let speed = operations / case.best / 1e9;
        format!(" {:10.2} us {speed:6.1} {:4.0} % |", 1e6 * case.best, 100.0 * speed / peak)
    });
    println!("{name:28} | {peak:6.1} |{}", cells.collect::<String>());
}

fn table<E: Element>(isa: Isa, element: &str, options: &Options) {
    let layers = if options.layers.is_empty() { &LAYERS[..] } else { &options.layers };
    for &(batch, inputs, outputs) in layers {
        let name = format!("{}/{element}/{batch}x{inputs}x{outputs}", isa.name());
        if options.chosen(&name) && (options.large || batch * inputs * outputs < 1 << 32) {
            layer::<E>(&name, (batch, inputs, outputs), options.threads);
        }
    }
}

struct Options {
    texts: Vec<String>,
    layers: Vec<(usize, usize, usize)>,
    threads: usize,
    large: bool,
}

impl Options {
    fn read() -> Self {
        let mut options = Self { texts: Vec::new(), layers: Vec::new(), threads: 1, large: false };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--threads" => {
                    let count = arguments.next().and_then(|count| count.parse().ok());
                    options.threads = count.expect("--threads: expected a number");
                }
                "--layer" => {
                    let text = arguments.next().unwrap_or_default();
                    let sides: Vec<usize> = text.split('x').filter_map(|side| side.parse().ok()).collect();
                    let [batch, inputs, outputs] = sides[..] else {
                        panic!("--layer: expected 32x784x128, got {text:?}")
                    };
                    options.layers.push((batch, inputs, outputs));
                }
                "--large" => options.large = true,
                // What `cargo bench` itself adds.
                "--bench" => {}
                text => options.texts.push(text.to_string()),
            }
        }
        options
    }

    fn chosen(&self, name: &str) -> bool {
        self.texts.is_empty() || self.texts.iter().any(|text| name.contains(text))
    }
}

fn main() {
    let options = Options::read();
    threads::set_count(options.threads);
    let head = |name: &str| format!(" {name:>13} GFLOP/s  share |");
    println!("{:28} |   peak |{}", "", ["forward", "weights", "inputs"].map(head).concat());
    for isa in isa::available() {
        isa::force(isa);
        table::<f32>(isa, "f32", &options);
        table::<f64>(isa, "f64", &options);
    }
}
