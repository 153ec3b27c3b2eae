// A file system with one program, which stops replying on demand, like that of a dead server (fuse(4)).
// Prints "mounted", then executes commands from its input:
//
//   hang         stops replying, prints "hanging", and then "held" for each request that gets no reply
//
// At the end of its input the file system ends, and blocked calls get an error.
//
// usage: hanging-files DIRECTORY PROGRAM      (shows PROGRAM as DIRECTORY/tool; for root)
#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { directory = FUSE_ROOT_ID, tool = 2, largest = 1 << 17 };

static int device;
static char *content;
static size_t size;

static int fail(const char *what) {
    fprintf(stderr, "hanging-files: %s: %s\n", what, strerror(errno));
    return 1;
}

static void reply(uint64_t unique, int error, const void *data, size_t length) {
    static char buffer[largest + 4096];
    struct fuse_out_header head = {.len = (uint32_t)(sizeof head + length), .error = -error, .unique = unique};
    memcpy(buffer, &head, sizeof head);
    if (length > 0) memcpy(buffer + sizeof head, data, length);
    // An interrupted request is no longer awaited.
    if (write(device, buffer, head.len) < 0 && errno != ENOENT) perror("hanging-files: write");
}

static struct fuse_attr attributes(uint64_t node) {
    int is_tool = node == tool;
    return (struct fuse_attr){
        .ino = node, .size = is_tool ? size : 0, .blocks = 1, .mode = is_tool ? S_IFREG | 0755 : S_IFDIR | 0755,
        .nlink = 1, .blksize = 4096,
    };
}

// Validity 0, so that each access to a path sends a request.
static void answer(struct fuse_in_header *head, void *body) {
    switch (head->opcode) {
    case FUSE_INIT: {
        struct fuse_init_out init = {
            .major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = largest, .max_write = largest,
            .max_background = 16, .congestion_threshold = 12,
        };
        return reply(head->unique, 0, &init, sizeof init);
    }
    case FUSE_LOOKUP: {
        if (head->nodeid != directory || strcmp(body, "tool") != 0) return reply(head->unique, ENOENT, NULL, 0);
        struct fuse_entry_out entry = {.nodeid = tool, .generation = 1, .attr = attributes(tool)};
        return reply(head->unique, 0, &entry, sizeof entry);
    }
    case FUSE_GETATTR: {
        struct fuse_attr_out out = {.attr = attributes(head->nodeid)};
        return reply(head->unique, 0, &out, sizeof out);
    }
    case FUSE_OPEN: case FUSE_OPENDIR: {
        struct fuse_open_out out = {.open_flags = FOPEN_KEEP_CACHE};
        return reply(head->unique, 0, &out, sizeof out);
    }
    case FUSE_READ: {
        struct fuse_read_in *in = body;
        size_t start = in->offset < size ? in->offset : size;
        size_t length = size - start < in->size ? size - start : in->size;
        return reply(head->unique, 0, content + start, length);
    }
    case FUSE_RELEASE: case FUSE_RELEASEDIR: case FUSE_FLUSH: return reply(head->unique, 0, NULL, 0);
    case FUSE_FORGET: case FUSE_BATCH_FORGET: case FUSE_INTERRUPT: return;
    default: return reply(head->unique, ENOSYS, NULL, 0);
    }
}

static int load(const char *path) {
    FILE *file = fopen(path, "r");
    struct stat status;
    if (!file || fstat(fileno(file), &status) != 0) return -1;
    size = (size_t)status.st_size;
    content = malloc(size);
    int result = content && fread(content, 1, size, file) == size ? 0 : -1;
    fclose(file);
    return result;
}

int main(int count, char **arguments) {
    if (count != 3) return 2;
    if (load(arguments[2]) != 0) return fail(arguments[2]);
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (device < 0) return fail("/dev/fuse, which needs the kernel's module fuse");
    char options[128];
    snprintf(options, sizeof options, "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other", device);
    if (mount("hanging", arguments[1], "fuse", MS_NODEV, options) != 0) return fail("mount");
    setvbuf(stdout, NULL, _IOLBF, 0);
    setvbuf(stdin, NULL, _IONBF, 0);
    puts("mounted");
    static char buffer[largest + 4096] __attribute__((aligned(8)));
    int is_hanging = 0;
    for (;;) {
        struct pollfd ready[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = device, .events = POLLIN}};
        if (poll(ready, 2, -1) < 0) continue;
        if (ready[0].revents) {
            char line[64];
            if (!fgets(line, sizeof line, stdin)) break;
            is_hanging = strcmp(line, "hang\n") == 0;
            puts(is_hanging ? "hanging" : "unknown");
            continue;
        }
        ssize_t got = read(device, buffer, sizeof buffer);
        if (got < 0 && errno == ENODEV) break;
        if (got < (ssize_t)sizeof(struct fuse_in_header)) continue;
        // A request that was read but gets no reply: not even SIGKILL ends such a wait.
        if (is_hanging) {
            puts("held");
            continue;
        }
        answer((struct fuse_in_header *)buffer, buffer + sizeof(struct fuse_in_header));
    }
    umount2(arguments[1], MNT_DETACH);
    return 0;
}
