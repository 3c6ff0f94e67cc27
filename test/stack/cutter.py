"""A Unix socket in front of PostgreSQL's that loses the connection around one commit."""

import os
import pathlib
import socket
import struct
import threading

BIND = b"\0scim_request_insert\0"  # every write of SCIM binds this with its commit
READY = b"Z\0\0\0\x05"


class Cutter:
    """arm("before"): the next write's bytes never arrive. arm("after"): it is committed and nobody hears of it."""

    def __init__(self, folder, upstream, port=5998):
        self.folder, self.port, self.upstream = pathlib.Path(folder), port, str(upstream)
        self.armed, self.struck, self._lock = None, 0, threading.Lock()
        path = self.folder / f".s.PGSQL.{port}"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        os.chmod(path, 0o777)
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def conninfo(self, database, user):
        return f"host={self.folder} port={self.port} dbname={database} user={user}"

    def arm(self, fault):
        with self._lock:
            self.armed = fault

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _take(self, data):
        with self._lock:
            fault = self.armed if BIND in data else None
            if fault:
                self.armed, self.struck = None, self.struck + 1
            return fault

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.upstream)
            deaf = threading.Event()
            done = threading.Event()
            threading.Thread(target=self._up, args=(client, server, deaf, done), daemon=True).start()
            threading.Thread(target=self._down, args=(client, server, deaf, done), daemon=True).start()

    def _up(self, client, server, deaf, done):
        """From gatepost to PostgreSQL."""
        try:
            while data := client.recv(1 << 20):
                fault = self._take(data)
                if fault == "before":
                    break
                if fault == "after":
                    deaf.set()
                server.sendall(data)
                if fault == "after":
                    done.wait(10)
                    break
        except OSError:
            pass
        for end in (client, server):
            try:
                # A reset, as a host that vanished would be noticed.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    @staticmethod
    def _down(client, server, deaf, done):
        """From PostgreSQL to gatepost; what it answers to the commit that is cut goes nowhere."""
        try:
            while data := server.recv(1 << 20):
                if not deaf.is_set():
                    client.sendall(data)
                elif READY in data[-6:]:
                    done.set()
        except OSError:
            pass
        done.set()
        try:
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
