//! Matrix products of dense layers on one thread, on each instruction set, beside the machine's peak of fused multiply-adds.
//!
//! A shape `batch x in x out` stands for three products: `forward` = x w, `weights` = x^T dy, `inputs` = dy w^T.
//! Elements a second are floating-point operations a second. One instruction set or shape: `cargo bench --bench matmul -- avx512/forward`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tilegrad_kernels::isa::{self, Isa};
use tilegrad_kernels::matmul::{Matrix, Store, multiply, workspace_len};
use tilegrad_kernels::threads;

/// Batch, inputs and outputs of the layers measured.
const LAYERS: [(usize, usize, usize); 10] = [
    (16, 4, 16),
    (32, 64, 64),
    (64, 64, 128),
    (32, 784, 128),
    (32, 128, 10),
    (128, 128, 10),
    (128, 784, 128),
    (128, 784, 512),
    (256, 1024, 1024),
    (512, 2048, 2048),
];

/// Numbers between -0.5 and 0.5.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|index| ((index * 7919) % 1000) as f32 / 1000.0 - 0.5).collect()
}

/// Times one product into memory of its own.
fn product(criterion: &mut Criterion, name: &str, a: Matrix<'_, f32>, b: Matrix<'_, f32>) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    let mut c = vec![0.0; m * n];
    let mut workspace = vec![0.0; workspace_len::<f32>(m, k, n, a.column_stride == 1, b.column_stride == 1)];
    let mut group = criterion.benchmark_group("matmul");
    group.throughput(Throughput::Elements(2 * (m * k * n) as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| multiply(black_box(a), b, &mut Store::new(&mut c, n), &mut workspace));
    });
    group.finish();
}

fn layers(criterion: &mut Criterion) {
    // The peak is one core's.
    threads::set_count(1);
    for isa in isa::available() {
        isa::force(isa);
        peak(criterion, isa);
        for (batch, inputs, outputs) in LAYERS {
            let (x, w, dy) = (numbers(batch * inputs), numbers(inputs * outputs), numbers(batch * outputs));
            let x = Matrix::new(&x, batch, inputs);
            let w = Matrix::new(&w, inputs, outputs);
            let dy = Matrix::new(&dy, batch, outputs);
            let name = |kind: &str| format!("{}/{kind}/{batch}x{inputs}x{outputs}", isa.name());
            product(criterion, &name("forward"), x, w);
            product(criterion, &name("weights"), x.transposed(), dy);
            product(criterion, &name("inputs"), dy, w.transposed());
        }
    }
}

/// Steps of the loop that finds the peak.
const STEPS: usize = 10_000;

/// Fused multiply-adds on registers alone, enough of them in flight to hide their latency: what no product can exceed.
fn peak(criterion: &mut Criterion, isa: Isa) {
    #[cfg(target_arch = "x86_64")]
    {
        let (run, lanes, chains): (unsafe fn() -> f32, usize, usize) = match isa {
            Isa::Avx512 => (x86::avx512, 16, 24),
            Isa::Avx2 => (x86::avx2, 8, 12),
            _ => return,
        };
        let mut group = criterion.benchmark_group("matmul");
        group.throughput(Throughput::Elements((2 * STEPS * lanes * chains) as u64));
        // SAFETY: the instruction set is one of those available.
        group.bench_function(format!("{}/peak", isa.name()), |bencher| bencher.iter(|| unsafe { run() }));
        group.finish();
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (criterion, isa);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::hint::black_box;

    macro_rules! peak {
        ($name:ident, $features:literal, $vector:ty, $chains:literal, $splat:ident, $mul_add:ident, $add:ident, $first:ident) => {
            #[target_feature(enable = $features)]
            pub(super) fn $name() -> f32 {
                let (factor, summand) = ($splat(black_box(0.999)), $splat(black_box(0.001)));
                let mut chains: [$vector; $chains] = std::array::from_fn(|index| $splat(index as f32));
                for _ in 0..super::STEPS {
                    for chain in &mut chains {
                        *chain = $mul_add(*chain, factor, summand);
                    }
                }
                let mut total = chains[0];
                for chain in &chains[1..] {
                    total = $add(total, *chain);
                }
                $first(total)
            }
        };
    }
    peak!(avx512, "avx512f", __m512, 24, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps, _mm512_cvtss_f32);
    peak!(avx2, "avx2,fma", __m256, 12, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps, _mm256_cvtss_f32);
}

criterion_group!(benches, layers);
criterion_main!(benches);
