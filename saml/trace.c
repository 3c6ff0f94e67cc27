#include "saml/trace.h"

#include <string.h>

#include "lib/crypto.h"

/* A power of two, so that each is as likely. Words that sound like no other, and that nobody minds being called. */
#define WORDS 128

static const char *const adjectives[WORDS] = {
    "able",     "agile",   "amber",  "ample",   "apt",     "azure",  "basic",    "bold",     "brave",
    "brief",    "bright",  "brisk",  "broad",   "calm",    "candid", "careful",  "cheerful", "clean",
    "clear",    "clever",  "cosy",   "crisp",   "curious", "daring", "dear",     "deep",     "eager",
    "early",    "earnest", "easy",   "elegant", "even",    "exact",  "fair",     "famous",   "fast",
    "fearless", "fine",    "firm",   "fleet",   "fond",    "frank",  "free",     "fresh",    "friendly",
    "gentle",   "giant",   "glad",   "golden",  "good",    "grand",  "grateful", "green",    "happy",
    "hardy",    "helpful", "honest", "humble",  "jolly",   "keen",   "kind",     "large",    "light",
    "likely",   "lively",  "local",  "loyal",   "lucid",   "lucky",  "mellow",   "merry",    "mighty",
    "mild",     "modest",  "neat",   "nimble",  "noble",   "open",   "patient",  "plain",    "playful",
    "polite",   "prime",   "proper", "proud",   "quick",   "quiet",  "rapid",    "ready",    "rosy",
    "round",    "royal",   "rural",  "sane",    "serene",  "sharp",  "shiny",    "silent",   "silver",
    "simple",   "sincere", "sleek",  "smart",   "smooth",  "snug",   "solid",    "spry",     "steady",
    "still",    "sturdy",  "subtle", "sunny",   "super",   "sure",   "swift",    "tall",     "tame",
    "tender",   "thrifty", "tidy",   "true",    "trusty",  "upbeat", "urban",    "useful",   "vast",
    "vivid",    "warm",
};

static const char *const animals[WORDS] = {
    "adder",   "alpaca",  "ant",     "antelope", "badger",  "bat",     "bear",     "beaver",  "bee",
    "beetle",  "bison",   "bobcat",  "buffalo",  "bunny",   "camel",   "canary",   "caribou", "cat",
    "cheetah", "chicken", "cobra",   "cod",      "condor",  "coral",   "cougar",   "cow",     "coyote",
    "crab",    "crane",   "cricket", "crow",     "deer",    "dingo",   "dog",      "dolphin", "donkey",
    "dove",    "duck",    "eagle",   "eel",      "egret",   "elk",     "emu",      "falcon",  "ferret",
    "finch",   "fox",     "frog",    "gazelle",  "gecko",   "gibbon",  "giraffe",  "goat",    "goose",
    "gopher",  "grouse",  "gull",    "hamster",  "hare",    "hawk",    "hedgehog", "heron",   "herring",
    "hippo",   "horse",   "hyena",   "ibex",     "ibis",    "iguana",  "impala",   "jackal",  "jaguar",
    "jay",     "kiwi",    "koala",   "lamb",     "lark",    "lemming", "lemur",    "leopard", "lion",
    "lizard",  "llama",   "lobster", "lynx",     "macaw",   "magpie",  "mammoth",  "marmot",  "marten",
    "mink",    "mole",    "moose",   "moth",     "mouse",   "mule",    "newt",     "ocelot",  "octopus",
    "okapi",   "orca",    "oriole",  "osprey",   "ostrich", "otter",   "owl",      "ox",      "oyster",
    "panda",   "panther", "parrot",  "penguin",  "pigeon",  "pike",    "pony",     "poodle",  "puffin",
    "puma",    "quail",   "rabbit",  "raccoon",  "ram",     "raven",   "robin",    "salmon",  "seal",
    "shark",   "sheep",
};

static guint random_below(guint most) {
  guint32 number;
  crypto_random(&number, sizeof number);
  return number % most;
}

void saml_trace_names(SamlTraceNames *names) {
  for (gsize i = 0; i < SAML_TRACE_NAMES; i++) {
    guint number = i < SAML_TRACE_NAMES / 2 ? 10 + random_below(90) : 1000 + random_below(9000);
    g_snprintf(names->names[i], SAML_TRACE_NAME_BYTES, "%s-%s-%u", adjectives[random_below(WORDS)],
               animals[random_below(WORDS)], number);
  }
}

static gboolean is_word(const char *text, gboolean (*fits)(char), gsize least, gsize most) {
  gsize n = strlen(text);
  for (gsize i = 0; i < n; i++)
    if (!fits(text[i]))
      return FALSE;
  return n >= least && n <= most;
}

static gboolean is_letter(char letter) {
  return g_ascii_islower(letter);
}

static gboolean is_digit(char letter) {
  return g_ascii_isdigit(letter);
}

gboolean saml_trace_name_parse(const char *text, char **name) {
  g_autofree char *lower = g_strstrip(g_ascii_strdown(text, -1));
  g_auto(GStrv) parts = g_strsplit_set(lower, "- ", 4);
  if (g_strv_length(parts) != 3 || !is_word(parts[0], is_letter, 2, 16) ||
      !is_word(parts[1], is_letter, 2, 16) || !is_word(parts[2], is_digit, 2, 4))
    return FALSE;
  *name = g_strjoinv("-", parts);
  return TRUE;
}

json_t *saml_trace_checks(const SamlReport *report) {
  static const char *const states[] = {[SAML_CHECK_NOT_REACHED] = "not-reached",
                                       [SAML_CHECK_PASSED] = "passed",
                                       [SAML_CHECK_FAILED] = "failed",
                                       [SAML_CHECK_NOT_NEEDED] = "not-needed"};
  json_t *checks = json_array();
  for (guint i = 0; i < SAML_CHECKS; i++)
    json_array_append_new(checks, json_pack("{s:s, s:s}", "check", saml_check_name((SamlCheck)i), "state",
                                            states[report->state[i]]));
  return checks;
}
