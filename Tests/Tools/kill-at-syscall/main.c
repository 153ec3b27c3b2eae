// Runs a program and kills it at its Nth system call, counted over all of its threads from the moment of SIGUSR1.
//
//     kill-at-syscall RECORD N|CALL:N PROGRAM [ARGUMENT...]
//
// With CALL, as in fsync:2, only calls of that name count. N is 0 for a program that is to be watched and left alone. strace(1) counts each thread's calls apart, so what it kills
// at depends on which thread came first; this counts them in the order in which the kernel sees them, and every number
// up to the end of the work is a point to kill at.
//
// The program is killed as the call begins: the kernel does not carry it out. What the program did after the call before
// was in its memory and is gone, so these points stand for all moments in between.
//
// It writes "armed" to standard output when it counts, and to RECORD one line for each counted call, "THREAD CALL", and
// after a kill "killed". Processes that the program starts are theirs alone. It ends with its program.
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

/// Until it counts, threads run at full speed; they are stopped so that from then on each call is a stop.
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

/// A call begins, in a thread that waits for what becomes of it.
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

/// What a thread has stopped for, and with which signal it goes on.
static int handle_stop(pid_t thread, int status)
{
    int signal_number = WSTOPSIG(status);
    add(thread);
    if (signal_number == (SIGTRAP | 0x80)) {
        if (is_armed)
            begin(thread);
        return 0;
    }
    // A new thread, an exec, or the stop that was asked for.
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

    // Blocked and asked for, so that none arrives between a look and a wait.
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
        // Traced before its first instruction: the daemon forbids it to everybody who comes later.
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
