"""H: what an identity provider's metadata may not do, as the admin meets it: `gatepost saml connection create` and `refresh`."""

import http.server
import itertools
import re
import threading
import time

import pytest

from conftest import new_tenant
from saml_world import SamlWorld
from stack import saml_forge as forge
from stack.saml_forge import DS, SAMLP

_numbers = itertools.count(1)
MD = "urn:oasis:names:tc:SAML:2.0:metadata"


@pytest.fixture(scope="module")
def tenants(gatepost, cluster):
    """One connection a source: each case gets a tenant of its own."""
    return lambda: new_tenant(gatepost, cluster)


def create(tenant, run_dir, metadata, *options):
    path = run_dir / f"metadata-{next(_numbers)}.xml"
    path.write_bytes(metadata if isinstance(metadata, bytes) else metadata.encode())
    path.chmod(0o644)
    return tenant.gatepost.cli.run("saml", "connection", "create", f"{tenant.org}-sso", "--org", tenant.org, "--source", tenant.source,
                                   "--metadata", path, *options)


IDP = forge.Idp()
GOOD = IDP.metadata()


def key_descriptor(inner, use=' use="signing"'):
    return f'<md:KeyDescriptor{use}><ds:KeyInfo xmlns:ds="{DS}">{inner}</ds:KeyInfo></md:KeyDescriptor>'


def x509(*texts):
    return "".join(f"<ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate></ds:X509Data>" for text in texts)


def with_keys(*descriptors):
    return re.sub(r"<md:KeyDescriptor.*</md:KeyDescriptor>", "".join(descriptors), GOOD)


def with_sso(location):
    return GOOD.replace(IDP.sso, location)


def root(more):
    return GOOD.replace("<md:EntityDescriptor", f"<md:EntityDescriptor {more}", 1)


STAMP = forge.stamp
SMALL = {1024: forge.Key(1024)}
WEAK = {"exponent-3": forge.Key(exponent=3), "guessable": forge.Key(private=forge.guessable_private_key())}

REFUSED = {
    "A125-expired": lambda: root(f'validUntil="{STAMP(time.time() - 60)}"'),
    "A125-odd": lambda: root('validUntil="tomorrow"'),
    "A128-javascript": lambda: with_sso("javascript:alert(1)"),
    "A128-http": lambda: with_sso("http://idp.example.org/sso"),
    "A128-data": lambda: with_sso("data:text/html,x"),
    "A128-private": lambda: with_sso("https://10.0.0.1/sso"),
    "A128-loopback": lambda: with_sso("https://[::1]/sso"),
    "A128-userinfo": lambda: with_sso("https://ada@idp.example.org/sso"),
    "A128-fragment": lambda: with_sso("https://idp.example.org/sso#x"),
    "A128-long": lambda: with_sso("https://idp.example.org/" + "x" * 65000),
    "A130-doctype": lambda: '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + GOOD,
    "A130-flood": lambda: GOOD.replace("</md:EntityDescriptor>", "<md:Extensions>" + "<x/>" * 200000 + "</md:Extensions></md:EntityDescriptor>"),
    "A130-comment": lambda: GOOD.replace(">", "><!-- -->", 1) + "<",
    "A131-encryption-only": lambda: GOOD.replace('use="signing"', 'use="encryption"'),
    "A131-garbage-only": lambda: with_keys(key_descriptor(x509("AAAA"))),
    "C48-other-role": lambda: with_keys().replace(
        "</md:EntityDescriptor>", f'<md:AttributeAuthorityDescriptor protocolSupportEnumeration="{SAMLP}">{key_descriptor(x509(IDP.key.text()))}'
        f'<md:AttributeService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://idp.example.org/aa"/>'
        "</md:AttributeAuthorityDescriptor></md:EntityDescriptor>"),
    "C49-no-key": lambda: with_keys(),
    "C45-weak": lambda: with_keys(key_descriptor(x509(SMALL[1024].text()))),
    "A38-exponent-3": lambda: with_keys(key_descriptor(x509(WEAK["exponent-3"].text()))),
    "A38-guessable": lambda: with_keys(key_descriptor(x509(WEAK["guessable"].text()))),
    "C100-empty": lambda: GOOD.replace(f'entityID="{IDP.entity_id}"', 'entityID=""'),
    "C100-relative": lambda: GOOD.replace(f'entityID="{IDP.entity_id}"', 'entityID="idp"'),
    "C100-long": lambda: GOOD.replace(f'entityID="{IDP.entity_id}"', f'entityID="https://idp.example.org/{"x" * 1024}"'),
    "no-idp": lambda: GOOD.replace("IDPSSODescriptor", "SPSSODescriptor"),
    "no-address": lambda: re.sub("<md:SingleSignOnService[^>]*/>", "", GOOD),
    "two-entities": lambda: f'<md:EntitiesDescriptor xmlns:md="{MD}">{GOOD}{GOOD.replace(IDP.entity_id, IDP.entity_id + "2")}</md:EntitiesDescriptor>',
    "empty": lambda: "",
    "not-xml": lambda: "hello",
    "cut": lambda: GOOD[:500],
    "html": lambda: "<html><body>Sign in</body></html>",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tenants, run_dir, name):
    tenant = tenants()
    done = create(tenant, run_dir, REFUSED[name]())
    assert done.returncode not in (0, 70), done
    assert "GP-" in done.stderr and len(done.stderr) < 2000, done
    assert tenant.sql("SELECT count(*) FROM saml_connection WHERE slug = %s", f"{tenant.org}-sso")[0][0] == 0


SECOND = forge.Key()
ACCEPTED = {
    "A131-two-certificates-in-one-descriptor": (lambda: with_keys(key_descriptor(x509(IDP.key.text(), SECOND.text()))), 2),
    "A131-two-in-one-data": (lambda: with_keys(key_descriptor(
        f"<ds:X509Data><ds:X509Certificate>{IDP.key.text()}</ds:X509Certificate><ds:X509Certificate>{SECOND.text()}</ds:X509Certificate></ds:X509Data>")), 2),
    "A131-garbage-first": (lambda: with_keys(key_descriptor(x509("AAAA", IDP.key.text()))), 1),
    "A131-no-use": (lambda: GOOD.replace(' use="signing"', ""), 1),
    "A131-weak-beside-strong": (lambda: with_keys(key_descriptor(x509(SMALL[1024].text())), key_descriptor(x509(IDP.key.text()))), 1),
    "A38-weak-beside-strong": (lambda: with_keys(key_descriptor(x509(*(key.text() for key in (*WEAK.values(), IDP.key))))), 1),
    "in-lines": (lambda: GOOD.replace(IDP.key.text(), re.sub("(.{64})", r"\1\n", IDP.key.text())), 1),
    "declared": (lambda: '<?xml version="1.0" encoding="UTF-8"?>\n' + GOOD, 1),
    "far-valid-until": (lambda: root(f'validUntil="{STAMP(time.time() + 86400 * 3650)}"'), 1),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(tenants, run_dir, name):
    metadata, keys = ACCEPTED[name]
    tenant = tenants()
    done = create(tenant, run_dir, metadata())
    assert done.returncode == 0, done
    assert tenant.sql("SELECT count(*) FROM saml_idp_key JOIN saml_connection USING (org_id, connection_id) WHERE slug = %s AND saml_idp_key.state = 'trusted'",
                      f"{tenant.org}-sso")[0][0] == keys
    if "garbage" in name or "weak" in name:
        assert "certificate" in done.stdout + done.stderr


def test_both_keys_of_one_descriptor_work(tenants, run_dir):
    w = SamlWorld(tenants(), run_dir, IDP, metadata=ACCEPTED["A131-two-certificates-in-one-descriptor"][0]())
    w.person("ada")
    for key in (IDP.key, SECOND):
        asked = w.ask()
        w.answer(asked, IDP.signed(w.unsigned(asked, w.address("ada")), key=key))
        assert w.signed_in(asked.browser), w.last_failure()


def test_one_entity_of_many(tenants, run_dir):
    done = create(tenants(), run_dir, REFUSED["two-entities"](), "--entity", IDP.entity_id)
    assert done.returncode == 0, done


# ---- signed metadata (A126)

FEDERATION = forge.Key(name="federation")


def signed_metadata(key=FEDERATION, digest="sha256", algorithm="sha256", reference=None):
    tree = forge.parse(root('ID="_metadata"'))
    forge.sign(tree, key, digest=digest, algorithm=algorithm, reference=reference)
    return forge.octets(tree)


def wrapped():
    inner = forge.parse(signed_metadata())
    outer = forge.parse(f'<md:EntitiesDescriptor xmlns:md="{MD}" ID="_other"/>')
    evil = forge.parse(GOOD.replace(IDP.key.text(), SECOND.text()))
    outer.extend([evil, inner])
    return forge.octets(outer)


SIGNED = {
    "A126-wrong-key": lambda: signed_metadata(forge.Key()), "A126-stripped": lambda: GOOD.encode(),
    "A126-tampered": lambda: signed_metadata().replace(IDP.sso.encode(), b"https://evil.example.org/sso"),
    "A126-wrapped": wrapped, "A126-sha1": lambda: signed_metadata(algorithm="sha1"), "A126-sha1-digest": lambda: signed_metadata(digest="sha1"),
    "A126-empty-reference": lambda: signed_metadata(reference="")}


@pytest.fixture(scope="module")
def certificate(run_dir):
    path = run_dir / "federation.pem"
    path.write_text(FEDERATION.pem())
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("name", SIGNED)
def test_a_signature_that_does_not_hold(tenants, run_dir, certificate, name):
    done = create(tenants(), run_dir, SIGNED[name](), "--metadata-certificate", certificate, *(["--entity", IDP.entity_id] if "wrapped" in name else []))
    assert done.returncode not in (0, 70), done


def test_a_signature_that_holds(tenants, run_dir, certificate):
    done = create(tenants(), run_dir, signed_metadata(), "--metadata-certificate", certificate)
    assert done.returncode == 0, done


# ---- by URL (A124, A129)

@pytest.mark.parametrize("url", ["https://169.254.169.254/latest/meta-data/", "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "http://example.org/x",
                                 "https://user@example.org/x", "file:///etc/passwd", "https://2130706433/"])
def test_A129_an_address_that_must_not_be_fetched(tenants, url):
    tenant = tenants()
    done = tenant.gatepost.cli.run("saml", "connection", "create", f"{tenant.org}-sso", "--org", tenant.org, "--source", tenant.source, "--metadata", url)
    assert done.returncode not in (0, 70) and "GP-" in done.stderr, done


class Publisher:
    """An identity provider's metadata address on this machine."""

    def __init__(self, body):
        self.body, self.asked = body.encode(), []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.headers.get("If-None-Match"))
                tag = f'"{hash(outer.body)}"'
                same = self.headers.get("If-None-Match") == tag
                self.send_response(304 if same else 200)
                self.send_header("ETag", tag)
                self.send_header("Content-Length", "0" if same else str(len(outer.body)))
                self.end_headers()
                if not same:
                    self.wfile.write(outer.body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/metadata"


@pytest.fixture
def published(tenants):
    """A connection made from a URL, and what publishes it."""
    publisher = Publisher(GOOD)
    tenant = tenants()
    slug = f"{tenant.org}-sso"
    tenant.gatepost.cli.json("saml", "connection", "create", slug, "--org", tenant.org, "--source", tenant.source, "--metadata", publisher.url,
                             "--local-metadata")
    return publisher, tenant, slug


def refresh(tenant, slug, *options):
    return tenant.gatepost.cli.run("saml", "connection", "refresh", slug, "--org", tenant.org, *options)


def keys(tenant, slug):
    return dict(tenant.sql("SELECT encode(der, 'base64'), k.state FROM saml_idp_key k JOIN saml_connection USING (org_id, connection_id) WHERE slug = %s", slug))


def states(tenant, slug):
    return sorted(keys(tenant, slug).values())


def test_A124_a_new_key_at_the_address_waits_for_an_admin(published):
    publisher, tenant, slug = published
    publisher.body = IDP.metadata([IDP.key, SECOND]).encode()
    done = refresh(tenant, slug)
    assert states(tenant, slug) == ["pending", "trusted"], done
    assert refresh(tenant, slug, "--accept").returncode == 0
    assert states(tenant, slug) == ["trusted", "trusted"]


def test_A124_another_sign_in_address_waits_for_an_admin(published):
    publisher, tenant, slug = published
    publisher.body = with_sso("https://evil.example.org/sso").encode()
    refresh(tenant, slug)
    address = "SELECT sso_url FROM saml_connection WHERE slug = %s"
    assert tenant.sql(address, slug)[0][0] == IDP.sso
    refresh(tenant, slug, "--accept")
    assert tenant.sql(address, slug)[0][0] == "https://evil.example.org/sso"


def test_C98_a_copy_that_cannot_be_had_changes_nothing(published):
    publisher, tenant, slug = published
    for body in (b"", b"<html/>", REFUSED["A125-expired"]().encode(), GOOD.replace(IDP.entity_id, IDP.entity_id + "x").encode()):
        publisher.body = body
        assert refresh(tenant, slug).returncode != 0
        assert states(tenant, slug) == ["trusted"]
    publisher.server.shutdown()
    publisher.server.server_close()
    assert refresh(tenant, slug).returncode != 0
    assert states(tenant, slug) == ["trusted"]
    shown = tenant.gatepost.cli.run("saml", "connection", "show", slug, "--org", tenant.org).stdout
    assert "metadata" in shown


def test_C98_an_unchanged_copy_is_not_sent_again(published):
    publisher, tenant, slug = published
    assert refresh(tenant, slug).returncode == 0
    assert publisher.asked[-1] is not None


def test_A132_the_connection_of_another_organisation(published, other):
    _, tenant, slug = published
    for argv in (("show", slug), ("trace", slug), ("refresh", slug), ("rotate", slug)):
        done = other.gatepost.cli.run("saml", "connection", *argv, "--org", other.org)
        assert done.returncode == 3, done
        assert tenant.org not in done.stdout
