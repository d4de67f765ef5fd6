//! Instruction sets: detected once, can be forced, and stamped over any [`Kernel`].
//!
//! A kernel is a struct that holds its operands, with one `run` written over [`Real`]. [`run`] calls it inside a
//! function compiled for the instruction set in use; since `run` is inlined there, the compiler vectorises it for that
//! set.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::environment::Asked;
use crate::error::{Error, Result};
use crate::real::{Element, Real};

/// An instruction set the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Isa {
    /// What every machine of the architecture has; no fused multiply-add on x86.
    Baseline = 1,
    /// AVX2 with FMA (x86-64-v3).
    Avx2 = 2,
    /// AVX-512 F, VL, DQ, BW (x86-64-v4).
    Avx512 = 3,
    /// 64-bit Arm with NEON.
    Neon = 4,
}

impl Isa {
    /// Every instruction set, the most capable last.
    pub const ALL: [Isa; 4] = [Isa::Baseline, Isa::Avx2, Isa::Avx512, Isa::Neon];

    /// Name, as `TILEGRAD_ISA` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Baseline => "baseline",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Neon => "neon",
        }
    }

    /// Whether its multiply-add rounds once. All fused sets give the same bits.
    pub fn is_fused(self) -> bool {
        self != Isa::Baseline
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Baseline => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                Isa::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512bw")
            }
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => true,
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// The set of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Isa> {
        Isa::ALL.into_iter().find(|isa| isa.name() == name)
    }
}

/// The instruction sets of this machine, the most capable last.
pub fn available() -> impl Iterator<Item = Isa> {
    Isa::ALL.into_iter().filter(|isa| isa.is_available())
}

/// Zero until the first call of [`current`].
static CURRENT: AtomicU8 = AtomicU8::new(0);

/// The instruction set in use: the one forced by [`force`] or `TILEGRAD_ISA`, else the most capable.
#[inline]
pub fn current() -> Isa {
    match CURRENT.load(Ordering::Relaxed) {
        1 => Isa::Baseline,
        2 => Isa::Avx2,
        3 => Isa::Avx512,
        4 => Isa::Neon,
        _ => detect(),
    }
}

#[cold]
fn detect() -> Isa {
    let best = available().last().unwrap_or(Isa::Baseline);
    // The Python module asks at import, where a name that is wrong is an exception.
    let isa = from_environment().unwrap_or_else(|error| panic!("{error}")).unwrap_or(best);
    CURRENT.store(isa as u8, Ordering::Relaxed);
    isa
}

/// What `TILEGRAD_ISA` asked for when it was first read; an error if this machine cannot give it.
pub fn from_environment() -> Result<Option<Isa>> {
    static ASKED: Asked<Isa> = Asked::new();
    ASKED.get("TILEGRAD_ISA", parse)
}

/// The available instruction set of this name, or an error that lists the valid ones.
pub fn parse(name: &str) -> Result<Isa> {
    Isa::from_name(name).filter(|isa| isa.is_available()).ok_or_else(|| {
        let names: Vec<&str> = available().map(Isa::name).collect();
        Error::Name(format!("isa: expected one of {}, got {name:?}", names.join(", ")))
    })
}

/// Uses this instruction set from now on, in the whole process. Panics if the machine does not have it.
pub fn force(isa: Isa) {
    assert!(isa.is_available(), "instruction set {} is not available", isa.name());
    CURRENT.store(isa as u8, Ordering::Relaxed);
}

/// A loop over operands, written once; implementations mark `run` `#[inline(always)]`.
pub trait Kernel<E: Element> {
    /// What the loop returns.
    type Output;
    /// The loop. `R` is the arithmetic of the instruction set it is compiled for.
    fn run<R: Real<Element = E>>(self) -> Self::Output;
}

/// Runs the kernel with the instruction set in use.
// Always inlined: a copy of the operands on the way, written in halves and read whole, would hold up every short call.
#[inline(always)]
pub fn run<E: Element, K: Kernel<E>>(kernel: K) -> K::Output {
    match current() {
        // SAFETY: `current` returns only sets this machine has.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { avx512(kernel) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { avx2(kernel) },
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => neon(kernel),
        _ => baseline(kernel),
    }
}

/// As [`run`], with AVX2 where AVX-512 would be used, whose bits are the same: for long code that is rarely run.
#[inline(always)]
pub fn run_rarely<E: Element, K: Kernel<E>>(kernel: K) -> K::Output {
    match current() {
        // SAFETY: what has AVX-512 has AVX2 and FMA, see `Isa::is_available`.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 | Isa::Avx2 => unsafe { avx2(kernel) },
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => neon(kernel),
        _ => baseline(kernel),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,bmi1,bmi2")]
fn avx512<E: Element, K: Kernel<E>>(kernel: K) -> K::Output {
    kernel.run::<E::Fused>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2")]
fn avx2<E: Element, K: Kernel<E>>(kernel: K) -> K::Output {
    kernel.run::<E::Fused>()
}

#[cfg(target_arch = "aarch64")]
#[inline(never)]
fn neon<E: Element, K: Kernel<E>>(kernel: K) -> K::Output {
    kernel.run::<E::Fused>()
}

/// Never inlined: a copy at every call would be a quarter of all code.
#[inline(never)]
fn baseline<E: Element, K: Kernel<E>>(kernel: K) -> K::Output {
    kernel.run::<E::Plain>()
}
