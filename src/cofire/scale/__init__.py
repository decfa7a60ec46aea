"""Many tasks at once: in processes of this machine, or on a Dask cluster."""

from cofire.scale.pool import cores, each

__all__ = ["cores", "each"]
