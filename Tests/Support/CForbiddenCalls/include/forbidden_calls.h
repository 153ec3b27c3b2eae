// System calls that an intruder would make in a process of this project, each with its error number; 0 if it succeeds. None
// of them changes the machine where it is allowed.
#ifndef FORBIDDEN_CALLS_H
#define FORBIDDEN_CALLS_H

#include <sys/types.h>

int forbidden_call_count(void);
const char *forbidden_call_name(int index);
int forbidden_call_attempt(int index);

// Opens the file as in a shell's `>`.
int forbidden_write(const char *path);
int forbidden_truncate(const char *path);

// Opens the file for reading, and empties it.
int forbidden_empty(const char *path);
int forbidden_rename(const char *from, const char *to);

// Executes the program in a child; 0 if it has run.
int forbidden_execute(const char *path);

// Creates a socket of the family.
int forbidden_socket(int family);

#endif
