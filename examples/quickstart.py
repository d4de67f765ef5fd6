"""Trains a small network on the handwritten digits included in the package, saves it, and loads it again.

python examples/quickstart.py
"""

import tempfile
from pathlib import Path

import tilegrad as tg
from tilegrad import losses, nn, optim
from tilegrad.data import digits


def network():
    """Two dense layers with dropout in between."""
    return nn.Sequential(nn.Dense(64, 64), nn.ReLU(), nn.Dropout(0.2), nn.Dense(64, 10))


def main():
    x_train, y_train, x_test, y_test = digits()
    model = network()
    trainer = tg.Trainer(
        model, loss=losses.CrossEntropy(), optimizer=optim.Adam(learning_rate=3e-3), metrics=["accuracy"], seed=0
    )
    history = trainer.fit(x_train, y_train, batch_size=32, epochs=20, validation_data=(x_test, y_test), progress=False)
    print(f"training loss {history['loss'][0]:.3f} in the first epoch, {history['loss'][-1]:.3f} in the last")
    result = trainer.evaluate(x_test, y_test)
    print(f"test accuracy {100 * result['accuracy']:.1f} % on {len(y_test)} images")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "digits.safetensors"
        model.save(path)
        again = network()
        again.load(path)
        same = (again.predict(x_test) == model.predict(x_test)).all()
        print(f"loaded from a file of {path.stat().st_size:,} bytes: {'the same' if same else 'different'} predictions")
    return result["accuracy"]


if __name__ == "__main__":
    main()
