"""The walks of CONTRIBUTING.md: the files that they name exist, and hold an entry of the kind that is added."""

import re

import pytest
from conftest import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SOURCES = (ROOT, ROOT / "python" / "tilegrad", ROOT / "rust" / "engine" / "src", ROOT / "tests")

# Of each walk: words of which every place must hold one, where such a member has its entry.
MEMBERS = {
    "an activation": r"\bmish\b|\bMish\b",
    "a loss": r"\bhuber\b|\bHuber\b|@composed",
    "an optimizer": r"\badam\b|\bAdam\b",
    "a metric": r"\baccuracy\b|\bAccuracy\b|\bsquared_error\b",
    "a layer": r"\bBatchNorm\b|\bmatmul\b",
    "an operation": r"\bbatch_norm\b|\bmatmul\b|\bMatMul\b",
}


def walks():
    """The kind of each walk, and its numbered places."""
    found = {}
    for section in re.split(r"^## ", TEXT, flags=re.MULTILINE):
        title, _, body = section.partition("\n")
        if title.startswith("Adding "):
            places = re.findall(r"^\d\. (.*?)(?=^\d\. |^\S|\Z)", body, flags=re.MULTILINE | re.DOTALL)
            found[re.match(r"Adding (an? \w+)", title)[1]] = places
    return found


def paths(place):
    """What a place names as a file or folder; a bare name of a file lies in the folder named first."""
    names = re.findall(r"`([\w./-]+(?:/|\.(?:rs|py|pyi|md|toml)))`", place)
    folders = [ROOT / name for name in names if name.endswith("/")]
    found = []
    for name in names:
        candidates = [base / name for base in (*folders, *SOURCES)] + [
            path for folder in folders for path in folder.rglob(name) if not name.endswith("/")
        ]
        if names[0].endswith(".py"):
            candidates.append((ROOT / names[0]).parent / name)
        found.append((name, next((path for path in candidates if path.exists()), None)))
    return found


PLACES = [(kind, number, place) for kind, places in walks().items() for number, place in enumerate(places, start=1)]


def test_every_walk_is_read():
    assert set(walks()) >= {"an activation", "a loss", "an optimizer", "a layer"}
    assert all(walks().values())
    assert set(walks()) <= set(MEMBERS), "a walk without a member to look for"
    assert ("nn/nowhere.py", None) in paths("`python/tilegrad/nn/`: `nn/nowhere.py`")


@pytest.mark.parametrize(("kind", "number", "place"), PLACES, ids=[f"{kind}-{n}" for kind, n, _ in PLACES])
def test_a_place_exists_and_holds_an_entry(kind, number, place):
    named = paths(place)
    assert named, "a place names no file"
    missing = [name for name, path in named if path is None]
    assert not missing, f"no such file: {', '.join(missing)}"
    files = [file for _, path in named for file in (sorted(path.rglob("*.*")) if path.is_dir() else [path])]
    texts = (file.read_text(encoding="utf-8") for file in files if file.suffix in (".rs", ".py", ".md"))
    assert any(re.search(MEMBERS[kind], text) for text in texts), f"no entry such as {MEMBERS[kind]}"
