"""Made-up sensor readings, and what to do with their gaps."""

import numpy as np
import pandas as pd

RATE = 10


def read_sensors(count, seed):
    """Return ``count`` readings of three sensors, some of them missing."""
    rng = np.random.default_rng(seed)
    time = np.arange(count) / RATE
    frame = pd.DataFrame(
        {
            "heat": 60 + 8 * np.sin(time / 9) + rng.normal(0, 1, count),
            "shake": np.abs(rng.normal(0, 1, count)) + 0.02 * time,
            "load": rng.choice([0.3, 0.6, 0.9], count),
        },
        index=pd.Index(time, name="seconds"),
    )
    frame[rng.random(frame.shape) < 0.03] = np.nan
    return frame


def fill_gaps(frame):
    """Fill gaps in place; return how many there were."""
    gaps = int(frame.isna().sum().sum())
    frame.interpolate(inplace=True)
    frame.bfill(inplace=True)
    return gaps
