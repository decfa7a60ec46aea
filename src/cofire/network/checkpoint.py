"""A run in a file, from which it goes on with the same bits: `net.run(..., checkpoint="run.npz", every=10*second)`.

The file holds arrays and one text of plain data: equations, numbers, names. Whenever a run is killed there is a whole
file, of this save or of the one before. Nothing in it is ever run: equations pass the language's own parser again, and
no pickle is read.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from cofire import files
from cofire.errors import ArrayError, ParameterError
from cofire.network.collection import Collection
from cofire.network.network import Network
from cofire.network.plain import (
    dimension_from_plain,
    dimension_to_plain,
    neuron_from_plain,
    neuron_to_plain,
    rule_from_plain,
    rule_to_plain,
)
from cofire.network.populations import Cells, Poisson, Population, SpikeList
from cofire.network.projections import Projection
from cofire.network.recorders import RateRecorder, Recorder, SpikeRecorder, VariableRecorder, WeightRecorder
from cofire.network.rows import Rows
from cofire.network.signals import Drive, Modulator
from cofire.units import TIME, Quantity

FORMAT = 4
Array = np.ndarray
Arrays = dict[str, Array]


def save(file: str | Path, net: Network, collection: Collection, every: int, max_rate: float | None) -> None:
    """Writes the network, what was recorded, and where the run is to end. Raises: `DataError` if the disk refuses."""
    arrays: Arrays = {}
    data = {
        "format": FORMAT,
        "dt": net.dt,
        "seed": net.seed,
        "threads": net.threads,
        "step": net.step,
        "end": collection.end,
        "begin": collection.begin,
        "every": every,
        "max_rate": max_rate,
        "learning": net.learning,
        "populations": [_population(p, arrays) for p in net.populations],
        "projections": [_projection(q, arrays) for q in net.projections],
        "drives": [[d.name, d.target.name, d.onto, d.rate, d.weight] for d in net.drives],
        "modulators": [_modulator(m, arrays) for m in net.modulators.values()],
        "records": [_record(r, k, collection, arrays) for k, r in enumerate(collection.recorders)],
    }
    arrays |= {f"state/{name}": values for name, values in net.state().items()}
    arrays["data"] = np.frombuffer(json.dumps(data).encode(), dtype=np.uint8)
    with files.replacing(Path(file)) as out:
        np.savez(out, **arrays)  # type: ignore[arg-type]


def load(file: str | Path) -> tuple[Collection, int, float | None]:
    """`(collection, every, max_rate)` as they were saved. Raises: `CofireError` if it is no checkpoint."""
    path = Path(file)
    if path.is_file() and not zipfile.is_zipfile(path):
        raise ArrayError(f"{path} is no checkpoint of a network, or is damaged: it is no .npz file")
    try:
        arrays = files.arrays(path)
        data = json.loads(bytes(arrays.pop("data")))
    except FileNotFoundError:
        raise ParameterError(f"there is no checkpoint {path}") from None
    except Exception as error:
        raise ArrayError(f"{path} is no checkpoint of a network, or is damaged: {error}") from None
    if data.get("format") != FORMAT:
        raise ArrayError(f"{path} is a checkpoint of format {data.get('format')}; this cofire reads format {FORMAT}")
    try:
        return _network(data, arrays)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ArrayError(f"{path} is damaged: {error}") from None


def _network(data: Any, arrays: Arrays) -> tuple[Collection, int, float | None]:
    net = Network(dt=Quantity(data["dt"], TIME), seed=data["seed"], threads=data["threads"])
    for item in data["populations"]:
        net.populations.append(_made_population(net, item, arrays))
    places = {population.name: population for population in net.populations}
    for item in data["projections"]:
        net.projections.append(_made_projection(net, item, places, arrays))
    for name, target, onto, rate, weight in data["drives"]:
        net.drives.append(Drive(name, places[target], onto, rate, weight, net))  # type: ignore[arg-type]
    for name, start, tau in data["modulators"]:
        pulses, amounts = arrays[f"{name}/pulses"], arrays[f"{name}/amounts"]
        net.modulators[name] = Modulator(name, net, start, tau, pulses, amounts)
    net.learning = data["learning"]
    net.restore(
        {name.removeprefix("state/"): v for name, v in arrays.items() if name.startswith("state/")}, data["step"]
    )
    projections = {projection.name: projection for projection in net.projections}
    recorders = tuple(_made_recorder(item, places, projections) for item in data["records"])
    collection = net.collect(recorders, data["begin"], data["end"])
    for k, recorder in enumerate(recorders):
        pieces = [arrays[f"records/{k}/{column}"] for column in (0, 1) if f"records/{k}/{column}" in arrays]
        collection.kept[recorder] = [(pieces[0], pieces[1])] if pieces else []
    return collection, data["every"], data["max_rate"]


def _population(population: Population, arrays: Arrays) -> Any:
    name = population.name
    data: dict[str, Any] = {"name": name, "size": population.size, "made": population.made}
    if isinstance(population, Cells):
        return data | {"kind": "cells", "neuron": neuron_to_plain(population.neuron)}
    if isinstance(population, Poisson):
        arrays[f"{name}/most"], arrays[f"{name}/share"] = population.most, population.share
        return data | {"kind": "poisson", "every": population.every}
    assert isinstance(population, SpikeList)
    arrays[f"{name}/cells"], arrays[f"{name}/steps"] = population.cells, population.steps
    return data | {"kind": "spikes"}


def _made_population(net: Network, data: Any, arrays: Arrays) -> Population:
    name, size, made = data["name"], data["size"], data["made"]
    if data["kind"] == "cells":
        return Cells(net, name, size, made, neuron_from_plain(data["neuron"]))
    if data["kind"] == "poisson":
        sources = Poisson(net, name, size, made, 0.0, None)
        sources.most, sources.share, sources.every = arrays[f"{name}/most"], arrays[f"{name}/share"], data["every"]
        return sources
    return SpikeList(net, name, size, made, arrays[f"{name}/cells"], arrays[f"{name}/steps"])


def _projection(projection: Projection, arrays: Arrays) -> Any:
    name, rows = projection.name, projection.rows
    arrays |= {
        f"{name}/row": rows.row,
        f"{name}/target": rows.target,
        f"{name}/delays": rows.delays,
        f"{name}/w": projection.stored,
    }
    if rows.order is not None:
        arrays[f"{name}/order"] = rows.order
    return {
        "name": name,
        "made": projection.made,
        "source": projection.source.name,
        "target": projection.target.name,
        "onto": projection.onto,
        "learning": projection.learning,
        "rule": rule_to_plain(projection.rule),
    }


def _made_projection(net: Network, data: Any, places: dict[str, Population], arrays: Arrays) -> Projection:
    name, source, target = data["name"], places[data["source"]], places[data["target"]]
    row, target_cells, delays = (arrays[f"{name}/{part}"] for part in ("row", "target", "delays"))
    rows = Rows(row, target_cells, delays, source.size, arrays.get(f"{name}/order"))
    made = Projection.restored(
        *(
            net,
            name,
            data["made"],
            source,
            target,
            data["onto"],
            rows,
            arrays[f"{name}/w"],
            rule_from_plain(data["rule"]),
        )  # type: ignore[arg-type]
    )
    made.learning = data["learning"]
    return made


def _modulator(modulator: Modulator, arrays: Arrays) -> Any:
    arrays[f"{modulator.name}/pulses"], arrays[f"{modulator.name}/amounts"] = modulator.pulses, modulator.amounts
    return [modulator.name, modulator.start, modulator.tau]


def _record(recorder: Recorder, k: int, collection: Collection, arrays: Arrays) -> Any:
    pieces = collection.kept[recorder]
    for column in (0, 1):
        if pieces:
            arrays[f"records/{k}/{column}"] = np.concatenate([piece[column] for piece in pieces])
    every = (
        None
        if isinstance(recorder, SpikeRecorder)
        else [recorder.every.value, dimension_to_plain(recorder.every.dimension)]
    )
    match recorder:
        case SpikeRecorder(population):
            return ["spikes", population.name, None]
        case RateRecorder(population):
            return ["rate", population.name, every]
        case VariableRecorder(cells, variable, _, of):
            return ["variable", cells.name, every, variable, of]
        case WeightRecorder(projection, _, of, summary, name):
            return ["weight", projection.name, every, of, summary, name]


def _made_recorder(data: Any, places: dict[str, Population], projections: dict[str, Projection]) -> Recorder:
    kind, name, every, *rest = data
    if kind == "spikes":
        return SpikeRecorder(places[name])
    interval = Quantity(every[0], dimension_from_plain(every[1]))  # type: ignore[arg-type]
    if kind == "rate":
        return RateRecorder(places[name], interval)
    of = rest[0] if kind == "weight" else rest[1]
    listed = None if of is None else tuple(of)
    if kind == "variable":
        return VariableRecorder(places[name], rest[0], interval, listed)  # type: ignore[arg-type]
    return WeightRecorder(projections[name], interval, listed, bool(rest[1]), rest[2])
