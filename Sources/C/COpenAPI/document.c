#include "document.h"

// Embedded instead of a package resource: as a Swift array the document would take ten seconds to compile.
#pragma clang diagnostic ignored "-Wc23-extensions"
static const unsigned char document[] = {
#embed "openapi.json"
};

const unsigned char *openapi_document(size_t *size) {
    *size = sizeof document;
    return document;
}
