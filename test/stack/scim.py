"""A plain SCIM client with keep-alive: what was answered is given back whole, nothing is interpreted."""

import http.client
import json
import urllib.parse

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:400]!r}>"


class Client:
    """base: http://host:port/scim/v2; headers: what this client sends with every request."""

    def __init__(self, base, token=None, headers=None, timeout=30):
        parts = urllib.parse.urlsplit(base)
        self.netloc, self.path, self.scheme = parts.netloc, parts.path, parts.scheme
        self.headers = dict(headers or {})
        if token is not None:
            self.headers.setdefault("Authorization", f"Bearer {token}")
        self.timeout = timeout
        self.connection = None

    def request(self, method, path, body=None, headers=None, raw_path=False):
        """path is below the base unless raw_path. body: a JSON value, or bytes as they are."""
        sent = dict(self.headers)
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/scim+json")
        sent.update(headers or {})
        sent = {key: value for key, value in sent.items() if value is not None}
        target = path if raw_path else self.path + path
        for attempt in (1, 2):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPConnection(self.netloc, timeout=self.timeout)
            try:
                self.connection.request(method, target, body=data, headers=sent)
                reply = self.connection.getresponse()
                answer = Answer(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read().decode())
                if reply.will_close:
                    self.close()
                return answer
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()
                if fresh or attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body, **options):
        return self.request("POST", path, body, **options)

    def put(self, path, body, **options):
        return self.request("PUT", path, body, **options)

    def patch(self, path, operations, **options):
        return self.request("PATCH", path, {"schemas": [PATCH], "Operations": operations}, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def search(self, resource, expression, **parameters):
        query = urllib.parse.urlencode({"filter": expression, **parameters}, quote_via=urllib.parse.quote)
        return self.get(f"/{resource}?{query}")


def user(user_name, **more):
    return {"schemas": [USER], "userName": user_name, "active": True, **more}


def group(display_name, **more):
    return {"schemas": [GROUP], "displayName": display_name, **more}
