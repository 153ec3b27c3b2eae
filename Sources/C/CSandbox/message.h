// The messages between the agent and its process reader.
#ifndef CSANDBOX_MESSAGE_H
#define CSANDBOX_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct csandbox_request {
    uint32_t kind;
    uint32_t serial;
    int64_t number;
};

// Sends one message with at most one descriptor, which is closed here in any case. Never waits for room: at the other end
// of a full queue there is a process that does not run. Returns 0 or a negative error number.
int csandbox_send(int socket, const void *bytes, size_t count, int attached);

// Returns the message's size, 0 at the end, or a negative error number; `attached` is -1 without a descriptor.
ssize_t csandbox_receive(int socket, void *bytes, size_t count, int *attached);

#endif
