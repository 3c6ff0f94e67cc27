"""The twelve people and two groups of the quickstart: (given name, family name, in mail-users?, in staff?)."""

PEOPLE = [
    ("Ada", "Byron", True, True),
    ("Bob", "Hale", True, True),
    ("Chen", "Li", True, True),
    ("Dana", "Ortiz", True, False),
    ("Eve", "Marsh", True, True),
    ("Farid", "Azimi", True, False),
    ("Grace", "Okafor", True, True),
    ("Hugo", "Lindqvist", True, True),
    ("Iris", "Nowak", True, False),
    ("Jonas", "Weber", False, True),
    ("Kana", "Mori", False, True),
    ("Liam", "Byrne", False, True),
]
DOMAIN = "example.org"


def address(given):
    return f"{given.lower()}@{DOMAIN}"
