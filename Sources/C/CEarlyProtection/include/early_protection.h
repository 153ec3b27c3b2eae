#pragma once

// Does nothing; calling it links the protection, which runs before all other code of the program and its libraries.
void early_protection(void);

// Returns the program's arguments as main gets them, and their number; NULL before the protection has run.
char **early_arguments(int *count);

// Whether this is `authagent exec`, whose hard limit of core files stays as it was.
int early_is_exec(void);

// Whether SIGPIPE was ignored at the start, and the soft limit of core files then (of `authagent exec`).
int early_ignores_pipe(void);
unsigned long long early_core_limit(void);
