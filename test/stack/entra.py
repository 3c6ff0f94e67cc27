"""Requests as Microsoft Entra ID sends them."""

import urllib.parse
import uuid

from . import scim

MICROSOFT_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"


class Entra:
    """flag: the admin appended ?aadOptscim062020 to the tenant URL, so it is in every request's query."""

    def __init__(self, base, token, flag=False):
        self.client = scim.Client(base, token)
        self.flag = flag

    def path(self, path):
        if not self.flag:
            return path
        return path + ("&" if "?" in path else "?") + "aadOptscim062020"

    def get(self, path):
        return self.client.get(self.path(path))

    def find(self, resource, expression, **more):
        query = {"filter": expression, **more}
        return self.get(f"/{resource}?{urllib.parse.urlencode(query, quote_via=urllib.parse.quote)}")

    def test_connection(self):
        return self.find("Users", f'userName eq "{uuid.uuid4()}"')

    def profile(self, name, **more):
        return {
            "schemas": [scim.USER, scim.ENTERPRISE],
            "externalId": name.split("@")[0],
            "userName": name,
            "active": True,
            "addresses": None,
            "displayName": name.split("@")[0].title(),
            "emails": [{"primary": True, "type": "work", "value": name}],
            "meta": {"resourceType": "User"},
            "name": {"formatted": "Given Family", "familyName": "Family", "givenName": "Given"},
            "phoneNumbers": None,
            "roles": [],
            scim.ENTERPRISE: {"employeeNumber": None, "department": "Sales", "manager": None},
            **more,
        }

    def create(self, profile):
        return self.client.post(self.path("/Users"), profile)

    def create_group(self, name):
        return self.client.post(self.path("/Groups"), {
            "schemas": [scim.GROUP, MICROSOFT_GROUP], "externalId": str(uuid.uuid4()), "displayName": name,
            "meta": {"resourceType": "Group"}})

    def patch(self, path, *operations):
        return self.client.patch(self.path(path), list(operations))

    def set_active(self, user_id, active):
        if self.flag:
            return self.patch(f"/Users/{user_id}", {"op": "replace", "path": "active", "value": active})
        return self.patch(f"/Users/{user_id}", {"op": "Replace", "path": "active", "value": str(active)})

    def add_members(self, group_id, *ids):
        op = "add" if self.flag else "Add"
        return self.patch(f"/Groups/{group_id}", {"op": op, "path": "members", "value": [{"$ref": None, "value": i} for i in ids]})

    def remove_member(self, group_id, user_id):
        if self.flag:
            return self.patch(f"/Groups/{group_id}", {"op": "remove", "path": f'members[value eq "{user_id}"]'})
        return self.patch(f"/Groups/{group_id}", {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": user_id}]})
