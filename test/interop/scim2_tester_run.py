"""Runs scim2-tester's checks and prints each: name, verdict, reason."""

import json
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server
from scim2_tester.utils import Status


def main(told):
    client = SyncSCIMClient(Client(base_url=told["scim_base"], headers={"Authorization": f"Bearer {told['scim_token']}"}, timeout=30))
    client.discover()
    counts = {}
    for result in check_server(client):
        counts[result.status] = counts.get(result.status, 0) + 1
        print(f"{result.status.name:<12}{result.title}: {result.reason or ''}"[:400])
    passed = sum(n for status, n in counts.items() if status.name in ("SUCCESS", "COMPLIANT", "ACCEPTABLE"))
    skipped = counts.get(Status.SKIPPED, 0)
    failed = sum(counts.values()) - passed - skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
