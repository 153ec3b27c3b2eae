#ifndef OPENAPI_DOCUMENT_H
#define OPENAPI_DOCUMENT_H

#include <stddef.h>

// openapi.json, byte for byte, as it was when the program was built.
const unsigned char *openapi_document(size_t *size);

#endif
