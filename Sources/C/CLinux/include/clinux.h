// System calls missing from Glibc's module map for Swift, as plain typed functions without variadics and macros. Each
// returns -1 with errno set on failure, unless noted.
#ifndef CLINUX_H
#define CLINUX_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#include "apart.h"
#include "command.h"

/// The peer of a Unix socket, fixed by the kernel at connect time.
struct clinux_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

int clinux_peer_credentials(int fd, struct clinux_peer *peer);

/// Returns a pidfd of the process that connected, which stays valid if its pid is reused (SO_PEERPIDFD, Linux 6.5);
/// close-on-exec. ENOPROTOOPT on older kernels, ESRCH or EINVAL if the process is gone.
int clinux_peer_pidfd(int fd);

/// Reads the supplementary groups that the process had when it connected (SO_PEERGROUPS). Returns their number; if that
/// exceeds `capacity`, nothing is written.
int clinux_peer_groups(int fd, gid_t *groups, int capacity);

/// The identity of a file and the state of its content.
struct clinux_file_state {
    unsigned long long device;
    unsigned long long number;
    unsigned long long size;
    long long modified[2];
    long long changed[2];
};

/// Follows links. Uses cached data of a network file system instead of asking its server (statx(2),
/// AT_STATX_DONT_SYNC).
int clinux_file_state(const char *path, struct clinux_file_state *state);

/// The same for an open file, from the file system itself.
int clinux_open_file_state(int fd, struct clinux_file_state *state);

/// Whether the path is on tmpfs or ramfs, which have no disk (statfs(2)). False if that cannot be determined.
int clinux_is_in_memory(const char *path);

int clinux_pidfd_open(pid_t pid);

int clinux_pidfd_send_signal(int pidfd, int signal_number);

/// Accepts a connection as close-on-exec.
int clinux_accept(int fd);

/// The same, and non-blocking.
int clinux_accept_nonblocking(int fd);

/// The events of epoll(7).
enum {
    clinux_readable = 0x001,
    clinux_writable = 0x004,
    clinux_failed = 0x008,
    clinux_hung_up = 0x010,
    /// The peer has closed its sending side.
    clinux_half_closed = 0x2000,
};

/// A descriptor and what it is ready for.
struct clinux_ready {
    int fd;
    /// As given to `clinux_epoll_watch`.
    unsigned serial;
    unsigned events;
};

/// Creates an epoll descriptor, close-on-exec.
int clinux_epoll_create(void);

/// Adds the descriptor, or changes the events that are reported of it. Hang-ups and errors always are.
int clinux_epoll_watch(int epoll, int fd, unsigned serial, unsigned events, int is_new);

int clinux_epoll_forget(int epoll, int fd);

/// Waits for events, at most `timeout` milliseconds; without limit if negative. Returns how many `ready` has.
int clinux_epoll_wait(int epoll, struct clinux_ready *ready, int capacity, int timeout);

/// Returns the free pages of the heap to the kernel (malloc_trim(3)).
void clinux_trim_heap(void);

/// Creates an event counter, close-on-exec and non-blocking (eventfd(2)).
int clinux_eventfd(void);

/// Forbids ptrace and /proc/PID/mem by the same user, and core dumps (prctl(2), PR_SET_DUMPABLE).
int clinux_set_not_dumpable(void);

/// Sets RLIMIT_CORE to 0.
int clinux_forbid_core_files(void);

/// Whether other processes of the same user may read the memory of this one (PR_GET_DUMPABLE).
int clinux_is_dumpable(void);

/// Return RLIMIT_CORE and RLIMIT_MEMLOCK in bytes; UINT64_MAX without a limit, or if it cannot be read.
unsigned long long clinux_core_limit(void);
unsigned long long clinux_locked_memory_limit(void);

/// Returns 1 if the path is in a file system that is mounted read-only, as this process sees it (statvfs(3)).
int clinux_is_read_only(const char *path);

/// Gives the calling thread its own descriptor table (unshare(2), CLONE_FILES), with nothing but `kept` in it; empty if
/// that is negative. If that is not allowed, the thread keeps the process's.
void clinux_own_descriptors(int kept);

/// Sets the name of the calling thread shown by ps(1) and in the kernel's log, at most 15 bytes (prctl(2), PR_SET_NAME).
void clinux_name_process(const char *name);

/// Zeroes the mapped range in forked children (madvise(2), MADV_WIPEONFORK).
int clinux_wipe_on_fork(void *address, size_t length);

/// Opens a directory entry for the next step of a walk or for inspection, without following a link (openat(2), O_PATH).
/// With `is_directory`, anything else fails with ENOTDIR.
int clinux_open_step(int directory, const char *name, int is_directory);

/// Follows a magic link of proc(5) to a directory; only the kernel knows its target. ENOLINK for any other link.
int clinux_open_magic_link(int directory, const char *name);

/// Whether an access control list grants others more than the mode of the open file (acl(5)); also for O_PATH.
int clinux_has_acl(int fd);

/// Clears the remains of returned functions on this thread's stack, and in the registers used by memcpy(3), which the
/// dynamic loader saves to the stack when it first resolves a function.
void clinux_clear_dead_stack(void);

/// Copies an ELF program into memory, executable but not readable by its own user: the kernel then protects its process
/// from others of the same user, from execve(2) on. Close-on-exec.
int clinux_unreadable_program(const char *path);

/// Creates a connected pair of sockets, close-on-exec (socketpair(2)).
int clinux_socket_pair(int ends[2]);

/// Creates a pipe with close-on-exec ends.
int clinux_pipe(int ends[2]);

/// Raises the soft limit of descriptors to the hard one, and returns it. The programs that are started get the former one.
long clinux_raise_descriptor_limit(void);

/// Makes posix_spawn(3) close every descriptor from `first` on in the child:
/// posix_spawn_file_actions_addclosefrom_np(3), missing from Glibc's module.
int clinux_close_from_in_child(void *actions, int first);

/// Starts a daemon: in its own session, in /, with default signals, without input, `log` as its output and `extra` as
/// descriptor 3. All others are closed: an inherited lock would be held as long as the daemon runs. Returns 0 or an
/// errno, like posix_spawn(3).
int clinux_spawn_daemon(const char *path, char *const arguments[], char *const environment[], int log, int extra);

/// Starts a program in / with default signals, without input, its output and errors to these descriptors, and no other
/// descriptor. The caller waits for its end. Returns 0 or an errno, like posix_spawn(3).
int clinux_spawn(
    const char *path, char *const arguments[], char *const environment[], int output, int errors, pid_t *pid
);

/// Starts a program in the caller's directory and in a process group of its own, with default signals, its errors
/// discarded, and no other descriptor; a negative `input` or `output` is /dev/null. The caller waits for its end.
/// Returns 0 or an errno, like posix_spawn(3).
int clinux_spawn_in_place(
    const char *path, char *const arguments[], char *const environment[], int input, int output, pid_t *pid
);

/// Starts a program in / with default signals, `channel` as its input and output, its errors discarded, and no other
/// descriptor. A non-negative `program` is the open file to execute, and stays its descriptor 3. The caller waits for
/// its end. Returns 0 or an errno, like posix_spawn(3).
int clinux_spawn_helper(
    const char *path, int program, char *const arguments[], char *const environment[], int channel, pid_t *pid
);

/// Copies the path of the program that `clinux_spawn_helper` starts to a page that cannot be written to, so that a filter
/// of system calls can tell its execve(2) by the path's address. Sets the addresses of the two paths that it may use.
/// Once in a process; -1 on failure.
int clinux_fix_helper(const char *path, unsigned long addresses[2]);

/// Starts a program in / and in a session and process group of its own, with default signals, `input` as its input,
/// `output` as its output and errors, and no other descriptor. The caller waits for its end. Returns 0 or an errno,
/// like posix_spawn(3).
int clinux_spawn_session(
    const char *path, char *const arguments[], char *const environment[], int input, int output, pid_t *pid
);

/// Creates a file in memory with these bytes, which cannot be changed, at its beginning; close-on-exec
/// (memfd_create(2)).
int clinux_memory_file(const void *bytes, size_t count);

/// Creates a descriptor that becomes readable when a blocked signal of `set` arrives.
int clinux_signalfd(const sigset_t *set);

/// Reads the number of the next signal from a signalfd.
int clinux_signalfd_read(int fd);

#endif
