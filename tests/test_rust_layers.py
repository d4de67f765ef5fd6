"""Which file of a crate needs which: circles of files are no larger than stated here."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import ROOT

# The most files of a circle, by crate. The engine's one: a graph holds operations, and an operation's gradient rule is
# given the graph. The kernels' one: numbers have their functions as methods, and the functions are written over numbers.
# Bindings: what there is; it may only shrink.
LARGEST_CIRCLE = {"engine": 2, "kernels": 7, "python": 3}

KEYWORDS = {"crate", "self", "super", "Self"}


@dataclass
class Module:
    """A module of a crate: its file, what lies in it, and which names it brings in."""

    name: str
    file: Path
    code: str
    parent: "Module | None"
    children: "dict[str, Module]" = field(default_factory=dict)
    imports: dict[str, list[str]] = field(default_factory=dict)
    globs: list[list[str]] = field(default_factory=list)

    @property
    def root(self):
        return self if self.parent is None else self.parent.root


def without_comments(text):
    """Rust without comments, texts and inner test modules: what is left names other files only where it needs them."""
    text = re.sub(r'r#+".*?"#+|"(?:[^"\\]|\\.)*"', '""', re.sub(r"//[^\n]*", "", text), flags=re.DOTALL)
    text = re.sub(r"'(?:[^'\\]|\\.)'", "' '", text)
    start = text.find("#[cfg(test)]\nmod tests {")
    return text if start < 0 else text[:start]


def uses_of(tree):
    """Every path of a `use`, with the name it gets: (segments, name), a star as the name of a glob."""
    tree = tree.strip()
    brace = tree.find("{")
    if brace < 0:
        path, _, alias = tree.partition(" as ")
        segments = path.strip().split("::")
        if segments[-1] == "self":
            segments.pop()
        yield segments, alias.strip() or segments[-1]
        return
    prefix = [part for part in tree[:brace].strip().split("::") if part]
    depth, part = 0, ""
    for letter in tree[brace + 1 : tree.rindex("}")] + ",":
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            if part.strip() == "self":
                yield prefix, prefix[-1]
            elif part.strip():
                for segments, name in uses_of(part):
                    yield prefix + segments, name
            part = ""
        else:
            part += letter


def read(file, name="crate", parent=None):
    """The module in this file, and those that it declares."""
    module = Module(name, file, without_comments(file.read_text(encoding="utf-8")), parent)
    folder = file.parent if file.name in ("lib.rs", "mod.rs") else file.with_suffix("")
    for child in re.findall(r"\bmod\s+(\w+)\s*;", module.code):
        place = next(place for place in (folder / f"{child}.rs", folder / child / "mod.rs") if place.exists())
        module.children[child] = read(place, child, module)
    for use in re.findall(r"\buse\s+([^;]+);", module.code):
        for segments, alias in uses_of(" ".join(use.split())):
            if alias == "*":
                module.globs.append(segments[:-1])
            elif segments != [alias]:
                module.imports[alias] = segments
    return module


def everything(module):
    yield module
    for child in module.children.values():
        yield from everything(child)


def macros_of(root):
    """Macros that stand at the root of the crate wherever they are written."""
    exported = re.compile(r"#\[macro_export\]\s*macro_rules!\s*(\w+)")
    return {name: module for module in everything(root) for name in exported.findall(module.code)}


def target(module, segments, seen=()):
    """The module that a path leads to and what is left of the path there: through names brought in, to where it is defined.

    Nothing if it leads out of the crate."""
    head, *rest = segments
    if head in KEYWORDS:
        found = {"crate": module.root, "self": module, "Self": module, "super": module.parent}[head]
        return within(found, rest, seen) if found else None
    if head in module.children:
        return within(module.children[head], rest, seen)
    if head in module.imports and (module.file, head) not in seen:
        return target(module, module.imports[head] + rest, (*seen, (module.file, head)))
    return None


def within(module, rest, seen):
    """What a path means inside a module."""
    if not rest:
        return module, []
    name = rest[0]
    if name in KEYWORDS or name in module.children:
        return target(module, rest, seen)
    if name in module.imports and (module.file, name) not in seen:
        return target(module, module.imports[name] + rest[1:], (*seen, (module.file, name)))
    for segments in module.globs:
        place = target(module, segments, seen)
        if (
            place
            and place[0] is not module
            and re.search(rf"\b(?:fn|struct|enum|trait|type|const|static)\s+{name}\b", place[0].code)
        ):
            return place[0], rest
    return module, rest


def needs(root):
    """For each file of a crate those that hold something it names."""
    macros = macros_of(root)
    files = {module.file: set() for module in everything(root)}
    for module in everything(root):
        paths = [*module.imports.values(), *module.globs]
        bodies = re.sub(r"\b(?:use|mod)\s+[^;{]*;|\buse\s+[^;]+;", "", module.code)
        paths += [path.split("::") for path in re.findall(r"\b\w+(?:::\w+)+", bodies)]
        for segments in paths:
            place = target(module, segments)
            if place is None:
                continue
            found, rest = place
            # A module alone is a name on the way: what is taken from it counts where it is taken.
            if found is root and rest and rest[0] in macros:
                found = macros[rest[0]]
            if rest and found.file != module.file:
                files[module.file].add(found.file)
    return files


def circles_of(graph):
    """Groups of files each of which needs every other, by Tarjan's algorithm; the largest first."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            start = stack.index(node)
            found.append(stack[start:])
            del stack[start:]

    for node in graph:
        if node not in index:
            visit(node)
    return sorted((circle for circle in found if len(circle) > 1), key=len, reverse=True)


def graph_of(crate):
    return needs(read(ROOT / "rust" / crate / "src" / "lib.rs"))


@pytest.mark.parametrize("crate", LARGEST_CIRCLE)
def test_circles_of_files_stay_small(crate):
    source = ROOT / "rust" / crate / "src"
    circles = [sorted(str(file.relative_to(source)) for file in circle) for circle in circles_of(graph_of(crate))]
    largest = max(map(len, circles), default=0)
    assert largest <= LARGEST_CIRCLE[crate], f"{crate}: files that need one another: {circles}"


@pytest.mark.parametrize("crate", LARGEST_CIRCLE)
def test_every_file_of_a_crate_is_looked_at(crate):
    graph = graph_of(crate)
    assert set(graph) == set((ROOT / "rust" / crate / "src").rglob("*.rs"))
    assert sum(map(len, graph.values())) > len(graph)


def test_paths_lead_to_where_a_name_is_defined(tmp_path):
    files = {
        "lib.rs": "mod a;\nmod b;\nmod c;\npub use b::deep::Thing;",
        "a.rs": "use crate::Thing;\nuse crate::c;\nfn f() -> c::Other { c::Other }",
        "b/mod.rs": "pub mod deep;\npub struct Own;",
        "b/deep.rs": 'use super::Own;\n// crate::a::Nothing\nconst TEXT: &str = "crate::a::Nothing";\npub struct Thing;',
        "c.rs": "pub use crate::a::{self, f as g};\npub struct Other;",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    graph = needs(read(tmp_path / "lib.rs"))
    named = {
        str(file.relative_to(tmp_path)): {str(x.relative_to(tmp_path)) for x in found} for file, found in graph.items()
    }
    assert named == {
        "lib.rs": {"b/deep.rs"},
        "a.rs": {"b/deep.rs", "c.rs"},
        "b/mod.rs": set(),
        "b/deep.rs": {"b/mod.rs"},
        "c.rs": {"a.rs"},
    }
    assert [len(circle) for circle in circles_of(graph)] == [2]
