#include "client.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

// Many clients send a request at the same time, each on a connection opened before. A sample runs from just before the
// first request to the last byte of the reply.
void run_burst(const struct client *client, size_t count) {
    struct pollfd *waiting = calloc(count, sizeof *waiting);
    struct reply *replies = calloc(count, sizeof *replies);
    uint64_t *samples = calloc(count, sizeof *samples);
    if (waiting == NULL || replies == NULL || samples == NULL) fail("malloc");
    for (size_t i = 0; i < count; i++) {
        waiting[i] = (struct pollfd){.fd = connect_to(client->socket_path), .events = POLLIN};
    }
    uint64_t begin = now_ns();
    for (size_t i = 0; i < count; i++) send_request(waiting[i].fd, client);
    for (size_t left = count; left > 0;) {
        if (poll(waiting, count, 60000) <= 0) fail("poll");
        for (size_t i = 0; i < count; i++) {
            if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
            if (!receive(waiting[i].fd, &replies[i], client->protocol)) continue;
            samples[i] = now_ns() - begin;
            close(waiting[i].fd);
            waiting[i].fd = -1;
            left--;
        }
    }
    report(samples, count, (double)(now_ns() - begin) / 1e9, replies[0].size, 0);
}
