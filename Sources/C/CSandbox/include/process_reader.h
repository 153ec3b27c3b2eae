// A process that reads of others what a process under Landlock may not: /proc/PID/exe, fd, and the addresses in stat.
//
// It is a copy of this one, made while that has one thread and no secret. It reads numbers, and answers with what the
// kernel shows; it can neither write a file nor execute a program.
#ifndef CSANDBOX_PROCESS_READER_H
#define CSANDBOX_PROCESS_READER_H

#include <stdint.h>
#include <sys/types.h>

enum {
    /// The text of /proc/PID/exe and of /proc/PID/stat, answered at once: no file system is involved.
    csandbox_read_program = 1,
    /// The file of /proc/PID/exe, opened with O_PATH. May block, so it has a thread and an answer's socket of its own.
    csandbox_open_executable = 2,
    /// The process that has a socket open.
    csandbox_find_holder = 3,
};

/// What is read at most of each: PATH_MAX, and a line of numbers with a name of 15 bytes.
enum { csandbox_link_size = 4096, csandbox_stat_size = 2048 };

struct csandbox_program {
    uint32_t serial;
    /// 0 if it cannot be read, as of a process that has ended.
    uint32_t link_count;
    uint32_t stat_count;
    /// The link, and then the line, without ends.
    char text[csandbox_link_size + csandbox_stat_size];
};

/// Returns the text: Swift does not see an array of this length.
static inline const char *csandbox_text(const struct csandbox_program *program) { return program->text; }

/// Forks the reader and returns this process's end of its socket, close-on-exec. `restrict_reader` is called in the new
/// process, and returns whether it may go on.
int csandbox_start_reader(int (*restrict_reader)(void), pid_t *pid);

/// Reads what the reader sees of a process's program. Waits for at most `milliseconds`. Returns 0, or a negative error
/// number: ETIMEDOUT, EPIPE when the reader has ended. One call at a time; `serial` differs from that of the last ones.
int csandbox_ask_program(int reader, pid_t pid, uint32_t serial, int milliseconds, struct csandbox_program *program);

/// Returns the program file of a process, opened with O_PATH; close-on-exec. Blocks as long as its file system.
int csandbox_ask_executable(int reader, pid_t pid);

/// Returns the number of a process that has the socket with this number open; 0 if the reader sees none.
int csandbox_ask_holder(int reader, uint64_t socket, int milliseconds);

#endif
