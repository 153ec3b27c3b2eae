// The baselines for packaging/dev/bench: servers that ignore their input and write the same reply each time, as long as
// authagentd's. One thread serves any number of connections, as in authagentd.
//
// With --peer, each connection gets one reply, after the process that connected is pinned: the least that an agent does.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "bench-echo: error: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int listen_at(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) { errno = ENAMETOOLONG; fail(path); }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1024) != 0) fail(path);
    return fd;
}

static void watch(int poller, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

// Debian 12 ships the headers of Linux 6.1.
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

static _Noreturn void serve_peers(int listener, const char *reply, size_t size) {
    static char request[64 * 1024];
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) continue;
        struct ucred peer;
        int pidfd = -1;
        socklen_t peer_size = sizeof peer, pidfd_size = sizeof pidfd;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) != 0) fail("SO_PEERCRED");
        // Before Linux 6.5 there is none.
        (void)getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &pidfd_size);
        if (read(fd, request, sizeof request) > 0) (void)send(fd, reply, size, MSG_NOSIGNAL);
        if (pidfd >= 0) close(pidfd);
        close(fd);
    }
}

int main(int argc, char **argv) {
    static char reply[1024 * 1024], request[64 * 1024];
    int pins = argc == 3 && strcmp(argv[1], "--peer") == 0;
    if (argc != 2 + pins) { fputs("usage: bench-echo [--peer] SOCKET <REPLY\n", stderr); return 2; }
    argv += pins;
    size_t size = fread(reply, 1, sizeof reply, stdin);
    int listener = listen_at(argv[1]), poller = epoll_create1(EPOLL_CLOEXEC);
    watch(poller, listener);
    printf("serving\n");
    fflush(stdout);
    if (pins) serve_peers(listener, reply, size);
    for (;;) {
        struct epoll_event events[64];
        int count = epoll_wait(poller, events, 64, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
                if (accepted >= 0) watch(poller, accepted);
            } else if (read(fd, request, sizeof request) <= 0 || send(fd, reply, size, MSG_NOSIGNAL) < 0) {
                close(fd);
            }
        }
    }
}
