"""The data sets that Gradiente knows: their files, where these may lie, and the checksums that were published."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from grader.errors import ExerciseError


class Form(StrEnum):
    """How a set's files are written."""

    BUNDLED = "bundled"
    IDX = "idx"
    CIFAR = "cifar"


@dataclass(frozen=True)
class DataFile:
    """One file, by the name that it is published under."""

    name: str
    #: MD5 as published; the one checksum that torchvision and the authors of the sets give
    md5: str
    #: MD5 of the content where the file is packed; empty where nobody published it
    content_md5: str = ""

    @property
    def content_name(self) -> str:
        """The name of the unpacked file."""
        return self.name.removesuffix(".gz")


@dataclass(frozen=True)
class DataSet:
    """One data set."""

    name: str
    #: what people call it
    title: str
    form: Form
    #: images in all, and those of the published training part
    count: int
    train: int
    shape: tuple[int, int, int]
    #: who made it, and on what terms it may be used
    credit: str
    files: tuple[DataFile, ...] = ()
    #: files that a fetch does not bring, but that hold the same
    others: tuple[DataFile, ...] = ()
    #: folders below the data directory that are looked through; a fetch writes to the first
    folders: tuple[str, ...] = (".",)
    #: where the files are published
    addresses: tuple[str, ...] = ()


_IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def _idx_files(packed: tuple[str, ...], content: tuple[str, ...] = ("", "", "", "")) -> tuple[DataFile, ...]:
    return tuple(DataFile(f"{name}.gz", *sums) for name, *sums in zip(_IDX, packed, content, strict=True))


DIGITS = DataSet(
    "digits",
    "Digits",
    Form.BUNDLED,
    count=1_797,
    train=1_797,
    shape=(1, 8, 8),
    credit="E. Alpaydin, C. Kaynak (1998), UCI Machine Learning Repository, CC BY 4.0; with scikit-learn",
    files=(DataFile("digits.csv.gz", "9b335364a7bfd63947c7480a5bd51f2d", "a0339c30a8a5312a1b6f9e5c719dcce5"),),
)
MNIST = DataSet(
    "mnist",
    "MNIST",
    Form.IDX,
    count=70_000,
    train=60_000,
    shape=(1, 28, 28),
    credit="Y. LeCun, C. Cortes, C. J. C. Burges, CC BY-SA 3.0",
    files=_idx_files(
        (
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
        (
            "6bbc9ace898e44ae57da46a324031adb",
            "a25bea736e30d166cdddb491f175f624",
            "2646ac647ad5339dbf082846283269ea",
            "27ae3e4e09519cfbb04c329615203637",
        ),
    ),
    folders=("MNIST/raw", "MNIST", "mnist", "."),
    addresses=("https://ossci-datasets.s3.amazonaws.com/mnist/",),
)
FASHION_MNIST = DataSet(
    "fashion_mnist",
    "Fashion-MNIST",
    Form.IDX,
    count=70_000,
    train=60_000,
    shape=(1, 28, 28),
    credit="H. Xiao, K. Rasul, R. Vollgraf (2017, arXiv 1708.07747), MIT",
    files=_idx_files(
        (
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        )
    ),
    folders=("FashionMNIST/raw", "FashionMNIST", "fashion_mnist", "fashion-mnist", "."),
    addresses=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
)
CIFAR10 = DataSet(
    "cifar10",
    "CIFAR-10",
    Form.CIFAR,
    count=60_000,
    train=50_000,
    shape=(3, 32, 32),
    credit="A. Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images",
    files=(DataFile("cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a"),),
    others=(
        DataFile("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530"),
        DataFile("cifar-10-batches-py/data_batch_1", "c99cafc152244af753f735de768cd75f"),
        DataFile("cifar-10-batches-py/data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
        DataFile("cifar-10-batches-py/data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
        DataFile("cifar-10-batches-py/data_batch_4", "634d18415352ddfa80567beed471001a"),
        DataFile("cifar-10-batches-py/data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
        DataFile("cifar-10-batches-py/test_batch", "40351d587109b95175f43aff81a1287e"),
    ),
    folders=(".", "cifar10", "CIFAR10"),
    addresses=("https://www.cs.toronto.edu/~kriz/",),
)

KNOWN = {known.name: known for known in (DIGITS, MNIST, FASHION_MNIST, CIFAR10)}


def find_known(name: str) -> DataSet:
    """A data set by its name. Raises ExerciseError for one that nobody knows here."""
    if name not in KNOWN:
        names = ", ".join(KNOWN)
        raise ExerciseError(
            f"There is no data set {name!r}. Known: {names}.", f"Não há conjunto de dados {name!r}. Há: {names}."
        )
    return KNOWN[name]


def title_of(name: str) -> str:
    """What people call a data set; one that is made up for each training has its name alone."""
    return KNOWN[name].title if name in KNOWN else name
