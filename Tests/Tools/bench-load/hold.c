#include "client.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

// Sends an HTTP request and reads the reply.
static void ask_once(int fd) {
    static struct client client = {.protocol = http, .request = "GET /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n"};
    static struct reply reply;
    client.request_size = strlen(client.request);
    reply.size = reply.expected = 0;
    send_request(fd, &client);
    while (!receive(fd, &reply, http)) continue;
}

// Holds connections that are idle, or idle after one request with `asks`, and `slow` more that send a request byte by
// byte, until the input ends. A connection that the server closes is reopened, as an attacker would.
void run_hold(const char *path, size_t count, bool asks, size_t slow) {
    static const char head[] = "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
    int *connections = calloc(count + slow, sizeof *connections);
    size_t *sent = calloc(count + slow, sizeof *sent);
    if (connections == NULL || sent == NULL) fail("malloc");
    for (size_t i = 0; i < count + slow; i++) connections[i] = connect_to(path);
    for (size_t i = 0; asks && i < count; i++) ask_once(connections[i]);
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
