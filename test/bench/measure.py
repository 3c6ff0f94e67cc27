"""What the tables share: pairs of runs in turn, their medians, how noisy the machine was, and the table itself."""

import contextlib
import os
import pathlib
import shutil
import statistics
import tempfile
import time

COLUMNS = ("what", "ours", "control", "ratio", "floor", "holds")


def say(words):
    print(words, flush=True)


def spin():
    """Seconds for a fixed piece of work of one processor."""
    begin = time.perf_counter()
    total = 0
    for i in range(400_000):
        total += i * i
    return time.perf_counter() - begin


def stolen():
    """Time that the machine's neighbours took, and all time, in ticks."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    return fields[7], sum(fields[:8])


class Noise:
    """How much the machine's speed changed between beginning and end."""

    def __init__(self):
        self.spins, self.begin = [spin()], stolen()

    def look(self):
        self.spins.append(spin())

    def line(self):
        self.look()
        now = stolen()
        ms = sorted(1000 * one for one in self.spins)
        share = 100 * (now[0] - self.begin[0]) / max(1, now[1] - self.begin[1])
        return (f"machine: {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {share:.0f} % stolen; the same work took "
                f"{ms[0]:.0f} to {ms[-1]:.0f} ms, median {statistics.median(ms):.0f} ms ({len(ms)} looks)")


class Table:
    def __init__(self, title):
        self.title, self.rows, self.notes, self.noise = title, [], [], Noise()

    def pairs(self, what, ours, control, floor, n=3, unit="/s"):
        """Runs ours and control in turn n times, each giving a rate; the row holds when the median ratio is at least floor."""
        results = []
        for turn in range(n):
            order = (ours, control) if turn % 2 == 0 else (control, ours)
            got = {function: function() for function in order}
            results.append((got[ours], got[control]))
            self.noise.look()
            say(f"  {what}: {got[ours]:.0f} against {got[control]:.0f} {unit}, ratio {got[ours] / got[control]:.2f}")
        ratio = statistics.median(a / b for a, b in results)
        self.row(what, f"{statistics.median(a for a, _ in results):.0f} {unit}", f"{statistics.median(b for _, b in results):.0f} {unit}",
                 f"{ratio:.2f}", "" if floor is None else f"≥ {floor}", None if floor is None else ratio >= floor)

    def times(self, what, ours, control, most, n=3):
        """The same with seconds: the row holds when the median ratio is at most `most`."""
        results = []
        for turn in range(n):
            order = (ours, control) if turn % 2 == 0 else (control, ours)
            got = {function: function() for function in order}
            results.append((got[ours], got[control]))
            self.noise.look()
            say(f"  {what}: {got[ours]:.2f} s against {got[control]:.2f} s, ratio {got[ours] / got[control]:.2f}")
        ratio = statistics.median(a / b for a, b in results)
        self.row(what, f"{statistics.median(a for a, _ in results):.2f} s", f"{statistics.median(b for _, b in results):.2f} s",
                 f"{ratio:.2f}", f"≤ {most}", ratio <= most)

    def row(self, what, ours, control="", ratio="", floor="", holds=None):
        self.rows.append((what, ours, control, ratio, floor, "" if holds is None else "yes" if holds else "NO"))
        say(" | ".join(cell for cell in self.rows[-1] if cell))

    def note(self, words):
        self.notes.append(words)

    def print(self):
        rows = [COLUMNS, *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(COLUMNS))]
        say("")
        say(self.title)
        for row in rows:
            say(" | ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        for words in self.notes:
            say(f"- {words}")
        say(self.noise.line())


@contextlib.contextmanager
def folder():
    """A throw-away folder that unprivileged servers can enter."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="gatepost-bench-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
