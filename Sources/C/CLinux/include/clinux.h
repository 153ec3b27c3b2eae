// What Glibc's module map for Swift lacks, as plain typed functions: nothing variadic, nothing by macro.
// Each returns -1 with errno set when it fails, unless it says otherwise.
#ifndef CLINUX_H
#define CLINUX_H

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

/// Who connected to a Unix socket, fixed by the kernel at connect time.
struct clinux_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

int clinux_peer_credentials(int fd, struct clinux_peer *peer);

/// A descriptor of the process that connected, which stays its own whatever becomes of its number (SO_PEERPIDFD, Linux
/// 6.5); close-on-exec. ENOPROTOOPT where the kernel does not know it, ESRCH or EINVAL when the process is gone.
int clinux_peer_pidfd(int fd);

/// The supplementary groups that the process had when it connected (SO_PEERGROUPS). Returns how many there are, which may
/// be more than `capacity`: then nothing is written.
int clinux_peer_groups(int fd, gid_t *groups, int capacity);

/// Which file it is, and in which state of its content.
struct clinux_file_state {
    unsigned long long device;
    unsigned long long number;
    unsigned long long size;
    long long modified[2];
    long long changed[2];
};

/// Follows links. Asks no server: what a network file system has at hand is enough (statx(2), AT_STATX_DONT_SYNC).
int clinux_file_state(const char *path, struct clinux_file_state *state);

/// The same of an open file, from the file system itself.
int clinux_open_file_state(int fd, struct clinux_file_state *state);

int clinux_pidfd_open(pid_t pid);

int clinux_pidfd_send_signal(int pidfd, int signal_number);

/// Accepts a connection that is close-on-exec.
int clinux_accept(int fd);

/// Forbids ptrace by the same user, /proc/PID/mem and core dumps of this process (prctl(2), PR_SET_DUMPABLE).
int clinux_set_not_dumpable(void);

/// Sets RLIMIT_CORE to 0.
int clinux_forbid_core_files(void);

/// Gives the calling thread a table of descriptors of its own, which is empty (unshare(2), CLONE_FILES). Where that is not
/// allowed, it goes on with the process's.
void clinux_own_descriptors(void);

/// The name that ps(1) and the kernel's log show, of at most 15 bytes (prctl(2), PR_SET_NAME).
void clinux_name_process(const char *name);

/// Keeps the mapped range out of forked children: they read zeros (madvise(2), MADV_WIPEONFORK).
int clinux_wipe_on_fork(void *address, size_t length);

/// Opens a name in a directory only to go on from there or to look at it; a link is not followed
/// (openat(2), O_PATH). With `is_directory`, anything else is ENOTDIR.
int clinux_open_step(int directory, const char *name, int is_directory);

/// Follows a link of proc(5) to a directory, which says where it leads to the kernel alone. ENOLINK for any other link.
int clinux_open_magic_link(int directory, const char *name);

/// Whether an access control list gives others more than the mode of the open file says (acl(5)); also for O_PATH.
int clinux_has_acl(int fd);

/// Clears what functions that have returned left on this thread's stack, and in the registers that memcpy(3) uses: the
/// dynamic loader writes those to the stack when a function is called for the first time.
void clinux_clear_dead_stack(void);

/// A copy of a program in memory (ELF, no script) that can be run, and that its own user may not read: the kernel keeps
/// other processes of the same user away from a process that runs it, from execve(2) on. Close-on-exec.
int clinux_unreadable_program(const char *path);

/// Two ends of a connection, close-on-exec (socketpair(2)).
int clinux_socket_pair(int ends[2]);

/// A pipe whose ends are close-on-exec.
int clinux_pipe(int ends[2]);

/// Has posix_spawn(3) close every descriptor from `first` on in the child. posix_spawn_file_actions_addclosefrom_np(3),
/// which Glibc's module does not have.
int clinux_close_from_in_child(void *actions, int first);

/// Starts a program as a daemon: in a session of its own, in /, with default signals, no input, `log` as its output and
/// `extra` as descriptor 3. No other descriptor stays open in it: one that a script holds a lock with would hold it for
/// as long as the daemon runs. Returns 0 or an errno, like posix_spawn(3).
int clinux_spawn_daemon(const char *path, char *const arguments[], char *const environment[], int log, int extra);

/// Starts a program in / with default signals, no input, its output and errors going to these descriptors, and no other
/// descriptor. The caller waits for its end. Returns 0 or an errno, like posix_spawn(3).
int clinux_spawn(
    const char *path, char *const arguments[], char *const environment[], int output, int errors, pid_t *pid
);

/// Starts a program in / with default signals, `channel` as its input and output, its errors discarded, and no other
/// descriptor of the caller's. With a `program` that is not negative this open file is run, and stays its descriptor 3.
/// The caller waits for its end. Returns 0 or an errno, like posix_spawn(3).
int clinux_spawn_helper(
    const char *path, int program, char *const arguments[], char *const environment[], int channel, pid_t *pid
);

/// A descriptor that becomes readable when one of the blocked signals of `set` arrives.
int clinux_signalfd(const sigset_t *set);

/// The number of the next signal on a signalfd.
int clinux_signalfd_read(int fd);

#endif
