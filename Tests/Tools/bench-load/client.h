#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What a client of each server does: connects, sends one request, and knows when the reply has ended.
enum { largest_request = 16 * 1024, largest_reply = 1024 * 1024 };

// How a reply ends: HTTP says its length; oidc-agent's ends with the brace of its one object.
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
    // Of the whole reply, once its head is there.
    size_t expected;
};

uint64_t now_ns(void);
_Noreturn void fail(const char *what);
int connect_to(const char *path);
void send_request(int fd, const struct client *client);
// Takes what has come. True when the reply is complete; one that is no success ends the program.
bool receive(int fd, struct reply *reply, enum protocol protocol);
void report(uint64_t *samples, size_t count, double seconds, size_t reply_size);

void run_loop(const struct client *client, bool is_kept, double seconds);
void run_burst(const struct client *client, size_t count);
void run_hold(const char *path, size_t count, bool asks, size_t slow);
void run_spawn(size_t count, char **arguments);
