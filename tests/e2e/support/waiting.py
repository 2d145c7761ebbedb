"""Waiting for a condition, never for an amount of time. SPDX-License-Identifier: Apache-2.0"""

import time


def until(condition, seconds=30.0, what="the condition"):
    """Answers the first true value of `condition()`; fails when `seconds` are over."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
