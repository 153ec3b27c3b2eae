#include "client.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

// Holds connections that ask nothing, and `slow` more whose request comes a byte at a time, until its input ends. One
// that the server gives up on is made anew, as an attacker would.
void run_hold(const char *path, size_t count, size_t slow) {
    static const char head[] = "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
    int *connections = calloc(count + slow, sizeof *connections);
    size_t *sent = calloc(count + slow, sizeof *sent);
    if (connections == NULL || sent == NULL) fail("malloc");
    for (size_t i = 0; i < count + slow; i++) connections[i] = connect_to(path);
    printf("holding\n");
    fflush(stdout);
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (poll(&input, 1, slow > 0 ? 100 : -1) == 0) {
        for (size_t i = count; i < count + slow; i++) {
            char byte = sent[i] < sizeof head - 1 ? head[sent[i]] : 'x';
            sent[i]++;
            if (send(connections[i], &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) continue;
            close(connections[i]);
            connections[i] = connect_to(path);
            sent[i] = 0;
        }
    }
}
