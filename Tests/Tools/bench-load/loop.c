#include "client.h"

#include <stdlib.h>
#include <unistd.h>

enum { warm_up = 200, most_samples = 4 * 1024 * 1024 };

// One client in a loop of request and reply, over one connection or a new one each time. A sample runs from before the
// connection, or the request, to the last byte of the reply.
void run_loop(const struct client *client, bool is_kept, double seconds) {
    static struct reply reply;
    uint64_t *samples = malloc(most_samples * sizeof *samples);
    if (samples == NULL) fail("malloc");
    size_t count = 0;
    int kept = is_kept ? connect_to(client->socket_path) : -1;
    uint64_t begin = 0, end = UINT64_MAX;
    for (size_t round = 0; count < most_samples; round++) {
        uint64_t before = now_ns();
        if (before >= end) break;
        if (round == warm_up) {
            begin = before;
            end = begin + (uint64_t)(seconds * 1e9);
        }
        int fd = is_kept ? kept : connect_to(client->socket_path);
        send_request(fd, client);
        reply.size = reply.expected = 0;
        while (!receive(fd, &reply, client->protocol)) {}
        if (round >= warm_up) samples[count++] = now_ns() - before;
        if (!is_kept) close(fd);
    }
    report(samples, count, (double)(now_ns() - begin) / 1e9, reply.size, 0);
    free(samples);
}
