//! The bits of a training step depend on inputs and seed only. One test: instruction set and threads are set
//! process-wide.

mod common;

use common::network::{Memory, Network, Recipe};
use tilegrad_engine::fusion::Fusions;
use tilegrad_engine::{Dtype, Options};
use tilegrad_kernels::isa::{self, Isa};
use tilegrad_kernels::{activations, losses, threads};

/// Networks with every activation and loss, with dropout, in both precisions; one wide enough to be cut into parts.
fn networks() -> Vec<(String, Network)> {
    let mut recipes = Vec::new();
    for dtype in [Dtype::F32, Dtype::F64] {
        let with = |recipe: Recipe| Recipe { dtype, ..recipe };
        recipes.extend(activations::ENTRIES.iter().map(|a| with(Recipe::new(&[7, 19, 5], 9, a.name, "cross_entropy"))));
        recipes.extend(losses::ENTRIES.iter().map(|loss| with(Recipe::new(&[7, 19, 5], 9, "relu", loss.name))));
        recipes.push(Recipe { dropout: 0.3, ..with(Recipe::new(&[7, 19, 21, 5], 9, "tanh", "cross_entropy")) });
        recipes.push(with(Recipe::new(&[130, 259, 10], 133, "silu", "cross_entropy")));
    }
    recipes.iter().map(|recipe| (format!("{recipe:?}"), recipe.build())).collect()
}

fn train(network: &Network, options: Options) -> (Vec<f64>, Memory) {
    network.train(3, options)
}

#[test]
fn nothing_but_inputs_and_seed_changes_a_bit() {
    threads::set_count(1);
    for (what, network) in networks() {
        let start = isa::current();
        let expected = train(&network, Options::default());
        assert!(expected.0.iter().all(|loss| loss.is_finite()), "{what}");
        let fusions = [
            Fusions::NONE,
            Fusions { dense: true, ..Fusions::NONE },
            Fusions { slope: true, ..Fusions::NONE },
            Fusions { loss: true, ..Fusions::NONE },
            Fusions { slope: true, bias: true, ..Fusions::NONE },
            Fusions { update: true, ..Fusions::NONE },
        ];
        for fusions in fusions {
            assert!(train(&network, Options { fusions, ..Options::default() }) == expected, "{fusions:?}: {what}");
            let apart = Options { fusions, reuse: false, ..Options::default() };
            assert!(train(&network, apart) == expected, "{fusions:?} without reuse: {what}");
        }
        assert!(train(&network, Options { reuse: false, ..Options::default() }) == expected, "without reuse: {what}");
        for count in [2, 3] {
            threads::set_count(count);
            assert!(train(&network, Options::default()) == expected, "{count} threads: {what}");
        }
        threads::set_count(1);
        for isa in isa::available().filter(|isa| *isa != Isa::Baseline) {
            isa::force(isa);
            assert!(train(&network, Options::default()) == expected, "{}: {what}", isa.name());
        }
        isa::force(start);
    }
}
