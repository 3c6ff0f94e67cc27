"""The real identity provider: SimpleSAMLphp from its Debian package, served by PHP's own web server, in a folder, on a free port."""

import os
import pathlib
import subprocess
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as xml

from . import host

MD, DS = "{urn:oasis:names:tc:SAML:2.0:metadata}", "{http://www.w3.org/2000/09/xmldsig#}"
POST, REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

CONFIG = """<?php
$config = [
    'baseurlpath' => '{base}/',
    'certdir' => '{folder}/cert/', 'loggingdir' => '{folder}/log/', 'datadir' => '{folder}/data/', 'tempdir' => '{folder}/tmp',
    'metadatadir' => '{folder}/metadata/', 'attributenamemapdir' => '{etc}/attributemap/',
    'technicalcontact_name' => 'Operations', 'technicalcontact_email' => 'operations@example.org',
    'secretsalt' => '{salt}', 'auth.adminpassword' => '{salt}',
    'timezone' => 'UTC', 'showerrors' => true, 'errorreporting' => true,
    'logging.level' => SimpleSAML\\Logger::INFO, 'logging.handler' => 'file', 'logging.logfile' => 'ssp.log', 'logging.processname' => 'ssp',
    'debug' => ['saml' => false, 'backtraces' => true, 'validatexml' => false],
    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'session.cookie.secure' => false, 'session.cookie.samesite' => null,
    'session.phpsession.savepath' => '{folder}/sessions', 'store.type' => 'phpsession',
    'session.cookie.name' => 'SSPSID', 'session.cookie.path' => '/', 'session.phpsession.cookiename' => 'SSP',
    'language.available' => ['en'], 'language.default' => 'en', 'theme.use' => 'default',
    'metadata.sources' => [['type' => 'flatfile']],
    'statistics.out' => [], 'trusted.url.domains' => null, 'admin.checkforupdates' => false,
];
"""


def _php(value):
    """A Python value as PHP source."""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, dict):
        return "[" + ", ".join(f"{_php(key)} => {_php(item)}" for key, item in value.items()) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_php(item) for item in value) + "]"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


class Person:
    def __init__(self, uid, password, mail, name=None, **attributes):
        self.uid, self.password, self.mail = uid, password, mail
        self.attributes = {"uid": [uid], "mail": [mail], "displayName": [name or uid], **attributes}


class Idp:
    """start(), then register(SP metadata): people sign in with uid and password; NameID is their mail, format emailAddress, unless
    name_id names another attribute (then its format is persistent)."""

    def __init__(self, folder, people, name_id="mail"):
        self.folder, self.people, self.name_id = pathlib.Path(folder), list(people), name_id
        self.port = host.free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.entity_id = f"{self.base}/idp"
        self.options = {}
        self.process = None
        self.services = {}
        self._written = 0

    def _write(self, name, text):
        """A PHP file. PHP compiles a file again only when its time differs, in seconds."""
        path = self.folder / name
        path.write_text("<?php\n" + text)
        host.give(path)
        self._written += 1
        at = time.time() - 10000 + self._written
        os.utime(path, (at, at))

    def _program(self):
        for base in ("/usr/share/simplesamlphp", host.UNPACKED / "usr/share/simplesamlphp"):
            if pathlib.Path(base, "www").is_dir():
                return pathlib.Path(base)
        raise host.StackError("SimpleSAMLphp is not here. Run ./quickstart once: it unpacks it into build/host.")

    def _key(self, name):
        host.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.folder / f"cert/{name}.pem",
                  "-out", self.folder / f"cert/{name}.crt", "-days", "3650", "-subj", "/CN=identity provider"])

    def create(self):
        for name in ("cert", "log", "data", "tmp", "metadata", "sessions", "config"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._key("idp")
        etc = next(path for path in (pathlib.Path("/etc/simplesamlphp"), host.UNPACKED / "etc/simplesamlphp") if path.is_dir())
        (self.folder / "config/config.php").write_text(CONFIG.format(base=self.base, folder=self.folder, etc=etc, salt=os.urandom(16).hex()))
        for name in ("saml20-sp-hosted", "saml20-idp-remote", "shib13-idp-remote", "saml20-sp-remote"):
            (self.folder / f"metadata/{name}.php").write_text("<?php\n")
        self.write_people()
        self.write_hosted()
        for path in [self.folder, *self.folder.rglob("*")]:
            host.give(path)
        return self

    def write_people(self):
        users = {f"{person.uid}:{person.password}": person.attributes for person in self.people}
        listed = ", ".join(f"{_php(name)} => {_php(attributes)}" for name, attributes in users.items())
        self._write("config/authsources.php",
                    "$config = ['admin' => ['core:AdminPassword'], 'people' => ['exampleauth:UserPass', " + listed + "]];\n")

    def add(self, person):
        self.people.append(person)
        self.write_people()
        return person

    def write_hosted(self):
        format_ = ("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress" if self.name_id == "mail"
                   else "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
        hosted = {"host": "__DEFAULT__", "privatekey": "idp.pem", "certificate": "idp.crt", "auth": "people",
                  "signature.algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "NameIDFormat": [format_],
                  "attributes.NameFormat": "urn:oasis:names:tc:SAML:2.0:attrname-format:basic",
                  "sign.logout": True, "redirect.sign": True, "redirect.validate": True,
                  "authproc": {3: {"class": "saml:AttributeNameID", "attribute": self.name_id, "Format": format_}}, **self.options}
        self._write("metadata/saml20-idp-hosted.php", f"$metadata[{_php(self.entity_id)}] = {_php(hosted)};\n")

    def rotate_key(self):
        """A new signing key from now on; its metadata names the new one alone."""
        self._key("idp")
        for path in (self.folder / "cert").iterdir():
            host.give(path)

    def start(self):
        program = self._program()
        if host.UNPACKED in program.parents:
            program = host.within_reach(program, self.folder)
        self.log = open(self.folder / "php.log", "ab")
        self.process = subprocess.Popen(
            host.as_user(["/usr/bin/php", "-d", "opcache.enable_cli=1", "-d", "opcache.revalidate_freq=0", "-S", f"127.0.0.1:{self.port}",
                          "-t", str(program / "www")]),
            env={"PATH": os.environ["PATH"], "SIMPLESAMLPHP_CONFIG_DIR": str(self.folder / "config")}, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, cwd="/", start_new_session=True)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.metadata()
                return self
            except (urllib.error.URLError, ConnectionError) as failed:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise host.StackError(f"SimpleSAMLphp does not answer: {failed}; see {self.folder}/php.log") from failed
                time.sleep(0.05)

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def metadata(self):
        with urllib.request.urlopen(self.metadata_url, timeout=10) as answer:
            return answer.read().decode()

    @property
    def metadata_url(self):
        return f"{self.base}/saml2/idp/metadata.php"

    @property
    def sso(self):
        return f"{self.base}/saml2/idp/SSOService.php"

    def register(self, sp_metadata, **options):
        """Takes a service provider by its metadata, with its keys: requests and logouts must be signed, both Response and Assertion are."""
        root = xml.fromstring(sp_metadata)
        descriptor = root.find(f"{MD}SPSSODescriptor")
        keys = [{"type": "X509Certificate", "signing": key.get("use") in (None, "signing"), "encryption": key.get("use") in (None, "encryption"),
                 "X509Certificate": "".join(key.find(f".//{DS}X509Certificate").text.split())}
                for key in descriptor.findall(f"{MD}KeyDescriptor")]
        entry = {
            "AssertionConsumerService": [{"Binding": s.get("Binding"), "Location": s.get("Location"), "index": int(s.get("index", "0"))}
                                         for s in descriptor.findall(f"{MD}AssertionConsumerService")],
            "SingleLogoutService": [{"Binding": s.get("Binding"), "Location": s.get("Location")}
                                    for s in descriptor.findall(f"{MD}SingleLogoutService")],
            "keys": keys, "validate.authnrequest": True, "validate.logout": True, "sign.logout": True, "redirect.sign": True,
            "redirect.validate": True, "saml20.sign.assertion": True, "saml20.sign.response": True, **options}
        self.services[root.get("entityID")] = entry
        self._write("metadata/saml20-sp-remote.php",
                    "\n".join(f"$metadata[{_php(entity)}] = {_php(value)};" for entity, value in self.services.items()) + "\n")

    def sign_in(self, browser, page, person, password=None):
        """From the page to which a service sent the browser: types name and password where asked, and hands over the answer. Returns
        the page that the service shows."""
        if any("password" in form.fields for form in page.forms):
            page = browser.submit(page, page.form("password"), username=person.uid, password=password or person.password)
        if any("SAMLResponse" in form.fields for form in page.forms):
            page = browser.submit(page, page.form("SAMLResponse"))
        return page

    def sign_out_url(self, back):
        """Single logout begun at the identity provider."""
        return f"{self.base}/saml2/idp/SingleLogoutService.php?ReturnTo={back}"


__all__ = ["Idp", "Person"]
