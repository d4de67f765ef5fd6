"""The examples run and reach the results they promise; the generated table is up to date; the comparisons work."""

import runpy
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT


def example(name):
    return runpy.run_path(str(ROOT / "examples" / f"{name}.py"))["main"]


def run(*arguments):
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=110, check=False, cwd=ROOT)


def test_quickstart(capsys):
    assert example("quickstart")() > 0.95
    assert "the same predictions" in capsys.readouterr().out


def test_regression():
    assert example("regression")() < 0.2


def test_functions_alone():
    assert example("functions_alone")() > 0.95


def write_idx(path, array):
    extents = b"".join(extent.to_bytes(4, "big") for extent in array.shape)
    path.write_bytes(bytes([0, 0, 8, array.ndim]) + extents + array.tobytes())


@pytest.fixture
def images(tmp_path):
    """Small files in the form of Fashion-MNIST: the class is where the bright square is."""
    generator = np.random.default_rng(0)
    for part, count in (("train", 640), ("t10k", 100)):
        labels = generator.integers(0, 10, count).astype(np.uint8)
        pictures = generator.integers(0, 60, (count, 28, 28)).astype(np.uint8)
        for picture, label in zip(pictures, labels, strict=True):
            row, column = divmod(int(label), 5)
            picture[10 * row : 10 * row + 5, 5 * column : 5 * column + 5] = 250
        write_idx(tmp_path / f"{part}-images-idx3-ubyte", pictures)
        write_idx(tmp_path / f"{part}-labels-idx1-ubyte", labels)
    return tmp_path


def test_fashion_mnist(images):
    result = run("examples/fashion_mnist.py", images, "--epochs", 8, "--seeds", 0, 1, "--threads", 1)
    assert result.returncode == 0, result.stderr
    accuracy = float(result.stdout.split("mean test accuracy ")[1].split()[0])
    assert accuracy > 95, result.stdout


def test_fashion_mnist_names_a_missing_file(tmp_path):
    result = run("examples/fashion_mnist.py", tmp_path)
    assert result.returncode == 1
    assert "train-images-idx3-ubyte" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_table_of_errors_is_the_registry():
    result = run("docs/tables.py", "--check")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("script", "case", "column"),
    [
        ("train_step", "4-16-3,bs1 sgd", "tilegrad-call"),
        ("losses", "64x10", "tilegrad"),
        ("optim", "10000", "tilegrad"),
        ("kernels", "backward 1000000,softmax 64x10,softmax backward 64x10", "tilegrad"),
    ],
)
def test_comparisons_agree_with_numpy(script, case, column):
    """Not for the times: tilegrad and NumPy must compute the same losses, gradients and parameters."""
    options = ("--peers", "tilegrad,numpy", "--quick", "--blocks", 1, "--seconds", 0.001, "--only", case)
    result = run(f"benches/peers/{script}.py", *options)
    assert result.returncode == 0, result.stderr
    assert f"| {column} " in result.stdout
    assert "computed" not in result.stdout, result.stdout
    assert "left out" not in result.stdout, result.stdout
