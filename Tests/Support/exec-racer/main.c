// Attacks a process of the same user between its execve(2) and its own protection, and reports what it could read.
//
//   exec-racer spawn COUNT PROGRAM [ARGUMENT...]  starts the program COUNT times, with an open pipe as its input
//   exec-racer watch PID MILLISECONDS             waits for the processes that PID starts
//
// Prints one line: the number of processes for each kind of access.
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { mem, maps, environment, input, executable, descriptor, trace, kinds };
static const char *const names[kinds] = {"mem", "maps", "environ", "fd", "exe", "getfd", "ptrace"};
static long got[kinds];
static long total;

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000ll + time.tv_nsec / 1000;
}

static int opens(pid_t pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    // A socket cannot be opened this way; ENXIO shows that it was reached.
    if (file < 0) return errno == ENXIO;
    // The maps of an exiting process open but are empty: its memory is gone.
    char byte;
    int is_there = strcmp(name, "maps") != 0 || read(file, &byte, 1) == 1;
    close(file);
    return is_there;
}

// A process that has ended has no secrets left, and may be inspected.
static int lives(pid_t pid) {
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return 0;
    text[count] = 0;
    char *end = strrchr(text, ')');
    return end != NULL && end[2] != 'Z' && end[2] != 'X';
}

static void attack(pid_t pid, long long duration) {
    int seen[kinds] = {0};
    char path[64], text[4096];
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    long long end = now() + duration;
    total++;
    do {
        int have[kinds] = {0};
        have[mem] = opens(pid, "mem");
        have[input] = opens(pid, "fd/0");
        have[maps] = opens(pid, "maps");
        have[environment] = opens(pid, "environ");
        snprintf(path, sizeof path, "/proc/%d/exe", pid);
        have[executable] = readlink(path, text, sizeof text) > 0;
        int copy = (int)syscall(SYS_pidfd_getfd, pidfd, 0, 0);
        if (copy >= 0) close(copy);
        have[descriptor] = copy >= 0;
        have[trace] = !seen[trace] && ptrace(PTRACE_SEIZE, pid, 0, 0) == 0;
        if (!lives(pid)) break;
        for (int kind = 0; kind < kinds; kind++) seen[kind] |= have[kind];
    } while (now() < end);
    for (int kind = 0; kind < kinds; kind++) got[kind] += seen[kind];
    if (pidfd >= 0) close(pidfd);
}

static int spawn(int count, char **command) {
    extern char **environ;
    for (int i = 0; i < count; i++) {
        int ends[2];
        pid_t pid;
        posix_spawn_file_actions_t actions;
        if (pipe2(ends, O_CLOEXEC) != 0) return 2;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        // Returns after the new program has replaced this one.
        int result = posix_spawn(&pid, command[0], &actions, NULL, command, environ);
        posix_spawn_file_actions_destroy(&actions);
        if (result != 0) {
            fprintf(stderr, "%s: %s\n", command[0], strerror(result));
            return 2;
        }
        attack(pid, 20000);
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR) {}
        close(ends[0]);
        close(ends[1]);
    }
    return 0;
}

// A child of any thread of the parent other than `last`; 0 if there is none.
static pid_t newest_child(pid_t parent, pid_t last) {
    char path[80], text[4096];
    snprintf(path, sizeof path, "/proc/%d/task", parent);
    DIR *tasks = opendir(path);
    if (tasks == NULL) return 0;
    pid_t found = 0;
    struct dirent *entry;
    while (found == 0 && (entry = readdir(tasks)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", parent, entry->d_name);
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) continue;
        ssize_t count = read(file, text, sizeof text - 1);
        close(file);
        text[count > 0 ? count : 0] = 0;
        for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
            if (atoi(word) > last) found = atoi(word);
        }
    }
    closedir(tasks);
    return found;
}

static int watch(pid_t parent, long long duration) {
    pid_t last = 0;
    long long end = now() + duration;
    printf("watching\n");
    fflush(stdout);
    while (now() < end && lives(parent)) {
        pid_t child = newest_child(parent, last);
        if (child == 0) continue;
        last = child;
        attack(child, 50000);
    }
    return 0;
}

int main(int argc, char **argv) {
    int result = 2;
    if (argc >= 4 && strcmp(argv[1], "spawn") == 0) result = spawn(atoi(argv[2]), argv + 3);
    if (argc == 4 && strcmp(argv[1], "watch") == 0) result = watch(atoi(argv[2]), atoll(argv[3]) * 1000);
    if (result != 0) return result;
    for (int kind = 0; kind < kinds; kind++) printf("%s %ld ", names[kind], got[kind]);
    printf("of %ld\n", total);
    return 0;
}
