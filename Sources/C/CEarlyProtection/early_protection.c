#include "early_protection.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static int argument_count;
static char **arguments;

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
    struct rlimit none = {0, 0};
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
}

// Runs before the constructors of all shared libraries (System V ABI, "Initialization and Termination Functions").
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = protect;

void early_protection(void) {}

char **early_arguments(int *count) {
    *count = argument_count;
    return arguments;
}
