// Runs a program and kills it at its Nth system call, counted over all threads from SIGUSR1 on.
//
//     kill-at-syscall RECORD N|CALL:N PROGRAM [ARGUMENT...]
//
// With CALL, as in fsync:2, only calls of that name count. N = 0 records only. strace(1) counts per thread, so its
// kill point depends on scheduling; this program counts in the kernel's order: every number up to the end is one.
//
// The program is killed as the call begins, and the kernel does not execute it. Its work since the previous call was
// in memory only, so these points stand for all moments in between.
//
// Writes "armed" to standard output when counting starts, to RECORD a line "THREAD CALL" per counted call, and after
// a kill "killed". Child processes are not traced. Ends with its program.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "names.h"

/// More threads than the program ever has.
#define THREADS_MAX 512

static pid_t threads[THREADS_MAX];
static int thread_count;
static bool is_armed;
static long kill_at;
/// Null: every call counts.
static const char *counted_name;
static long count;
static FILE *record;
static pid_t program;

static void fail(const char *what)
{
    fprintf(stderr, "kill-at-syscall: error: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void add(pid_t thread)
{
    for (int i = 0; i < thread_count; i++)
        if (threads[i] == thread)
            return;
    if (thread_count == THREADS_MAX) {
        errno = EAGAIN;
        fail("threads");
    }
    threads[thread_count++] = thread;
}

static void forget(pid_t thread)
{
    for (int i = 0; i < thread_count; i++)
        if (threads[i] == thread)
            threads[i--] = threads[--thread_count];
}

/// Until it counts, threads run at full speed; then they are stopped, so that each call is a stop.
static void arm(void)
{
    if (is_armed)
        return;
    is_armed = true;
    for (int i = 0; i < thread_count; i++)
        ptrace(PTRACE_INTERRUPT, threads[i], 0, 0);
    if (write(STDOUT_FILENO, "armed\n", 6) != 6)
        fail("write");
}

/// A call begins; its thread is stopped until it is continued.
static void begin(pid_t thread)
{
    struct __ptrace_syscall_info information;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof information, &information) <= 0)
        return; // The thread was killed meanwhile.
    if (information.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    const char *name = syscall_name((long)information.entry.nr);
    if (name)
        fprintf(record, "%d %s\n", thread, name);
    else
        fprintf(record, "%d syscall_%ld\n", thread, (long)information.entry.nr);
    if (counted_name && (!name || strcmp(name, counted_name) != 0))
        return;
    if (++count == kill_at) {
        kill(program, SIGKILL);
        fputs("killed\n", record);
        fflush(record);
    }
}

/// Handles a thread's stop; returns the signal to continue it with.
static int handle_stop(pid_t thread, int status)
{
    int signal_number = WSTOPSIG(status);
    add(thread);
    if (signal_number == (SIGTRAP | 0x80)) {
        if (is_armed)
            begin(thread);
        return 0;
    }
    // A new thread, an exec, or the requested stop.
    if (status >> 16 != 0)
        return 0;
    return signal_number;
}

static void handle_children(void)
{
    int status;
    pid_t thread;
    while ((thread = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
        if (WIFSTOPPED(status)) {
            int signal_number = handle_stop(thread, status);
            ptrace(is_armed ? PTRACE_SYSCALL : PTRACE_CONT, thread, 0, signal_number);
            continue;
        }
        forget(thread);
        if (thread == program) {
            fclose(record);
            exit(0);
        }
    }
}

int main(int argc, char *argv[])
{
    if (argc < 4) {
        fputs("usage: kill-at-syscall RECORD N|CALL:N PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    record = fopen(argv[1], "we");
    if (!record)
        fail(argv[1]);
    char *colon = strchr(argv[2], ':');
    if (colon) {
        *colon = '\0';
        counted_name = argv[2];
    }
    kill_at = atol(colon ? colon + 1 : argv[2]);

    // Blocked, so that no signal arrives between a check and a wait.
    sigset_t signals, earlier;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    sigaddset(&signals, SIGUSR1);
    sigprocmask(SIG_BLOCK, &signals, &earlier);

    int go[2];
    if (pipe(go) != 0)
        fail("pipe");
    program = fork();
    if (program < 0)
        fail("fork");
    if (program == 0) {
        char byte;
        close(go[1]);
        // Traced before its first instruction: later the daemon forbids it.
        if (read(go[0], &byte, 1) != 1)
            _exit(1);
        close(go[0]);
        sigprocmask(SIG_SETMASK, &earlier, NULL);
        execv(argv[3], argv + 3);
        fail(argv[3]);
    }
    long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SEIZE, program, 0, options) != 0)
        fail("ptrace");
    close(go[0]);
    if (write(go[1], "", 1) != 1)
        fail("write");
    close(go[1]);

    add(program);
    for (;;) {
        handle_children();
        if (sigwaitinfo(&signals, NULL) == SIGUSR1)
            arm();
    }
}
