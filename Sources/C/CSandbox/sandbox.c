#define _GNU_SOURCE 1

#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Without the kernel's header, so that a newer kernel's rights can be used wherever this is built. The numbers are the
// same on all architectures.
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { version_of_landlock = 1, rule_of_path = 1 };

// The first member of landlock_ruleset_attr: longer ones of newer versions are optional.
struct handled {
    uint64_t rights;
};

struct path_rule {
    uint64_t rights;
    int32_t file;
} __attribute__((packed));

static int result_of(long result) { return result < 0 ? -errno : (int)result; }

int csandbox_no_new_privileges(void) { return result_of(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

int csandbox_landlock_version(void) {
    return result_of(syscall(SYS_landlock_create_ruleset, NULL, 0, version_of_landlock));
}

int csandbox_rules(uint64_t rights) {
    struct handled handled = {rights};
    return result_of(syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0));
}

int csandbox_open(const char *path) { return result_of(open(path, O_PATH | O_CLOEXEC)); }

int csandbox_give(int rules, int file, uint64_t rights) {
    struct path_rule rule = {rights, file};
    return result_of(syscall(SYS_landlock_add_rule, rules, rule_of_path, &rule, 0));
}

int csandbox_enter(int rules) { return result_of(syscall(SYS_landlock_restrict_self, rules, 0)); }

static int find_interpreter(struct dl_phdr_info *object, size_t size, void *found) {
    (void)size;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[index];
        if (header->p_type == PT_INTERP) *(const char **)found = (const char *)(object->dlpi_addr + header->p_vaddr);
    }
    // The first object is the program itself.
    return 1;
}

const char *csandbox_interpreter(void) {
    const char *found = NULL;
    (void)dl_iterate_phdr(find_interpreter, &found);
    return found;
}

int csandbox_thread_count(void) {
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL) return 0;
    int count = 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}
