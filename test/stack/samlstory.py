"""The SAML half of the story: people at a real identity provider, at the portal, and out again at both ends."""

import re
import secrets
import time
import urllib.parse

from . import browser, people, simplesaml

AUTO = ("SAMLRequest", "SAMLResponse")
PORTAL, COOKIE = "/portal", "__Host-gatepost"


class Connection:
    """gatepost and one identity provider, as the browser of a person meets them."""

    def __init__(self, gatepost, idp, slug):
        self.gatepost, self.idp, self.slug = gatepost, idp, slug
        self.base = gatepost.settings["public_url"]

    def connect(self, *options):
        """Each takes the other by its metadata."""
        made = self.gatepost.cli.json("saml", "connection", "create", self.slug, "--metadata", self.idp.metadata_url, "--local-metadata",
                                      *options)
        self.register()
        return made

    def metadata(self):
        return browser.Browser().get(f"{self.base}/saml/{self.slug}/metadata").body

    def register(self, **options):
        self.idp.register(self.metadata(), **options)

    def begin(self, who, target=None):
        """The page of the identity provider at which the browser is then."""
        query = "?" + urllib.parse.urlencode({"target": target}) if target else ""
        return carry_on(who, who.get(f"{self.base}/saml/{self.slug}/start{query}"), AUTO[:1])

    def sign_in(self, person, who=None, password=None, target=None):
        """The page at which the browser ends up, and the browser."""
        who = who or browser.Browser()
        return self.idp.sign_in(who, self.begin(who, target), person, password), who

    def portal(self, who):
        """The portal's page when this browser is signed in, else None."""
        page = who.once(self.base + PORTAL)
        return page if page.status == 200 else None

    def asked_for_password(self, who):
        """Whether the identity provider would ask: it has no session of this browser."""
        return any("password" in form.fields for form in self.begin(who).forms)

    def sign_out(self, who):
        """By the portal's own button, through the identity provider and back."""
        page = self.portal(who)
        form = next(form for form in page.forms if form.action.endswith("/sign-out"))
        return carry_on(who, who.submit(page, form))

    def sign_out_there(self, who):
        """Begun at the identity provider, which tells us by the same browser."""
        return carry_on(who, who.get(self.idp.sign_out_url(urllib.parse.quote(self.idp.metadata_url, safe=""))))


def carry_on(who, page, fields=AUTO):
    """Sends the forms with one of these fields, which send themselves in a browser with script."""
    for _ in range(4):
        form = next((form for form in page.forms if any(name in form.fields for name in fields)), None)
        if form is None:
            break
        page = who.submit(page, form)
    return page


class Signing:
    """The identity provider of the twelve people, each with a password of this run, and the connection to it."""

    def __init__(self, folder, gatepost):
        self.people = {given: simplesaml.Person(given.lower(), secrets.token_hex(5), people.address(given), f"{given} {family}")
                       for given, family, _, _ in people.PEOPLE}
        self.idp = simplesaml.Idp(folder / "idp", self.people.values())
        self.connection = Connection(gatepost, self.idp, "example")

    def start(self):
        self.idp.create().start()
        self.connection.connect("--source", "Okta", "--name", "Example")
        return self

    def pids(self):
        return {"idp": self.idp.process.pid}

    def stop(self):
        self.idp.stop()

    def description(self):
        return {"portal": self.connection.base + PORTAL, "idp": self.idp.base, "people": [
            {"name": person.uid, "address": person.mail, "password": person.password} for person in self.people.values()]}


class Check:
    """expect(what, got, wanted) is told each result. .secrets is what no log may hold."""

    def __init__(self, story, idp, ids, expect):
        self.scim, self.ids, self.expect = idp, ids, expect
        self.connection, self.people = story.signing.connection, story.signing.people
        self.cli, self.secrets = story.gatepost.cli, {f"password of {given}": person.password for given, person in self.people.items()}

    def sign_in(self, given, who=None):
        """The page, the browser, and how long it took."""
        begin = time.monotonic()
        page, who = self.connection.sign_in(self.people[given], who)
        took = time.monotonic() - begin
        if COOKIE in who.cookies():
            self.secrets[f"cookie of {given}, {len(self.secrets)}"] = who.cookies()[COOKIE].value
        return page, who, f"{took * 1000:.0f} ms"

    def at_portal(self, given, page, took, how=""):
        there = (page.status, page.url, given in page.text) == (200, self.connection.base + PORTAL, True)
        self.expect(f"{given} signs in at the identity provider{how}, {took}", "at the portal" if there else repr(page), "at the portal")

    def person(self):
        page, who, took = self.sign_in("Grace")
        self.at_portal("Grace", page, took)
        self.expect("the identity provider asks her for her password again", self.connection.asked_for_password(who), False)
        page, who, took = self.sign_in("Grace", who)
        self.at_portal("Grace", page, took, " once more, without a password")
        return who

    def leaver(self):
        """The identity provider still knows him; what was pushed a moment ago decides."""
        page, who, took = self.sign_in("Hugo")
        self.at_portal("Hugo", page, took)
        begin = time.monotonic()
        self.expect("Okta deactivates Hugo", self.scim.set_active(self.ids["Hugo"], False).json["active"], False)
        self.expect("his open page at the portal is refused", self.connection.portal(who), None)
        page, who, _ = self.sign_in("Hugo")  # in another browser
        after = f"{(time.monotonic() - begin) * 1000:.0f} ms"
        self.expect(f"he signs in with his password; the answer {after} after that push", (page.status, self.connection.portal(who)),
                    (403, None))
        trace = re.search(r"\b[a-z]+-[a-z]+-\d+\b", page.text)
        trace = trace.group() if trace else "(no trace)"
        told = self.cli.json("saml", "connection", "trace", trace) if trace[0] != "(" else {}
        self.expect(f"gatepost saml connection trace {trace}", told.get("failure"), "user_disabled")
        self.expect("Okta reactivates Hugo", self.scim.set_active(self.ids["Hugo"], True).json["active"], True)
        page, _, took = self.sign_in("Hugo")
        self.at_portal("Hugo", page, took)

    def sign_out(self, who):
        for where, out in (("the portal", self.connection.sign_out), ("the identity provider", self.connection.sign_out_there)):
            begin = time.monotonic()
            out(who)
            took = f"{(time.monotonic() - begin) * 1000:.0f} ms"
            still = [name for name, there in (("portal", self.connection.portal(who) is not None),
                                              ("identity provider", not self.connection.asked_for_password(who))) if there]
            self.expect(f"Grace signs out at {where}, {took}; where she is still signed in", still, [])
            page, _, took = self.sign_in("Grace", who)
            self.at_portal("Grace", page, took, " anew, with her password")

    def run(self):
        who = self.person()
        self.leaver()
        self.sign_out(who)
