// What a process gives up for itself: privileges of programs that it executes, and files (landlock(7)).
//
// Each function returns a negative error number on failure, unless noted.
#ifndef CSANDBOX_H
#define CSANDBOX_H

#include <stdint.h>

#include "process_reader.h"

/// Access rights of Landlock by its versions; Debian 12's headers end at version 2.
enum csandbox_right {
    csandbox_execute = 1 << 0,
    csandbox_write_file = 1 << 1,
    csandbox_remove_directory = 1 << 4,
    csandbox_remove_file = 1 << 5,
    csandbox_make_character_device = 1 << 6,
    csandbox_make_directory = 1 << 7,
    csandbox_make_file = 1 << 8,
    csandbox_make_socket = 1 << 9,
    csandbox_make_fifo = 1 << 10,
    csandbox_make_block_device = 1 << 11,
    csandbox_make_link = 1 << 12,
    csandbox_refer = 1 << 13,
    csandbox_truncate = 1 << 14,
    csandbox_ioctl_device = 1 << 15,
};

/// Forbids privileges by execve(2), for good (PR_SET_NO_NEW_PRIVS).
int csandbox_no_new_privileges(void);

/// Returns the kernel's version of Landlock, at least 1.
int csandbox_landlock_version(void);

/// Creates a set of rules that denies these rights wherever no rule gives them; close-on-exec.
int csandbox_rules(uint64_t rights);

/// Opens a file as a place in the file system (O_PATH), close-on-exec. Links are followed.
int csandbox_open(const char *path);

/// The same by a child, so that a file system that does not answer costs no more than the time; ETIMEDOUT then.
int csandbox_open_within(const char *path, int milliseconds);

/// Gives rights for an open file, or for a directory and everything below it.
int csandbox_give(int rules, int file, uint64_t rights);

/// Puts the calling thread, and what it starts from now on, under the rules, for good.
int csandbox_enter(int rules);

/// Returns the program that the kernel runs to load this one (PT_INTERP); NULL for a static program.
const char *csandbox_interpreter(void);

/// Returns the number of this process's threads; 0 if it cannot be determined.
int csandbox_thread_count(void);

#endif
