#ifndef OPENAPI_DOCUMENT_H
#define OPENAPI_DOCUMENT_H

#include <stddef.h>

// openapi.json, byte for byte, as of the build.
const unsigned char *openapi_document(size_t *size);

#endif
