#include "CResources.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// A page is a file in `guide/`, its bytes here, and a line in `pages`.

static const unsigned char first_session[] = {
#embed "guide/first-session.md"
};
static const unsigned char data[] = {
#embed "guide/data.md"
};
static const unsigned char network[] = {
#embed "guide/network.md"
};
static const unsigned char removing[] = {
#embed "guide/removing.md"
};
static const unsigned char influence[] = {
#embed "guide/influence.md"
};
static const unsigned char mislabeled[] = {
#embed "guide/mislabeled.md"
};
static const unsigned char validating[] = {
#embed "guide/validating.md"
};
static const unsigned char spectra[] = {
#embed "guide/spectra.md"
};
static const unsigned char attacks[] = {
#embed "guide/attacks.md"
};
static const unsigned char results[] = {
#embed "guide/results.md"
};
static const unsigned char running[] = {
#embed "guide/running.md"
};
static const unsigned char security[] = {
#embed "guide/security.md"
};
static const unsigned char speed[] = {
#embed "guide/speed.md"
};

#define PAGE(name, bytes) {name, bytes, sizeof bytes}

static const cr_page pages[] = {
  PAGE("first-session", first_session),
  PAGE("data", data),
  PAGE("network", network),
  PAGE("removing", removing),
  PAGE("influence", influence),
  PAGE("mislabeled", mislabeled),
  PAGE("validating", validating),
  PAGE("spectra", spectra),
  PAGE("attacks", attacks),
  PAGE("results", results),
  PAGE("running", running),
  PAGE("security", security),
  PAGE("speed", speed),
};

const cr_page *cr_guide_page(size_t index) {
  return index < sizeof pages / sizeof pages[0] ? &pages[index] : NULL;
}
