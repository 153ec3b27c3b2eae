#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A client of each server: connects, sends one request, and detects the end of the reply.
enum { largest_request = 16 * 1024, largest_reply = 1024 * 1024 };

// The end of a reply: HTTP has a length; oidc-agent's reply ends with its JSON object.
enum protocol { http, json };

struct client {
    const char *socket_path;
    enum protocol protocol;
    char request[largest_request];
    size_t request_size;
};

struct reply {
    char bytes[largest_reply];
    size_t size;
    // The length of the whole reply, once its head is complete.
    size_t expected;
};

uint64_t now_ns(void);
_Noreturn void fail(const char *what);
int connect_to(const char *path);
void send_request(int fd, const struct client *client);
// Reads what has arrived; true when the reply is complete. An error reply ends the program.
bool receive(int fd, struct reply *reply, enum protocol protocol);
// `faults` is 0 for what is not a process.
void report(uint64_t *samples, size_t count, double seconds, size_t reply_size, long faults);

void run_loop(const struct client *client, bool is_kept, double seconds);
void run_burst(const struct client *client, size_t count);
void run_hold(const char *path, size_t count, bool asks, size_t slow);
void run_spawn(size_t count, char **arguments);
