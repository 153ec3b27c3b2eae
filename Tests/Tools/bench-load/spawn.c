#define _GNU_SOURCE
#include "client.h"

#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

// Keeps standard input in memory, so that each process can read all of it; returns its path, or NULL if it is empty.
static const char *kept_input(void) {
    static char path[32];
    char bytes[64 * 1024];
    size_t size = fread(bytes, 1, sizeof bytes, stdin);
    if (size == 0) return NULL;
    int file = memfd_create("input", 0);
    if (file < 0 || write(file, bytes, size) != (ssize_t)size) fail("memfd_create");
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return path;
}

// One process after the other; a sample runs from before its start to its end. Its output is discarded.
void run_spawn(size_t count, char **arguments) {
    uint64_t *samples = calloc(count, sizeof *samples);
    posix_spawn_file_actions_t actions;
    if (samples == NULL || posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0) {
        fail("posix_spawn");
    }
    const char *input = kept_input();
    if (input != NULL && posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0) != 0) fail("posix_spawn");
    // The fewest of all runs: a page that another process takes from the cache meanwhile is not the program's.
    long faults = LONG_MAX;
    uint64_t begin = now_ns();
    for (size_t i = 0; i < count; i++) {
        uint64_t before = now_ns();
        pid_t pid;
        int status = 0;
        struct rusage use;
        if (posix_spawn(&pid, arguments[0], &actions, NULL, arguments, environ) != 0) fail(arguments[0]);
        if (wait4(pid, &status, 0, &use) != pid || status != 0) fail(arguments[0]);
        samples[i] = now_ns() - before;
        // Those of the program alone: posix_spawn(3) copies no page of this process.
        if (use.ru_minflt + use.ru_majflt < faults) faults = use.ru_minflt + use.ru_majflt;
    }
    report(samples, count, (double)(now_ns() - begin) / 1e9, 0, faults);
}
