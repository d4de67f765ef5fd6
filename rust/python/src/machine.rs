//! The machine as tilegrad sees it: processor, instruction sets, caches, threads.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tilegrad_kernels::{isa as sets, threads as pool};

use crate::arguments::type_name;
use crate::errors::{Result, type_error};
use crate::numbers::{Whole, in_range};

/// The processor as tilegrad sees it. Anything that could not be determined is ``None``; cache sizes are in bytes.
#[pyfunction]
pub(crate) fn machine(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let caches = PyDict::new(py);
    for (level, bytes) in ["l1", "l2", "l3"].into_iter().zip(cache_sizes()) {
        caches.set_item(level, bytes)?;
    }
    let machine = PyDict::new(py);
    machine.set_item("cpu", cpu_name())?;
    machine.set_item("isa", sets::current().name())?;
    machine.set_item("isas", sets::available().map(sets::Isa::name).collect::<Vec<_>>())?;
    machine.set_item("threads", pool::count())?;
    machine.set_item("cpu_count", pool::processors())?;
    machine.set_item("caches", caches)?;
    Ok(machine)
}

/// The instruction set in use: ``"baseline"``, ``"avx2"``, ``"avx512"`` or ``"neon"``.
#[pyfunction]
pub(crate) fn isa() -> &'static str {
    sets::current().name()
}

/// Switches the whole process to this instruction set.
#[pyfunction]
pub(crate) fn set_isa(name: &str) -> Result<()> {
    sets::force(sets::parse(name)?);
    Ok(())
}

/// How many threads a call may use, including the calling thread.
#[pyfunction]
pub(crate) fn threads() -> usize {
    pool::count()
}

/// More threads than any machine has must be a mistake, and every thread takes memory.
pub(crate) const MOST_THREADS: i64 = pool::MOST as i64;

/// Sets how many threads a call may use, including the calling thread. Results do not depend on it. There is no cap:
/// more threads than processors take turns, which tests need; see ``usable_threads``.
#[pyfunction]
pub(crate) fn set_threads(count: &Bound<'_, PyAny>) -> Result<()> {
    pool::set_count(thread_count(count)?);
    Ok(())
}

/// How many of ``count`` threads can run at once: at most as many as the affinity mask and the cgroup quota allow.
#[pyfunction]
pub(crate) fn usable_threads(count: &Bound<'_, PyAny>) -> Result<usize> {
    Ok(thread_count(count)?.min(pool::processors()))
}

/// The number in ``TILEGRAD_THREADS``, before the cap; ``None`` if it is not set.
#[pyfunction]
pub(crate) fn asked_threads() -> Result<Option<usize>> {
    Ok(pool::from_environment()?)
}

fn thread_count(count: &Bound<'_, PyAny>) -> Result<usize> {
    let Ok(whole) = count.extract::<Whole>() else {
        return type_error!("set_threads: expected `count` to be a whole number, got {}", type_name(count));
    };
    in_range("set_threads", "count", whole, 1, MOST_THREADS)
}

fn cpu_name() -> Option<String> {
    let name = brand().or_else(|| {
        let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
        let line = text.lines().find(|line| line.starts_with("model name") || line.starts_with("Model"))?;
        Some(line.split_once(':')?.1.to_string())
    })?;
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}

/// Sizes of the first-level data cache and of the second and third levels, as one core sees them.
pub(crate) fn cache_sizes() -> [Option<u64>; 3] {
    let listed = listed_caches();
    if listed.iter().any(Option::is_some) { listed } else { asked_caches() }
}

/// According to Linux.
fn listed_caches() -> [Option<u64>; 3] {
    let mut sizes = [None; 3];
    for index in 0..8 {
        let read = |file: &str| {
            let path = format!("/sys/devices/system/cpu/cpu0/cache/index{index}/{file}");
            std::fs::read_to_string(path).ok().map(|text| text.trim().to_string())
        };
        let (Some(kind), Some(level), Some(size)) = (read("type"), read("level"), read("size")) else { continue };
        if kind == "Instruction" {
            continue;
        }
        if let (Ok(level @ 1..=3), Some(bytes)) = (level.parse::<usize>(), parse_size(&size)) {
            sizes[level - 1] = Some(bytes);
        }
    }
    sizes
}

/// `32K`, `1024K`, `8M`.
fn parse_size(text: &str) -> Option<u64> {
    let (digits, unit) = match text.strip_suffix('K') {
        Some(digits) => (digits, 1 << 10),
        None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1 << 20)),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(target_arch = "x86_64")]
fn brand() -> Option<String> {
    if cpuid(0x8000_0000, 0).eax < 0x8000_0004 {
        return None;
    }
    let leaves = [0x8000_0002, 0x8000_0003, 0x8000_0004].map(|leaf| cpuid(leaf, 0));
    let words = leaves.iter().flat_map(|leaf| [leaf.eax, leaf.ebx, leaf.ecx, leaf.edx]);
    let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).take_while(|&byte| byte != 0).collect();
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// According to the processor itself: leaf 4 on Intel, leaf 0x8000001D on AMD, both in the same format.
#[cfg(target_arch = "x86_64")]
fn asked_caches() -> [Option<u64>; 3] {
    let leaf = if cpuid(0, 0).ebx == u32::from_le_bytes(*b"Auth") { 0x8000_001D } else { 4 };
    let highest = cpuid(if leaf == 4 { 0 } else { 0x8000_0000 }, 0).eax;
    let mut sizes = [None; 3];
    if highest < leaf {
        return sizes;
    }
    for index in 0..8 {
        let cache = cpuid(leaf, index);
        let (kind, level) = (cache.eax & 31, (cache.eax >> 5 & 7) as usize);
        if kind == 0 {
            break;
        }
        // Data (1) and unified (3) caches; instruction caches (2) hold no numbers.
        if kind != 2 && (1..=3).contains(&level) {
            let ways = u64::from(cache.ebx >> 22) + 1;
            let (partitions, line) = (u64::from(cache.ebx >> 12 & 0x3ff) + 1, u64::from(cache.ebx & 0xfff) + 1);
            sizes[level - 1] = Some(ways * partitions * line * (u64::from(cache.ecx) + 1));
        }
    }
    sizes
}

#[cfg(target_arch = "x86_64")]
// The call became safe in a Rust version newer than the oldest one supported.
#[allow(unused_unsafe)]
fn cpuid(leaf: u32, index: u32) -> std::arch::x86_64::CpuidResult {
    // SAFETY: every 64-bit x86 processor has the instruction; an unknown leaf gives meaningless numbers, nothing worse.
    unsafe { std::arch::x86_64::__cpuid_count(leaf, index) }
}

#[cfg(not(target_arch = "x86_64"))]
fn brand() -> Option<String> {
    None
}

#[cfg(not(target_arch = "x86_64"))]
fn asked_caches() -> [Option<u64>; 3] {
    [None; 3]
}
