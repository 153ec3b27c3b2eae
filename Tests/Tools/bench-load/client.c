#define _GNU_SOURCE
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

_Noreturn void fail(const char *what) {
    fprintf(stderr, "bench-load: error: %s: %s\n", what, strerror(errno));
    exit(1);
}

int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) { errno = ENAMETOOLONG; fail(path); }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail(path);
    return fd;
}

void send_request(int fd, const struct client *client) {
    ssize_t sent = send(fd, client->request, client->request_size, MSG_NOSIGNAL);
    if (sent != (ssize_t)client->request_size) fail("send");
}

// The length of an HTTP reply, from its head; 0 while the head is incomplete.
static size_t http_length(struct reply *reply) {
    reply->bytes[reply->size] = 0;
    const char *end = strstr(reply->bytes, "\r\n\r\n");
    if (end == NULL) return 0;
    if (strncmp(reply->bytes, "HTTP/1.1 200", 12) != 0) { errno = EPROTO; fail(reply->bytes); }
    const char *field = strcasestr(reply->bytes, "\r\ncontent-length:");
    if (field == NULL) { errno = EPROTO; fail("a reply without a length"); }
    return (size_t)(end + 4 - reply->bytes) + strtoul(field + 17, NULL, 10);
}

bool receive(int fd, struct reply *reply, enum protocol protocol) {
    ssize_t count = recv(fd, reply->bytes + reply->size, sizeof reply->bytes - 1 - reply->size, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (count <= 0) { if (count == 0) errno = ECONNRESET; fail("recv"); }
    reply->size += (size_t)count;
    if (protocol == json) {
        if (reply->bytes[reply->size - 1] != '}') return false;
        if (memmem(reply->bytes, reply->size, "\"success\"", 9) == NULL) { errno = EPROTO; fail("no success"); }
        return true;
    }
    if (reply->expected == 0) reply->expected = http_length(reply);
    return reply->expected != 0 && reply->size >= reply->expected;
}

static int by_value(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

static double percentile(const uint64_t *sorted, size_t count, double part) {
    size_t index = (size_t)((double)count * part);
    return (double)sorted[index < count ? index : count - 1] / 1000;
}

void report(uint64_t *samples, size_t count, double seconds, size_t reply_size, long faults) {
    if (count == 0) { errno = ENODATA; fail("no reply"); }
    qsort(samples, count, sizeof *samples, by_value);
    printf("{\"count\":%zu,\"per_second\":%.1f,\"median_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.2f,\"reply_bytes\":%zu,"
           "\"page_faults\":%ld}\n",
           count, (double)count / seconds, percentile(samples, count, 0.5), percentile(samples, count, 0.99),
           percentile(samples, count, 1), reply_size, faults);
}
