"""The rooms of the package: what the contracts in pyproject.toml do not see."""

import ast

import pytest
from conftest import ROOT

PACKAGE = ROOT / "python" / "tilegrad"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name not in ("__main__.py",))

# The one hook: lower rooms call what a higher one provides, and the top room loads what not every program needs.
BY_NAME = {"words/comforts.py", "__init__.py"}


def name_of(path):
    return path.relative_to(PACKAGE).as_posix()


def is_part(name):
    """Whether a name is a module or package of tilegrad."""
    return name == "_core" or (PACKAGE / f"{name}.py").exists() or (PACKAGE / name / "__init__.py").exists()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_name_the_room(path):
    """The contracts cannot see what is taken from the package as a whole, so nothing is."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "tilegrad":
            for alias in node.names:
                known = is_part(alias.name)
                assert known, f"{name_of(path)}:{node.lineno} imports {alias.name} from the whole package"
        if isinstance(node, ast.Import):
            whole = [alias.name for alias in node.names if alias.name == "tilegrad"]
            assert not whole, f"{name_of(path)}:{node.lineno} imports the whole package"


@pytest.mark.parametrize("path", [path for path in FILES if name_of(path) not in BY_NAME], ids=name_of)
def test_modules_are_loaded_by_name_in_one_place(path):
    """`import_module` would be a door that no contract sees."""
    text = path.read_text(encoding="utf-8")
    assert "import_module" not in text, f"{name_of(path)} loads modules by name"
    assert "__import__" not in text, f"{name_of(path)} loads modules by name"


def internal_imports_inside_functions():
    found = []
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                    modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                    found += [f"{name_of(path)}:{node.lineno}" for each in modules if each.split(".")[0] == "tilegrad"]
    return sorted(set(found))


def test_no_import_of_our_own_hides_in_a_function():
    assert internal_imports_inside_functions() == []


def is_a_trainer(node):
    """Whether an expression is called a trainer: `trainer`, `self.trainer` and the like."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name.strip("_") == "trainer"


def private_parts_of_trainers(tree):
    return sorted(
        f"{node.lineno}: {node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and is_a_trainer(node.value) and node.attr.startswith("_")
    )


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nobody_reaches_into_a_trainer(path):
    """What helps a trainer takes its session; what is handed a trainer uses what every user may."""
    assert private_parts_of_trainers(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_a_reach_into_a_trainer_would_be_found():
    code = "trainer._runner.state(0)\nself.trainer._steps\ntrainer_._kept = 1\ntrainer.model._parameters()\n"
    assert private_parts_of_trainers(ast.parse(code)) == ["1: _runner", "2: _steps", "3: _kept"]
