"""Secrets in logs: each secret in the spellings by which one might come into a log, and every log below a folder."""

import base64
import pathlib

LEAST = 12  # bytes; what is shorter stands in logs by chance
# Everything that PostgreSQL could tell of a statement and its parameters.
LOUD_POSTGRES = {"log_statement": "'all'", "log_parameter_max_length": "-1", "log_parameter_max_length_on_error": "-1",
                 "log_error_verbosity": "verbose"}


def _base64(raw):
    """What is the same in the base64 of anything that holds it, by where in a group of three it begins."""
    for ahead, first in ((0, 0), (1, 2), (2, 3)):
        text = base64.b64encode(b"x" * ahead + raw).rstrip(b"=")
        yield text[first:len(text) - ((ahead + len(raw)) % 3 > 0)]


def spellings(secret):
    raw = secret.encode() if isinstance(secret, str) else secret
    return {raw, raw.replace(b"-", b""), raw.hex().encode(), *_base64(raw)}


def _of_file(path):
    """The secret in a key file: the key behind `Authorization:`, a line from the middle of a PEM's, else all of it."""
    lines = path.read_bytes().strip().splitlines() or [b""]
    return lines[len(lines) // 2].split()[-1] if lines[0].startswith((b"-----", b"Authorization:")) else b"\n".join(lines)


def key_files(folder):
    """Name → secret of each file in a folder named keys."""
    found = {str(path.relative_to(folder)): _of_file(path) for path in pathlib.Path(folder).rglob("keys/*")
             if path.is_file() and path.suffix != ".crt"}
    return {name: secret for name, secret in found.items() if len(secret) >= LEAST}


def told(folder, secrets):
    """What is wrong, in words; secrets by name. And how many logs were read."""
    logs = [path for path in pathlib.Path(folder).rglob("*.log") if path.is_file()]
    wrong = []
    for path in logs:
        text = path.read_bytes()
        wrong += [f"{path.name} holds the {name}" for name, secret in secrets.items() if any(each in text for each in spellings(secret))]
    return wrong, len(logs)
