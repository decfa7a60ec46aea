"""Kept runs: every `cofire run` is kept, found again, compared, exported and deleted.

    with cofire.store.Store() as store:
        for kept in store.find(experiment="stability"):
            store.arrays(kept.id)["w"]

A run is one folder, `runs/ID`, that appears whole: `findings.json`, `data.npz` and `figure.png`, to be read without
cofire. The folders are the truth; the catalogue beside them, SQLite in WAL mode, only finds them fast, and is made
again from them where it is lost.

place.py       where they are kept
atomic.py      files and folders that appear whole or not at all
arrays.py      data of an experiment as arrays, and back from a file, without pickle
catalogue.py   the SQLite table
runs.py        the store: keep, find, read, delete
lock.py        two processes that would do the same
export.py      netCDF and CSV
"""

from cofire.store.place import home
from cofire.store.runs import Kept, Store

__all__ = ["Kept", "Store", "home"]
