#define _GNU_SOURCE 1

#include "wiping_heap.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// Libraries copy secrets into their own blocks: libcurl, OpenSSL, GLib, Swift's strings and arrays. They release them
// without wiping, so secrets could stay readable for the life of the process.
//
// A program's own definitions replace glibc's for all its shared libraries (elf(5); "Replacing malloc" in glibc's
// manual). All functions are replaced, so that a preloaded allocator cannot mix in its own blocks. Blocks still come
// from glibc, so that its other functions keep working.
extern void __libc_free(void *block);
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void *__libc_valloc(size_t size);
extern void *__libc_pvalloc(size_t size);

// glibc's own, which has no second name. Until it is resolved nothing is wiped; secrets come later.
static size_t (*usable_size)(void *block);

__attribute__((constructor(101))) static void find_usable_size(void) {
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    if (libc == NULL) return;
    usable_size = (size_t (*)(void *))dlsym(libc, "malloc_usable_size");
    dlclose(libc);
}

size_t malloc_usable_size(void *block) {
    if (usable_size == NULL) find_usable_size();
    return block == NULL || usable_size == NULL ? 0 : usable_size(block);
}

// Wipes all that the owner could have written to (malloc_usable_size(3)). The barrier keeps the compiler from removing
// the dead store.
static void wipe(void *start, size_t count) {
    memset(start, 0, count);
    __asm__ volatile("" : : "r"(start) : "memory");
}

void free(void *block) {
    if (block == NULL) return;
    if (usable_size != NULL) wipe(block, usable_size(block));
    __libc_free(block);
}

void *malloc(size_t size) { return __libc_malloc(size); }

void *calloc(size_t count, size_t size) { return __libc_calloc(count, size); }

// glibc's realloc may move a block without wiping the old one, so growing always allocates anew. A block that shrinks
// stays, and its tail is wiped.
void *realloc(void *block, size_t size) {
    if (block == NULL) return __libc_malloc(size);
    if (size == 0) {
        free(block);
        return NULL;
    }
    size_t usable = malloc_usable_size(block);
    if (size <= usable && size >= usable / 2) {
        wipe((char *)block + size, usable - size);
        return block;
    }
    void *moved = __libc_malloc(size);
    if (moved == NULL) return NULL;
    memcpy(moved, block, size < usable ? size : usable);
    free(block);
    return moved;
}

void *reallocarray(void *block, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(block, total);
}

void *memalign(size_t alignment, size_t size) { return __libc_memalign(alignment, size); }

void *aligned_alloc(size_t alignment, size_t size) { return __libc_memalign(alignment, size); }

void *valloc(size_t size) { return __libc_valloc(size); }

void *pvalloc(size_t size) { return __libc_pvalloc(size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) != 0 || alignment == 0 || (alignment & (alignment - 1)) != 0) return EINVAL;
    int saved = errno;
    void *found = __libc_memalign(alignment, size);
    errno = saved;
    if (found == NULL) return ENOMEM;
    *block = found;
    return 0;
}

// From C23. A glibc that has them would release without wiping.
void free_sized(void *block, size_t size) {
    (void)size;
    free(block);
}

void free_aligned_sized(void *block, size_t alignment, size_t size) {
    (void)alignment;
    (void)size;
    free(block);
}

// Obsolete, but old programs may call it.
void cfree(void *block) { free(block); }

void wiping_heap(void) {}
