//! Every update rule: documentation, slots, update; one list.
//!
//! To add one: write its entry in the file of its family (struct, facts, scalars of a step, formula), add its name to
//! `list.rs`, write the class of the same name in `tests/reference/optimizers.py`, and its short Python class in
//! `tilegrad/optim`.
//!
//! A rule is used in two moves: [`Optimizer::prepare`] computes the scalars of a step once, in double precision, and
//! [`Step::update`] runs the formula over any range of the parameters. The formulas use no fused multiply-add, so a
//! step has the same bits on every machine, and an element's update does not depend on its neighbours: parameters may
//! be concatenated, cut and spread over threads at will. Rules whose `facts.elementwise` is false need the whole
//! gradient of a parameter: for them, and for any rule, there is [`Step::update_whole`].
//!
//! Gradients may be tiny or huge. Products that could leave the range of the numbers are avoided by the order of
//! operations; rules that must square a gradient (all but `sgd`, `asgd`, `adamax`, `lion` and `rprop`) take one beyond
//! 2^56 (double: 2^480) as that, so a finite gradient leaves a finite weight and finite slots.
//!
//! | file | holds | knows |
//! |---|---|---|
//! | `words` | the words that choose between forms of a rule | nothing here |
//! | `rule` | what a rule is, the macro that declares one, what several share | `words` |
//! | `elementwise` | the loop of an update that takes each number on its own | `rule` |
//! | `passes` | passes over a whole parameter that bring sums | nothing here |
//! | `descent`, `averaged`, `adaptive`, `moments` | families of each number on its own | `rule`, `elementwise` |
//! | `relatives`, `signs`, `schedule_free` | more of them | `rule`, `elementwise` |
//! | `trust`, `factored`, `orthogonal` | families that need the whole gradient | also `passes`, `moments` |
//! | `list` | the names of all: [`Optimizer`], [`Step`], [`ENTRIES`] | the families |
//! | `settings` | the settings of a rule by their names | `list` |

mod adaptive;
mod averaged;
mod descent;
mod elementwise;
mod factored;
mod list;
mod moments;
mod orthogonal;
mod passes;
mod relatives;
mod rule;
mod schedule_free;
mod settings;
mod signs;
mod trust;
mod words;

pub use list::{ENTRIES, MOST_SLOTS, Optimizer, Step};
pub use rule::Evaluation;
