#include "scim/schema_tables.h"

/* Sub-attributes of §2.4 that most multi-valued attributes share. */
#define DISPLAY \
  { .name = "display", .about = "The value in a form for people to read." }
#define PRIMARY                                                                             \
  {                                                                                         \
    .name = "primary", .about = "Is this the preferred one? True for one element at most.", \
    .type = SCIM_BOOLEAN                                                                    \
  }
#define TYPE(words) \
  { .name = "type", .about = "What the value is for.", .canonical = (words) }

static const char *const email_types[] = {"work", "home", "other", NULL};
static const char *const phone_types[] = {"work", "home", "mobile", "fax", "pager", "other", NULL};
static const char *const im_types[] = {"aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo", NULL};
static const char *const photo_types[] = {"photo", "thumbnail", NULL};
static const char *const address_types[] = {"work", "home", "other", NULL};

static const ScimAttribute name[] = {
    {.name = "formatted", .about = "The whole name as it is written, with titles and suffixes."},
    {.name = "familyName", .about = "The family name; last name in most Western languages."},
    {.name = "givenName", .about = "The given name; first name in most Western languages."},
    {.name = "middleName", .about = "The middle names."},
    {.name = "honorificPrefix", .about = "What stands before the name, such as Dr."},
    {.name = "honorificSuffix", .about = "What stands after the name, such as III."},
};

static const ScimAttribute emails[] = {
    {.name = "value", .about = "The e-mail address.", .lookup = TRUE},
    DISPLAY,
    TYPE(email_types),
    PRIMARY,
};

static const ScimAttribute phone_numbers[] = {
    {.name = "value", .about = "The telephone number, best in the form of RFC 3966."},
    DISPLAY,
    TYPE(phone_types),
    PRIMARY,
};

static const ScimAttribute ims[] = {
    {.name = "value", .about = "The instant-messaging address."},
    DISPLAY,
    TYPE(im_types),
    PRIMARY,
};

static const ScimAttribute photos[] = {
    {.name = "value",
     .about = "The URL of a picture of the person.",
     .type = SCIM_REFERENCE,
     .case_exact = TRUE,
     .reference_types = SCIM_WORDS("external")},
    DISPLAY,
    TYPE(photo_types),
    PRIMARY,
};

static const ScimAttribute addresses[] = {
    {.name = "formatted", .about = "The whole address as it is written on a label; may hold line breaks."},
    {.name = "streetAddress", .about = "Street, house number, post box; may hold line breaks."},
    {.name = "locality", .about = "The city or town."},
    {.name = "region", .about = "The state or region."},
    {.name = "postalCode", .about = "The postal code."},
    {.name = "country", .about = "The country, as the two letters of ISO 3166-1."},
    TYPE(address_types),
    PRIMARY,
};

static const ScimAttribute groups[] = {
    {.name = "value", .about = "The id of the group.", .mutability = SCIM_READ_ONLY},
    {.name = "$ref",
     .about = "The URL of the group.",
     .type = SCIM_REFERENCE,
     .case_exact = TRUE,
     .mutability = SCIM_READ_ONLY,
     .reference_types = SCIM_WORDS("User", "Group")},
    {.name = "display", .about = "The displayName of the group.", .mutability = SCIM_READ_ONLY},
    {.name = "type",
     .about = "Is the person a member by himself, or by way of another group?",
     .mutability = SCIM_READ_ONLY,
     .canonical = SCIM_WORDS("direct", "indirect")},
};

static const ScimAttribute entitlements[] = {
    {.name = "value", .about = "What the person is entitled to."},
    DISPLAY,
    TYPE(NULL),
    PRIMARY,
};

static const ScimAttribute roles[] = {
    {.name = "value", .about = "What the person is, such as Student or Faculty."},
    DISPLAY,
    TYPE(NULL),
    PRIMARY,
};

static const ScimAttribute certificates[] = {
    {.name = "value",
     .about = "A DER certificate of the person in base64.",
     .type = SCIM_BINARY,
     .case_exact = TRUE},
    DISPLAY,
    TYPE(NULL),
    PRIMARY,
};

static const ScimAttribute attributes[] = {
    {.name = "userName",
     .about = "The name the person signs in with, often the e-mail address; unique without case.",
     .required = TRUE,
     .lookup = TRUE,
     .uniqueness = SCIM_UNIQUE_SERVER},
    {.name = "name", .about = "The parts of the person's name.", .type = SCIM_COMPLEX, SCIM_SUBS(name)},
    {.name = "displayName", .about = "The person's name for people to read."},
    {.name = "nickName", .about = "What the person is called in everyday life."},
    {.name = "profileUrl",
     .about = "The URL of a page about the person.",
     .type = SCIM_REFERENCE,
     .case_exact = TRUE,
     .reference_types = SCIM_WORDS("external")},
    {.name = "title", .about = "The person's title, such as Vice President."},
    {.name = "userType",
     .about = "How the person relates to the organisation, such as Contractor or Employee."},
    {.name = "preferredLanguage", .about = "The languages the person reads, as in Accept-Language."},
    {.name = "locale", .about = "How dates, numbers and currencies are shown to the person, such as en-US."},
    {.name = "timezone", .about = "The person's time zone by its Olson name, such as Europe/Berlin."},
    {.name = "active", .about = "May the person sign in?", .type = SCIM_BOOLEAN},
    {.name = "password",
     .about = "Accepted from clients that send one, and not kept: people sign in elsewhere.",
     .mutability = SCIM_WRITE_ONLY,
     .returned = SCIM_RETURNED_NEVER},
    {.name = "emails",
     .about = "The person's e-mail addresses.",
     .type = SCIM_COMPLEX,
     .multi = TRUE,
     SCIM_SUBS(emails)},
    {.name = "phoneNumbers",
     .about = "The person's telephone numbers.",
     .type = SCIM_COMPLEX,
     .multi = TRUE,
     SCIM_SUBS(phone_numbers)},
    {.name = "ims",
     .about = "The person's instant-messaging addresses.",
     .type = SCIM_COMPLEX,
     .multi = TRUE,
     SCIM_SUBS(ims)},
    {.name = "photos",
     .about = "URLs of pictures of the person.",
     .type = SCIM_COMPLEX,
     .multi = TRUE,
     SCIM_SUBS(photos)},
    {.name = "addresses",
     .about = "The person's postal addresses.",
     .type = SCIM_COMPLEX,
     .multi = TRUE,
     SCIM_SUBS(addresses)},
    {.name = "groups",
     .about = "The groups the person belongs to; changed only through the groups.",
     .type = SCIM_COMPLEX,
     .multi = TRUE,
     .mutability = SCIM_READ_ONLY,
     SCIM_SUBS(groups)},
    {.name = "entitlements",
     .about = "What the person is entitled to.",
     .type = SCIM_COMPLEX,
     .multi = TRUE,
     SCIM_SUBS(entitlements)},
    {.name = "roles",
     .about = "What the person is in the organisation.",
     .type = SCIM_COMPLEX,
     .multi = TRUE,
     SCIM_SUBS(roles)},
    {.name = "x509Certificates",
     .about = "The person's certificates.",
     .type = SCIM_COMPLEX,
     .multi = TRUE,
     SCIM_SUBS(certificates)},
};

const ScimSchema scim_schema_user = {
    .urn = SCIM_URN_USER,
    .name = "User",
    .about = "A person's account",
    .attributes = attributes,
    .n_attributes = G_N_ELEMENTS(attributes),
};
