#define _GNU_SOURCE 1

#include "process_reader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "message.h"

// More than the daemon has of threads that wait for a file system.
enum { most_threads = 128 };

static atomic_int threads;

static void read_program(int socket, const struct csandbox_request *request) {
    static struct csandbox_program program;
    char path[48];
    program.serial = request->serial;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)request->number);
    ssize_t count = readlink(path, program.text, csandbox_link_size);
    program.link_count = count > 0 && count < csandbox_link_size ? (uint32_t)count : 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)request->number);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    count = file < 0 ? 0 : read(file, program.text + program.link_count, csandbox_stat_size);
    program.stat_count = count > 0 && count < csandbox_stat_size ? (uint32_t)count : 0;
    if (file >= 0) close(file);
    const size_t size = offsetof(struct csandbox_program, text) + program.link_count + program.stat_count;
    (void)csandbox_send(socket, &program, size, -1);
}

// Whether the process has the socket open, as far as this user may see.
static int holds(const char *pid, const char *target) {
    char path[80], text[64];
    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    DIR *descriptors = opendir(path);
    if (descriptors == NULL) return 0;
    int found = 0;
    for (struct dirent *entry; !found && (entry = readdir(descriptors)) != NULL;) {
        ssize_t count = readlinkat(dirfd(descriptors), entry->d_name, text, sizeof text - 1);
        if (count <= 0) continue;
        text[count] = 0;
        found = strcmp(text, target) == 0;
    }
    closedir(descriptors);
    return found;
}

static int32_t holder(uint64_t socket) {
    char target[48];
    snprintf(target, sizeof target, "socket:[%llu]", (unsigned long long)socket);
    DIR *processes = opendir("/proc");
    if (processes == NULL) return 0;
    int32_t found = 0;
    for (struct dirent *entry; found == 0 && (entry = readdir(processes)) != NULL;) {
        int pid = atoi(entry->d_name);
        if (pid > 0 && holds(entry->d_name, target)) found = pid;
    }
    closedir(processes);
    return found;
}

struct errand {
    struct csandbox_request request;
    int answer;
};

static void *run(void *argument) {
    struct errand errand = *(struct errand *)argument;
    free(argument);
    int32_t number = 0;
    if (errand.request.kind == csandbox_open_executable) {
        char path[48];
        snprintf(path, sizeof path, "/proc/%d/exe", (int)errand.request.number);
        int file = open(path, O_PATH | O_CLOEXEC);
        if (file >= 0) (void)csandbox_send(errand.answer, &number, sizeof number, file);
    } else {
        number = holder((uint64_t)errand.request.number);
        (void)csandbox_send(errand.answer, &number, sizeof number, -1);
    }
    // Without an answer, the end of the socket is one.
    close(errand.answer);
    atomic_fetch_sub(&threads, 1);
    return NULL;
}

static void start_errand(const struct csandbox_request *request, int answer) {
    if (answer < 0) return;
    struct errand *errand = malloc(sizeof *errand);
    pthread_attr_t attributes;
    pthread_t thread;
    if (atomic_fetch_add(&threads, 1) < most_threads && errand != NULL && pthread_attr_init(&attributes) == 0) {
        *errand = (struct errand){*request, answer};
        (void)pthread_attr_setstacksize(&attributes, 128 * 1024);
        (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        int failure = pthread_create(&thread, &attributes, run, errand);
        pthread_attr_destroy(&attributes);
        if (failure == 0) return;
    }
    free(errand);
    close(answer);
    atomic_fetch_sub(&threads, 1);
}

static void serve(int socket) {
    struct csandbox_request request;
    int answer;
    for (;;) {
        ssize_t count = csandbox_receive(socket, &request, sizeof request, &answer);
        if (count <= 0) _exit(0);
        if (count == sizeof request && request.number > 0) {
            if (request.kind == csandbox_read_program) read_program(socket, &request);
            if (request.kind == csandbox_open_executable || request.kind == csandbox_find_holder) {
                start_errand(&request, answer);
                continue;
            }
        }
        if (answer >= 0) close(answer);
    }
}

static _Noreturn void become_reader(int socket, pid_t parent, int (*restrict_reader)(void)) {
    // Whatever ends the daemon's session or unit: the reader ends with the daemon, which may have requests left.
    const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t index = 0; index < sizeof ignored / sizeof *ignored; index++) (void)signal(ignored[index], SIG_IGN);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    (void)prctl(PR_SET_NAME, "authagentd-proc", 0, 0, 0);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    // No lock, socket or pipe of the daemon may stay open here.
    int channel = dup2(socket, STDIN_FILENO);
    if (channel < 0 || getppid() != parent) _exit(1);
    (void)close_range(channel + 1, ~0U, 0);
    for (int target = 1; target <= 2; target++) {
        if (open("/dev/null", O_RDWR) != target) _exit(1);
    }
    if (!restrict_reader()) _exit(1);
    serve(channel);
    _exit(0);
}

int csandbox_start_reader(int (*restrict_reader)(void), pid_t *pid) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) become_reader(ends[1], parent, restrict_reader);
    int code = errno;
    close(ends[1]);
    if (child > 0) {
        *pid = child;
        return ends[0];
    }
    close(ends[0]);
    return -code;
}
