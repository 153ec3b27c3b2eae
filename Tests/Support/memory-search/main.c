// memory-search PID: counts secrets in the memory of a process, for tests that secrets are wiped.
//
// Standard input has a line per secret: a label, a space, the text. The search finds any piece of 16 bytes of the
// text, plain, in base64, form-encoded or in UTF-16, in all readable pages. Each label is printed with the number of
// matches in unlocked and in locked pages, and with -v each match. Needs root.
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { shortest = 16, block = 8, largest_label = 64, chunk = 16 << 20, overlap = 1 << 16 };

struct form {
    unsigned char *bytes;
    size_t count;
    int label;
};

struct needle {
    uint64_t word;
    int form;
    size_t offset;
    int next;
};

static char labels[4096][largest_label];
static long found[4096][2];
static int label_count;
static struct form forms[65536];
static int form_count;
static struct needle *needles;
static int needle_count, needle_room;
static int buckets[1 << 20];
static int verbose;

static unsigned hash(uint64_t word) { return (unsigned)((word * 0x9E3779B97F4A7C15u) >> 44); }

static void fail(const char *what) {
    perror(what);
    exit(2);
}

static void add_form(int label, const unsigned char *bytes, size_t count) {
    if (count < shortest || form_count == 65536) return;
    struct form *form = &forms[form_count];
    form->bytes = malloc(count);
    memcpy(form->bytes, bytes, count);
    form->count = count;
    form->label = label;
    // Any piece of 16 bytes contains one of these blocks of 8.
    for (size_t offset = 0; offset + block <= count; offset += block) {
        if (needle_count == needle_room) {
            needle_room = needle_room ? 2 * needle_room : 1024;
            needles = realloc(needles, sizeof *needles * (size_t)needle_room);
        }
        uint64_t word;
        memcpy(&word, bytes + offset, block);
        unsigned bucket = hash(word);
        needles[needle_count] = (struct needle){word, form_count, offset, buckets[bucket]};
        buckets[bucket] = ++needle_count;
    }
    form_count++;
}

static void add_base64(int label, const unsigned char *text, size_t count, const char *letters) {
    unsigned char *encoded = malloc(count * 2 + 8);
    // The text before the secret determines its offset in a group of three bytes.
    for (size_t skip = 0; skip < 3 && skip < count; skip++) {
        size_t length = 0;
        for (size_t i = skip; i + 3 <= count; i += 3) {
            unsigned bits = (unsigned)text[i] << 16 | (unsigned)text[i + 1] << 8 | text[i + 2];
            for (int shift = 18; shift >= 0; shift -= 6) encoded[length++] = (unsigned char)letters[bits >> shift & 63];
        }
        add_form(label, encoded, length);
    }
    free(encoded);
}

static void add(const char *label, const unsigned char *text, size_t count) {
    if (label_count == 4096) return;
    int number = label_count++;
    snprintf(labels[number], largest_label, "%s", label);
    add_form(number, text, count);
    add_base64(number, text, count, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    add_base64(number, text, count, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    unsigned char *other = malloc(count * 3 + 1);
    size_t length = 0, wide = 0;
    for (size_t i = 0; i < count; i++) {
        if (strchr("*-._ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", text[i]) != NULL) {
            other[length++] = text[i];
        } else {
            length += (size_t)sprintf((char *)other + length, "%%%02X", text[i]);
        }
    }
    if (length != count) add_form(number, other, length);
    for (size_t i = 0; i < count; i++) {
        other[wide++] = text[i];
        other[wide++] = 0;
    }
    add_form(number, other, wide);
    free(other);
}

// Counts matches that begin before `end`; the remaining bytes are searched with the next block.
static void search(
    const unsigned char *bytes, size_t count, size_t end, unsigned long long address, int locked, const char *name
) {
    for (size_t at = 0; at + block <= count && at < end; at++) {
        uint64_t word;
        memcpy(&word, bytes + at, block);
        int index = buckets[hash(word)];
        for (; index != 0; index = needles[index - 1].next) {
            const struct needle *needle = &needles[index - 1];
            if (needle->word != word) continue;
            const struct form *form = &forms[needle->form];
            size_t before = 0, after = block;
            while (before < needle->offset && before < at &&
                   bytes[at - before - 1] == form->bytes[needle->offset - before - 1])
                before++;
            while (needle->offset + after < form->count && at + after < count &&
                   bytes[at + after] == form->bytes[needle->offset + after])
                after++;
            if (before + after < shortest) continue;
            found[form->label][locked]++;
            if (verbose) {
                printf("%s: %zu bytes at %llx (%s) ", labels[form->label], before + after, address + at - before,
                       *name ? name : "anonymous");
                size_t from = at - before > 24 ? at - before - 24 : 0;
                for (size_t i = from; i < at + after + 24 && i < count; i++)
                    putchar(bytes[i] >= 0x20 && bytes[i] < 0x7F ? bytes[i] : '.');
                putchar('\n');
            }
            at += after - 1;
            break;
        }
    }
}

static void look(int memory, unsigned long long start, unsigned long long end, int locked, const char *name) {
    static unsigned char *bytes;
    if (bytes == NULL) bytes = malloc(chunk + overlap);
    for (unsigned long long at = start; at < end; at += chunk) {
        size_t wanted = end - at < chunk + overlap ? (size_t)(end - at) : chunk + overlap;
        size_t count = 0;
        while (count < wanted) {
            ssize_t got = pread(memory, bytes + count, wanted - count, (off_t)(at + count));
            // An unreadable page, such as one beyond the end of a mapped file.
            if (got <= 0) break;
            count += (size_t)got;
        }
        search(bytes, count, chunk, at, locked, name);
    }
}

int main(int argc, char **argv) {
    verbose = argc == 3 && strcmp(argv[1], "-v") == 0;
    if (argc != 2 + verbose) return 2;
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) > 0) {
        while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r')) line[--length] = 0;
        char *space = strchr(line, ' ');
        if (space == NULL) continue;
        *space = 0;
        add(line, (unsigned char *)space + 1, (size_t)(line + length - space - 1));
    }
    char path[64];
    snprintf(path, sizeof path, "/proc/%s/mem", argv[argc - 1]);
    int memory = open(path, O_RDONLY);
    if (memory < 0) fail(path);
    snprintf(path, sizeof path, "/proc/%s/smaps", argv[argc - 1]);
    FILE *maps = fopen(path, "r");
    if (maps == NULL) fail(path);
    unsigned long long start = 0, end = 0, pages = 0;
    char mode[8] = "", name[256] = "";
    while ((length = getline(&line, &room, maps)) > 0) {
        unsigned long long from, to;
        char rights[8], file[256] = "";
        if (sscanf(line, "%llx-%llx %7s %*s %*s %*s %255[^\n]", &from, &to, rights, file) >= 3) {
            start = from;
            end = to;
            snprintf(mode, sizeof mode, "%s", rights);
            snprintf(name, sizeof name, "%s", file);
        } else if (strncmp(line, "VmFlags:", 8) == 0 && mode[0] == 'r' && strncmp(name, "[v", 2) != 0) {
            look(memory, start, end, strstr(line, " lo") != NULL, name);
            pages += (end - start) / 4096;
        }
    }
    for (int i = 0; i < label_count; i++) printf("= %s %ld %ld\n", labels[i], found[i][0], found[i][1]);
    printf("pages %llu\n", pages);
    return 0;
}
