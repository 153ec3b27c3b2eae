// libseccomp without the macros that Swift cannot import.
#ifndef CSECCOMP_SHIM_H
#define CSECCOMP_SHIM_H

#include <errno.h>
#include <seccomp.h>

/// Starts a filter under which a call without a rule fails with this error; NULL without memory.
static inline scmp_filter_ctx _Nullable cseccomp_begin(int code) { return seccomp_init(SCMP_ACT_ERRNO(code)); }

static inline uint32_t cseccomp_fail(int code) { return SCMP_ACT_ERRNO(code); }

static inline uint32_t cseccomp_allow(void) { return SCMP_ACT_ALLOW; }

/// Settings of the filter: all threads at once, calls of another architecture (of x32, too) fail like those without a
/// rule, and a search tree instead of a list, because the list costs every call that is not at its beginning.
static inline int cseccomp_set_up(scmp_filter_ctx _Nonnull filter, int code) {
    int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0) result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(code));
    // libseccomp before 2.5 has neither the tree nor the kernel's own error numbers.
    if (result == 0) (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (result == 0) (void)seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
    return result;
}

#endif
