#include "early_protection.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>

// No ptrace and no /proc/PID/mem for the same user, no core file. From exec to here the kernel alone can protect the
// process, which it does for a program that its user may not read.
static void protect(void) {
    // Tests link the programs' code; what they look at in their own process is not to be hidden.
    const char *program = (const char *)getauxval(AT_EXECFN);
    const char *dot = program == NULL ? NULL : strrchr(program, '.');
    if (dot != NULL && strcmp(dot, ".xctest") == 0) return;
    struct rlimit none = {0, 0};
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
}

// Before the constructors of all shared libraries (System V ABI, "Initialization and Termination Functions").
__attribute__((section(".preinit_array"), used)) static void (*const first)(void) = protect;

void early_protection(void) {}
