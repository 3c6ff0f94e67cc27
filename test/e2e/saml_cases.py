"""The register of attacks: each a function that, from a good message for mallory, makes one that is wrong in one thing alone, and the
failures that may be told for it. Ids are those of the attack catalogue."""

import copy

from stack import saml_forge as forge
from stack.saml_forge import DS, SAML, SAMLP, q

CASES = []


class Case:
    def __init__(self, name, failures, craft):
        self.name, self.failures, self.craft = name, failures, craft


def case(name, *failures):
    """Registers craft(world, asked) → message; `failures` are the names that may be told."""
    def register(craft):
        CASES.append(Case(name, failures, craft))
        return craft
    return register


def family(names, *failures):
    """As case, for craft(world, asked, variant): names is a dict id → variant."""
    def register(craft):
        for name, variant in names.items():
            CASES.append(Case(name, failures, lambda w, asked, v=variant: craft(w, asked, v)))
        return craft
    return register


def assertion(response):
    return response.find(q(SAML, "Assertion"))


def signature(element):
    return element.find(q(DS, "Signature"))


def without_signature(element):
    clone = copy.deepcopy(element)
    clone.remove(signature(clone))
    return clone


def drop_id(element, new=True):
    if new:
        element.set("ID", forge.new_id())
    return element


def for_victim(element):
    """The same, but of the victim: what an attacker would like to be read."""
    for name_id in element.iter(q(SAML, "NameID")):
        name_id.text = name_id.text.replace("mallory", "victim")
    for value in element.iter(q(SAML, "AttributeValue")):
        value.text = (value.text or "").replace("mallory", "victim")
    return element


def evil(response, new_id=True):
    """An unsigned assertion of the victim, made from the signed one."""
    return drop_id(for_victim(without_signature(assertion(response))), new_id)


def mallory(w, asked, what="assertion", **said):
    return w.good(asked, w.address("mallory"), what, **said)


def text(message):
    return forge.octets(message).decode()


def extensions(*children):
    box = forge.parse(f'<samlp:Extensions xmlns:samlp="{SAMLP}"/>')
    box.extend(children)
    return box
