"""An organisation that signs in by SAML at an identity provider that says whatever a test wants; and what came of it."""

import base64
import itertools
import time
import urllib.error
import urllib.parse

from stack import browser, saml_forge as forge, scim

_numbers = itertools.count(1)
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"


class Asked:
    """A sign-in that a browser began: what we asked the identity provider."""

    def __init__(self, who, request, relay_state, url):
        self.browser, self.request, self.relay_state, self.url = who, request, relay_state, url

    @property
    def id(self):
        return self.request.get("ID")


class SamlWorld:
    """A tenant (conftest.Tenant) with one live connection to `idp` (saml_forge.Idp)."""

    def __init__(self, tenant, folder, idp=None, *options, slug=None, metadata=None, domain=True):
        self.tenant, self.gatepost, self.idp = tenant, tenant.gatepost, idp or forge.Idp()
        self.slug = slug or f"{tenant.org}-sso-{next(_numbers)}"
        self.domain = f"{tenant.org}.example"
        if domain:
            self.gatepost.cli.run("domain", "add", self.domain, "--org", tenant.org)
            self.gatepost.cli.run("domain", "verify", self.domain, "--trust", "--org", tenant.org)
        self.base = self.gatepost.settings["public_url"]
        path = metadata if metadata and metadata.startswith("http://") else self._file(folder, metadata or self.idp.metadata())
        self.made = self.gatepost.cli.json("saml", "connection", "create", self.slug, "--org", tenant.org, "--source", tenant.source,
                                           "--metadata", str(path), *options)
        self.metadata = browser.Browser().get(f"{self.base}/saml/{self.slug}/metadata").body
        root = forge.parse(self.metadata)
        self.entity_id = root.get("entityID")
        self.acs = root.find(f".//{MD}AssertionConsumerService").get("Location")
        self.slos = {service.get("Binding"): service.get("Location") for service in root.iterfind(f".//{MD}SingleLogoutService")}
        self.slo = self.slos["urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"]

    def _file(self, folder, metadata):
        path = folder / f"{self.slug}.xml"
        path.write_text(metadata)
        path.chmod(0o644)
        return path

    def certificates(self, use):
        """DER of the keys we publish for this use, in order."""
        root = forge.parse(self.metadata)
        return [base64.b64decode(key.findtext(f".//{{{forge.DS}}}X509Certificate")) for key in root.iterfind(f".//{MD}KeyDescriptor")
                if key.get("use") == use]

    def address(self, name):
        return f"{name}@{self.domain}"

    def person(self, name=None, active=True, **more):
        """By SCIM; the resource."""
        name = name or f"p{next(_numbers)}"
        answer = self.tenant.client.request("POST", "/Users", {
            "schemas": [scim.USER], "userName": self.address(name), "externalId": f"x-{name}", "active": active,
            "displayName": name.title(), "emails": [{"value": self.address(name), "primary": True, "type": "work"}], **more})
        assert answer.status == 201, answer
        return answer.json

    def ask(self, who=None, target=None, path="start"):
        """Begins a sign-in; the browser stops before it goes to the identity provider."""
        who = who or browser.Browser()
        query = "?" + urllib.parse.urlencode({"target": target}) if target else ""
        page = who.once(f"{self.base}/saml/{self.slug}/{path}{query}")
        while page.status in (302, 303) and not page.headers["Location"].startswith(self.idp.sso):
            page = who.once(urllib.parse.urljoin(page.url, page.headers["Location"]))
        assert page.status in (302, 303), page
        url = page.headers["Location"]
        request, relay_state, _ = forge.read_request(url)
        return Asked(who, request, relay_state, url)

    def good(self, asked, name_id, what="assertion", **said):
        """A signed Response that is right unless `said` differently."""
        return self.idp.signed(self.unsigned(asked, name_id, **said), what)

    def unsigned(self, asked, name_id, **said):
        return self.idp.response(self, time.time(), name_id, **{"in_response_to": asked.id, **said})

    def answer(self, asked, message, who=None, follow=True, relay_state=None):
        """Posts it to our ACS. message: a tree, bytes, or the form's fields."""
        fields = message if isinstance(message, dict) else forge.post_form(message, relay_state or asked.relay_state)
        who = who or asked.browser
        try:
            page = who.once(self.acs, fields)
        except (urllib.error.URLError, ConnectionError):
            page = browser.Page(self.acs, 413, {}, "", [])  # it closed while we were still sending
        return self.onward(who, page) if follow else page

    def onward(self, who, page):
        """Follows what stays with us: redirects, and the page that goes on by itself."""
        for _ in range(8):
            if page.status in (302, 303):
                url = urllib.parse.urljoin(page.url, page.headers["Location"])
            elif page.status == 200 and "url=" in page.headers.get("Refresh", ""):
                url = urllib.parse.urljoin(page.url, page.headers["Refresh"].split("url=")[1])
            else:
                break
            if not url.startswith(self.base + "/"):
                break
            page = who.once(url)
        return page

    def sql(self, statement, *arguments):
        return self.tenant.sql(statement, *arguments)

    def last_failure(self):
        """The name of what the newest trace of this connection tells; None after a sign-in that worked."""
        rows = self.sql("SELECT t.failure FROM saml_trace t JOIN saml_connection c USING (org_id, connection_id) WHERE c.slug = %s "
                        "ORDER BY t.at DESC LIMIT 1", self.slug)
        return rows[0][0] if rows else None

    def sessions(self):
        """(user_id, ended_why) of all sessions of this connection."""
        return self.sql("SELECT s.user_id::text, s.ended_why FROM web_session s JOIN saml_connection c USING (org_id, connection_id) "
                        "WHERE c.slug = %s ORDER BY s.created_at", self.slug)

    def signed_in(self, who):
        """The portal's page when this browser has a session; else None."""
        page = who.once(f"{self.base}/portal")
        return page if page.status == 200 else None
