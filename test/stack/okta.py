"""Requests as Okta sends them: its headers, its order, its bodies."""

import urllib.parse

from . import scim

HEADERS = {
    "User-Agent": "Okta SCIM Client 1.0.0",
    "Accept": "application/scim+json",
    "Accept-Charset": "utf-8",
    "Content-Type": "application/scim+json; charset=utf-8",  # on every request, GET included
}


class Okta:
    """An Okta app with provisioning to a SCIM base URL. Methods return the Answer of the last request."""

    def __init__(self, base, token):
        self.client = scim.Client(base, token, headers=HEADERS)

    def _find(self, resource, attribute, value):
        query = urllib.parse.quote(f'{attribute} eq "{value}"')
        return self.client.get(f"/{resource}?filter={query}&startIndex=1&count=100")

    def test_credentials(self):
        """What the button "Test API Credentials" does: both lists must answer 200."""
        users = self.client.get("/Users?startIndex=1&count=2")
        return users if users.status != 200 else self.client.get("/Groups?count=100&startIndex=1")

    def find_user(self, name):
        return self._find("Users", "userName", name)

    def find_group(self, name):
        return self._find("Groups", "displayName", name)

    def profile(self, name, given, family, external_id, **more):
        return {
            "schemas": [scim.USER],
            "userName": name,
            "name": {"givenName": given, "familyName": family},
            "emails": [{"primary": True, "value": name, "type": "work"}],
            "displayName": f"{given} {family}",
            "locale": "en-US",
            "externalId": external_id,
            "groups": [],
            "password": "1mz050nq",
            "active": True,
            **more,
        }

    def create_user(self, profile):
        """Looks first, creates when nobody has the name; the resource's id."""
        found = self.find_user(profile["userName"]).json
        if found["totalResults"]:
            return found["Resources"][0]["id"]
        answer = self.client.post("/Users", profile)
        if answer.status != 201:
            raise AssertionError(f"create {profile['userName']}: {answer}")
        return answer.json["id"]

    def set_active(self, user_id, active):
        return self.client.patch(f"/Users/{user_id}", [{"op": "replace", "value": {"active": active}}])

    def create_group(self, name):
        found = self.find_group(name).json
        if found["totalResults"]:
            return found["Resources"][0]["id"]
        answer = self.client.post("/Groups", {"schemas": [scim.GROUP], "displayName": name, "members": []})
        if answer.status != 201:
            raise AssertionError(f"create group {name}: {answer}")
        return answer.json["id"]

    def change_members(self, group_id, add=(), remove=()):
        """One request that holds the removals by path filter, then the additions."""
        operations = [{"op": "remove", "path": f'members[value eq "{user_id}"]'} for user_id in remove]
        if add:
            operations.append({"op": "add", "path": "members", "value": [{"value": i, "display": i} for i in add]})
        return self.client.patch(f"/Groups/{group_id}", operations)
