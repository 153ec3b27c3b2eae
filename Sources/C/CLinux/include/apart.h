// A process that is forked from this one and then shares nothing with it but a connection.
#ifndef CLINUX_APART_H
#define CLINUX_APART_H

#include <stddef.h>
#include <sys/types.h>

/// Forks. The caller must have no other thread. Returns the child's number and 0 in the child, each with its end of a
/// connection in `channel` (SOCK_SEQPACKET, close-on-exec); -1 with errno on failure, and nothing is forked then.
///
/// The child has no other descriptor (0, 1 and 2 are /dev/null), a session of its own, and is not dumpable. It ignores
/// the signals that end its parent, because it has to end after that.
pid_t clinux_fork_apart(const char *name, int *channel);

/// Connects two ends as `clinux_fork_apart` does.
int clinux_packet_pair(int ends[2]);

/// Sends a message whole, with the open file `file` unless that is negative. Returns 0 or an errno: EAGAIN if the other
/// end does not read and `waits` is 0.
int clinux_send_packet(int fd, const void *bytes, size_t count, int file, int waits);

/// Waits for a message. Returns its length, 0 at the end of the connection, -1 with errno on failure: EMSGSIZE for one
/// that is too long or has more than one file. `file`: the file that came with it, close-on-exec, or -1.
ssize_t clinux_receive_packet(int fd, void *bytes, size_t capacity, int *file);

/// Whether the file is in memory and can neither be changed nor made larger or smaller (F_GET_SEALS).
int clinux_is_sealed(int fd);

/// Removes all variables but those with these names from the environment, and clears their bytes. The caller must have
/// no other thread.
void clinux_forget_environment(const char *const names[], size_t count);

#endif
