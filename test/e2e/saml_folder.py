"""A connection and its messages as files, for the C program test/bench/saml_bench.c: what it measures and tries is signed here."""

import base64
import json
import os
import pathlib
import subprocess
import time

from lxml import etree

from stack import host, saml_forge as forge

BUILD = pathlib.Path(os.environ.get("GATEPOST_BUILD", host.ROOT / "build"))
PROGRAM = BUILD / "test" / "bench" / "saml_bench"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


class Folder:
    entity_id, acs = "https://gatepost.example.org/saml/bench/metadata", "https://gatepost.example.org/saml/bench/acs"

    def __init__(self, path):
        self.path, self.idp = pathlib.Path(path), forge.Idp()
        self.write("idp.der", self.idp.key.der())
        self.write("names", "\n".join((self.entity_id, self.acs, self.idp.entity_id)))
        self.write("idp.xml", self.idp.metadata())
        self.write("sp.xml", f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self.entity_id}">'
                             f'<md:SPSSODescriptor protocolSupportEnumeration="{forge.SAMLP}"><md:AssertionConsumerService index="0" '
                             f'isDefault="true" Binding="{POST}" Location="{self.acs}"/></md:SPSSODescriptor></md:EntityDescriptor>')
        self.write("saml.key", os.urandom(32).hex())
        (self.path / "saml.key").chmod(0o600)

    def write(self, name, text):
        (self.path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return name

    def message(self, name, tree):
        raw = tree if isinstance(tree, bytes) else tree.encode() if isinstance(tree, str) else etree.tostring(tree)
        return self.write(name, base64.b64encode(raw))

    def response(self, **said):
        """Good for two hours, so that a long run does not outlive it."""
        now = time.time()
        late = forge.stamp(now + 7200)
        return self.idp.response(self, now, in_response_to=forge.new_id(), not_on_or_after=late, confirmed_until=late, **said)

    def signed(self, what="assertion", **said):
        return self.idp.signed(self.response(**said), what)

    def run(self, *arguments):
        done = subprocess.run([str(PROGRAM), str(self.path), *map(str, arguments)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def hostile(folder):
    """(name, message) of what costs most to refuse: below the limits, at them, far over them; the last two are signed by a pinned key."""
    good = forge.etree.tostring(folder.signed()).decode()
    inside = good.index("<saml:Issuer>")
    extensions = '<samlp:Extensions xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">{}</samlp:Extensions>'
    entities = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10 if i else "lol"}">' for i in range(10))
    yield "40,000 empty elements", good[:inside] + extensions.format("<e/>" * 40000) + good[inside:]
    yield "nested 60,000 deep", "<a>" * 30000 + "</a>" * 30000
    yield "entities within entities", f"<!DOCTYPE a [{entities}]><a>&a9;</a>"
    yield "20,000 attributes", "<a " + " ".join(f'b{i}=""' for i in range(20000)) + "/>"
    yield "5,000 namespaces", "<a " + " ".join(f'xmlns:n{i}="urn:n{i}"' for i in range(5000)) + "/>"
    yield "one text of 190 KB", f"<a>{'x' * 190000}</a>"
    yield "400 references", good.replace("</ds:Reference>", "</ds:Reference>" + good[good.index("<ds:Reference"):good.index("</ds:SignedInfo>")] * 100)
    yield "not XML", "\x01" * 190000
    yield "larger than allowed", "<a>" + "x" * 1000000 + "</a>"
    values = {f"a{i}": ["x" * 10] * 2 for i in range(590)}
    yield "signed, 1,800 elements, for somebody else", folder.signed("both", audience="https://other.example.org", attributes=values)
    changed = folder.signed("both", attributes=values)
    changed.set("Consent", "changed")
    yield "1,800 elements, changed after it was signed", changed
