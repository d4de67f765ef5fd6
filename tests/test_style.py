"""House rules a machine can check: sizes of files, where unsafe may stand, nothing left unfinished."""

import ast
import io
import re
import tokenize

import pytest
from conftest import ROOT

RUST = sorted([*(ROOT / "rust").rglob("*.rs"), *(ROOT / "benches").rglob("*.rs")])
PYTHON = sorted(
    path for folder in ("python", "scripts", "tests", "benches", "examples") for path in (ROOT / folder).rglob("*.py")
)
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = [*RUST, *PYTHON]
# What the script writes is as long as the registry.
WRITTEN = [path for path in PYTHON if path.read_text(encoding="utf-8").startswith("# Written by ")]

# The aim is 400; a file that has grown this far must be divided.
LONGEST_FILE = 550
LONGEST_FUNCTION = 70
LONGEST_RUST_LINE = 120

# The instruction sets, the register tiles, the thread pool, the arena, and the bindings' views of NumPy's memory.
# Tests and benches may count allocations and call the tiles. That each block says why it is sound is clippy's to check.
UNSAFE_ROOMS = (
    *("kernels/src/isa", "kernels/src/matmul/", "kernels/src/threads", "engine/src/", "python/src/"),
    *("/tests/", "benches/"),
)


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def code_of(path):
    """Rust without comments and texts, so that only code counts."""
    text = re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8"))
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', text, flags=re.DOTALL)


def test_sources_are_found():
    assert len(RUST) > 10
    assert len(PYTHON) > 10


@pytest.mark.parametrize("path", [path for path in SOURCES if path not in WRITTEN], ids=name_of)
def test_no_file_is_long(path):
    count = len(path.read_text(encoding="utf-8").splitlines())
    assert count <= LONGEST_FILE, f"{name_of(path)} has {count} lines: divide it by what its parts are about"


@pytest.mark.parametrize(
    "path", [path for path in RUST if not any(room in name_of(path) for room in UNSAFE_ROOMS)], ids=name_of
)
def test_unsafe_stays_in_its_rooms(path):
    code = code_of(path).replace("unsafe_op_in_unsafe_fn", "").replace("unsafe_code", "")
    assert "unsafe" not in code, f"{name_of(path)} is no place for unsafe"


UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b|\b(todo|unimplemented)!\(")
# An absolute path of some machine: of a user, of a build, of a drive. Where a page of documents says where to put something,
# the temporary folder is the reader's.
MACHINE = re.compile(
    r"(?<![\w.~${}/*-])/(home|Users|root|work\w*|mnt|media|srv|opt|builds?|private|data)/\w|\b[A-Z]:\\[A-Za-z]{2}"
)


def test_unfinished_work_and_machine_paths_are_found():
    for text in ("# TO" + "DO: later", "to" + "do!()", "// X" + "XX"):
        assert UNFINISHED.search(text), text
    for path in ("/ho" + "me/ada/x.py", "/wo" + "rk/main", "/wo" + "rkspace/x", "(/Us" + "ers/ada)", "C:\\" + "Users"):
        assert MACHINE.search(path), path
    for text in ("docs/data/x", "https://example.org/home/x", "$HOME/work/x", "and/or", "src/work.rs", "todos"):
        assert not MACHINE.search(text), text
        assert not UNFINISHED.search(text), text


@pytest.mark.parametrize("path", RUST, ids=name_of)
def test_rust_lines_fit(path):
    """The formatter breaks neither comments nor macros; only a text may make a line longer."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        code = line if line.lstrip().startswith("//") else re.sub(r'"(?:[^"\\]|\\.)*("|\\?$)', '""', line)
        assert len(code) <= LONGEST_RUST_LINE, f"{name_of(path)}:{number} has {len(line)} characters"


@pytest.mark.parametrize("path", [*SOURCES, *DOCUMENTS], ids=name_of)
def test_nothing_is_left_unfinished(path):
    text = path.read_text(encoding="utf-8")
    for pattern in (UNFINISHED, MACHINE):
        found = pattern.search(text)
        assert not found, f"{name_of(path)} holds {found[0]!r}"


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_python_functions_fit_a_screen(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            body = node.end_lineno - node.lineno + 1
            documentation = ast.get_docstring(node)
            body -= len(documentation.splitlines()) if documentation else 0
            assert body <= LONGEST_FUNCTION, f"{name_of(path)}:{node.lineno} `{node.name}` has {body} lines"


@pytest.mark.parametrize("path", [path for path in PYTHON if "/python/" in path.as_posix()], ids=name_of)
def test_the_package_swallows_no_error_and_uses_no_pickle(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            bare = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")
            )
            silent = all(isinstance(statement, ast.Pass) for statement in node.body)
            assert not (bare and silent), f"{name_of(path)}:{node.lineno} swallows every error"
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            assert not any(name.split(".")[0] in ("pickle", "marshal", "shelve") for name in names), (
                f"{name_of(path)}:{node.lineno}"
            )


def test_kernels_know_no_graph_and_engine_no_python():
    for path in RUST:
        text = code_of(path)
        if "rust/kernels" in path.as_posix():
            assert "tilegrad_engine" not in text, name_of(path)
        if "rust/kernels" in path.as_posix() or "rust/engine" in path.as_posix():
            assert not re.search(r"\b(pyo3|numpy)::", text), name_of(path)


def type_arguments(code, opening):
    """The arguments of a generic type, whose ``<`` stands at this place, over as many lines as they take."""
    arguments, depth = [""], 0
    for character, before in zip(code[opening:], code[opening - 1 :], strict=False):
        if character == ">" and before == "-":
            continue
        depth += {"<": 1, "(": 1, "[": 1, ">": -1, ")": -1, "]": -1}.get(character, 0)
        if depth == 0:
            break
        if depth == 1 and character == ",":
            arguments.append("")
        else:
            arguments[-1] += character
    return [argument.strip(" \n<") for argument in arguments]


# A message that something is looked for in.
SEARCHED = re.compile(
    r"\b(\w*(error|message|sentence|reason|text)|(to_string|message)\(\))\s*\.(contains|starts_with|ends_with)\(\s*\""
)


def errors_of_text(code):
    """The types of results whose error is a text."""
    results = (type_arguments(code, match.end() - 1) for match in re.finditer(r"\bResult<", code))
    return [result for result in results if re.fullmatch(r"String|&\s*('\w+\s+)?str|Cow<.*>", "".join(result[1:2]))]


def test_errors_of_text_are_found():
    for code in ("Result<(), String>", "Result<\n    Vec<(A, B)>,\n    String,\n>", "Result<fn() -> T, &'static str>"):
        assert errors_of_text(code), code
    for code in ("Result<String>", "Result<Vec<String>, Error>", "Result<(String, String)>", "Result<_, _>"):
        assert not errors_of_text(code), code
    for code in (
        'if sentence.contains("dtype")',
        'error.to_string().contains("dtype")',
        'message\n.starts_with("run")',
    ):
        assert SEARCHED.search(code), code
    assert not SEARCHED.search('group.contains("memory")')


@pytest.mark.parametrize("path", RUST, ids=name_of)
def test_errors_have_a_kind(path):
    """An error is a variant of an enum: never a text, and never found out by looking into one."""
    assert not errors_of_text(code_of(path)), name_of(path)
    code = re.sub(r"//[^\n]*", "", path.read_text(encoding="utf-8")).split("#[cfg(test)]")[0]
    searched = SEARCHED.search(code)
    in_tests = "/tests/" in path.as_posix() or path.name == "tests.rs"
    assert in_tests or not searched, f"{name_of(path)}: {searched and searched[0]}"


def test_the_package_needs_numpy_only():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [re.match(r"\w+", requirement)[0] for requirement in project["dependencies"]] == ["numpy"]


# Words that have gone wrong before, and what to say instead. Some are right elsewhere: a picture of Matplotlib is a figure.
HOUSE_WORDS = {
    r"(?<!in a )(?<!in one )\bsentences?\b": "say `error message`, or `summary` of a docstring",
    r"(?<!new )\bfigures?\b(?! (the )?Axes\b|:|`|\")": "say `metric`, `number`, `result` or `table`",
    r"\bfor each in\b": "name what is looped over, as in `for layer in layers`",
    r"\bis no number\b": "say `is NaN`",
}
PROSE = [
    *DOCUMENTS,
    *RUST,
    *(path for path in PYTHON if any(room in path.as_posix() for room in ("/python/", "/examples/", "/benches/"))),
    *sorted((ROOT / "docs").glob("*.py")),
]


def prose_of(path, text):
    """What people read: a document, or the comments and texts of a source file; code where it loops over `each`."""
    if path.suffix == ".md":
        return text
    if path.suffix == ".rs":
        return "\n".join(match[0] for match in re.finditer(r'//[^\n]*|"(?:[^"\\]|\\.)*"', text))
    tree = ast.walk(ast.parse(text))
    texts = [node.value for node in tree if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    # A single word is a key.
    texts = [text for text in texts if " " in text]
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return "\n".join([*texts, *comments, *re.findall(r"\bfor each in\b", text)])


def wrong_words(text):
    """Each wrong word with its surroundings, and what to say instead."""
    return [
        f"...{' '.join(text[max(match.start() - 40, 0) : match.end() + 20].split())}...: {instead}"
        for pattern, instead in HOUSE_WORDS.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]


def test_wrong_words_are_found():
    for text in ("It raises with a sentence.", "the figures of the history", "a loss that is no number"):
        assert wrong_words(text), text
    for text in ("Says in one sentence what it does.", "Saves the figure the Axes belong to."):
        assert not wrong_words(text), text
    python, rust = ROOT / "any.py", ROOT / "any.rs"
    assert wrong_words(prose_of(python, '"""The sentence."""')), "a docstring"
    assert wrong_words(prose_of(python, "x = 1  # a figure")), "a comment"
    assert wrong_words(prose_of(python, "[each for each in x]")), "a loop"
    assert not wrong_words(prose_of(python, "figure = plt.figure()")), "a name"
    assert wrong_words(prose_of(rust, "/// A sentence.")), "a comment of Rust"
    assert not wrong_words(prose_of(rust, "let sentence = 1;")), "a name of Rust"


@pytest.mark.parametrize("path", PROSE, ids=name_of)
def test_house_words(path):
    wrong = wrong_words(prose_of(path, path.read_text(encoding="utf-8")))
    assert not wrong, f"{name_of(path)}: " + "; ".join(wrong)
