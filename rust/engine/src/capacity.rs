//! How much memory is available, and the error for requests that do not fit.

use crate::error::{Error, Result};
use std::path::Path;

/// Up to this many bytes, the system is not asked: that takes longer than compiling a small plan.
const UNASKED: usize = 64 << 20;

/// An error if this many bytes are not available: ``function: expected `argument` that fits into memory, got ...``.
///
/// `what` names what needs them, `hint` what would help. If the system does not say how much is available, every
/// addressable size fits, and the allocation itself decides.
pub fn require(function: &str, argument: &str, what: &str, bytes: usize, hint: &str) -> Result<()> {
    if bytes <= UNASKED {
        return Ok(());
    }
    match available() {
        Some(left) if bytes as u64 > left => Err(refusal(function, argument, what, bytes, Some(left), hint)),
        _ if bytes > isize::MAX as usize / 2 => Err(refusal(function, argument, what, bytes, None, hint)),
        _ => Ok(()),
    }
}

/// The error message: what does not fit, how much is available, and what would help.
pub fn refusal(function: &str, argument: &str, what: &str, bytes: usize, available: Option<u64>, hint: &str) -> Error {
    let left = available.map_or("more than the system gives".to_string(), |left| {
        format!("where {} ({left} bytes) are available", rounded(left))
    });
    let needed = rounded(bytes as u64);
    Error::Memory(format!(
        "{function}: expected `{argument}` that fits into memory, got {what} of {needed} ({bytes} bytes), {left}; {hint}"
    ))
}

/// Bytes in a readable unit.
fn rounded(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["MB", "GB", "TB", "PB", "EB"];
    let mut count = bytes as f64 / 1e6;
    let mut unit = 0;
    while count >= 999.95 && unit + 1 < UNITS.len() {
        count /= 1e3;
        unit += 1;
    }
    format!("{count:.1} {}", UNITS[unit])
}

/// Bytes that this process can still use, if the system says so: what is available on the machine, within the memory
/// limits of its control groups (version 1 or 2). Cached files that can be dropped count as free.
pub fn available() -> Option<u64> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| machine_available(&text));
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = groups.lines().filter_map(|line| {
        let (root, path, names) = group_of(line)?;
        least_left(Path::new(root), path, names)
    });
    machine.into_iter().chain(limits).min()
}

/// The bytes of the line `MemAvailable:` of `/proc/meminfo`.
fn machine_available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The files of a control group: limit, usage, and the name of droppable memory in `memory.stat`.
type Names = [&'static str; 3];

/// Where to find the memory limits for a line of `/proc/self/cgroup`: root, path below it, and the names of the files.
fn group_of(line: &str) -> Option<(&'static str, &str, Names)> {
    let (_, rest) = line.split_once(':')?;
    let (controllers, path) = rest.split_once(':')?;
    match controllers {
        "" => Some(("/sys/fs/cgroup", path, ["memory.max", "memory.current", "inactive_file"])),
        _ if controllers.split(',').any(|name| name == "memory") => {
            let names = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"];
            Some(("/sys/fs/cgroup/memory", path, names))
        }
        _ => None,
    }
}

/// What the strictest limit leaves, for a group and the groups that contain it.
fn least_left(root: &Path, path: &str, [limit, usage, droppable]: Names) -> Option<u64> {
    let number = |file: &Path| std::fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    let group = root.join(path.trim_start_matches('/'));
    let within = group.ancestors().take_while(|group| group.starts_with(root));
    let left = within.filter_map(|group| {
        let limit = number(&group.join(limit))?;
        let used = number(&group.join(usage))?;
        let stat = std::fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
        let dropped = stat.lines().find_map(|line| line.strip_prefix(droppable)?.trim().parse::<u64>().ok());
        Some(limit.saturating_sub(used.saturating_sub(dropped.unwrap_or(0))))
    });
    left.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_tells_what_is_left() {
        assert_eq!(machine_available("MemTotal: 9 kB\nMemAvailable:   22610788 kB\n"), Some(22_610_788 * 1024));
        assert_eq!(machine_available("MemTotal: 9 kB\n"), None);
        if cfg!(target_os = "linux") {
            assert!(available().unwrap() > 0);
        }
    }

    #[test]
    fn limits_of_control_groups_are_found() {
        let version_2 = ["memory.max", "memory.current", "inactive_file"];
        assert_eq!(group_of("0::/user/me"), Some(("/sys/fs/cgroup", "/user/me", version_2)));
        let version_1 = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"];
        assert_eq!(group_of("4:cpu,memory:/box"), Some(("/sys/fs/cgroup/memory", "/box", version_1)));
        assert_eq!(group_of("5:cpuset:/"), None);
    }

    #[test]
    fn the_strictest_group_decides() {
        let root = std::env::temp_dir().join(format!("tilegrad-groups-{}", std::process::id()));
        let inner = root.join("outer/inner");
        std::fs::create_dir_all(&inner).unwrap();
        let write = |folder: &Path, name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        let names = ["memory.max", "memory.current", "inactive_file"];
        write(&inner, "memory.max", "max\n");
        write(&inner, "memory.current", "500\n");
        assert_eq!(least_left(&root, "/outer/inner", names), None);
        let outer = root.join("outer");
        write(&outer, "memory.max", "1000\n");
        write(&outer, "memory.current", "700\n");
        write(&outer, "memory.stat", "anon 5\ninactive_file 60\n");
        assert_eq!(least_left(&root, "/outer/inner", names), Some(360));
        write(&inner, "memory.max", "600\n");
        assert_eq!(least_left(&root, "/outer/inner", names), Some(100));
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_bytes() {
        assert_eq!(require("f", "batch_size", "a plan", UNASKED, "less"), Ok(()));
        let refused = require("f", "batch_size", "a plan", usize::MAX, "less helps").unwrap_err().to_string();
        let begin =
            "f: expected `batch_size` that fits into memory, got a plan of 18.4 EB (18446744073709551615 bytes), ";
        assert!(refused.starts_with(begin), "{refused}");
        assert!(refused.ends_with("; less helps"), "{refused}");
        assert_eq!(
            [rounded(400_000), rounded(999_960_000), rounded(1_500_000_000_000)],
            ["0.4 MB", "1.0 GB", "1.5 TB"]
        );
    }
}
