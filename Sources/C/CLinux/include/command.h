// A command in this program's place, or as its child, as a shell starts it: with the caller's own descriptors, working
// directory and process group.
#ifndef CLINUX_COMMAND_H
#define CLINUX_COMMAND_H

#include <signal.h>
#include <sys/types.h>

struct clinux_command {
    /// Ends with NULL, like `environment`. The first is found in PATH, as by execvp(3).
    char *const *arguments;
    char *const *environment;
    /// The signals that the command blocks.
    const sigset_t *mask;
    /// Whether the command ignores SIGPIPE. All other signals have the effect that they have here.
    int ignores_pipe;
    /// RLIMIT_CORE.
    unsigned long long core_limit;
    /// Becomes the command's descriptor `target`; -1 for none.
    int source;
    int target;
};

/// Becomes the command (execve(2)). Returns an errno if that fails.
int clinux_become(const struct clinux_command *command);

/// Starts the command as a child, which the kernel kills when the calling thread ends. Returns 0 and the child's number,
/// or an errno if it cannot be executed. The caller waits for its end.
int clinux_start(const struct clinux_command *command, pid_t *pid);

/// Reads the next signal from a signalfd: returns its number, and whether a process sent it (kill(2)) and not the kernel
/// for the terminal; -1 if there is none.
int clinux_signalfd_take(int fd, int *is_sent);

/// Waits for a change of the child. Returns 1 if it has ended and 2 if it has stopped or continued, with the exit code or
/// the signal in `code`, and for the end whether it was a signal in `is_signal`; 0 if nothing has changed.
int clinux_child_change(pid_t pid, int *code, int *is_signal);

/// Whether the child has ended and was not waited for yet.
int clinux_child_has_ended(pid_t pid);

/// Ends this process by the signal, without a core file. Returns if the signal does not do that.
void clinux_die_of(int signal_number);

#endif
