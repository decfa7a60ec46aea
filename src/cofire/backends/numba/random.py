"""Random numbers that depend on where and when, not on what was drawn before: source text, and the table it reads.

The number `counter` of stream `key` is splitmix64's finaliser of key + counter · golden ratio (G. L. Steele, D. Lea,
C. H. Flood, Fast splittable pseudorandom number generators, OOPSLA 2014). A stream is that of a step and a block of
cells, so any number of threads draws the same numbers, and so does a run that goes on after a stop.
"""

from __future__ import annotations

import numpy as np

BLOCK = 512  # cells that share a stream

RANDOM = f'''

@njit(**INNER)
def mixed(z):
    """A 64-bit number in which every bit depends on every bit of `z`."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(**INNER)
def uniform(key, counter):
    """A number between 0 and 1, both excluded."""
    z = mixed(key + counter * np.uint64(0x9E3779B97F4A7C15))
    return (np.float64(z >> np.uint64(12)) + 0.5) * 2.0**-52


@njit(**INNER)
def key_of(stream, n, block):
    """The stream of a block of cells in step n."""
    return mixed(mixed(stream + np.uint64(n) * np.uint64(0xD1342543DE82EF95)) + np.uint64(block))


@njit(**INNER)
def poisson(n, low, high, size, stream, most, share, out):
    """Writes into `out` those of the cells low..high-1 that fire in step n, and returns how many.

    Each fires with probability most * share[cell], or `most` where `share` is empty. The gaps between the cells that
    fire with probability `most` are geometric, so only these cost anything.
    """
    count = 0
    if most <= 0.0:
        return count
    gap = 1.0 / np.log1p(-most) if most < 1.0 else 0.0
    for block in range(low // {BLOCK}, (high + {BLOCK - 1}) // {BLOCK}):
        key, drawn = key_of(stream, n, block), np.uint64(0)
        j, past = block * {BLOCK} - 1, min((block + 1) * {BLOCK}, size)
        while True:
            skipped = np.log(uniform(key, drawn)) * gap
            drawn += np.uint64(1)
            if skipped >= past:
                break
            j += 1 + int(skipped)
            if j >= past:
                break
            if len(share) > 0:
                drawn += np.uint64(1)
                if uniform(key, drawn - np.uint64(1)) >= share[j]:
                    continue
            if low <= j < high:
                out[count] = j
                count += 1
    return count


@njit(**INNER)
def drive(n, low, high, size, stream, bits, fewest, cumulative, guide, weight, gated, until, g):
    """Adds `weight` to the input g of each of the cells low..high-1 as often as its own Poisson process has events.

    How many events the 2**bits cells of a block have together is drawn from its distribution, then the cell of each.
    `cumulative`: the probabilities of at most fewest, fewest + 1, ... events; `guide[k]`: where k / len(guide) lies.
    """
    cells = np.uint64(2**bits)
    for block in range(low >> bits, (high - 1 >> bits) + 1):
        key, drawn = key_of(stream, n, block), np.uint64(1)
        u = uniform(key, np.uint64(0))
        place = guide[int(u * len(guide))]
        while cumulative[place] <= u:
            place += 1
        left = fewest + place
        while left > 0:
            z = mixed(key + drawn * np.uint64(0x9E3779B97F4A7C15))
            drawn += np.uint64(1)
            for _ in range(min(left, 64 // bits)):
                j = (block << bits) + int(z & (cells - np.uint64(1)))
                z >>= np.uint64(bits)
                if low <= j < high and not (gated and until[j] > n):
                    g[j] += weight
            left -= 64 // bits
'''


def poisson_table(mean: float) -> tuple[int, np.ndarray, np.ndarray]:
    """`(fewest, cumulative, guide)`, from which `drive` draws Poisson numbers of that mean.

    What lies 12 standard deviations and more from the mean, less than 1e-30 of all, is left out.
    """
    fewest = max(0, int(mean - 12 * np.sqrt(mean)))
    number = np.arange(1, int(mean + 12 * np.sqrt(mean)) + 32)
    log_p = np.concatenate([[0.0], np.cumsum(np.log(mean) - np.log(number))])[fewest:]
    p = np.exp(log_p - log_p.max())
    cumulative = np.cumsum(p) / p.sum()
    cumulative[-1] = 2.0  # the search ends here, whatever was drawn
    guide = np.searchsorted(cumulative, np.arange(len(p)) / len(p), side="right")
    return fewest, cumulative, guide
