"""A private Dovecot with a clock of its own, which can be turned back while it runs (libfaketime)."""

import glob

from . import dovecot, host


def library():
    """libfaketime.so.1; None where it is not."""
    for folder in ("/usr/lib", str(host.UNPACKED / "usr/lib")):
        for path in glob.glob(folder + "/*/faketime/libfaketime.so.1"):
            return path
    return None


class Turned(dovecot.Dovecot):
    def __init__(self, folder, cli):
        super().__init__(folder, cli, "both")
        self.hand = self.folder / "clock"

    def clock(self, offset):
        """"-2h": two hours behind the host's from now on."""
        new = self._write("clock.new", offset + "\n")
        new.rename(self.hand)

    def create(self, key):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        host.give(self.folder)
        self.clock("+0")
        return super().create(key)

    def _host_block(self):
        text = super()._host_block()
        preload = str(host.within_reach(library(), self.folder))
        turned = {"FAKETIME_TIMESTAMP_FILE": str(self.hand), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        if self.root is not None:
            both = f"{self.root / 'relocate.so'}:{preload}"
            text = text.replace(f"LD_PRELOAD={self.root / 'relocate.so'}", f"LD_PRELOAD={both}")
        else:
            both, text = preload, f"import_environment = $import_environment LD_PRELOAD={preload}"
        # Not in the environment of what makes the server unprivileged: the library leaves files that only root may open.
        self.through = ("env", f"LD_PRELOAD={both}", *(f"{name}={value}" for name, value in turned.items()))
        return text + "".join(f" {name}={value}" for name, value in turned.items()) + "\n"
