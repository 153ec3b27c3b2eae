// What the agent asks of its process reader, and of a child.
#define _GNU_SOURCE 1

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "message.h"
#include "process_reader.h"
#include "sandbox.h"

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

// Waits until there is something to read; negative at the end of the time.
static int wait_until(int socket, long long end) {
    for (;;) {
        struct pollfd wait = {socket, POLLIN, 0};
        long long left = end - now();
        int ready = poll(&wait, 1, left > 0 ? (int)left : 0);
        if (ready > 0) return 0;
        if (ready == 0) return -ETIMEDOUT;
        if (errno != EINTR) return -errno;
    }
}

int csandbox_ask_program(int reader, pid_t pid, uint32_t serial, int milliseconds, struct csandbox_program *program) {
    struct csandbox_request request = {csandbox_read_program, serial, pid};
    ssize_t sent = send(reader, &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT);
    // A full queue: the reader does not run.
    if (sent != sizeof request) return errno == EAGAIN ? -ETIMEDOUT : -EPIPE;
    long long end = now() + milliseconds;
    for (;;) {
        int failure = wait_until(reader, end);
        if (failure != 0) return failure;
        ssize_t count = recv(reader, program, sizeof *program, MSG_DONTWAIT);
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (count <= 0) return -EPIPE;
        const size_t start = offsetof(struct csandbox_program, text);
        if ((size_t)count >= start && program->serial == serial) {
            return (size_t)count == start + program->link_count + program->stat_count ? 0 : -EPROTO;
        }
        // The answer to an earlier request, which has not waited for it.
    }
}

// Sends a request with a socket of its own for the answer, and returns this end of it.
static int ask(int reader, uint32_t kind, int64_t number) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
    struct csandbox_request request = {kind, 0, number};
    int failure = csandbox_send(reader, &request, sizeof request, ends[1]);
    if (failure == 0) return ends[0];
    close(ends[0]);
    return failure;
}

int csandbox_ask_executable(int reader, pid_t pid) {
    int socket = ask(reader, csandbox_open_executable, pid);
    if (socket < 0) return socket;
    int32_t number;
    int file;
    ssize_t count = csandbox_receive(socket, &number, sizeof number, &file);
    close(socket);
    if (file >= 0) return file;
    return count < 0 ? (int)count : -ESRCH;
}

int csandbox_ask_holder(int reader, uint64_t socket, int milliseconds) {
    int answer = ask(reader, csandbox_find_holder, (int64_t)socket);
    if (answer < 0) return answer;
    int32_t number = 0;
    int file = -1;
    int result = wait_until(answer, now() + milliseconds);
    if (result == 0) result = csandbox_receive(answer, &number, sizeof number, &file) == sizeof number ? number : -ESRCH;
    if (file >= 0) close(file);
    close(answer);
    return result;
}

int csandbox_open_within(const char *path, int milliseconds) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
    pid_t child = fork();
    if (child == 0) {
        // It may outlive this process, and must not keep its descriptors.
        int channel = dup2(ends[1], STDIN_FILENO);
        (void)close_range(channel + 1, ~0U, 0);
        int32_t failure = 0;
        int file = open(path, O_PATH | O_CLOEXEC);
        if (file < 0) failure = errno;
        (void)csandbox_send(channel, &failure, sizeof failure, file);
        _exit(0);
    }
    int result = child < 0 ? -errno : 0;
    close(ends[1]);
    if (result == 0) result = wait_until(ends[0], now() + milliseconds);
    if (result == 0) {
        int32_t failure = EIO;
        ssize_t count = csandbox_receive(ends[0], &failure, sizeof failure, &result);
        if (result < 0) result = count == sizeof failure ? -failure : -EIO;
    }
    close(ends[0]);
    if (child > 0) {
        kill(child, SIGKILL);
        // One that the file system blocks cannot be killed yet.
        for (int left = 20; left > 0 && waitpid(child, NULL, WNOHANG) == 0; left--) (void)poll(NULL, 0, 1);
    }
    return result;
}
