#define _GNU_SOURCE
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

// Sets the process up and executes the command; only with async-signal-safe calls, because it also runs after fork(2) in
// a process with threads. glibc's execvpe(3) uses the stack alone.
static int execute(const struct clinux_command *command) {
    if (command->source >= 0) {
        if (command->source != command->target) {
            if (dup2(command->source, command->target) < 0) return errno;
        } else if (fcntl(command->source, F_SETFD, 0) != 0) {
            return errno;
        }
    }
    struct rlimit core;
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = command->core_limit < core.rlim_max ? command->core_limit : core.rlim_max;
        (void)setrlimit(RLIMIT_CORE, &core);
    }
    if (signal(SIGPIPE, command->ignores_pipe ? SIG_IGN : SIG_DFL) == SIG_ERR) return errno;
    // Last: a signal that waits may end the process here.
    if (sigprocmask(SIG_SETMASK, command->mask, NULL) != 0) return errno;
    (void)execvpe(command->arguments[0], command->arguments, command->environment);
    return errno;
}

int clinux_become(const struct clinux_command *command) { return execute(command); }

int clinux_start(const struct clinux_command *command, pid_t *pid) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    // The end for the errno must not be where the command's descriptor goes.
    if (command->source >= 0 && ends[1] == command->target) {
        int other = fcntl(ends[1], F_DUPFD_CLOEXEC, command->target + 1);
        if (other < 0) {
            int code = errno;
            close(ends[0]);
            close(ends[1]);
            return code;
        }
        close(ends[1]);
        ends[1] = other;
    }
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        // As if the command had been killed itself: without this program nothing renews or serves its token.
        int code = prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent ? execute(command) : ESRCH;
        (void)!write(ends[1], &code, sizeof code);
        _exit(127);
    }
    int code = child < 0 ? errno : 0;
    close(ends[1]);
    if (child > 0) {
        int failure = 0;
        ssize_t count;
        do {
            count = read(ends[0], &failure, sizeof failure);
        } while (count < 0 && errno == EINTR);
        // Without a byte the descriptor was closed by execve(2).
        if (count == (ssize_t)sizeof failure) {
            code = failure;
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
            }
        }
    }
    close(ends[0]);
    *pid = child;
    return code;
}

int clinux_signalfd_take(int fd, int *is_sent) {
    struct signalfd_siginfo info;
    ssize_t count = read(fd, &info, sizeof info);
    if (count != (ssize_t)sizeof info) return -1;
    *is_sent = info.ssi_code <= 0;
    return (int)info.ssi_signo;
}

int clinux_child_change(pid_t pid, int *code, int *is_signal) {
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WSTOPPED | WCONTINUED | WNOHANG) != 0 || info.si_pid == 0) return 0;
    *code = info.si_status;
    *is_signal = info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
    switch (info.si_code) {
    case CLD_EXITED:
    case CLD_KILLED:
    case CLD_DUMPED: return 1;
    default: return 2;
    }
}

int clinux_child_has_ended(pid_t pid) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

void clinux_die_of(int signal_number) {
    struct rlimit core;
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = 0;
        (void)setrlimit(RLIMIT_CORE, &core);
    }
    (void)signal(signal_number, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal_number);
    (void)raise(signal_number);
    (void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}
