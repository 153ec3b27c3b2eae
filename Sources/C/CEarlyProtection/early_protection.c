#include "early_protection.h"

#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static int argument_count;
static char **arguments;
static int ignores_pipe;
static int is_exec;
static unsigned long long core_limit;

// Forbids ptrace and /proc/PID/mem by the same user, and core files. From exec until here only the kernel can protect
// the process, which it does for a program that its user cannot read.
static void protect(int count, char **values, char **environment) {
    (void)environment;
    argument_count = count;
    arguments = values;
    // Tests link the programs' code, and must be able to inspect their own process.
    const char *program = (const char *)getauxval(AT_EXECFN);
    const char *dot = program == NULL ? NULL : strrchr(program, '.');
    if (dot != NULL && strcmp(dot, ".xctest") == 0) return;
    struct rlimit core = {0, 0};
    struct sigaction pipe;
    ignores_pipe = sigaction(SIGPIPE, NULL, &pipe) == 0 && pipe.sa_handler == SIG_IGN;
    // `authagent exec` gives its command the limit that it has found, and only root could raise the hard one again. A
    // process that is not dumpable leaves no core in any case.
    is_exec = count > 1 && strcmp(values[1], "exec") == 0;
    if (is_exec && getrlimit(RLIMIT_CORE, &core) == 0) core_limit = core.rlim_cur;
    core.rlim_cur = 0;
    if (!is_exec) core.rlim_max = 0;
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &core);
}

// Runs before the constructors of all shared libraries (System V ABI, "Initialization and Termination Functions").
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = protect;

void early_protection(void) {}

int early_is_exec(void) { return is_exec; }

int early_ignores_pipe(void) { return ignores_pipe; }

unsigned long long early_core_limit(void) { return core_limit; }

char **early_arguments(int *count) {
    *count = argument_count;
    return arguments;
}
